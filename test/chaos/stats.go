package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// stats is what the chaos did and found. All methods are safe for concurrent use.
type stats struct {
	mu         sync.Mutex
	counts     map[string]int
	rounds     map[string]int // by action
	violations map[string]int
	recoveries []time.Duration
	walks      int
	records    int
	tombstones int
	byPublish  map[string]int // rounds
}

func newStats() *stats {
	return &stats{counts: map[string]int{}, rounds: map[string]int{}, violations: map[string]int{}, byPublish: map[string]int{}}
}

func (s *stats) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what]++
}

// recovered notes how long after a kill the next commit was confirmed.
func (s *stats) recovered(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recoveries = append(s.recoveries, d)
}

// round adds what a checker has seen since it was last added.
func (s *stats) round(c *checker, action string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds[action]++
	s.byPublish[c.kind.publish]++
	s.walks += len(c.begun)
	s.records += c.records
	s.tombstones += c.tombstones
	c.begun, c.records, c.tombstones = map[int64]bool{}, 0, 0
}

func (s *stats) broke(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations[what]++
}

// print writes the result: what was done, and what was found, which must be nothing.
func (s *stats) print(w io.Writer, seed uint64, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	fmt.Fprintf(w, "kill -9: %d (%d at a protocol point, %d between tombstones); takeovers: %d; zombies: %d; lost commit responses: %d; resets: %d; stalls: %d; SIGTERM: %d; drifts: %d; broker kills: %d; gave up meanwhile: %d\n",
		c["kill -9"], c["at a protocol point"], c["between tombstones"], c["takeovers"], c["zombies"], c["lost commit responses"], c["resets"], c["stalls"],
		c["SIGTERM"], c["drifts"], c["broker kills"], c["gave up for lack of brokers"])
	rounds := s.byPublish["all"] + s.byPublish["changed"]
	fmt.Fprintf(w, "rounds: %d (%d with publish all); walks: %d; records: %d; tombstones: %d\n", rounds, s.byPublish["all"], s.walks, s.records, s.tombstones)
	if slices.Sort(s.recoveries); len(s.recoveries) > 0 {
		fmt.Fprintf(w, "from kill to the next committed page: median %v, max %v (%d kills)\n", s.recoveries[len(s.recoveries)/2].Round(time.Millisecond),
			s.recoveries[len(s.recoveries)-1].Round(time.Millisecond), len(s.recoveries))
	}
	other := 0
	for what, n := range s.violations {
		if !slices.Contains([]string{lost, duplicate, resurrected, falselyDeleted}, what) {
			other += n
		}
	}
	fmt.Fprintf(w, "seed %d, %v: lost %d, duplicate %d, resurrected %d, falsely deleted %d, other violations %d\n", seed, took.Round(time.Second),
		s.violations[lost], s.violations[duplicate], s.violations[resurrected], s.violations[falselyDeleted], other)
}
