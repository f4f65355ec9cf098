package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/record"
	"producer/pkg/table"
)

// lastWord is how long what is in hand may take to be committed after a signal; a commit that is cut off then takes two seconds more
// to end.
const lastWord = 7 * time.Second

// worker walks one resource once. Everything in it belongs to the goroutine of its run; a fetcher goroutine is one page ahead,
// and at most one commit is in flight.
type worker struct {
	*session
	p   *Pipeline
	sum *Resource

	lasting context.Context //nolint:containedctx // outlives the run's by lastWord: what is in hand is settled and committed under it

	walk  extractor.Walker
	early sync.WaitGroup                    // its requests ahead of their turn
	asked struct{ requests, retries int64 } // by id, beside the walk's

	course
	sampling
	outbox
	census
	scratch
}

// course is where the walk stands, as its states say.
type course struct {
	number  int64 // of the walk
	since   extractor.Since
	resumed bool
	first   *int64 // the walk's first total
	diff    bool   // records are compared with the topic
	overlap bool   // the next page was committed before
}

// sampling is what the first schema waits for.
type sampling struct {
	sample  []*extractor.Page
	sampled int       // bytes
	began   time.Time // of the sample
}

// outbox is what is on its way to the topic.
type outbox struct {
	batch  *batch
	spare  *batch
	opened time.Time      // of the batch
	flight *flight        // nil: no commit is out
	sent   []kafka.Record // the memory of what the last commit sent
}

// census is what the verdict is made of: the rows and keys of this walk, in this process.
type census struct {
	records int64
	keys    int64               // distinct ones
	twice   bool                // a key stood on two pages
	blind   bool                // not all keys of this walk could be remembered
	unsure  bool                // and there came more, which may be among the forgotten ones: nothing is proven
	buried  *table.Index        // keys of committed dead letters that the topic does not hold; nil: none
	under   string              // the parent's record whose children are being read
	here    map[uint64]struct{} // prints of the keys of that record's children
}

// scratch is what each record needs anew.
type scratch struct {
	hasher record.Hasher
	left   record.Tape     // of a record, without what the contract discards
	trial  []byte          // a body that is only tried
	told   map[string]bool // fields of which a discarded value or record was logged
}

// fetched is what the fetcher hands over: a page or the error that ended the walk (io.EOF: its end).
type fetched struct {
	page *extractor.Page
	err  error
}

// runResource walks s once and writes its counts to sum as they are committed.
func (p *Pipeline) runResource(ctx context.Context, s *session, sum *Resource) error {
	if s.codec.fault != nil {
		return s.codec.fault
	}
	w := &worker{session: s, p: p, sum: sum}
	w.batch, w.spare = newBatch(s.keyed(), len(s.res.PrimaryKey) > 0), newBatch(s.keyed(), len(s.res.PrimaryKey) > 0)
	var release func()
	s.codec.fresh = false
	w.lasting, release = grace(ctx)
	defer release()
	if s.codec.ready() {
		sum.SchemaID = s.codec.frame.ID
	}
	if s.adopt {
		if err := w.adoptTopic(ctx); err != nil {
			return err
		}
	}
	from := w.begin()
	if err := w.loadIndex(ctx); err != nil {
		return err
	}
	o := extractor.WalkOptions{Resumed: w.resumed, Since: w.since, Full: w.entire(), OnPage: func(rows int, total *int64) {
		of := int64(-1)
		if total != nil {
			of = *total
		}
		p.opts.Observer.Page(s.res.Name, rows, of)
	}}
	if n := p.cfg.Client.Concurrency; n > 1 {
		o.Go, o.Ahead = w.early.Go, n
	}
	w.walk = p.startWalk(s, from, o)
	err := w.run(ctx)
	if err == nil && !w.resumed {
		s.full = false
	}
	requests, retries := w.walk.Requests()
	sum.Requests, sum.Retries = int64(requests)+w.asked.requests, int64(retries)+w.asked.retries
	return err
}

// run is the loop: pages in, batches out. What is in hand when a fault or a signal comes is committed before it is returned.
func (w *worker) run(ctx context.Context) error {
	pages := make(chan fetched)
	fetch, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.fetch(fetch, pages)
	}()
	defer func() { stop(); <-done; w.early.Wait() }()

	tick := time.NewTimer(time.Hour)
	defer tick.Stop()
	for {
		tick.Reset(w.patience())
		var landed chan error
		if w.flight != nil {
			landed = w.flight.done
		}
		var err error
		select {
		case <-ctx.Done():
			return w.flush(ctx.Err())
		case f := <-pages:
			switch {
			case errors.Is(f.err, io.EOF):
				if err = w.finish(ctx); err == nil {
					return nil
				}
			case f.err != nil:
				err = f.err
			default:
				err = w.take(w.lasting, f.page)
			}
		case <-tick.C:
			err = w.due(w.lasting)
		case outcome := <-landed:
			err = w.land(outcome)
		}
		if err != nil {
			return w.flush(err)
		}
	}
}

// fetch walks the pages until the end or ctx: an unbuffered channel keeps it one page ahead of the encoder.
func (w *worker) fetch(ctx context.Context, out chan<- fetched) {
	for {
		page, err := w.walk.Next(ctx)
		select {
		case out <- fetched{page, err}:
		case <-ctx.Done():
			if err == nil {
				page.Release()
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// patience is how long the loop may wait for the next page before something is due.
func (w *worker) patience() time.Duration {
	wait := time.Hour
	if len(w.sample) > 0 {
		wait = min(wait, sampleTime-time.Since(w.began))
	}
	if !w.batch.empty() {
		wait = min(wait, w.p.cfg.Kafka.CommitInterval-time.Since(w.opened))
	}
	return max(wait, 0)
}

// due does what time asks for: the sample is settled, the batch is closed.
func (w *worker) due(ctx context.Context) error {
	if len(w.sample) > 0 && time.Since(w.began) >= sampleTime {
		return w.settle(ctx)
	}
	if !w.batch.empty() && time.Since(w.opened) >= w.p.cfg.Kafka.CommitInterval {
		return w.commit(w.walking())
	}
	return nil
}

// flush commits what is whole and then returns err, or what came in the way of the commit where that is graver.
func (w *worker) flush(err error) error {
	if StopsRun(err) && !as[*SignalError](err) && !errors.Is(err, context.Canceled) {
		w.abandon()
		return err
	}
	if len(w.sample) > 0 {
		if e := w.settle(w.lasting); e != nil {
			err = Graver(err, e)
			if StopsRun(e) {
				w.abandon()
				return err
			}
		}
	}
	if !w.batch.empty() {
		err = Graver(err, w.commit(w.walking()))
	}
	return Graver(err, w.await())
}

// abandon drops what is in hand. A commit that is out is waited for: the next start reads its outcome from the topic.
func (w *worker) abandon() {
	for _, p := range w.sample {
		p.Release()
	}
	w.sample, w.sampled = nil, 0
	w.batch.reset()
	if w.flight != nil {
		<-w.flight.done //nolint:errcheck // the next start reads the outcome from the topic
		w.flight = nil
	}
}
