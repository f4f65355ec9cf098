package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/record"
	"producer/pkg/schema"
	"producer/pkg/table"
)

// The sample that the first schema is inferred from: so many pages, so long, or so many bytes, whichever comes first.
const (
	samplePages = 10
	sampleTime  = 2 * time.Second
	sampleBytes = 64 << 20
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

	walk    *extractor.Walk
	since   extractor.Since
	number  int64 // of the walk
	resumed bool
	first   *int64 // the walk's first total
	batch   *batch
	spare   *batch
	flight  *flight // nil: no commit is out
	sample  []*extractor.Page
	sampled int          // bytes
	began   time.Time    // of the sample
	opened  time.Time    // of the batch
	records int64        // rows of this walk, in this process
	keys    int64        // distinct ones
	twice   bool         // a key stood on two pages
	blind   bool         // not all keys of this walk could be remembered
	unsure  bool         // and there came more, which may be among the forgotten ones: nothing is proven
	buried  *table.Index // keys of committed dead letters that the topic does not hold; nil: none
	hasher  record.Hasher
	left    record.Tape                       // of a record, without what the contract discards
	told    map[string]bool                   // fields of which a discarded value or record was logged
	diff    bool                              // records are compared with the topic
	overlap bool                              // the next page was committed before
	asked   struct{ requests, retries int64 } // by id, beside the walk's
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
	w := &worker{session: s, p: p, sum: sum, batch: newBatch(s.keyed(), len(s.res.PrimaryKey) > 0), spare: newBatch(s.keyed(), len(s.res.PrimaryKey) > 0)}
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
	w.walk = p.startWalk(s, from, extractor.WalkOptions{Resumed: w.resumed, Since: w.since, Full: w.entire()})
	err := w.run(ctx)
	if err == nil && !w.resumed {
		s.full = false
	}
	requests, retries := w.walk.Requests()
	sum.Requests, sum.Retries = int64(requests)+w.asked.requests, int64(retries)+w.asked.retries
	return err
}

// startWalk begins a walk that tells of its retries.
func (p *Pipeline) startWalk(s *session, from extractor.Position, o extractor.WalkOptions) *extractor.Walk {
	o.OnRetry = func(at string, attempt int, err error, wait time.Duration) {
		reason := p.opts.Redact(err.Error())
		p.opts.Observer.Retry(s.res.Name, reason, wait)
		p.log.Warn("a request is repeated", "resource", s.res.Name, "at", at, "attempt", attempt, "wait", wait.Round(time.Millisecond), "reason", reason)
	}
	return s.extractor.Walk(from, o)
}

// begin decides where the walk starts: one page back of a position that can be gone on from, else at the beginning.
func (w *worker) begin() extractor.Position {
	st := w.state
	at := position(st)
	w.recall()
	if st.V == 0 || st.Phase != checkpoint.Walking || at == (extractor.Position{}) {
		w.number, w.since.Walk = st.Walk+1, nil
		return extractor.Position{}
	}
	if why := w.stale(); why != "" {
		w.p.log.Info("a walk was interrupted, and starts over", "resource", w.res.Name, "position", string(at.JSON()), "reason", why)
		w.number, w.since.Walk = st.Walk+1, nil
		return extractor.Position{}
	}
	w.p.log.Info("a walk was interrupted, and goes on", "resource", w.res.Name, "position", string(at.JSON()))
	w.number, w.resumed, w.first = st.Walk, true, st.FirstTotal
	if !w.keyed() {
		return at
	}
	back := at.OnePageBack()
	w.overlap = back != at
	return back
}

// anew takes note that the API would not go on at the position, and the walk began at its beginning: it is another walk, and whole.
func (w *worker) anew() {
	w.p.log.Warn("the API does not go on where the walk was interrupted; it starts over", "resource", w.res.Name)
	w.number, w.resumed, w.first, w.overlap = w.state.Walk+1, false, nil, false
}

// stale says why the state's position is not to be gone on from; "" is that it may be.
func (w *worker) stale() string {
	within := w.p.cfg.Kafka.ResumeWithin
	switch age := time.Since(w.stateAt); {
	case w.full:
		return "a full walk is asked for"
	case w.deletes():
		return "only a walk of one process may delete"
	case w.state.Shape != w.extractor.Shape():
		return "the configuration asks for something else now"
	case age.Abs() >= within: // a listing that old has moved too much; a clock that was set back tells no age
		return fmt.Sprintf("it stopped %s ago, kafka.resume_within is %s", age.Round(time.Second), within)
	}
	return ""
}

// loadIndex folds the topic where records are compared with it, or may be deleted from it; else an empty index remembers the
// keys of this walk.
func (w *worker) loadIndex(ctx context.Context) error {
	w.diff = w.keyed() && w.res.Topic.Publish == "changed"
	if !w.diff && !w.deletes() && !w.overlap {
		w.index, w.ends = table.New(w.p.cfg.Kafka.IndexMaxBytes), nil
		return nil
	}
	if w.index != nil && len(w.ends) > 0 && slices.Equal(w.ends, w.info.EndOffsets) {
		w.index.ClearSeen()
		return nil
	}
	w.index = nil
	x, err := table.Load(ctx, w.p.cluster, w.res.Topic.Name, w.p.cfg.Kafka.IndexMaxBytes, func(done, total int64) {
		w.p.opts.Observer.Scan(w.res.Name, done, total)
	})
	if err != nil {
		return err
	}
	w.index, w.ends = x, slices.Clone(w.info.EndOffsets)
	w.p.opts.Observer.Index(w.res.Name, x.Len(), x.Bytes())
	return nil
}

// noteEnds moves the ends of the topic by what a commit wrote: its records, and a control record in each partition. Where anybody
// else wrote, or a transaction was aborted, the topic's ends differ from these, and the next cycle folds it again.
func (s *session) noteEnds(records []kafka.Record) {
	if s.ends == nil {
		return
	}
	touched := map[int32]bool{}
	for _, r := range records {
		if r.Topic == s.res.Topic.Name && r.Partition >= 0 && int(r.Partition) < len(s.ends) {
			s.ends[r.Partition]++
			touched[r.Partition] = true
		}
	}
	for p := range touched {
		s.ends[p]++
	}
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
	defer func() { stop(); <-done }()

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
		if err == nil {
			total := int64(-1)
			if page.Total != nil && !page.TotalPages {
				total = *page.Total
			}
			w.p.opts.Observer.Page(w.res.Name, len(page.Records), total)
		}
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

// take brings a page into the batch, by way of the sample while there is no schema.
func (w *worker) take(ctx context.Context, page *extractor.Page) error {
	if page.Restarted && w.resumed {
		w.anew()
	}
	if page.Detected != "" {
		w.p.log.Info("found out from the first answer; write it down to have it so for ever", "resource", w.res.Name, "found", page.Detected)
	}
	if page.Total != nil {
		w.sum.Total = page.Total
		if w.first == nil {
			w.first = page.Total
		}
	}
	if w.codec.ready() || w.codec.refusesTable() {
		return w.encode(ctx, page)
	}
	if len(w.sample) == 0 {
		w.began = time.Now()
	}
	w.sample = append(w.sample, page)
	w.sampled += page.Bytes
	if w.codec.pinned != nil || len(w.sample) >= samplePages || w.sampled >= sampleBytes || time.Since(w.began) >= sampleTime {
		return w.settle(ctx)
	}
	return nil
}

// settle gives the codec its schema from the sample and encodes the sample. Pages before one that cannot be observed are kept.
func (w *worker) settle(ctx context.Context) error {
	pages := w.sample
	w.sample, w.sampled = nil, 0
	defer func() {
		for _, p := range pages {
			p.Release()
		}
	}()
	obs := schema.NewObservation(w.codec.opts)
	good := len(pages)
	var fault error
	if w.codec.pinned == nil {
		good, fault = w.observeAll(obs, pages)
	}
	if good > 0 {
		if err := w.codec.settle(ctx, obs); err != nil {
			return err
		}
		w.sum.SchemaID = w.codec.frame.ID
	}
	for good > 0 {
		p := pages[0]
		pages, good = pages[1:], good-1
		if err := w.encode(ctx, p); err != nil {
			return err
		}
	}
	return fault
}

// observeAll merges what the pages hold into obs, up to the first page that cannot be observed; it returns how many could.
func (w *worker) observeAll(obs *schema.Observation, pages []*extractor.Page) (int, error) {
	for i, p := range pages {
		one, err := w.observe(p)
		if err != nil {
			return i, err
		}
		obs.Merge(one)
	}
	return len(pages), nil
}

// observe adds up what a page's records hold.
func (w *worker) observe(p *extractor.Page) (*schema.Observation, error) {
	obs := schema.NewObservation(w.codec.opts)
	var key []byte
	for i, rec := range p.Records {
		var err error
		if len(w.res.PrimaryKey) > 0 { // before its schema is registered: a record without a key must not shape one
			key, err = w.extractor.AppendKey(key[:0], rec)
		}
		if err == nil {
			err = obs.Add(rec)
		}
		if err != nil {
			return nil, w.dataError(p, i, err)
		}
	}
	return obs, nil
}

// dataError names the record that err is about.
func (w *worker) dataError(p *extractor.Page, i int, err error) error {
	where := fmt.Sprintf("%s, record %d", p.Label, i+1)
	if key, kerr := w.extractor.AppendKey(nil, p.Records[i]); kerr == nil && len(key) > 0 {
		if len(key) > 64 {
			key = append(key[:64:64], "..."...)
		}
		where += fmt.Sprintf(", key %q", key)
	}
	return &DataError{Where: where, Err: err}
}

// flush commits what is whole and then returns err, or what came in the way of the commit where that is graver.
func (w *worker) flush(err error) error {
	worst := func(e error) {
		if e != nil && gravity(ExitCode(e)) > gravity(ExitCode(err)) {
			err = e
		}
	}
	if stopsRun(err) && !as[*SignalError](err) && !errors.Is(err, context.Canceled) {
		w.abandon()
		return err
	}
	if len(w.sample) > 0 {
		if e := w.settle(w.lasting); e != nil {
			worst(e)
			if stopsRun(e) {
				w.abandon()
				return err
			}
		}
	}
	if !w.batch.empty() {
		worst(w.commit(w.walking()))
	}
	worst(w.await())
	return err
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

// position reads a state's position; an unreadable one is the beginning.
func position(st checkpoint.State) extractor.Position { return extractor.ParsePosition(st.Position) }
