package main

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"producer/pkg/telemetry"
)

// A pacer keeps what topics hold (the indexes) from being a reason for as much garbage again. By default Go's collector lets a heap
// double before it looks for garbage. An index is flat memory that lives as long as the run: what may be added is measured by the rest.
// GOGC is respected: it is the percentage of the rest.
type pacer struct {
	telemetry.Observer
	base int // GOGC; negative: off

	mu      sync.Mutex
	indexes map[string]int64 // bytes by resource
	percent int              // of the whole heap, as it is set
}

// leastRest is taken for the rest of the heap, in bytes, while the collector has not seen more.
const leastRest = 16 << 20

func newPacer(o telemetry.Observer) *pacer {
	base := debug.SetGCPercent(100)
	debug.SetGCPercent(base)
	return &pacer{Observer: o, base: base, percent: base, indexes: map[string]int64{}}
}

// Index implements [telemetry.Observer].
func (p *pacer) Index(resource string, keys, bytes int64) {
	p.Observer.Index(resource, keys, bytes)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.indexes[resource] = bytes
	sum := int64(0)
	for _, n := range p.indexes {
		sum += n
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	rest := max(int64(live[0].Value.Uint64())-sum, leastRest)
	if percent := int(int64(p.base) * rest / (rest + sum)); p.base > 0 && percent != p.percent {
		debug.SetGCPercent(max(percent, 1))
		p.percent = percent
	}
}
