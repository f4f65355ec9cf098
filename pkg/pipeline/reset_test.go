package pipeline_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
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
