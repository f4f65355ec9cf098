package pipeline

import (
	"context"
	"fmt"
	"strconv"
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
		w.p.log.Warn("null stands where data_selector expects a list, or status 204 came without content: taken as an empty page, which proves nothing without a total",
			"resource", w.res.Name)
	}
	w.sum.Status = Complete
	if end.Restarted && w.resumed {
		w.anew()
	}
	if end.Reason == extractor.Bound || end.Reason == extractor.Ignored {
		w.sum.Status = Incomplete
	}
	var why string
	if w.sum.Proof, why = w.proof(end); end.Disordered {
		why += "; rows came against row_order"
		w.p.log.Warn("rows came against incremental.row_order, so nothing was concluded from it: the listing was read to its end, or to the bound that is set; "+
			"sort by cursor_path in params, or take row_order out", "resource", w.res.Name)
	}
	if end.LastTotal != nil { // also of an empty page
		w.sum.Total = end.LastTotal
	}
	if w.first == nil {
		w.first = end.FirstTotal
	}
	var fault error
	if w.deletes() && w.sum.Proof != Incremental { // which leaves the keys that a full walk missed as they are
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
	st.Since = w.cursor()
	st.Last = &checkpoint.Last{Walk: w.number, Proof: string(w.sum.Proof), Records: w.records, Keys: w.keys, Total: w.sum.Total, Ended: time.Now().UTC().Truncate(time.Second)}
	if err := w.commit(st); err != nil {
		return err
	}
	if err := w.await(); err != nil {
		return err
	}
	w.p.log.Info("the walk has ended", "resource", w.res.Name, "walk", w.number, "proof", string(w.sum.Proof), "because", why, "pages", w.sum.Pages,
		"records", w.records, "keys", w.keys, "first_total", number(w.first), "last_total", number(w.sum.Total))
	if hidden := w.records - w.keys; w.keyed() && !w.resumed && !w.unsure && hidden*10 > w.records { // more than a listing shifts
		w.p.log.Warn("records have the keys of others, and take their places: see that primary_key identifies a record", "resource", w.res.Name,
			"primary_key", fmt.Sprint(w.res.PrimaryKey), "records", w.records, "keys", w.keys)
	}
	return fault
}

// number is n as text, "none" for nil.
func number(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}

// proof is the contract's rule, and why it says what it does.
func (w *worker) proof(end extractor.End) (proof Proof, why string) {
	switch {
	case w.resumed:
		return Resumed, "another process began the walk"
	case w.walk.Incremental():
		return Incremental, "the walk began from a cursor"
	case end.Bounded:
		return Bounded, "the configuration keeps rows out"
	case end.Drifted:
		return Drifted, "the total moved, or the rows contradict it"
	case w.twice:
		return Drifted, "a key stood on two pages"
	case w.unsure:
		return NoProof, "there were more keys than kafka.index.max_bytes lets it remember"
	case end.Proven:
		return Proven, end.Reason.String()
	}
	return NoProof, end.Reason.String()
}
