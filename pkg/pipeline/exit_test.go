package pipeline_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/pipeline"
)

// Of several faults the graver one gives the exit code, whichever comes first, and the summary's error is its error: 6 > 7 > 5 > 8 > 4 > 3.
func TestTheGraverFaultIsTheExitCode(t *testing.T) {
	t.Parallel()
	api := map[int]http.HandlerFunc{
		3: func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusBadRequest) },
		4: func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, `{"data":[{"id":null}],"total":1}`) },
		7: func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusUnauthorized) },
		8: func(rw http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(rw, `{"data":[{"id":1,"text":%q}],"total":1}`, strings.Repeat("x", 2000))
		},
	}
	kafka := map[int]kfake.Fault{
		5: {Keys: []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.Produce}, Topic: "p.second", Err: kerr.NotEnoughReplicas, Count: -1},
		6: {Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: "producer.p.second", Err: kerr.ProducerFenced, Count: -1},
	}
	order := []int{3, 4, 8, 5, 7, 6} // the gravest last
	for i, first := range order {
		for j, second := range order {
			if api[first] == nil || i == j {
				continue // brokers that fail end the run: what comes after is not begun
			}
			t.Run(fmt.Sprintf("%d then %d", first, second), func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				answer := func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, `{"data":[{"id":1}],"total":1}`) }
				mux := http.NewServeMux()
				mux.HandleFunc("/first", api[first])
				if api[second] != nil {
					answer = api[second]
				} else {
					w.broker.Fault(kafka[second])
				}
				mux.HandleFunc("/second", answer)
				server := httptest.NewServer(mux)
				t.Cleanup(server.Close)
				w.url = server.URL
				p := w.must(w.configured(resource("first", "first", "")+resource("second", "second", ""), "commit_timeout: 2s",
					pipeline.Options{}, "limits: {body: 1KiB}"))
				sum := p.Run(t.Context())
				if want := order[max(i, j)]; sum.ExitCode != want || sum.Status != pipeline.Failed {
					t.Errorf("exit %d, %s (%s); want %d, failed", sum.ExitCode, sum.Status, sum.Error, want)
				}
				name := "first"
				if j > i {
					name = "second"
				}
				if !strings.Contains(sum.Error, name) {
					t.Errorf("the error is %q; want that of %s", sum.Error, name)
				}
				for _, r := range sum.Resources {
					if r.Status != pipeline.Failed || r.Error == "" || r.Proof != pipeline.NoProof {
						t.Errorf("%s: %s, %q; want failed, and why", r.Resource, r.Status, r.Error)
					}
				}
			})
		}
	}
}

// What is in hand when the source fails is committed; where that fails too, and worse, its code is the run's.
func TestAFaultWhileWhatIsInHandIsCommitted(t *testing.T) {
	w := begin(t, rows(60)...)
	p := w.pipeline("merge", "commit_interval: 1h")
	w.run(p, pipeline.ExitOK)
	w.set(func() {
		for i := range w.rows {
			w.rows[i] = row(i+1, 2)
		}
		w.fail[40] = true
	})
	fault := w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: "producer.p.rows", Err: kerr.ProducerFenced, Count: -1})
	if got := w.run(p, pipeline.ExitFenced); got.Published != 0 {
		t.Errorf("published %d, want nothing", got.Published)
	}
	fault.Remove()
	w.set(func() { clear(w.fail) })
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published != 60 {
		t.Errorf("then published %d, want 60", got.Published)
	}
}

// Exit 8 in the middle of a commit's landing: what it committed stands, the index that lacks some of it is not used again, and
// with more memory the next run publishes what is left.
func TestAnIndexThatIsTooSmallIsNotUsedAgain(t *testing.T) {
	w := begin(t, rows(600)...)
	p := w.pipeline("merge", "commit_interval: 0s, index: {max_bytes: 4KiB}")
	first := w.run(p, pipeline.ExitLimit)
	if first.Published == 0 || first.Published%10 != 0 || first.Published == 600 || !strings.Contains(first.Error, "index.max_bytes") {
		t.Fatalf("published %d (%s); want some whole pages, and the key to raise", first.Published, first.Error)
	}
	w.set(func() { w.asked = nil })
	if again := w.run(p, pipeline.ExitLimit); again.Published != 0 || len(w.asked) != 0 || !strings.Contains(again.Error, "index.max_bytes") {
		t.Errorf("the next cycle published %d after %d requests (%s), want nothing", again.Published, len(w.asked), again.Error)
	}
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published != 600-first.Published {
		t.Errorf("then published %d, want the %d that were left", got.Published, 600-first.Published)
	}
	if keys, records, _ := w.live(); len(keys) != 600 || records != 600 || !slices.Contains(keys, "600") {
		t.Errorf("%d keys in %d records, want 600 in 600", len(keys), records)
	}
}

// An index that was outgrown under `publish: all` lacks keys: the page that a later cycle reads again is not compared with it.
func TestAnOutgrownIndexComparesNoPage(t *testing.T) {
	w := begin(t, rows(600)...)
	w.set(func() { w.fail[200] = true })
	w.run(w.pipeline("merge", "publish: all, commit_interval: 0s"), pipeline.ExitSource)
	w.set(func() { w.fail = map[int]bool{400: true} })
	p := w.pipeline("merge", "publish: all, commit_interval: 0s, index: {max_bytes: 4KiB}")
	if got := w.run(p, pipeline.ExitSource); got.Published != 200 || got.Unchanged != 10 {
		t.Fatalf("published %d, unchanged %d; want 200, and the 10 that were read again", got.Published, got.Unchanged)
	}
	if got := w.run(p, pipeline.ExitLimit); got.Published != 0 || !strings.Contains(got.Error, "index.max_bytes") {
		t.Errorf("the next cycle published %d (%s), want nothing, and the key to raise", got.Published, got.Error)
	}
	w.set(func() { clear(w.fail) })
	if got := w.run(w.pipeline("merge", "publish: all"), pipeline.ExitOK); got.Published != 200 || got.Unchanged != 10 {
		t.Errorf("then published %d, unchanged %d; want 200, 10", got.Published, got.Unchanged)
	}
}

// commits runs a function at each commit that is confirmed, before the index takes it in.
type commits struct {
	scans
	on func()
}

func (c *commits) Commit(string, int64, int64, int64, int64, int64, time.Duration) { c.on() }

// Exit 8 in the middle of a commit's landing, and then the commit of what is in hand fails too.
func TestAnIndexThatIsTooSmallWhereTheNextCommitFails(t *testing.T) {
	const last = 23 // the commit whose keys are more than the index holds
	w := begin(t, rows(600)...)
	var confirmed atomic.Int32
	o := pipeline.Options{Observer: &commits{on: func() {
		if confirmed.Add(1) == last {
			w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: "producer.p.rows", Err: kerr.ProducerFenced, Count: -1})
		}
	}}}
	inHand := make(chan struct{})
	w.set(func() {
		w.before = func(offset int) {
			if offset == 10*(last+1) { // so the page before is taken
				close(inHand)
				w.set(func() { w.before = nil })
			}
		}
	})
	w.broker.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		if confirmed.Load() == last-1 {
			<-inHand
		}
		return nil, nil, false
	})
	p := w.must(w.configured(resource("rows", "rows", ""), "commit_interval: 0s, index: {max_bytes: 4KiB}", o))
	if got := w.run(p, pipeline.ExitFenced); got.Published != 10*last {
		t.Errorf("published %d, want %d", got.Published, 10*last)
	}
}
