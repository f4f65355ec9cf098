package pipeline_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/config"
	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// configured opens a pipeline of the resources in text, a YAML list, and closes it with the test. client is more of the block client.
func (w *world) configured(resources, kafka string, o pipeline.Options, client ...string) (*pipeline.Pipeline, error) {
	w.Helper()
	brokers, err := json.Marshal(w.brokers)
	if err != nil {
		w.Fatal(err)
	}
	path := filepath.Join(w.TempDir(), "config.yaml")
	text := fmt.Sprintf("pipeline: p\nsource:\n  client: {base_url: %q, retry: {max_retries: 0}, %s}\n  resources:\n%s\nkafka: {brokers: %s, partitions: 2, %s}\n",
		w.url, strings.Join(client, ", "), resources, brokers, kafka)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		w.Fatal(err)
	}
	p, err := pipeline.New(cfg, o)
	if err == nil {
		w.Cleanup(p.Close)
	}
	return p, err
}

// resource is one of configured's, with more keys.
func resource(name, path, more string) string {
	return fmt.Sprintf("    - {name: %s, primary_key: id, write_disposition: merge, %sendpoint: {path: %s, data_selector: data, paginator: {type: offset, limit: 10}}}\n", name, more, path)
}

func (w *world) must(p *pipeline.Pipeline, err error) *pipeline.Pipeline {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// id is what the brokers know a topic by.
func (w *world) id(topic string) (id [16]byte) {
	w.Helper()
	infos, err := w.cluster().Describe(w.Context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := base64.RawURLEncoding.Decode(id[:], []byte(infos[topic].ID)); err != nil {
		w.Fatal(err)
	}
	return id
}

// ends are the end offsets of a topic.
func (w *world) ends(topic string) []int64 {
	w.Helper()
	infos, err := w.cluster().Describe(w.Context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	return infos[topic].EndOffsets
}

// newest is the last record of a topic of one partition.
func (w *world) newest(topic string) (last kafka.Record) {
	w.Helper()
	err := w.cluster().Scan(w.Context(), topic, kafka.ScanOptions{}, func(r kafka.Record) error {
		last = kafka.Record{Topic: topic, Partition: r.Partition, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value)}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return last
}

// empty deletes all records of a topic.
func (w *world) empty(topic string) {
	w.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...))
	if err != nil {
		w.Fatal(err)
	}
	defer cl.Close()
	admin := kadm.NewClient(cl)
	ends, err := admin.ListEndOffsets(w.Context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := admin.DeleteRecords(w.Context(), ends.Offsets()); err != nil {
		w.Fatal(err)
	}
}

// foreign commits records as another program would.
func (w *world) foreign(records ...kafka.Record) {
	w.Helper()
	p, err := w.cluster().OpenProducer(w.Context(), "stranger")
	if err != nil {
		w.Fatal(err)
	}
	defer p.Close()
	if err := p.Commit(w.Context(), kafka.Batch{Records: records}); err != nil {
		w.Fatal(err)
	}
}
