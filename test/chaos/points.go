package main

import (
	"context"
	"slices"
)

// point is a place in the protocol at which a child can be killed.
type point struct {
	name string
	at   func(m *message, state string, first bool) bool
	then verdict // what becomes of the message once the child is dead
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
		{"before the fence", request(keyInitProducerID), cut},
		{"fence in flight", request(keyInitProducerID), pass},
		{"after the fence", answer(keyInitProducerID), cut},
		{"before begin", func(m *message, _ string, first bool) bool {
			return first && !m.answer && (produce(m) || m.key == keyAddPartitions)
		}, cut},
		{"mid-produce", func(m *message, _ string, _ bool) bool { return produce(m) && !m.answer }, half},
		{"produce in flight", func(m *message, _ string, _ bool) bool { return produce(m) && !m.answer }, pass},
		{"before the checkpoint", checkpoint(false), cut},
		{"after the checkpoint", checkpoint(true), cut},
		{"before the commit", request(keyEndTxn), cut},
		{"commit in flight", request(keyEndTxn), pass},
		{"after the commit", answer(keyEndTxn), cut},
	}
}

// killAtPoint kills children at protocol points, again and again.
func (t *track) killAtPoint(ctx context.Context) error {
	for range 1 + t.rnd.IntN(5) {
		all := points()
		p := all[t.rnd.IntN(len(all))]
		if err := t.killAt1(p, t.rnd.IntN(t.pages()+2)); err != nil {
			return err
		}
	}
	return t.end(ctx)
}

// killAt1 kills a child when it comes to the point for the n-th time after the first.
func (t *track) killAt1(p point, n int) error {
	if p.name == "before the fence" || p.name == "fence in flight" || p.name == "after the fence" {
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
			t.w.stats.count("kill -9")
			t.w.stats.count("at a protocol point")
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
