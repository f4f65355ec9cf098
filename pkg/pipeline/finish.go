package pipeline

import (
	"context"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/extractor"
)

// finish ends a walk that came to its end: everything is committed, the verdict with the last of it, and what a proven walk did
// not see is deleted where the configuration says so.
func (w *worker) finish(ctx context.Context) error {
	if len(w.sample) > 0 {
		if err := w.settle(w.lasting); err != nil {
			return err
		}
	}
	end := w.walk.End()
	if end.Null {
		w.p.log.Warn("null stands where data_selector expects a list: taken as an empty page, which proves nothing without a total",
			"resource", w.res.Name)
	}
	w.sum.Status = Complete
	if end.Reason == extractor.Bound {
		w.sum.Status = Incomplete
	}
	w.sum.Proof = w.proof(end)
	if end.LastTotal != nil {
		w.sum.Total = end.LastTotal
	}
	var fault error
	if w.deletes() {
		if !w.batch.empty() {
			if err := w.commit(w.walking()); err != nil {
				return err
			}
		}
		if err := w.await(); err != nil {
			return err
		}
		if fault = w.remove(ctx); fault != nil && ExitCode(fault) != ExitLimit {
			return fault
		}
	}
	st := w.checkpoint(checkpoint.Done)
	st.Last = &checkpoint.Last{Walk: w.number, Proof: string(w.sum.Proof), Records: w.records, Keys: w.keys, Total: w.sum.Total, Ended: time.Now().UTC().Truncate(time.Second)}
	if err := w.commit(st); err != nil {
		return err
	}
	if err := w.await(); err != nil {
		return err
	}
	return fault
}

// proof is the contract's rule.
func (w *worker) proof(end extractor.End) Proof {
	switch {
	case w.resumed:
		return Resumed
	case end.Bounded:
		return Bounded
	case end.Drifted || w.twice:
		return Drifted
	case end.Proven && !w.blind:
		return Proven
	}
	return NoProof
}
