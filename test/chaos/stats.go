package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// What is counted by name.
const (
	kills             = "kill -9"
	betweenTombstones = "between two transactions of tombstones"
	takeovers         = "takeovers"
	zombies           = "zombies (SIGSTOP)"
	longZombies       = "zombies beyond the transaction timeout"
	lostResponses     = "lost commit responses"
	lostRequests      = "lost commit requests"
	resets            = "resets at a random byte"
	stalls            = "stalls"
	sigterms          = "SIGTERM"
	drifts            = "drifts"
	forgotten         = "cursors forgotten"
	besideRounds      = "rounds with two resources"
	brokerKills       = "kill -9 of brokers"
	gaveUp            = "exit 5 for lack of brokers"
)

// stats is what the chaos did and found. All methods are safe for concurrent use.
type stats struct {
	mu         sync.Mutex
	counts     map[string]int
	violations map[string]int
	recoveries []time.Duration
	walks      int
	records    int
	tombstones int
	byPublish  map[string]int // rounds
}

func newStats() *stats {
	return &stats{counts: map[string]int{}, violations: map[string]int{}, byPublish: map[string]int{}}
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

// round notes that a round of a pipeline is over.
func (s *stats) round(publish string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byPublish[publish]++
}

// read adds what a checker has seen since it was last added.
func (s *stats) read(c *checker) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// kill notes a kill at one of the points.
func (s *stats) kill(at string) {
	s.count(kills)
	s.count(kills + ": " + at)
}

// print writes the result: what was done, and what was found, which must be nothing.
func (s *stats) print(w io.Writer, seed uint64, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := func(what string, n int) { fmt.Fprintf(w, "| %-48s | %7d |\n", what, n) }
	fmt.Fprintf(w, "| %-48s | %7s |\n|%s|%s:|\n", fmt.Sprintf("seed %d, %v", seed, took.Round(time.Second)), "count", strings.Repeat("-", 50), strings.Repeat("-", 8))
	row(kills, s.counts[kills])
	row("  at a random time", s.counts[kills+": at a random time"])
	for _, p := range append(points(), tombstonePoints()...) {
		row("  "+p.name, s.counts[kills+": "+p.name])
	}
	row("  "+betweenTombstones, s.counts[kills+": "+betweenTombstones])
	for _, what := range []string{takeovers, zombies, longZombies, lostResponses, lostRequests, resets, stalls, sigterms, drifts, forgotten, brokerKills, gaveUp} {
		row(what, s.counts[what])
	}
	row("rounds with publish all", s.byPublish["all"])
	row("rounds with publish changed", s.byPublish["changed"])
	row(besideRounds, s.counts[besideRounds])
	row("walks", s.walks)
	row("records read back", s.records)
	row("tombstones read back", s.tombstones)
	other := 0
	for what, n := range s.violations {
		other += n
		if slices.Contains([]string{lost, duplicate, resurrected, falselyDeleted}, what) {
			other -= n
		}
	}
	for _, what := range []string{lost, duplicate, resurrected, falselyDeleted} {
		row("VIOLATIONS: "+what, s.violations[what])
	}
	row("VIOLATIONS: other", other)
	if slices.Sort(s.recoveries); len(s.recoveries) > 0 {
		fmt.Fprintf(w, "from kill to the next committed page: median %v, max %v (%d kills)\n", s.recoveries[len(s.recoveries)/2].Round(time.Millisecond),
			s.recoveries[len(s.recoveries)-1].Round(time.Millisecond), len(s.recoveries))
	}
}
