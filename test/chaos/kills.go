package main

import (
	"context"
	"slices"
	"time"
)

// point is a place in the protocol at which a child can be killed.
type point struct {
	name string
	at   func(m *message, state string, first bool) bool
	then verdict // what becomes of the message once the child is dead
	once bool    // it comes once in a child's life
}

func points() []point {
	produce := func(m *message) bool { return m.key == keyProduce }
	request := func(key int16) func(*message, string, bool) bool {
		return func(m *message, _ string, _ bool) bool {
			return m.key == key && !m.answer && (key != keyEndTxn || m.commit)
		}
	}
	answer := func(key int16) func(*message, string, bool) bool {
		return func(m *message, _ string, _ bool) bool {
			return m.key == key && m.answer && (key != keyEndTxn || m.commit)
		}
	}
	checkpoint := func(answer bool) func(*message, string, bool) bool {
		return func(m *message, state string, _ bool) bool {
			return produce(m) && m.answer == answer && slices.Contains(m.topics, state)
		}
	}
	return []point{
		{"before the fence", request(keyInitProducerID), cut, true},
		{"fence in flight", request(keyInitProducerID), pass, true},
		{"after the fence", answer(keyInitProducerID), cut, true},
		{"before begin", func(m *message, _ string, first bool) bool {
			return first && !m.answer && (produce(m) || m.key == keyAddPartitions)
		}, cut, false},
		{"mid-produce", func(m *message, _ string, _ bool) bool { return produce(m) && !m.answer }, half, false},
		{"produce in flight", func(m *message, _ string, _ bool) bool { return produce(m) && !m.answer }, pass, false},
		{"before the checkpoint", checkpoint(false), cut, false},
		{"after the checkpoint", checkpoint(true), cut, false},
		{"before the commit", request(keyEndTxn), cut, false},
		{"commit in flight", request(keyEndTxn), pass, false},
		{"after the commit", answer(keyEndTxn), cut, false},
	}
}

// tombstonePoints are those of a transaction that deletes.
func tombstonePoints() []point {
	sends := func(answer bool) func(*message, string, bool) bool {
		return func(m *message, _ string, _ bool) bool { return m.tombstones && m.answer == answer }
	}
	return []point{
		{"mid-tombstones", sends(false), half, true},
		{"tombstones in flight", sends(false), pass, true},
		{"tombstones sent, not committed", sends(true), cut, true},
	}
}

// killAtPoint kills children at protocol points, again and again.
func (t *track) killAtPoint(ctx context.Context) error {
	for range 1 + t.rnd.IntN(5) {
		t.forget()
		all := points()
		if t.kind.removes() && t.rnd.IntN(3) == 0 {
			all = tombstonePoints()
		}
		p := all[t.rnd.IntN(len(all))]
		if err := t.killAt1(p, t.rnd.IntN(t.pages()+2)); err != nil {
			return err
		}
	}
	return t.end(ctx)
}

// killAt1 kills a child when it comes to the point for the n-th time after the first.
func (t *track) killAt1(p point, n int) error {
	if p.once {
		n = 0
	}
	var c *child
	ready := make(chan struct{})
	began, seen, dead := false, 0, false
	hook := func(m *message) verdict {
		<-ready
		if dead {
			return cut
		}
		first := !began
		switch m.key {
		case keyProduce, keyAddPartitions:
			began = true
		case keyEndTxn:
			began = false
		}
		if !p.at(m, t.c.state, first) {
			return pass
		}
		if seen++; seen <= n {
			return pass
		}
		dead = true
		if c.kill() {
			t.w.stats.kill(p.name)
		}
		return p.then
	}
	c, err := t.start(childOptions{gate: t.restless(), point: hook})
	if err != nil {
		return err
	}
	close(ready)
	c.wait()
	if c.code == -1 && !c.hung {
		t.note("%s: killed %s (%d), %d commits", c.name, p.name, n, c.committed())
		return nil
	}
	if err := t.expect(c, 0); err != nil && !t.gaveUp(c) {
		return err
	}
	return nil
}

// forget has the API refuse, now and then, where an interrupted walk by cursors would go on.
func (t *track) forget() {
	if t.kind.paging == "cursor" && t.rnd.IntN(3) == 0 {
		t.l.forget()
		t.w.stats.count(forgotten)
	}
}

func (t *track) killAtRandom(ctx context.Context) error {
	for range 1 + t.rnd.IntN(5) {
		t.forget()
		within := int64(t.typical) * 11 / 10
		every := t.again()
		if every != "" {
			within *= 3
		}
		c, err := t.start(childOptions{gate: t.restless(), every: every})
		if err != nil {
			return err
		}
		after := time.Duration(t.rnd.Int64N(within + 1))
		select {
		case <-time.After(after):
		case <-c.ended:
		}
		if c.kill() {
			t.w.stats.kill("at a random time")
			t.note("%s: killed after %v and %d commits", c.name, after, c.committed())
		} else if err := t.expect(c, 0); err != nil && !t.gaveUp(c) {
			return err
		}
	}
	return t.end(ctx)
}

// killBetweenTombstones has a walk delete so much that it takes three transactions, and kills it after the first or the second.
func (t *track) killBetweenTombstones(ctx context.Context) error {
	after := 2 + t.rnd.IntN(2) // one commit is of the rows that are left
	commits, dead := 0, false
	var c *child
	ready := make(chan struct{})
	c, err := t.start(childOptions{point: func(m *message) verdict {
		<-ready
		switch {
		case dead:
			return cut
		case m.key == keyEndTxn && m.answer && m.commit:
			commits++
		case m.key == keyProduce && !m.answer && commits == after:
			if dead = true; c.kill() {
				t.w.stats.kill(betweenTombstones)
			}
			return cut
		}
		return pass
	}})
	if err != nil {
		return err
	}
	close(ready)
	if c.wait(); c.code != -1 {
		if t.gaveUp(c) {
			return t.end(ctx)
		}
		return broken("exit code", "it was not killed between tombstones: %s", c.words())
	}
	t.note("%s: killed between tombstones, after %d commits", c.name, commits)
	return t.end(ctx)
}
