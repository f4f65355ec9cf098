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
		h.byName[name] = &host{slots: make(chan struct{}, h.concurrency), limiter: rate.NewLimiter(h.limit, 1)}
	}
	return h.byName[name]
}

// host is one host's budget: how many requests at a time, how many in a while.
type host struct {
	slots   chan struct{}
	limiter *rate.Limiter
}

// acquire waits until the host may be asked. It fails only when ctx ends, with the context's error.
func (h *host) acquire(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := h.limiter.Wait(ctx); err != nil {
		h.release()
		<-ctx.Done() // the limiter may see beforehand that the deadline comes first
		return ctx.Err()
	}
	return nil
}

func (h *host) release() { <-h.slots }
