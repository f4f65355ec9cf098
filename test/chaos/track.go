package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"producer/pkg/registry"
)

// neighbour is a second resource of the pipeline. Its transactions run beside those of the first, into the same partition of the same
// state topic. Its listing only changes between two rounds.
type neighbour struct {
	l     *listing
	c     *checker
	round round
}

// roundsOfTrack is how long a pipeline lives: its topics stay small enough to be read whole again and again.
const roundsOfTrack = 12

// track is one pipeline with its source, its topics and its model, put through one fault after another. It belongs to one goroutine,
// killed and committed excepted.
type track struct {
	w        *world
	number   int
	kind     kind
	long     bool // children are stopped for minutes
	pipeline string
	dir      string
	rnd      *rand.Rand
	l        *listing
	h        *history
	c        *checker
	children int
	living   []*child      // not waited for yet, and some that have ended
	typical  time.Duration // of a run from end to end
	round    round
	beside   *neighbour // nil: none
	story    []string

	mu     sync.Mutex
	killAt time.Time // zero: something was committed since
}

func (w *world) newTrack(n int) (*track, error) {
	rnd := rand.New(rand.NewPCG(w.seed, uint64(n)))
	var of []kind
	for _, k := range kinds() {
		if (w.publish == "" || w.publish == k.publish) && (n < longTracks || !k.mass) {
			of = append(of, k)
		}
	}
	k := of[n%len(of)]
	k.registry, k.interval, k.partitions = rnd.IntN(2) == 0, []string{"0s", "0s", "20ms"}[rnd.IntN(3)], 1+rnd.IntN(4)
	if k.limit == 0 {
		k.limit = 20
	}
	// Only a total of rows shows by itself that rows moved under a walk: it alone lets one delete here.
	k.paging = []string{"offset", "cursor", "page_number"}[rnd.IntN(3)]
	if k.removes() {
		k.paging = "offset"
	}
	t := &track{w: w, number: n, kind: k, long: n >= longTracks, pipeline: fmt.Sprintf("chaos%d", n), rnd: rnd, typical: 300 * time.Millisecond}
	t.dir = filepath.Join(w.dir, t.pipeline)
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return nil, err
	}
	rows := 100 + rnd.IntN(120)
	if k.mass {
		rows = 25_000
	}
	t.l = newListing(rnd.Uint64(), rows)
	w.source.add(t.pipeline+"/rows", t.l)
	t.c = newChecker(k, t.l, t.pipeline, "rows")
	if !k.removes() && rnd.IntN(2) == 0 {
		k.paging = "offset"
		l := newListing(rnd.Uint64(), 60+rnd.IntN(60))
		w.source.add(t.pipeline+"/others", l)
		t.beside = &neighbour{l: l, c: newChecker(k, l, t.pipeline, "others")}
	}
	return t, nil
}

// topics that the track's readers read.
func (t *track) topics() []string {
	out := []string{t.c.data, t.c.state}
	if t.beside != nil {
		out = append(out, t.beside.c.data)
	}
	if !t.kind.registry {
		out = append(out, t.pipeline+".schemas")
	}
	return out
}

func (t *track) note(format string, args ...any) {
	t.story = append(t.story, fmt.Sprintf("%s %s", time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...)))
	if len(t.story) > 40 {
		t.story = t.story[1:]
	}
}

func (t *track) killed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.killAt = time.Now()
}

// committed is told of every confirmed commit.
func (t *track) committed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.killAt.IsZero() {
		t.w.stats.recovered(time.Since(t.killAt))
		t.killAt = time.Time{}
	}
}

// run is the track's life. A round that has begun is finished, whatever ctx says.
func (t *track) run(ctx context.Context) (err error) {
	if t.h, err = follow(t.w.brokers.addrs(), t.topics()...); err != nil {
		return err
	}
	t.c.registry = registry.SingleObject(schemas{t.h, t.pipeline + ".schemas"})
	if t.kind.registry {
		if t.c.registry, err = registry.Confluent(registry.Options{URL: t.w.brokers.registry()}); err != nil {
			return err
		}
	}
	if t.beside != nil {
		t.beside.c.registry = t.c.registry
	}
	defer func() {
		t.h.close()
		for _, c := range t.living {
			c.kill() // a violation may leave one behind, even a stopped one
		}
		t.w.source.remove(t.pipeline + "/rows")
		t.w.source.remove(t.pipeline + "/others")
		var v *violation
		if errors.As(err, &v) {
			err = fmt.Errorf("%w\npipeline %s (%s); again: go run ./test/chaos -seed %d -first %d -parallel 1; what was done to it last:\n  %s\nand its last states:\n  %s",
				err, t.pipeline, t.kind, t.w.seed, t.number, strings.Join(t.story, "\n  "), strings.Join(t.c.replayed[max(0, len(t.c.replayed)-12):], "\n  "))
		}
	}()
	rounds := roundsOfTrack
	if t.kind.mass {
		rounds = 2
	}
	work := context.WithoutCancel(ctx)
	for n := 0; n < rounds && (ctx.Err() == nil || n == 0); n++ {
		if err := t.oneRound(work, n); err != nil {
			return err
		}
	}
	return t.finalReader(work)
}

// oneRound changes the source, does something terrible while it is read, lets it be read to its end, and checks everything.
func (t *track) oneRound(ctx context.Context, n int) error {
	if n > 0 {
		t.change()
	}
	t.l.settle()
	t.round = round{}
	t.round.ids, t.round.seqs = t.l.prefix()
	if b := t.beside; b != nil {
		b.l.settle()
		b.round.ids, b.round.seqs = b.l.prefix()
	}
	a := t.action(n)
	t.note("round %d: %s", n, a.name)
	if err := a.do(t, ctx); err != nil {
		return err
	}
	if err := t.calm(ctx); err != nil {
		return err
	}
	if err := t.look(ctx); err != nil {
		return err
	}
	t.w.stats.round(t.kind.publish)
	t.w.stats.read(t.c)
	if b := t.beside; b != nil {
		t.w.stats.count(besideRounds)
		t.w.stats.read(b.c)
		if err := b.c.settled(b.round); err != nil {
			return err
		}
	}
	return t.c.settled(t.round)
}

// change is what happens to the source between two rounds.
func (t *track) change() {
	switch {
	case t.kind.mass:
		t.l.cutTo(4000)
	default:
		t.l.update(t.rnd.IntN(30))
		t.l.shift(t.rnd.IntN(4))
	}
	if t.beside != nil {
		t.beside.l.update(t.rnd.IntN(30))
	}
}

// calm has the source, which stands still now, walked from its beginning, as often as it takes until all is there.
func (t *track) calm(_ context.Context) error {
	walks := 0
	if t.l.settle() || t.round.shifted {
		walks = 1
	}
	if t.kind.twoWalks() {
		walks = 2
	}
	for range walks {
		c, err := t.finish(childOptions{})
		if err != nil {
			return err
		}
		for _, s := range c.summaries() {
			if !s.all("proven") {
				return broken("verdict", "a whole walk over a source that stood still is not proven: %+v", s)
			}
		}
	}
	return nil
}

// look reads what is committed and checks it.
func (t *track) look(ctx context.Context) error {
	if err := t.h.catchUp(ctx, t.topics()...); err != nil {
		return broken("unreadable", "%v", err)
	}
	if b := t.beside; b != nil {
		if err := b.c.check(ctx, t.h, b.round); err != nil {
			return err
		}
	}
	return t.c.check(ctx, t.h, t.round)
}

// finalReader reads everything again with a new consumer.
func (t *track) finalReader(ctx context.Context) error {
	h, err := follow(t.w.brokers.addrs(), t.topics()...)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.catchUp(ctx, t.topics()...); err != nil {
		return broken("unreadable", "%v", err)
	}
	if d := t.h.differs(h, t.topics()...); d != "" {
		return broken("unrepeatable", "%s", d)
	}
	_, err = kadm.NewClient(h.client).DeleteTopics(ctx, t.topics()...)
	return err
}

// finish starts children until one walks to the end. Only while brokers are being killed may one give up before (exit 5).
func (t *track) finish(o childOptions) (*child, error) {
	for range 20 {
		began := time.Now()
		c, err := t.start(o)
		if err != nil {
			return nil, err
		}
		if err := t.expect(c, 0); err == nil {
			t.typical = (3*t.typical + time.Since(began)) / 4
			return c, nil
		} else if c.code != 5 || !t.w.brokers.unsteady() {
			return nil, err
		}
		t.w.stats.count(gaveUp)
	}
	return nil, broken("hang", "20 children in a row gave up")
}

// expect waits for the child's end, which must be one of the exit codes.
func (t *track) expect(c *child, codes ...int) error {
	got := c.wait()
	t.note("%s: exit %d after %v, %d commits", c.name, got, time.Since(c.began).Round(time.Millisecond), c.committed())
	if c.hung {
		return broken("hang", "%s", c.words())
	}
	if !slices.Contains(codes, got) {
		return broken("exit code", "want %v: %s", codes, c.words())
	}
	return nil
}
