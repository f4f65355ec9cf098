package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/pipeline"
)

// ledger is a source whose rows have u, and that lists those from since on.
type ledger struct {
	*world
	cursors []string         // what since was with each request
	first   func(offset int) // runs before a page is made
}

func beginLedger(t *testing.T, us ...int) *ledger {
	t.Helper()
	l := &ledger{world: begin(t)}
	for i, u := range us {
		l.put(i+1, u)
	}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// put adds row id, or changes it, which moves it to the end.
func (l *ledger) put(id, u int) {
	l.drop(id)
	l.rows = append(l.rows, fmt.Sprintf(`{"id":%d,"u":%d}`, id, u))
}

func (l *ledger) drop(id int) {
	l.rows = slices.DeleteFunc(l.rows, func(r string) bool { return strings.HasPrefix(r, fmt.Sprintf(`{"id":%d,`, id)) })
}

func (l *ledger) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, _ := strconv.Atoi(q.Get("since"))
	l.mu.Lock()
	if l.first != nil {
		offset, _ := strconv.Atoi(q.Get("offset"))
		l.first(offset)
	}
	all := l.rows
	var some []string
	for _, text := range l.rows {
		var row struct{ U int }
		_ = json.Unmarshal([]byte(text), &row)
		if row.U >= since {
			some = append(some, text)
		}
	}
	l.cursors = append(l.cursors, q.Get("since"))
	l.rows = some
	l.mu.Unlock()
	defer l.set(func() { l.rows = all })
	l.world.ServeHTTP(rw, r)
}

func (l *ledger) pipeline(disposition, incremental, kafka string, o pipeline.Options) *pipeline.Pipeline {
	l.Helper()
	return l.must(l.configured(fmt.Sprintf("    - {name: rows, primary_key: id, write_disposition: %s, endpoint: {path: rows, data_selector: data, "+
		"paginator: {type: offset, limit: 10}, incremental: {cursor_path: u, start_param: since%s}}}\n", disposition, incremental), kafka, o))
}

// since is what the state holds of the cursor.
func (l *ledger) since() (s extractor.Since) {
	l.Helper()
	var state struct{ Since extractor.Since }
	if err := json.Unmarshal(l.newest("p.state").Value, &state); err != nil {
		l.Fatal(err)
	}
	return state.Since
}

func upTo(n int) (us []int) {
	for i := range n {
		us = append(us, i+1)
	}
	return us
}

// Each walk asks from where the last one ended, sees ties again, and publishes what is new of them.
func TestIncremental(t *testing.T) {
	for _, publish := range []string{"merge", "append"} {
		t.Run(publish, func(t *testing.T) {
			l := beginLedger(t, append(upTo(30), 30)...)
			got := l.run(l.pipeline(publish, "", "", pipeline.Options{}), pipeline.ExitOK)
			if got.Published != 31 || got.Proof != pipeline.Proven || l.since().Cursor != "30" {
				t.Errorf("the first walk: %+v, cursor %s", got, l.since().Cursor)
			}
			l.put(7, 31)
			l.put(40, 30)
			p := l.pipeline(publish, "", "", pipeline.Options{})
			got = l.run(p, pipeline.ExitOK)
			if got.Published != 2 || got.Proof != pipeline.Incremental || l.since().Cursor != "31" || *got.Total != 4 {
				t.Errorf("the second walk: %+v, cursor %s", got, l.since().Cursor)
			}
			got = l.run(p, pipeline.ExitOK)
			if got.Published != 0 || got.Proof != pipeline.Incremental || got.Status != pipeline.Complete {
				t.Errorf("nothing new: %+v", got)
			}
			if want := []string{"", "", "", "", "30", "31"}; !slices.Equal(l.cursors, want) {
				t.Errorf("asked from %q, want %q", l.cursors, want)
			}
			if keys, records, _ := l.live(); len(keys) != 32 || records != 33 {
				t.Errorf("%d keys in %d records, want 32 in 33", len(keys), records)
			}
		})
	}
}

// Until a walk is complete the cursor is that of the one before it, whatever was committed; gone on with, it asks for the same rows.
func TestIncrementalResumes(t *testing.T) {
	l := beginLedger(t, upTo(60)...)
	l.set(func() { l.fail[30] = true })
	l.run(l.pipeline("merge", ", initial_value: 11", "commit_interval: 0s", pipeline.Options{}), pipeline.ExitSource)
	if s := l.since(); s.Cursor != "" || s.Walk == nil || s.Walk.Cursor != "40" {
		t.Errorf("in the midst of the first walk: %+v", s)
	}
	l.set(func() { l.fail, l.asked, l.cursors = map[int]bool{}, nil, nil })
	got := l.run(l.pipeline("merge", ", initial_value: 11", "commit_interval: 0s", pipeline.Options{}), pipeline.ExitOK)
	if s := l.since(); got.Proof != pipeline.Resumed || got.Published != 20 || s.Cursor != "" || s.Walk != nil || !slices.Equal(l.asked, []int{20, 30, 40}) {
		t.Errorf("gone on with: %+v, %+v, asked for %v", got, s, l.asked)
	}
	got = l.run(l.pipeline("merge", ", initial_value: 11", "commit_interval: 0s", pipeline.Options{}), pipeline.ExitOK)
	if s := l.since(); got.Published != 0 || s.Cursor != "60" {
		t.Errorf("read again, for rows may have shifted while nobody looked: %+v, %+v", got, s)
	}
	for id := range 35 {
		l.put(id+1, 100+id)
	}
	l.set(func() { l.fail[20] = true })
	l.run(l.pipeline("merge", ", initial_value: 11", "commit_interval: 0s", pipeline.Options{}), pipeline.ExitSource)
	if s := l.since(); s.Cursor != "60" || s.Walk.Start != "60" {
		t.Errorf("in the midst of the second walk: %+v", s)
	}
	l.set(func() { l.fail, l.cursors = map[int]bool{}, nil })
	l.run(l.pipeline("merge", ", initial_value: 11", "commit_interval: 0s, resume_within: 0s", pipeline.Options{}), pipeline.ExitOK)
	if want := []string{"60", "60", "60", "60"}; !slices.Equal(l.cursors, want) || l.since().Cursor != "134" {
		t.Errorf("started over: asked from %q, cursor %s", l.cursors, l.since().Cursor)
	}
	if keys, records, _ := l.live(); len(keys) != 60 || records != 50+35 { // 1 to 10 came with their change
		t.Errorf("%d keys in %d records", len(keys), records)
	}
}

// Rows that shift while a walk is interrupted are read by the next one.
func TestRowsThatShiftBeforeAResume(t *testing.T) {
	l := beginLedger(t, upTo(60)...)
	l.set(func() { l.fail[30] = true })
	run := func(code int) pipeline.Resource {
		return l.run(l.pipeline("merge", "", "commit_interval: 0s", pipeline.Options{}), code)
	}
	run(pipeline.ExitSource)
	l.set(func() {
		l.fail = map[int]bool{}
		for id := range 15 {
			l.drop(id + 1)
		}
	})
	run(pipeline.ExitOK)
	run(pipeline.ExitOK)
	keys, _, _ := l.live()
	if len(keys) != 60 { // the deleted ones stay: nothing deletes them here
		t.Errorf("%d keys, want 60: rows were passed over", len(keys))
	}
}

// What is deleted at the source an incremental walk can't know; a full one does, by hand or by schedule.
func TestFullWalks(t *testing.T) {
	for name, tt := range map[string]struct {
		kafka string
		full  bool
	}{"by hand": {"max_deletes: 50%", true}, "by schedule": {"max_deletes: 50%, full_walk_every: 1ms", false}} {
		t.Run(name, func(t *testing.T) {
			l := beginLedger(t, upTo(30)...)
			l.run(l.pipeline("replace", "", "max_deletes: 50%", pipeline.Options{}), pipeline.ExitOK)
			l.set(func() { l.drop(3) })
			p := l.pipeline("replace", "", "max_deletes: 50%, full_walk_every: 24h", pipeline.Options{})
			if got := l.run(p, pipeline.ExitOK); got.Proof != pipeline.Incremental || got.Tombstones != 0 {
				t.Errorf("an incremental walk: %+v", got)
			}
			p = l.pipeline("replace", "", tt.kafka, pipeline.Options{Full: tt.full})
			if got := l.run(p, pipeline.ExitOK); got.Proof != pipeline.Proven || got.Tombstones != 1 || l.since().Cursor != "30" {
				t.Errorf("a full walk: %+v", got)
			}
			if got := l.run(p, pipeline.ExitOK); (got.Proof == pipeline.Incremental) != tt.full {
				t.Errorf("the walk after it: %+v", got)
			}
		})
	}
}

// Keys that one full walk missed wait for the next full one, whatever incremental walks come between.
func TestConfirmedAcrossIncrementalWalks(t *testing.T) {
	l := beginLedger(t, upTo(30)...)
	run := func(full bool) pipeline.Resource {
		return l.run(l.pipeline("merge", "", "deletes: confirmed", pipeline.Options{Full: full}), pipeline.ExitOK)
	}
	run(false)
	l.set(func() { l.drop(3) })
	if got := run(true); got.Tombstones != 0 || got.Proof != pipeline.Proven {
		t.Errorf("the first full walk: %+v", got)
	}
	run(false)
	if got := run(true); got.Tombstones != 1 {
		t.Errorf("the second full walk: %+v", got)
	}
}

// incremental is a resource of the ledger's with more keys.
func incremental(more string) string {
	return strings.Replace(resource("rows", "rows", more), "data_selector: data,", "data_selector: data, incremental: {cursor_path: u, start_param: since},", 1)
}

// A configuration that asks for other rows does so for those before the position too where a walk could be gone on with.
func TestOtherRowsStartOver(t *testing.T) {
	l := beginLedger(t, upTo(60)...)
	filtered := func(least int) *pipeline.Pipeline {
		return l.must(l.configured(incremental(fmt.Sprintf("processing_steps: [{filter: {field: id, gte: %d}}], ", least)), "commit_interval: 0s", pipeline.Options{}))
	}
	l.set(func() { l.fail[40] = true })
	l.run(filtered(15), pipeline.ExitSource)
	l.set(func() { clear(l.fail) })
	if got := l.run(filtered(1), pipeline.ExitOK); got.Published+got.Unchanged != 60 || l.since().Cursor != "60" {
		t.Errorf("%+v, cursor %s; want all 60 rows", got, l.since().Cursor)
	}
	if keys, _, _ := l.live(); len(keys) != 60 {
		t.Errorf("%d keys, want 60", len(keys))
	}
}

// --full begins anew where a walk could be gone on with.
func TestFullStartsOver(t *testing.T) {
	w := begin(t, rows(60)...)
	w.set(func() { w.fail[40] = true })
	w.run(w.pipeline("merge", "commit_interval: 0s"), pipeline.ExitSource)
	w.set(func() { w.fail, w.asked = map[int]bool{}, nil })
	p := w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{Full: true}))
	if got := w.run(p, pipeline.ExitOK); got.Proof != pipeline.Proven || w.asked[0] != 0 {
		t.Errorf("%+v, began at %d", got, w.asked[0])
	}
}

// A listing that got shorter under the walk may have hidden a row: the cursor stays, and the next walk sees it.
func TestCursorStays(t *testing.T) {
	l := beginLedger(t, upTo(40)...)
	l.run(l.pipeline("merge", "", "", pipeline.Options{}), pipeline.ExitOK)
	for id := 1; id <= 30; id++ {
		l.put(id, 100+id)
	}
	l.set(func() {
		l.first = func(offset int) {
			if offset == 10 {
				l.first = nil
				l.put(2, 200) // 12 moves to a place that was read
			}
		}
	})
	p := l.pipeline("merge", "", "", pipeline.Options{})
	l.run(p, pipeline.ExitOK)
	if got := l.since().Cursor; got != "40" {
		t.Errorf("the cursor is %s, want 40 still", got)
	}
	l.run(p, pipeline.ExitOK)
	if got := l.since().Cursor; got != "200" {
		t.Errorf("the cursor is %s, want 200", got)
	}
}

// Where rows come against row_order the walk does not end at the first one before the cursor, and a bounded one keeps its cursor; the log says
// why.
func TestRowsAgainstRowOrder(t *testing.T) {
	for _, tt := range []struct {
		name, incremental, bound string
		reverse                  bool
		second                   [][2]int // id and u: rows that are put before the second walk, in front
		requests                 int64
		cursor                   config.Literal
		says                     bool
	}{
		{"as it says", ", row_order: desc", "", true, [][2]int{{41, 41}}, 1, "41", false},
		{"a newer row behind one before the cursor", ", row_order: desc", "", true, [][2]int{{43, 43}, {3, 3}, {42, 42}}, 5, "43", true},
		{"a bound", ", row_order: asc", ", maximum_offset: 10", false, [][2]int{{44, 44}, {43, 43}}, 1, "10", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := beginLedger(t, upTo(40)...)
			if tt.reverse {
				slices.Reverse(l.rows)
			}
			var log bytes.Buffer
			run := func() pipeline.Resource {
				text := fmt.Sprintf("    - {name: rows, primary_key: id, write_disposition: merge, endpoint: {path: rows, data_selector: data, "+
					"paginator: {type: offset, limit: 10%s}, incremental: {cursor_path: u%s}}}\n", tt.bound, tt.incremental)
				log.Reset()
				return l.run(l.must(l.configured(text, "", pipeline.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})), pipeline.ExitOK)
			}
			run()
			if strings.Contains(log.String(), "row_order") {
				t.Errorf("the first walk is in order: %s", log.String())
			}
			l.set(func() {
				for _, row := range slices.Backward(tt.second) {
					l.drop(row[0])
					l.rows = slices.Insert(l.rows, 0, fmt.Sprintf(`{"id":%d,"u":%d}`, row[0], row[1]))
				}
			})
			got := run()
			if got.Requests != tt.requests || l.since().Cursor != tt.cursor {
				t.Errorf("%d requests, cursor %s; want %d, %s", got.Requests, l.since().Cursor, tt.requests, tt.cursor)
			}
			if n := strings.Count(log.String(), "against row_order") + strings.Count(log.String(), "against incremental.row_order"); (n == 2) != tt.says || n == 1 {
				t.Errorf("said: %s", log.String())
			}
		})
	}
}
