package rest

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit allows Requests per Per, evenly spaced, without bursts.
type RateLimit struct {
	Requests int
	Per      time.Duration
}

// hosts holds the budget of each host that was asked.
type hosts struct {
	concurrency int
	limit       rate.Limit

	mu     sync.Mutex
	byName map[string]*host
}

func newHosts(concurrency int, l *RateLimit) *hosts {
	h := &hosts{concurrency: concurrency, limit: rate.Inf, byName: make(map[string]*host)}
	if l != nil && l.Requests > 0 && l.Per > 0 {
		h.limit = rate.Every(l.Per / time.Duration(l.Requests))
	}
	return h
}

func (h *hosts) get(o origin) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := o.host + ":" + o.port
	if h.byName[name] == nil {
		h.byName[name] = newHost(h.concurrency, h.limit)
	}
	return h.byName[name]
}

// host is one host's budget: how many requests at a time, how many in a while. A 429 halves both, and good answers bring them back
// bit by bit. A Retry-After holds up everyone.
type host struct {
	limiter *rate.Limiter

	mu    sync.Mutex
	all   int        // requests at a time, as configured
	limit rate.Limit // requests a second, as configured
	most  int        // requests at a time now
	out   int
	round int           // how often the budget was halved
	good  int           // answers since it last changed
	until time.Time     // nothing is sent before
	freed chan struct{} // closed when a request may be sent that could not be before
}

const (
	goodAnswers = 20 // bring a step of the budget back
	steps       = 8  // lead from nothing to all of it
)

func newHost(concurrency int, limit rate.Limit) *host {
	return &host{limiter: rate.NewLimiter(limit, 1), all: concurrency, limit: limit, most: concurrency, freed: make(chan struct{})}
}

// acquire waits until the host may be asked, and returns the round that the request belongs to. It fails only when ctx ends, with the
// context's error.
func (h *host) acquire(ctx context.Context) (round int, err error) {
	for {
		h.mu.Lock()
		wait, freed := time.Until(h.until), h.freed
		if wait <= 0 && h.out < h.most {
			h.out++
			round = h.round
			h.mu.Unlock()
			break
		}
		h.mu.Unlock()
		if wait <= 0 {
			wait = time.Hour // freed comes before
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-freed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		}
	}
	if err := h.limiter.Wait(ctx); err != nil {
		h.release()
		<-ctx.Done() // the limiter may see beforehand that the deadline comes first
		return 0, ctx.Err()
	}
	return round, nil
}

func (h *host) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.out--
	h.wake()
}

// wake has those who wait look again. The lock is held.
func (h *host) wake() {
	close(h.freed)
	h.freed = make(chan struct{})
}

// slower halves the budget for a 429 to a request of a round: once, however many of the round are answered so.
func (h *host) slower(round int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if round != h.round {
		return
	}
	h.round++
	h.good = 0
	h.most = max(h.most/2, 1)
	if h.limit != rate.Inf {
		h.limiter.SetLimit(max(h.limiter.Limit()/2, h.limit/64))
	}
}

// faster counts a good answer.
func (h *host) faster() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.most == h.all && h.limiter.Limit() >= h.limit {
		return
	}
	if h.good++; h.good < goodAnswers {
		return
	}
	h.good = 0
	h.most = min(h.most+max(h.all/steps, 1), h.all)
	if h.limit != rate.Inf {
		h.limiter.SetLimit(min(h.limiter.Limit()+h.limit/steps, h.limit))
	}
	h.wake()
}

// hold keeps everyone from asking for so long.
func (h *host) hold(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until := time.Now().Add(d); until.After(h.until) {
		h.until = until
	}
}
