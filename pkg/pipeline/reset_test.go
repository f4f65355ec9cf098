package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// --reset moves what stands in a wrong partition, and lets what was deleted rest.
func TestResetMovesStrays(t *testing.T) {
	w := begin(t, rows(30)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	var lost, deleted []byte
	for i := range 30 {
		key := []byte(strconv.Itoa(i + 1))
		if kafka.Partition(key, 2) == kafka.Partition(key, 3) {
			continue
		}
		if lost == nil {
			lost = key
		} else {
			deleted = key
			break
		}
	}
	admin := w.cluster()
	w.addPartitions("p.rows", 3)
	if _, err := admin.Describe(t.Context(), "p.rows"); err != nil {
		t.Fatal(err)
	}
	// One key was deleted after the change: its old record must not come back.
	w.foreign(kafka.Record{Topic: "p.rows", Partition: kafka.Partition(deleted, 3), Key: deleted, Timestamp: time.Now().Add(time.Second)})
	w.set(func() {
		w.rows = slices.DeleteFunc(w.rows, func(s string) bool { return strings.HasPrefix(s, `{"id":`+string(deleted)+`,`) })
	})
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitUsage); !strings.Contains(got.Error, "--reset") {
		t.Errorf("a changed partition count: %q does not name --reset", got.Error)
	}
	p := w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{Reset: true}))
	if got := w.run(p, pipeline.ExitOK); got.Published != 0 || got.Unchanged != 29 {
		t.Errorf("published %d, unchanged %d; want 0, 29: all are in the topic", got.Published, got.Unchanged)
	}
	type place struct {
		key       string
		partition int32
	}
	live := map[place]bool{}
	err := admin.Scan(t.Context(), "p.rows", kafka.ScanOptions{}, func(r kafka.Record) error {
		live[place{string(r.Key), r.Partition}] = r.Value != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		key := strconv.Itoa(i + 1)
		for partition := range int32(3) {
			want := partition == kafka.Partition([]byte(key), 3) && key != string(deleted)
			if live[place{key, partition}] != want {
				t.Errorf("key %s in partition %d: live %v, want %v", key, partition, !want, want)
			}
		}
	}
	w.run(p, pipeline.ExitOK)
}

func (w *world) addPartitions(topic string, n int32) {
	w.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, n
	req.Topics = append(req.Topics, t)
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...))
	if err != nil {
		w.Fatal(err)
	}
	defer cl.Close()
	resp, err := req.RequestWith(w.Context(), cl)
	if err != nil {
		w.Fatal(err)
	}
	if err := kerr.ErrorForCode(resp.Topics[0].ErrorCode); err != nil {
		w.Fatal(err)
	}
}

// A resource that its turn did not come to in the first cycle is adopted in a later one.
func TestResetReachesAllResources(t *testing.T) {
	w := begin(t, rows(20)...)
	two := resource("rows", "rows", "") + resource("others", "rows", "")
	first := w.must(w.configured(two, "", pipeline.Options{}))
	w.run(first, pipeline.ExitOK)
	first.Close()
	w.foreign(kafka.Record{Topic: "p.state", Partition: -1, Key: []byte("others")}) // its state is gone: exit 2 without --reset
	p := w.must(w.configured(two, "", pipeline.Options{Reset: true}))
	ctx, cancel := context.WithCancelCause(t.Context())
	w.set(func() {
		w.before = func(int) { cancel(&pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"}) }
	})
	if sum := p.Run(ctx); sum.ExitCode != pipeline.ExitInterrupt {
		t.Fatalf("exit %d (%s), want 130", sum.ExitCode, sum.Error)
	}
	w.set(func() { w.before = nil })
	if sum := p.Run(t.Context()); sum.ExitCode != pipeline.ExitOK {
		t.Errorf("exit %d (%s), want 0", sum.ExitCode, sum.Error)
	}
}

// What a --reset adopts is known to be there before anything is published: should the topic be empty then, that is a loss.
func TestResetKnowsThatTheTopicIsPopulated(t *testing.T) {
	for _, held := range []int{0, 30} {
		w := begin(t, rows(held)...)
		w.run(w.pipeline("merge", ""), pipeline.ExitOK)
		w.set(func() { w.fail[0] = true })
		w.run(w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{Reset: true})), pipeline.ExitSource)
		w.set(func() { clear(w.fail) })
		if got := w.state().Populated; got != (held > 0) {
			t.Errorf("%d records: populated %v", held, got)
		}
		want := pipeline.ExitOK
		if held > 0 {
			w.empty("p.rows")
			want = pipeline.ExitUsage
		}
		w.run(w.pipeline("merge", ""), want)
	}
}

// A reset that needs several transactions and is cut off after the first: each key's tombstone and record are in one of them, so every
// key is live exactly once; nothing but another --reset goes on from there.
func TestResetInSeveralTransactions(t *testing.T) {
	w := begin(t)
	const keys = 40
	for i := range keys {
		w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"text":%q}`, i+1, noise(500_000)))
	}
	w.run(w.pipeline("merge", "compression: none"), pipeline.ExitOK)
	w.addPartitions("p.rows", 7)
	ends := 0
	w.broker.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		if ends++; ends != 2 {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.ProducerFenced.Code
		return resp, nil, true
	})
	reset := func() *pipeline.Pipeline {
		return w.must(w.configured(resource("rows", "rows", ""), "compression: none", pipeline.Options{Reset: true}))
	}
	cut := w.run(reset(), pipeline.ExitFenced)
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitUsage); !strings.Contains(got.Error, "--reset") { // and ends the open transaction
		t.Errorf("%q does not ask for --reset", got.Error)
	}
	strays, places := w.places(7)
	if cut.Tombstones == 0 || strays == 0 || len(places) != keys {
		t.Errorf("%d tombstones, %d keys, %d in a wrong partition; want some moved, some not, %d", cut.Tombstones, len(places), strays, keys)
	}
	got := w.run(reset(), pipeline.ExitOK)
	if got.Tombstones != int64(strays) || got.Published != 0 || got.Unchanged != keys {
		t.Errorf("%d tombstones, %d published, %d unchanged; want %d, 0, %d", got.Tombstones, got.Published, got.Unchanged, strays, keys)
	}
	if strays, places := w.places(7); strays != 0 || len(places) != keys {
		t.Errorf("%d keys, %d in a wrong partition; want %d, 0", len(places), strays, keys)
	}
}

// places folds each partition of the topic alone: where each live key is, and how many are where they do not belong. A key that is
// live in two partitions fails the test.
func (w *world) places(partitions int32) (strays int, live map[string]int32) {
	w.Helper()
	type place struct {
		key       string
		partition int32
	}
	all := map[place]bool{}
	err := w.cluster().Scan(w.Context(), "p.rows", kafka.ScanOptions{}, func(r kafka.Record) error {
		all[place{string(r.Key), r.Partition}] = r.Value != nil
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	live = map[string]int32{}
	for p, there := range all {
		if !there {
			continue
		}
		if other, twice := live[p.key]; twice {
			w.Errorf("key %s is live in the partitions %d and %d", p.key, other, p.partition)
		}
		live[p.key] = p.partition
		if p.partition != kafka.Partition([]byte(p.key), partitions) {
			strays++
		}
	}
	return strays, live
}

// The topics that belong to no resource follow the kafka block, whatever a resource says of its own.
func TestReplicationFactors(t *testing.T) {
	w := beginWith(t, rows(5), kfake.NumBrokers(3))
	w.run(w.must(w.configured(resource("rows", "rows", "kafka: {replication_factor: 1}, "), "replication_factor: 3", pipeline.Options{})), pipeline.ExitOK)
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	topics, err := kadm.NewClient(cl).ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]int{"p.state": 3, "p.schemas": 3, "p.rows": 1} {
		if got := len(topics[topic].Partitions[0].Replicas); got != want {
			t.Errorf("%s has %d replicas, want %d", topic, got, want)
		}
	}
}
