package main

import (
	"context"
	"syscall"
	"time"
)

// action is something terrible. Every one ends with a child that walked to the end.
type action struct {
	name   string
	weight int
	only   func(kind) bool // nil: every kind
	do     func(*track, context.Context) error
}

func actions() []action {
	removes := func(k kind) bool { return k.removes() && !k.mass }
	small := func(k kind) bool { return !k.mass }
	return []action{
		{"kill at random", 6, small, (*track).killAtRandom},
		{"kill at a point", 10, small, (*track).killAtPoint},
		{"takeover", 6, small, (*track).takeover},
		{"zombie", 3, small, (*track).zombie},
		{"lost answer", 5, small, (*track).loseAnswer},
		{"reset", 2, small, (*track).reset},
		{"stall", 1, small, (*track).stall},
		{"SIGTERM", 1, small, (*track).terminate},
		{"too many deletes", 1, removes, (*track).tooManyDeletes},
		{"drift", 2, removes, (*track).drift},
		{"kill between tombstones", 1, func(k kind) bool { return k.mass }, (*track).killBetweenTombstones},
	}
}

// action chooses the n-th round's.
func (t *track) action(n int) action {
	if t.long {
		return action{name: "long zombie", do: (*track).longZombie}
	}
	var of []action
	sum := 0
	for _, a := range actions() {
		if (a.only == nil || a.only(t.kind)) && (t.w.action == "" || t.w.action == a.name) && (n > 0 || a.name != "too many deletes" && a.name != "drift") {
			of = append(of, a)
			sum += a.weight
		}
	}
	if len(of) == 0 || t.kind.mass && n == 0 {
		return action{name: "nothing", do: func(t *track, ctx context.Context) error { _, err := t.finish(childOptions{}); return err }}
	}
	at := t.rnd.IntN(sum)
	for _, a := range of {
		if at -= a.weight; at < 0 {
			return a
		}
	}
	return of[0]
}

// pages is about how many pages, and so commits, a walk has.
func (t *track) pages() int {
	ids, _ := t.l.prefix()
	return len(ids)/t.kind.limit + 1
}

// restless makes the gate of a child: it takes its time, and the source may change with each page.
func (t *track) restless() func(int) {
	pace := time.Duration(t.rnd.IntN(4000)) * time.Microsecond
	change := func() {}
	switch n := t.rnd.IntN(6); {
	case n >= 3 || t.kind.mass:
	case n == 0 && (!t.kind.removes() || t.kind.disposition == "merge" && !t.kind.twoWalks()):
		// Rows change places under the walk. Where the proof of a walk alone deletes this is left out: a row that
		// goes and one that comes at once can't be told from a listing that stood still.
		t.round.shifted = true
		change = func() { t.l.shift(1) }
	default:
		change = func() { t.l.update(1) }
	}
	return func(n int) {
		if n%4 == 3 {
			change()
		}
		_ = wait(context.Background(), pace)
	}
}

// end lets whoever comes after a fault walk to the end.
func (t *track) end(_ context.Context) error {
	_, err := t.finish(childOptions{gate: t.restless()})
	return err
}

// gaveUp says that a child's exit is the brokers' fault, not its own.
func (t *track) gaveUp(c *child) bool {
	if c.code == 5 && t.w.brokers.unsteady() {
		t.w.stats.count(gaveUp)
		return true
	}
	return false
}

// terminate asks the child to go, at a random time.
func (t *track) terminate(ctx context.Context) error {
	c, err := t.start(childOptions{gate: t.restless()})
	if err != nil {
		return err
	}
	select {
	case <-time.After(time.Duration(20+t.rnd.Int64N(int64(t.typical)/1e6)) * time.Millisecond):
	case <-c.ended:
	}
	sent := time.Now()
	c.signal(syscall.SIGTERM)
	c.wait()
	if c.code == -1 && c.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM && len(c.stderr.Bytes()) == 0 {
		t.note("%s: SIGTERM came before the program listened", c.name)
	} else if err := t.expect(c, 0, 143); err != nil && !t.gaveUp(c) {
		return err
	}
	if took := time.Since(sent); took > 12*time.Second {
		return broken("slow", "it took %v to stop after SIGTERM", took)
	}
	t.w.stats.count(sigterms)
	return t.end(ctx)
}

// tooManyDeletes takes more of the listing away than may be deleted: nothing may be, and the exit code is 8.
func (t *track) tooManyDeletes(ctx context.Context) error {
	if err := t.end(ctx); err != nil { // what the change before this round took away is settled first
		return err
	}
	if err := t.calm(ctx); err != nil {
		return err
	}
	if err := t.look(ctx); err != nil {
		return err
	}
	before := t.c.tombstones
	ids, _ := t.l.prefix()
	t.round.shifted = true
	t.l.cutTo(len(ids) / 4)
	t.l.settle()
	codes := []int{8}
	if t.kind.twoWalks() {
		codes = []int{0, 8}
	}
	for _, code := range codes {
		c, err := t.start(childOptions{})
		if err != nil {
			return err
		}
		if err := t.expect(c, code); err != nil && !t.gaveUp(c) {
			return err
		}
	}
	if err := t.look(ctx); err != nil {
		return err
	}
	if n := t.c.tombstones - before; n > 0 {
		return broken(falselyDeleted, "%d keys, although they were more than max_deletes allows", n)
	}
	t.l.restore()
	return t.end(ctx)
}

// drift takes the first row away while the listing is read, so that a row is skipped that was there all the time. Nothing may be
// deleted by such a walk.
func (t *track) drift(ctx context.Context) error {
	t.round.shifted = true
	c, err := t.start(childOptions{gate: func(n int) {
		if n == 3 {
			t.l.dropFirst()
		}
	}})
	if err != nil {
		return err
	}
	if err := t.expect(c, 0); err != nil {
		if t.gaveUp(c) {
			return t.end(ctx)
		}
		return err
	}
	for _, s := range c.summaries() {
		if !s.all("drifted") {
			return broken("verdict", "a walk under which the total moved is not drifted: %+v", s)
		}
	}
	t.w.stats.count(drifts)
	return nil
}
