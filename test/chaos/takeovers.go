package main

import (
	"context"
	"syscall"
	"time"
)

// takeover starts a second instance while the first is at work. The first must notice, write nothing more and exit 6, also when it
// runs cycle after cycle; the second must not be disturbed.
func (t *track) takeover(ctx context.Context) error {
	begun := make(chan struct{})
	pace := t.restless()
	after := 1 + t.rnd.IntN(max(1, t.pages()-3)) // pages that the first may read before: something is left to commit
	every := t.again()
	if every != "" {
		after += t.rnd.IntN(2 * t.pages())
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
	t.w.stats.count(takeovers)
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

// stopped starts a child and stops it (SIGSTOP) in the middle of a commit, or while it waits for a page. The child is nil if it came to
// its end before. wake lets it go on.
func (t *track) stopped(o childOptions) (a *child, wake func(), err error) {
	stop, woken, ready := make(chan struct{}), make(chan struct{}), make(chan struct{})
	n, seen := 1+t.rnd.IntN(t.pages()), 0
	inCommit := t.rnd.IntN(3) > 0
	key := []int16{keyProduce, keyEndTxn}[t.rnd.IntN(2)]
	pace := t.restless()
	halt := func() {
		<-ready
		a.signal(syscall.SIGSTOP)
		close(stop)
		select {
		case <-woken:
		case <-a.ended:
		}
	}
	o.gate = pace
	if inCommit {
		o.point = func(m *message) verdict {
			if m.key == key && !m.answer {
				if seen++; seen == n {
					halt()
				}
			}
			return pass
		}
	} else {
		o.gate = func(i int) {
			if pace(i); i == n {
				halt()
			}
		}
	}
	if a, err = t.start(o); err != nil {
		return nil, nil, err
	}
	close(ready)
	select {
	case <-stop:
	case <-a.ended:
		if err := t.expect(a, 0); err != nil && !t.gaveUp(a) {
			return nil, nil, err
		}
		return nil, nil, nil
	}
	t.note("%s: stopped, in a commit: %v", a.name, inCommit)
	return a, func() {
		close(woken)
		a.signal(syscall.SIGCONT)
	}, nil
}

// again is the interval of a child that runs cycle after cycle, of which there are some.
func (t *track) again() string {
	if t.rnd.IntN(3) == 0 {
		return "50ms"
	}
	return ""
}

// zombie stops a child, lets another one do all the work, and wakes it.
func (t *track) zombie(ctx context.Context) error {
	a, wake, err := t.stopped(childOptions{every: t.again()})
	if err != nil {
		return err
	}
	if a == nil {
		return t.end(ctx)
	}
	c, err := t.finish(childOptions{gate: t.restless()})
	if err != nil {
		return err
	}
	wake()
	if err := t.fallsDead(a, 6); err != nil {
		return err
	}
	t.w.stats.count(zombies)
	t.note("%s had finished with %d commits before the zombie woke", c.name, c.committed())
	return nil
}

// fallsDead waits for the end of a child that has just been woken.
func (t *track) fallsDead(a *child, codes ...int) error {
	woke := time.Now()
	if err := t.expect(a, codes...); err != nil && !t.gaveUp(a) {
		return err
	}
	limit := 5 * time.Second
	if t.w.brokers.unsteady() {
		limit = t.w.patience
	}
	if took := time.Since(woke); took > limit && a.code != 0 {
		return broken("slow", "the zombie took %v to notice", took)
	}
	return nil
}

// outlived is longer than a broker keeps a transaction open, which no configuration makes shorter than a minute.
const outlived = 62 * time.Second

// longZombie stops a child for so long that the broker ends its transaction: with a successor that comes at once or only then, or
// without one.
func (t *track) longZombie(ctx context.Context) error {
	o := childOptions{deadline: t.w.deadline + 2*outlived}
	successor := t.rnd.IntN(4) // from 3 on: none
	if successor < 3 {
		o.every = t.again()
	}
	a, wake, err := t.stopped(o)
	if err != nil {
		return err
	}
	if a == nil {
		return t.end(ctx)
	}
	if successor == 0 {
		if _, err := t.finish(childOptions{gate: t.restless()}); err != nil {
			return err
		}
	}
	if err := wait(ctx, outlived); err != nil {
		return err
	}
	if successor == 1 || successor == 2 {
		if _, err := t.finish(childOptions{gate: t.restless()}); err != nil {
			return err
		}
	}
	wake()
	switch {
	case successor == 3: // commit_timeout is over as well: it may give up or go on
		if err := t.expect(a, 0, 5); err != nil {
			return err
		}
	case o.every != "":
		err = t.fallsDead(a, 6)
	default: // a commit that was out has used up commit_timeout
		err = t.fallsDead(a, 6, 5)
	}
	if err != nil {
		return err
	}
	t.w.stats.count(longZombies)
	if successor == 3 {
		return t.end(ctx)
	}
	return nil
}
