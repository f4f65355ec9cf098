package pipeline_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"producer/pkg/pipeline"
)

// stepped is a pipeline of one resource with processing_steps.
func (w *world) stepped(disposition, steps, kafka string) *pipeline.Pipeline {
	w.Helper()
	return w.must(w.configured(fmt.Sprintf("    - {name: rows, primary_key: id, write_disposition: %s, processing_steps: %s, "+
		"endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n", disposition, steps), kafka, pipeline.Options{}))
}

// Key, hash and value are those of what the steps leave, and a filter keeps a walk from proving anything.
func TestSteps(t *testing.T) {
	w := begin(t)
	const steps = "[{filter: {field: s, in: [a, b]}}, {exclude: [noise]}, {rename: {k: id}}]"
	row := func(k int, s string, noise int) string { return fmt.Sprintf(`{"k":%d,"s":%q,"noise":%d}`, k, s, noise) }
	for k := range 40 {
		w.rows = append(w.rows, row(k, string("abc"[k%3]), k))
	}
	got := w.run(w.stepped("replace", steps, "max_deletes: 90%"), pipeline.ExitOK)
	if got.Published != 27 || got.Records != 27 || got.Pages != 4 || *got.Total != 40 || got.Proof != pipeline.Bounded || got.Status != pipeline.Complete {
		t.Errorf("%+v", got)
	}
	w.set(func() {
		w.rows = w.rows[:20]
		for k := range w.rows {
			w.rows[k] = row(k, string("abc"[k%3]), k+1)
		}
	})
	got = w.run(w.stepped("replace", steps, "max_deletes: 90%"), pipeline.ExitOK)
	if got.Published != 0 || got.Unchanged != 14 || got.Tombstones != 0 {
		t.Errorf("what is left out changed: published %d, unchanged %d, %d tombstones; want 0, 14, 0", got.Published, got.Unchanged, got.Tombstones)
	}
	if keys, records, _ := w.live(); len(keys) != 27 || records != 27 || !slices.Contains(keys, "39") || slices.Contains(keys, "2") {
		t.Errorf("%d records of the keys %v", records, keys)
	}
	if got := w.run(w.stepped("replace", "[{rename: {k: id}}]", "max_deletes: 90%"), pipeline.ExitOK); got.Published != 20 || got.Proof != pipeline.Proven || got.Tombstones != 20-7 {
		t.Errorf("without a filter: %+v", got)
	}
}

// A walk over pages of which nothing passes goes on behind them.
func TestStepsResume(t *testing.T) {
	w := begin(t, rows(60)...)
	const steps = "[{filter: {field: id, gt: 30}}]"
	w.set(func() { w.fail[50] = true })
	w.run(w.stepped("merge", steps, "commit_interval: 0s"), pipeline.ExitSource)
	w.set(func() { w.fail, w.asked = map[int]bool{}, nil })
	got := w.run(w.stepped("merge", steps, "commit_interval: 0s"), pipeline.ExitOK)
	if want := []int{40, 50}; !slices.Equal(w.asked, want) || got.Published != 10 || got.Unchanged != 10 {
		t.Errorf("asked %v, published %d, unchanged %d", w.asked, got.Published, got.Unchanged)
	}
}

// A record that is asked for by its id goes through the steps too, before its key is looked for and it is published.
func TestStepsByID(t *testing.T) {
	w := begin(t)
	for k := range 20 {
		w.rows = append(w.rows, fmt.Sprintf(`{"k":%d,"noise":1}`, k+1))
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch id, byID := strings.CutPrefix(r.URL.Path, "/rows/"); {
		case !byID:
			w.ServeHTTP(rw, r)
		case id == "4":
			http.NotFound(rw, r)
		default:
			fmt.Fprintf(rw, `{"k":%s,"noise":2}`, id)
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	p := w.stepped("merge", "[{exclude: [noise]}, {rename: {k: id}}]", `deletes: {confirm: {path: "/rows/{id}"}}`)
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows = slices.Delete(w.rows, 3, 5) })
	got := w.run(p, pipeline.ExitOK)
	if got.Tombstones != 1 || got.Published != 0 || got.Unchanged != 19 {
		t.Errorf("%+v; want the tombstone of 4, and 5 as it was", got)
	}
}

// listed adds up what a run tells of pages.
type listed struct {
	scans
	pages, records atomic.Int64
}

func (l *listed) Page(_ string, records int, _ int64) {
	l.pages.Add(1)
	l.records.Add(int64(records))
}

// A run that leaves everything out shows all the same how far it has come.
func TestProgressOfWhatIsLeftOut(t *testing.T) {
	w := begin(t, rows(30)...)
	told := new(listed)
	p := w.must(w.configured("    - {name: rows, primary_key: id, write_disposition: merge, processing_steps: [{filter: {field: id, gt: 30}}], "+
		"endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n", "", pipeline.Options{Observer: told}))
	if got := w.run(p, pipeline.ExitOK); got.Records != 0 || told.pages.Load() != 3 || told.records.Load() != 30 {
		t.Errorf("%d records in the summary, told of %d on %d pages; want 0, and 30 on 3", got.Records, told.records.Load(), told.pages.Load())
	}
}
