package pipeline_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"producer/pkg/pipeline"
)

// A key that comes back in an incremental walk, or in one that fails, has to be missed twice again.
func TestAKeyThatCameBackIsNotMissing(t *testing.T) {
	for name, fails := range map[string]bool{"incremental": false, "interrupted": true} {
		t.Run(name, func(t *testing.T) {
			l := beginLedger(t, upTo(30)...)
			run := func(full bool, exit int, tombstones int64) {
				t.Helper()
				p := l.pipeline("merge", "", "deletes: confirmed, commit_interval: 0s", pipeline.Options{Full: full})
				if got := l.run(p, exit); got.Tombstones != tombstones {
					t.Errorf("%d tombstones, want %d", got.Tombstones, tombstones)
				}
			}
			run(true, pipeline.ExitOK, 0)
			l.set(func() { l.drop(3); l.drop(4) })
			run(true, pipeline.ExitOK, 0)
			if fails {
				l.set(func() { l.rows, l.fail[20] = slices.Insert(l.rows, 0, `{"id":3,"u":3}`), true })
				run(true, pipeline.ExitSource, 0)
			} else {
				l.set(func() { l.put(3, 31) })
				run(false, pipeline.ExitOK, 0)
			}
			l.set(func() { l.drop(3); clear(l.fail) })
			run(true, pipeline.ExitOK, 1) // 4
			run(true, pipeline.ExitOK, 1)
		})
	}
}

// Who asks by id ends once more are gone than may be; what is alive doesn't count. The error says which number lets the deletes go.
func TestAskingByIdEndsBeyondMaxDeletes(t *testing.T) {
	w := begin(t, rows(60)...)
	gone := map[string]int{}
	for i := 26; i <= 60; i++ { // 21 to 25 are hidden, and asked for first
		gone[strconv.Itoa(i)] = http.StatusNotFound
	}
	w.byID(w, gone)
	run := func(exit int, more string) (got pipeline.Resource) {
		t.Helper()
		return w.run(w.pipeline("merge", `deletes: {confirm: {path: "/rows/{id}"}}`+more), exit)
	}
	run(pipeline.ExitOK, "")
	w.set(func() { w.rows = w.rows[:20] })
	got := run(pipeline.ExitLimit, "")
	if pages, control, allowed := int64(2), int64(1), int64(6); got.Requests != pages+control+5+allowed+1 || got.Tombstones != 0 {
		t.Errorf("%d requests, %d tombstones; want 15, none", got.Requests, got.Tombstones)
	}
	if n := len(w.state().Missing); n != 0 {
		t.Errorf("%d keys are remembered as missing, of which some are alive; want none", n)
	}
	for _, want := range []string{"at least 7 of the 60 live keys", "max_deletes allows 6", "run once with max_deletes: 40"} {
		if !strings.Contains(got.Error, want) {
			t.Errorf("%q does not say %q", got.Error, want)
		}
	}
	if got := run(pipeline.ExitOK, ", max_deletes: 40"); got.Tombstones != 35 {
		t.Errorf("%d tombstones, want 35", got.Tombstones)
	}
}

// The keys that a walk did not see are held in memory within the index's bound: beyond it nothing is asked, nothing deleted.
func TestCandidatesAreBounded(t *testing.T) {
	for _, deletes := range []string{"confirmed", `{confirm: {path: "/rows/{id}"}}`} {
		t.Run(deletes, func(t *testing.T) {
			w := begin(t)
			for i := range 60 {
				w.rows = append(w.rows, fmt.Sprintf(`{"id":"%d%s"}`, i, noise(900)))
			}
			w.byID(w, nil)
			p := w.pipeline("merge", "commit_interval: 10s, index: {max_bytes: 20KiB}, deletes: "+deletes)
			w.run(p, pipeline.ExitOK)
			w.set(func() { w.rows = w.rows[:30] })
			if got := w.run(p, pipeline.ExitLimit); got.Requests != 3 || got.Tombstones != 0 || !strings.Contains(got.Error, "raise index.max_bytes") {
				t.Errorf("%d requests, %d tombstones (%s); want the 3 pages, none, and the key to raise", got.Requests, got.Tombstones, got.Error)
			}
		})
	}
}
