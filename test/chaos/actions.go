package main

import (
	"context"
	"fmt"
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
		{"takeover", 4, small, (*track).takeover},
		{"zombie", 3, small, (*track).zombie},
		{"lost answer", 3, small, (*track).loseAnswer},
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
		t.w.stats.count("gave up for lack of brokers")
		return true
	}
	return false
}

func (t *track) killAtRandom(ctx context.Context) error {
	for range 1 + t.rnd.IntN(5) {
		c, err := t.start(childOptions{gate: t.restless()})
		if err != nil {
			return err
		}
		after := time.Duration(t.rnd.Int64N(int64(t.typical)*11/10 + 1))
		select {
		case <-time.After(after):
		case <-c.ended:
		}
		if c.kill() {
			t.w.stats.count("kill -9")
			t.note("%s: killed after %v and %d commits", c.name, after, c.committed())
		} else if err := t.expect(c, 0); err != nil && !t.gaveUp(c) {
			return err
		}
	}
	return t.end(ctx)
}

// takeover starts a second instance while the first is at work. The first must notice, write nothing more and exit 6, also when it
// runs cycle after cycle; the second must not be disturbed.
func (t *track) takeover(ctx context.Context) error {
	begun := make(chan struct{})
	pace := t.restless()
	after := 1 + t.rnd.IntN(max(1, t.pages()-3)) // pages that the first may read before: something is left to commit
	every := ""
	if t.rnd.IntN(3) == 0 {
		every, after = "50ms", after+t.rnd.IntN(2*t.pages())
	}
	limit, reached := make(chan struct{}), make(chan struct{})
	second := 1 + t.rnd.IntN(after+1) // the page at which the second is started
	a, err := t.start(childOptions{every: every, gate: func(n int) {
		if n == second {
			close(reached)
		}
		if pace(n); n > after {
			select {
			case <-begun: // the second instance has fenced this one
			case <-limit:
			}
		}
	}})
	if err != nil {
		return err
	}
	defer close(limit)
	select {
	case <-reached:
	case <-a.ended:
	}
	b, err := t.start(childOptions{gate: t.restless()})
	if err != nil {
		return err
	}
	select {
	case <-b.fenced:
	case <-b.ended:
	}
	close(begun)
	fenced := time.Now()
	if err := t.expect(a, 6); err != nil {
		if t.gaveUp(a) {
			return t.end(ctx)
		}
		return err
	}
	t.w.stats.count("takeovers")
	if took := time.Since(fenced); took > t.w.patience {
		return broken("slow", "the old instance took %v to notice", took)
	}
	if err := t.expect(b, 0); err != nil {
		if t.gaveUp(b) {
			return t.end(ctx)
		}
		return err
	}
	return nil
}

// zombie stops a child in the middle of a commit, or while it waits for a page, lets another one do all the work, and wakes it.
func (t *track) zombie(ctx context.Context) error {
	stopped, woken := make(chan struct{}), make(chan struct{})
	var a *child
	ready := make(chan struct{})
	n, seen := 1+t.rnd.IntN(t.pages()), 0
	inCommit := t.rnd.IntN(3) > 0
	key := []int16{keyProduce, keyEndTxn}[t.rnd.IntN(2)]
	pace := t.restless()
	stop := func() {
		a.signal(syscall.SIGSTOP)
		close(stopped)
		select {
		case <-woken:
		case <-a.ended:
		}
	}
	o := childOptions{gate: pace}
	if inCommit {
		o.point = func(m *message) verdict {
			<-ready
			if m.key == key && !m.answer {
				if seen++; seen == n {
					stop()
				}
			}
			return pass
		}
	} else {
		o.gate = func(i int) {
			if pace(i); i == n {
				<-ready
				stop()
			}
		}
	}
	a, err := t.start(o)
	if err != nil {
		return err
	}
	close(ready)
	select {
	case <-stopped:
	case <-a.ended:
		if err := t.expect(a, 0); err != nil && !t.gaveUp(a) {
			return err
		}
		return t.end(ctx)
	}
	t.note("%s: stopped, in a commit: %v", a.name, inCommit)
	c, err := t.finish(childOptions{gate: t.restless()})
	if err != nil {
		return err
	}
	close(woken)
	a.signal(syscall.SIGCONT)
	woke := time.Now()
	if err := t.expect(a, 6); err != nil {
		if t.gaveUp(a) {
			return nil
		}
		return err
	}
	if took := time.Since(woke); took > 5*time.Second {
		return broken("slow", "the zombie took %v to notice", took)
	}
	t.w.stats.count("zombies")
	t.note("%s had finished with %d commits before the zombie woke", c.name, c.committed())
	return nil
}

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
		t.w.stats.count("lost commit responses")
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
		t.w.stats.count("resets")
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
	t.w.stats.count("stalls")
	return err
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
	t.w.stats.count("SIGTERM")
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
		if len(s.Resources) != 1 || s.Resources[0].Proof != "drifted" {
			return broken("verdict", "a walk under which the total moved is not drifted: %+v", s)
		}
	}
	t.w.stats.count("drifts")
	return nil
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
				t.w.stats.count("kill -9")
				t.w.stats.count("between tombstones")
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
