package pipeline_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"producer/pkg/checkpoint"
	"producer/pkg/pipeline"
)

// A key that stands on two pages makes the listing drift, also where the row on the first of them became a dead letter: whether it is
// committed, in flight or in the same batch by then.
func TestADeadLettersKeyMayStandOnOnePageOnly(t *testing.T) {
	for _, interval := range []string{"0s", "10s"} {
		for name, tt := range map[string]struct {
			second int // index of the row that has the key again
			want   pipeline.Proof
		}{"the next page": {15, pipeline.Drifted}, "a late page": {55, pipeline.Drifted}, "the same page": {9, pipeline.Proven}} {
			t.Run(name+" "+interval, func(t *testing.T) {
				w := begin(t, rows(60)...)
				p := w.must(w.configured(resource("rows", "rows", "schema_contract: {data_type: discard_row}, "), "commit_interval: "+interval, pipeline.Options{}))
				w.rows[4] = `{"id":1000,"version":1}`
				w.run(p, pipeline.ExitOK) // the schema stands, and nothing is known of key 2000
				w.set(func() {
					w.rows[5] = `{"id":2000,"version":"x"}`
					w.rows[tt.second] = `{"id":2000,"version":"y"}`
				})
				if got := w.run(p, pipeline.ExitOK); got.Proof != tt.want || got.DeadLettered != 2 {
					t.Errorf("%d dead letters, proof %s; want 2, %s", got.DeadLettered, got.Proof, tt.want)
				}
				last := w.state().Last
				if keys := int64(59); last == nil || last.Keys != keys || last.Proof != string(tt.want) {
					t.Errorf("the state's verdict is %+v, want %d keys, %s", last, keys, tt.want)
				}
			})
		}
	}
}

// What a walk may not remember it does not prove, and says so; where it ended before anything had to be forgotten it does.
func TestProofNeedsMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		kafka string
		warns bool
		want  pipeline.Proof
	}{
		"too little":            {"publish: all, commit_interval: 0s, index: {max_bytes: 16}", true, pipeline.NoProof},
		"enough":                {"publish: all, commit_interval: 0s", false, pipeline.Proven},
		"too little, one batch": {"publish: all, commit_interval: 10s, index: {max_bytes: 16}", false, pipeline.Proven},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, rows(60)...)
			var log bytes.Buffer
			p := w.must(w.configured(resource("rows", "rows", ""), tt.kafka, pipeline.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
			got := w.run(p, pipeline.ExitOK)
			if warns := strings.Contains(log.String(), "index.max_bytes lets"); got.Proof != tt.want || warns != tt.warns {
				t.Errorf("proof %s, warned %v; want %s, %v", got.Proof, warns, tt.want, tt.warns)
			}
			if last := w.state().Last; last.Proof != string(tt.want) {
				t.Errorf("the state says %s, want %s", last.Proof, tt.want)
			}
			if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
				t.Errorf("%d keys in %d records, want 60 in 60", len(keys), records)
			}
		})
	}
}

// A field that many records share is no primary key, and is said to be none; a row or two that shifted are no such case.
func TestKeyThatHides(t *testing.T) {
	for shared, warns := range map[int]bool{0: false, 2: false, 30: true} {
		w := begin(t, rows(60)...)
		for i := range shared {
			w.rows[i*2+1] = row(i*2+1, 7)
		}
		var log bytes.Buffer
		w.run(w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})), pipeline.ExitOK)
		want := fmt.Sprintf(`take their places: see that primary_key identifies a record" resource=rows primary_key=[id] records=60 keys=%d`, 60-shared)
		if strings.Contains(log.String(), want) != warns {
			t.Errorf("%d hidden: got %s", shared, &log)
		}
	}
}

// A listing of whose first answer nothing names a next page may be longer: who has not said that it is one page is warned.
func TestGuessOfOnePage(t *testing.T) {
	for endpoint, warns := range map[string]bool{
		"params: {limit: 3}, paginator: auto": true, "params: {limit: 3}, paginator: single_page": false, "paginator: {type: offset, limit: 3}": false,
	} {
		w := begin(t, rows(3)...)
		var log bytes.Buffer
		text := strings.Replace(resource("rows", "rows", ""), "paginator: {type: offset, limit: 10}", endpoint, 1)
		got := w.run(w.must(w.configured(text, "", pipeline.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})), pipeline.ExitOK)
		if said := strings.Contains(log.String(), "no way to a next page was found"); said != warns || got.Records != 3 {
			t.Errorf("%s: warned %v, %d records; want %v, 3", endpoint, said, got.Records, warns)
		}
	}
}

// An empty listing is proven by its empty page, and its total is the one that the page shows.
func TestEmptyListing(t *testing.T) {
	w := begin(t)
	got := w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	st := w.state()
	if got.Proof != pipeline.Proven || got.Total == nil || *got.Total != 0 || st.FirstTotal == nil || *st.FirstTotal != 0 || st.Last.Total == nil {
		t.Errorf("%+v, state %+v; want proven, a total and a first total of 0", got, st)
	}
}

// A topic that held records and is empty now has lost them: exit 2, whether rows may be dead letters or not. One that never had any
// has not.
func TestAnEmptiedTopicIsRefused(t *testing.T) {
	for _, contract := range []string{"", "schema_contract: {data_type: discard_row}, "} {
		for _, failed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%q, in mid-walk %v", contract, failed), func(t *testing.T) {
				w := begin(t, rows(60)...)
				p := w.must(w.configured(resource("rows", "rows", contract), "commit_interval: 0s", pipeline.Options{}))
				if failed {
					w.set(func() { w.fail[40] = true })
					w.run(p, pipeline.ExitSource)
					w.set(func() { clear(w.fail) })
				} else {
					w.run(p, pipeline.ExitOK)
				}
				p.Close()
				w.empty("p.rows")
				w.set(func() { w.asked = nil })
				if got := w.run(p, pipeline.ExitUsage); !strings.Contains(got.Error, "is empty") || !strings.Contains(got.Error, "--reset") || len(w.asked) != 0 {
					t.Errorf("%q, %d requests; want the empty topic and --reset named, none", got.Error, len(w.asked))
				}
				reset := w.must(w.configured(resource("rows", "rows", contract), "", pipeline.Options{Reset: true}))
				if got := w.run(reset, pipeline.ExitOK); got.Published != 60 || got.Proof != pipeline.Proven {
					t.Errorf("after --reset: published %d, proof %s; want 60, proven", got.Published, got.Proof)
				}
			})
		}
	}
}

func (w *world) state() checkpoint.State {
	w.Helper()
	st, err := checkpoint.Parse(w.newest("p.state").Value)
	if err != nil {
		w.Fatal(err)
	}
	return st
}
