package main

import (
	"runtime/debug"
	"testing"

	"producer/pkg/telemetry"
)

// counter is an observer of indexes alone.
type counter struct {
	telemetry.Observer
	calls int
}

func (c *counter) Index(string, int64, int64) { c.calls++ }

// percent reads GOGC.
func percent() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}

// The larger the indexes are beside the rest of the heap, the less of the heap may be added before the collector looks.
func TestIndexesMakeNoRoomForGarbage(t *testing.T) {
	base := percent()
	defer debug.SetGCPercent(base)
	debug.SetGCPercent(100)
	c := &counter{}
	p := newPacer(c)
	last := 101
	for i, step := range []struct {
		resource string
		bytes    int64
		below    int
	}{{"a", 0, 101}, {"a", 64 << 20, 50}, {"b", 1 << 30, 10}, {"b", 1 << 40, 2}} {
		p.Index(step.resource, 1, step.bytes)
		got := percent()
		if got >= step.below || got > last || got < 1 {
			t.Errorf("GOGC is %d after step %d, want less than %d and %d", got, i, step.below, last+1)
		}
		last = got
	}
	p.Index("a", 0, 0)
	if p.Index("b", 0, 0); percent() != 100 || c.calls != 6 {
		t.Errorf("GOGC is %d without indexes, want 100; %d calls were passed on, want 6", percent(), c.calls)
	}
}

// Who has turned the collector off keeps it off.
func TestNoCollectorStaysNone(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	newPacer(&counter{}).Index("a", 1, 1<<30)
	if got := percent(); got != -1 {
		t.Errorf("GOGC is %d, want -1", got)
	}
}
