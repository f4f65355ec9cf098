package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/table"
)

// startWalk begins a walk that tells of its retries.
func (p *Pipeline) startWalk(s *session, from extractor.Position, o extractor.WalkOptions) extractor.Walker {
	o.OnRetry = func(at string, attempt int, err error, wait time.Duration) {
		reason := p.opts.Redact(err.Error())
		p.opts.Observer.Retry(s.res.Name, reason, wait)
		p.log.Warn("a request is repeated", "resource", s.res.Name, "at", at, "attempt", attempt, "wait", wait.Round(time.Millisecond), "reason", reason)
	}
	return s.extractor.Begin(from, o)
}

// begin decides where the walk starts: one page back of a position that can be gone on from, else at the beginning.
func (w *worker) begin() extractor.Position {
	st := w.state
	at := position(st)
	if dropped := w.recall(); dropped || st.V == 0 || st.Phase != checkpoint.Walking || at == (extractor.Position{}) {
		w.number, w.since = st.Walk+1, w.since.Anew()
		return extractor.Position{}
	}
	if why := w.stale(); why != "" {
		w.p.log.Info("a walk was interrupted, and starts over", "resource", w.res.Name, "position", string(at.JSON()), "reason", why)
		w.number, w.since = st.Walk+1, w.since.Anew()
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
	case w.keyed() && !w.extractor.Apart():
		return "a key under two records of the parent would go unnoticed; with the parent's key in primary_key it could go on"
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
	x, err := table.Load(ctx, w.p.cluster, w.res.Topic.Name, w.p.cfg.Kafka.IndexMaxBytes, func(x *table.Index, done, total int64) {
		w.p.opts.Observer.Scan(w.res.Name, done, total)
		w.p.opts.Observer.Index(w.res.Name, x.Len(), x.Bytes())
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

// position reads a state's position; an unreadable one is the beginning.
func position(st checkpoint.State) extractor.Position { return extractor.ParsePosition(st.Position) }
