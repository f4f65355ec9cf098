package main

import (
	"runtime"
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

// With a rest of 12 MiB the heap is the same up to an index of 20 MiB. Behind that it grows with the index alone, and the collector
// never has less than 2 MiB, or 3 % of the heap, to the next collection.
func TestIndexesTakeTheRoomOfGarbage(t *testing.T) {
	const mib, rest = 1 << 20, 12 << 20
	for indexes := int64(0); indexes < 4<<30; indexes += indexes/10 + mib/2 {
		live := rest + indexes
		room := float64(percentOf(100, live, indexes)) / 100 * float64(live)
		want := max(float64(max(34*mib-live, 2*mib)), 0.03*float64(live))
		if step := float64(live)/100 + 1; room > want+1 || room < want-step {
			t.Fatalf("beside %d MiB of indexes there is room for %.1f MiB, want %.1f", indexes/mib, room/mib, want/mib)
		}
	}
}

func TestPercentOf(t *testing.T) {
	const mib = 1 << 20
	for name, tt := range map[string]struct {
		base          int
		live, indexes int64
		want          int
	}{
		"as Go does":                    {100, 40 * mib, 0, 100},
		"a heap that is small":          {100, 10 * mib, 0, 240},
		"nothing lives yet":             {100, 0, 0, 850},
		"GOGC":                          {50, 40 * mib, 0, 50},
		"a heap that is small, GOGC":    {200, 10 * mib, 0, 580},
		"an index":                      {100, 50 * mib, 10 * mib, 60},
		"an index, GOGC":                {200, 50 * mib, 10 * mib, 140},
		"more index than garbage":       {100, 100 * mib, 60 * mib, 6},
		"more index than was seen live": {100, 10 * mib, 16 * mib, 112},
		"a huge index, GOGC":            {2, 1 << 40, 1<<40 - mib, 2},
		"a huge index":                  {100, 1 << 40, 1<<40 - mib, 3},
	} {
		if got := percentOf(tt.base, tt.live, tt.indexes); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}

func TestPacer(t *testing.T) {
	base := percent()
	defer debug.SetGCPercent(base)
	debug.SetGCPercent(100)
	c := &counter{}
	p := newPacer(c)
	before := percent()
	p.Index("a", 1, 64<<20)
	p.Index("b", 1, 1<<30)
	if got := percent(); got >= before || c.calls != 2 {
		t.Errorf("GOGC is %d with indexes and %d without; %d calls were passed on, want 2", got, before, c.calls)
	}
	p.Index("a", 0, 0)
	p.Index("b", 0, 0)
	live := make([]byte, 64<<20)
	for runtime.GC(); percent() != 100; runtime.GC() { // the pace follows what lives
		runtime.Gosched()
	}
	runtime.KeepAlive(live)
	p.Index("a", 1, 1<<30)
	p.stop()
	p.Index("a", 1, 2<<30)
	if got := percent(); got != 100 {
		t.Errorf("GOGC is %d after stop, want 100", got)
	}
}

// Who has turned the collector off keeps it off.
func TestNoCollectorStaysNone(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p := newPacer(&counter{})
	p.Index("a", 1, 1<<30)
	p.stop()
	if got := percent(); got != -1 {
		t.Errorf("GOGC is %d, want -1", got)
	}
}
