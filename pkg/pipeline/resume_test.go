package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"producer/pkg/pipeline"
)

// A walk that is gone on with reads the page before its checkpoint again, and publishes nothing of it that it has published.
func TestResumeReadsOnePageAgain(t *testing.T) {
	for _, publish := range []string{"all", "changed"} {
		t.Run(publish, func(t *testing.T) {
			w := begin(t, rows(60)...)
			kafka := "commit_interval: 0s, publish: " + publish
			w.set(func() { w.fail[40] = true })
			w.run(w.pipeline("merge", kafka), pipeline.ExitSource)
			w.set(func() { w.fail, w.asked = map[int]bool{}, nil })
			got := w.run(w.pipeline("merge", kafka), pipeline.ExitOK)
			if want := []int{30, 40, 50}; !slices.Equal(w.asked, want) {
				t.Errorf("asked for %v, want %v", w.asked, want)
			}
			if got.Published != 20 || got.Unchanged != 10 || got.Proof != pipeline.Resumed {
				t.Errorf("published %d, unchanged %d, proof %s; want 20, 10, resumed", got.Published, got.Unchanged, got.Proof)
			}
			if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
				t.Errorf("%d keys and %d records, want 60", len(keys), records)
			}
		})
	}
}

// What a proven walk is to delete, it must have begun itself: with deletes nothing is gone on with.
func TestDeletesStartOver(t *testing.T) {
	w := begin(t, rows(60)...)
	const kafka = "commit_interval: 0s, max_deletes: 50%"
	w.set(func() { w.fail[40] = true })
	w.run(w.pipeline("replace", kafka), pipeline.ExitSource)
	w.set(func() { w.fail, w.asked = map[int]bool{}, nil })
	got := w.run(w.pipeline("replace", kafka), pipeline.ExitOK)
	if w.asked[0] != 0 || got.Proof != pipeline.Proven || got.Tombstones != 0 {
		t.Errorf("began at %d, proof %s, %d tombstones; want 0, proven, 0", w.asked[0], got.Proof, got.Tombstones)
	}
}

// A position is gone on from while it is younger than kafka.resume_within, and means what it meant.
func TestPositionsGrowOld(t *testing.T) {
	for name, tt := range map[string]struct {
		age     time.Duration // of the state's record
		config  string
		limit   string
		resumes bool
	}{
		"young":                    {age: 14 * time.Minute, resumes: true},
		"old":                      {age: 16 * time.Minute},
		"old, but not here":        {age: 16 * time.Minute, config: "resume_within: 1h", resumes: true},
		"younger, but not here":    {age: 2 * time.Minute, config: "resume_within: 1m"},
		"never":                    {config: "resume_within: 0s"},
		"a clock was set back":     {age: -24 * time.Hour},
		"a clock was set forward":  {age: 24 * time.Hour},
		"it means something else":  {limit: "20"},
		"it may end in tombstones": {config: "deletes: confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, rows(60)...)
			w.set(func() { w.fail[40] = true })
			w.run(w.pipeline("merge", "commit_interval: 0s"), pipeline.ExitSource)
			state := w.newest("p.state")
			state.Timestamp = time.Now().Add(-tt.age)
			w.foreign(state)
			w.set(func() { w.fail, w.asked = map[int]bool{}, nil })
			p := w.pipeline("merge", tt.config)
			if tt.limit != "" {
				p = w.must(w.configured("    - {name: rows, primary_key: id, write_disposition: merge, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: "+tt.limit+"}}}\n",
					tt.config, pipeline.Options{}))
			}
			got := w.run(p, pipeline.ExitOK)
			from, proof := 0, pipeline.Proven
			if tt.resumes {
				from, proof = 30, pipeline.Resumed
			}
			if w.asked[0] != from || got.Proof != proof {
				t.Errorf("began at %d, proof %s; want %d, %s", w.asked[0], got.Proof, from, proof)
			}
			if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
				t.Errorf("%d keys in %d records, want 60 in 60", len(keys), records)
			}
		})
	}
}
