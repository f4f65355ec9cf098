package pipeline_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// A newer instance takes over in the middle of a walk: the old one ends with 6 and writes nothing more.
func TestTakeoverFencesTheOldInstance(t *testing.T) {
	for _, publish := range []string{"all", "changed"} {
		t.Run(publish, func(t *testing.T) {
			w := begin(t, rows(60)...)
			arrived, hold := make(chan struct{}), make(chan struct{})
			release := sync.OnceFunc(func() { close(hold) })
			t.Cleanup(release) // or the server would wait for ever to be closed
			var taken atomic.Bool
			w.set(func() {
				w.before = func(offset int) {
					if offset == 40 && taken.CompareAndSwap(false, true) {
						close(arrived)
						<-hold
					}
				}
			})
			kafka := "commit_interval: 0s, publish: " + publish
			old := w.pipeline("merge", kafka)
			done := make(chan pipeline.Summary, 1)
			go func() { done <- old.Run(t.Context()) }()
			select {
			case <-arrived:
			case sum := <-done:
				t.Fatalf("the old one ended before it was taken over: exit %d (%s)", sum.ExitCode, sum.Error)
			}
			newer := w.pipeline("merge", kafka)
			w.run(newer, pipeline.ExitOK)
			data, state := w.ends("p.rows"), w.ends("p.state")
			release()
			if sum := <-done; sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, "newer instance") {
				t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
			}
			if got := w.ends("p.rows"); !slices.Equal(got, data) {
				t.Errorf("the old one wrote: %v, was %v", got, data)
			}
			if got := w.ends("p.state"); !slices.Equal(got, state) {
				t.Errorf("the old one wrote states: %v, was %v", got, state)
			}
			if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
				t.Errorf("%d keys in %d records, want 60 in 60", len(keys), records)
			}
			w.run(newer, pipeline.ExitOK)
		})
	}
}

// A process that was cut off, or stopped, while a newer instance took over ends with 6 in its next cycle: it does not fence that
// one. Where nobody took over it goes on.
func TestTheNextCycleFencesNoNewerInstance(t *testing.T) {
	for name, refusals := range map[string]int{"quick brokers": 0, "slow brokers": 15} {
		t.Run(name, func(t *testing.T) { nextCycleFencesNoNewerInstance(t, refusals) })
	}
}

func nextCycleFencesNoNewerInstance(t *testing.T, refusals int) {
	t.Parallel()
	w := begin(t, rows(30)...)
	old := w.pipeline("merge", "commit_interval: 0s")
	w.run(old, pipeline.ExitOK)
	old.Close() // as after an outage of the brokers
	w.run(old, pipeline.ExitOK)
	old.Close()
	newer := w.pipeline("merge", "commit_interval: 0s")
	w.run(newer, pipeline.ExitOK)
	data, state := w.ends("p.rows"), w.ends("p.state")
	asked := len(w.asked)
	if refusals > 0 {
		w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "p.state", Err: kerr.NotLeaderForPartition, Count: refusals})
	}
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, "newer instance") {
		t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
	}
	if !slices.Equal(w.ends("p.rows"), data) || !slices.Equal(w.ends("p.state"), state) || len(w.asked) != asked {
		t.Errorf("the old one wrote, or asked the API %d times", len(w.asked)-asked)
	}
	w.run(newer, pipeline.ExitOK)
}

// A newer instance of a version whose states this one can't read is not fenced either.
func TestTheNextCycleFencesNoNewerVersion(t *testing.T) {
	w := begin(t, rows(30)...)
	old := w.pipeline("merge", "")
	w.run(old, pipeline.ExitOK)
	old.Close()
	newer, err := w.cluster().OpenProducer(t.Context(), "producer.p.rows")
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	state := kafka.Batch{Records: []kafka.Record{{Topic: "p.state", Partition: -1, Key: []byte("rows"), Value: []byte(`{"v":2}`)}}}
	if err := newer.Commit(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitUsage || !strings.Contains(sum.Error, "is of version 2") {
		t.Errorf("the old one: exit %d (%s), want 2 and the state's version", sum.ExitCode, sum.Error)
	}
	if err := newer.Commit(t.Context(), state); err != nil {
		t.Errorf("the newer one: %v", err)
	}
}

// Who gave a commit up for its time, as a process that was stopped does when it wakes, and was overtaken meanwhile, is fenced: the brokers
// are not unavailable.
func TestOvertakenWhileACommitHangs(t *testing.T) {
	for name, tt := range map[string]struct {
		schema    bool
		committed string
	}{"records": {false, "committed in this run"}, "a schema": {true, "committed in this run: 0 pages"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overtakenWhileACommitHangs(t, tt.schema, tt.committed)
		})
	}
}

func overtakenWhileACommitHangs(t *testing.T, schema bool, committed string) {
	w := begin(t, rows(40)...)
	hung := make(chan struct{})
	var once sync.Once
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (_ kmsg.Response, _ error, hang bool) {
		w.broker.KeepControl()
		if topics := r.(*kmsg.ProduceRequest).Topics; schema == (len(topics) == 1) {
			once.Do(func() { hang = true; close(hung) })
		}
		return nil, nil, hang
	})
	old := w.pipeline("merge", "commit_interval: 0s, commit_timeout: 2s")
	ended := make(chan pipeline.Summary)
	go func() { ended <- old.Run(t.Context()) }()
	<-hung
	w.run(w.pipeline("merge", "commit_interval: 0s"), pipeline.ExitOK)
	if sum := <-ended; sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, committed) {
		t.Errorf("exit %d (%s), want 6, and %q", sum.ExitCode, sum.Error, committed)
	}
	if keys, records, _ := w.live(); len(keys) != 40 || records != 40 {
		t.Errorf("%d keys in %d records, want 40 in 40", len(keys), records)
	}
}

// What took over while a schema was being stored is not fenced in turn, whatever the old instance was told of that commit.
func TestStoringASchemaFencesNoNewerInstance(t *testing.T) {
	w := begin(t, rows(30)...)
	old, newer := w.pipeline("merge", "commit_interval: 0s"), w.pipeline("merge", "commit_interval: 0s")
	w.run(old, pipeline.ExitOK)
	w.set(func() { w.rows[15] = `{"id":16,"version":1,"more":true}` })
	var storing, taken atomic.Bool
	schemas := w.id("p.schemas")
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			storing.Store(storing.Load() || topic.TopicID == schemas || topic.Topic == "p.schemas")
		}
		return nil, nil, false
	})
	w.broker.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if w.broker.KeepControl(); !storing.Load() || !taken.CompareAndSwap(false, true) {
			return nil, nil, false
		}
		w.broker.SleepControl(func() { newer.Run(t.Context()) })
		resp := r.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.UnknownServerError.Code
		return resp, nil, true
	})
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitFenced {
		t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
	}
	if !taken.Load() {
		t.Fatal("no schema was stored")
	}
	if got := w.run(newer, pipeline.ExitOK); got.Unchanged != 30 {
		t.Errorf("the newer one finds %d unchanged, want 30", got.Unchanged)
	}
}

// Kafka's failure ends the run: the resources after it are not begun, and the API is not asked for them.
func TestNotBegun(t *testing.T) {
	w := begin(t, rows(20)...)
	p := w.must(w.configured(resource("rows", "rows", "")+resource("others", "rows", ""), "commit_timeout: 3s", pipeline.Options{}))
	w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: "producer.p.rows", Err: kerr.ProducerFenced, Count: -1})
	sum := p.Run(t.Context())
	if sum.ExitCode != pipeline.ExitFenced || sum.Resources[1].Status != pipeline.Failed || !strings.HasPrefix(sum.Resources[1].Error, "not begun") {
		t.Errorf("exit %d, %s: %s; want 6, failed: not begun", sum.ExitCode, sum.Resources[1].Status, sum.Resources[1].Error)
	}
}
