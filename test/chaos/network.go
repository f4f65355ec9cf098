package main

import (
	"context"
	"fmt"
	"time"
)

// loseAnswer loses what is said at the end of a transaction: the answer with its connection, all answers until the child gives up
// and fences anew, or the request itself.
func (t *track) loseAnswer(ctx context.Context) error {
	how := t.rnd.IntN(3)
	n, seen, losing, lost := t.rnd.IntN(t.pages()), 0, false, 0
	c, err := t.start(childOptions{gate: t.restless(), commitTimeout: t.w.short, point: func(m *message) verdict {
		if losing && m.key == keyInitProducerID {
			losing = false
		}
		if m.key != keyEndTxn || !m.commit || m.answer != (how < 2) {
			return pass
		}
		if losing {
			return withhold
		}
		if seen++; seen != n+1 {
			return pass
		}
		lost++
		if how == 0 {
			return cut
		}
		losing = true
		return withhold
	}})
	if err != nil {
		return err
	}
	if err := t.expect(c, 0); err != nil && !t.gaveUp(c) {
		return fmt.Errorf("after losing %s: %w", []string{"an answer to EndTxn with its connection", "all answers to EndTxn", "the EndTxn request"}[how], err)
	}
	if lost > 0 {
		t.w.stats.count([]string{lostResponses, lostResponses, lostRequests}[how])
	}
	if c.code != 0 {
		return t.end(ctx)
	}
	return nil
}

// reset cuts a connection at a random byte of what is said.
func (t *track) reset(ctx context.Context) error {
	for range 1 + t.rnd.IntN(3) {
		c, err := t.start(childOptions{gate: t.restless(), resetAfter: 1 + t.rnd.IntN(1+t.pages()*6000)})
		if err != nil {
			return err
		}
		if err := t.expect(c, 0); err != nil && !t.gaveUp(c) {
			return err
		}
		if c.proxy.resets() > 0 {
			t.w.stats.count(resets)
		}
	}
	return t.end(ctx)
}

// stall has everything stand still for a while, shorter than a commit may take.
func (t *track) stall(ctx context.Context) error {
	n, seen := t.rnd.IntN(10*t.pages()), 0
	d := time.Duration(100+t.rnd.IntN(1000)) * time.Millisecond
	_, err := t.finish(childOptions{gate: t.restless(), point: func(*message) verdict {
		if seen++; seen == n {
			_ = wait(context.Background(), d)
		}
		return pass
	}})
	t.w.stats.count(stalls)
	return err
}
