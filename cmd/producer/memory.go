package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"producer/pkg/telemetry"
)

// A pacer keeps the process as large as it is while what its topics hold (the indexes) grows. By default Go's collector lets a heap
// double before it looks for garbage, so that an index would make room for as much garbage again. But it is flat memory that lives as long
// as the run, and costs a collection next to nothing: what may be added is measured by the rest of the heap, and an index takes its place
// from that before it makes the heap larger. GOGC is respected: it is the percentage of the rest. So is GOMEMLIMIT, which is left alone.
type pacer struct {
	telemetry.Observer
	base int // GOGC; 0 and less: it stays

	mu      sync.Mutex
	indexes map[string]int64 // bytes by resource
	percent int              // of the whole heap, as it is set
	stopped bool
}

const (
	// leastHeap is what a heap may be, in bytes, before the collector looks; Go's own is 4 MiB. So it is as large early in a run as later,
	// and the index of a million keys has its place in what would be garbage in any run.
	leastHeap = 34 << 20
	// leastShare of what the rest may add, a sixth, is left to it however large the indexes are.
	leastShare = 6
	// leastPercent of the heap is left too: a collection visits an index's chunks, if not its slots, half a microsecond a thousand keys.
	leastPercent = 3
	// leastRest is taken for the rest, in bytes, where it is less.
	leastRest = 12 << 20
	goHeap    = 4 << 20 // that Go takes a percentage of, where less lives
)

// newPacer sets the collector's pace after each collection and with each growth of an index, until stop.
func newPacer(o telemetry.Observer) *pacer {
	base := debug.SetGCPercent(100)
	debug.SetGCPercent(base)
	p := &pacer{Observer: o, base: base, percent: base, indexes: map[string]int64{}}
	if base > 0 {
		p.keep()
	}
	return p
}

// keep sets the pace now and after each collection, of which the end of what nothing refers to tells.
func (p *pacer) keep() {
	if p.pace() {
		runtime.AddCleanup(new(*pacer), (*pacer).keep, p)
	}
}

// Index implements [telemetry.Observer].
func (p *pacer) Index(resource string, keys, bytes int64) {
	p.Observer.Index(resource, keys, bytes)
	p.mu.Lock()
	p.indexes[resource] = bytes
	p.mu.Unlock()
	p.pace()
}

// pace reports whether there is any to set.
func (p *pacer) pace() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || p.base <= 0 {
		return false
	}
	indexes := int64(0)
	for _, n := range p.indexes {
		indexes += n
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if percent := percentOf(p.base, int64(live[0].Value.Uint64()), indexes); percent != p.percent {
		debug.SetGCPercent(percent)
		p.percent = percent
	}
	return true
}

// percentOf is how much a heap of which live bytes live, indexes among them, may grow before the next collection. Up to leastHeap, or
// what the rest and its garbage are, indexes take nothing but room of garbage. GOGC scales all.
func percentOf(base int, live, indexes int64) int {
	live = max(live, indexes) // which may have grown since
	rest := max(live-indexes, leastRest)
	room := int64(base) * rest / 100
	goal := max(rest+room, int64(base)*leastHeap/100)
	return max(int(100*max(goal-live, room/leastShare)/max(live, goHeap)), min(base, leastPercent))
}

// stop leaves the collector as newPacer found it.
func (p *pacer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped && p.base > 0 {
		debug.SetGCPercent(p.base)
	}
	p.stopped = true
}
