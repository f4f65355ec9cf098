package pipeline_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// scans counts how often the topic is folded, and knows what it holds.
type scans struct {
	pipeline.Observer
	n, keys, bytes atomic.Int64
}

func (s *scans) Start(string, string) {}

func (s *scans) Scan(_ string, done, total int64) {
	if done == total {
		s.n.Add(1)
	}
}

func (s *scans) Index(_ string, keys, bytes int64) {
	s.keys.Store(keys)
	s.bytes.Store(bytes)
}

func (s *scans) Page(string, int, int64) {}

func (s *scans) Retry(string, string, time.Duration) {}

func (s *scans) Commit(string, int64, int64, int64, int64, int64, time.Duration) {}

func (s *scans) End(_, _, _ string, _ time.Duration) {}

// Where nothing is compared with the topic, the keys of the walk are remembered all the same, and their memory is told.
func TestIndexOfTheWalkIsTold(t *testing.T) {
	w := begin(t, rows(30)...)
	seen := new(scans)
	w.must(w.configured(resource("rows", "rows", ""), "publish: all", pipeline.Options{Observer: seen})).Run(t.Context())
	if keys, bytes, n := seen.keys.Load(), seen.bytes.Load(), seen.n.Load(); keys != 30 || bytes <= 0 || n != 0 {
		t.Errorf("told %d keys of %d bytes after %d scans, want 30 keys and no scan", keys, bytes, n)
	}
}

// The index is read once and then kept, until somebody else has written to the topic: between two cycles or during one.
func TestIndexIsKeptBetweenCycles(t *testing.T) {
	w := begin(t, rows(30)...)
	seen := new(scans)
	p := w.must(w.configured(resource("rows", "rows", ""), "commit_interval: 0s", pipeline.Options{Observer: seen}))
	for _, step := range []struct {
		what                 string
		change               func()
		published, unchanged int64
		scans                int64
	}{
		{"the first", func() {}, 30, 0, 0},
		{"nothing is new", func() {}, 0, 30, 0},
		{"one is new", func() { w.set(func() { w.rows[4] = row(5, 2) }) }, 1, 29, 0},
		{"again nothing", func() {}, 0, 30, 0},
		{"somebody deletes between two cycles", func() { w.foreign(kafka.Record{Topic: "p.rows", Partition: -1, Key: []byte("7")}) }, 1, 29, 1},
		{"somebody deletes during a cycle", func() {
			w.set(func() {
				w.before = func(offset int) {
					if offset == 20 {
						w.foreign(kafka.Record{Topic: "p.rows", Partition: -1, Key: []byte("8")})
					}
				}
			})
		}, 0, 30, 0},
		{"which the next cycle mends", func() { w.set(func() { w.before = nil }) }, 1, 29, 1},
	} {
		step.change()
		before := seen.n.Load()
		got := w.run(p, pipeline.ExitOK)
		if got.Published != step.published || got.Unchanged != step.unchanged {
			t.Errorf("%s: published %d, unchanged %d; want %d, %d", step.what, got.Published, got.Unchanged, step.published, step.unchanged)
		}
		if seen.keys.Load() != 30 || seen.bytes.Load() <= 0 {
			t.Errorf("%s: the index is of %d keys in %d bytes, want 30", step.what, seen.keys.Load(), seen.bytes.Load())
		}
		if n := seen.n.Load() - before; step.what != "the first" && n != step.scans {
			t.Errorf("%s: the topic was folded %d times, want %d", step.what, n, step.scans)
		}
	}
}

// Deletes that are asked for by id: gone ones get a tombstone, living ones are published.
func TestDeletesAskById(t *testing.T) {
	w := begin(t, rows(30)...)
	gone := map[string]int{"7": http.StatusNotFound, "8": http.StatusGone}
	sinceGone := 0 // how many of the next requests find a record gone that the walk saw
	items := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if id, ok := strings.CutPrefix(r.URL.Path, "/rows/"); ok {
			w.mu.Lock()
			status := gone[id]
			if status == 0 && sinceGone > 0 {
				sinceGone--
				status = http.StatusNotFound
			}
			w.mu.Unlock()
			if status != 0 {
				http.Error(rw, "no", status)
				return
			}
			n, _ := strconv.Atoi(id)
			fmt.Fprintf(rw, `{"data":%s}`, row(n, 9))
			return
		}
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(items.Close)
	w.url = items.URL
	p := w.must(w.configured(resource("rows", "rows", `kafka: {deletes: {confirm: {path: "/rows/{id}"}}}, `), "", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() {
		w.rows = slices.DeleteFunc(rows(30), func(s string) bool { return slices.Contains([]string{row(7, 1), row(8, 1), row(9, 1)}, s) })
	})
	got := w.run(p, pipeline.ExitOK)
	if got.Tombstones != 2 || got.Published != 1 || got.Proof != pipeline.Proven {
		t.Errorf("%d tombstones, %d published, proof %s; want 2, 1 (which the listing hides), proven", got.Tombstones, got.Published, got.Proof)
	}
	if keys, _, _ := w.live(); len(keys) != 28 || slices.Contains(keys, "7") || !slices.Contains(keys, "9") {
		t.Errorf("keys %v", keys)
	}
	// Records that were there when the listing was read, and are gone when they are asked for, are no fault of the path.
	w.set(func() {
		gone["10"], sinceGone, w.rows = http.StatusGone, 2, slices.DeleteFunc(w.rows, func(s string) bool { return s == row(10, 1) })
	})
	if got := w.run(p, pipeline.ExitOK); got.Tombstones != 1 {
		t.Errorf("%d tombstones where two records went between listing and question, want 1", got.Tombstones)
	}
	// A path that finds nothing at all deletes nothing.
	w.set(func() {
		w.rows = w.rows[:20]
		for i := range 31 {
			gone[strconv.Itoa(i)] = http.StatusNotFound
		}
	})
	if got := w.run(p, pipeline.ExitLimit); got.Tombstones != 0 {
		t.Errorf("%d tombstones by a path that finds nothing", got.Tombstones)
	}
}

// byID answers for rows by id: the status, or 200 with the row as it was at first.
func (w *world) byID(listing http.Handler, status map[string]int) {
	w.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		id, ok := strings.CutPrefix(r.URL.Path, "/rows/")
		if !ok {
			listing.ServeHTTP(rw, r)
		} else if status[id] != 0 {
			http.Error(rw, "no", status[id])
		} else {
			fmt.Fprintf(rw, `{"data":{"id":%s,"u":%[1]s}}`, id)
		}
	}))
	w.Cleanup(server.Close)
	w.url = server.URL
}

// What is published because it was found by id leaves the walk's position and cursor as they are, should the run end there.
func TestAskingByIdKeepsTheCursor(t *testing.T) {
	l := beginLedger(t, upTo(30)...)
	l.byID(l, map[string]int{"8": http.StatusBadRequest})
	kafka := `commit_interval: 0s, deletes: {confirm: {path: "/rows/{id}"}}`
	l.run(l.pipeline("merge", "", kafka, pipeline.Options{}), pipeline.ExitOK)
	before := l.since()
	l.set(func() { l.drop(7); l.drop(8) })
	p := l.pipeline("merge", "", kafka, pipeline.Options{Full: true})
	if got := l.run(p, pipeline.ExitSource); got.Records != 29 || got.Tombstones != 0 {
		t.Errorf("%d records, %d tombstones; want the 28 of the listing and the one that it hides, and none", got.Records, got.Tombstones)
	}
	if after := l.since(); after.Cursor != before.Cursor || after.By != before.By || after.Walk == nil || after.Walk.Cursor != "30" {
		t.Errorf("the state has %+v, it had %+v", after, before)
	}
}

// What walks have missed before there was a path counts for nothing once it is taken out again.
func TestAPathForgetsWhatWalksMissed(t *testing.T) {
	w := begin(t, rows(30)...)
	w.byID(w, nil)
	run := func(deletes string, want int64) {
		t.Helper()
		if got := w.run(w.pipeline("merge", "deletes: "+deletes), pipeline.ExitOK); got.Proof != pipeline.Proven || got.Tombstones != want {
			t.Errorf("deletes: %s: %s, %d tombstones, want %d", deletes, got.Proof, got.Tombstones, want)
		}
	}
	run("confirmed", 0)
	w.set(func() { w.rows = slices.Delete(w.rows, 6, 7) })
	run("confirmed", 0)
	run(`{confirm: {path: "/rows/{id}"}}`, 0)
	run("confirmed", 0)
	run("confirmed", 1)
}

// The topic of the states must be a table: retention would forget where resources stand.
func TestStateTopicMustBeCompacted(t *testing.T) {
	w := begin(t, rows(10)...)
	err := w.cluster().Create(t.Context(), []kafka.TopicSpec{{Name: "p.state", Partitions: 1, ReplicationFactor: 1,
		Config: map[string]string{"cleanup.policy": "delete"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitUsage); !strings.Contains(got.Error, "p.state") || len(w.asked) != 0 {
		t.Errorf("%q, %d requests; want the topic named, none", got.Error, len(w.asked))
	}
}
