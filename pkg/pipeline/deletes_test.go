package pipeline_test

import (
	"slices"
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
