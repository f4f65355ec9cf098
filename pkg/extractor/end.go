package extractor

import "producer/pkg/record"

// Reason says what ended a walk.
type Reason uint8

// The reasons.
const (
	Unended      Reason = iota // it has not ended, or with an error
	EmptyPage                  // a page without records
	Total                      // as many rows, or pages, as the total says
	Bound                      // maximum_offset or maximum_page: the user's bound
	HasMoreFalse               // has_more_path is false
	SinglePage                 // single_page: there was but one
	NoNext                     // the API named no page after the last
	Ignored                    // an answer that the user's response_actions ignore
	Passed                     // by row_order, the rest is out of incremental's range
)

// String names the reason.
func (r Reason) String() string {
	switch r {
	case EmptyPage:
		return "empty page"
	case Total:
		return "total reached"
	case Bound:
		return "maximum reached"
	case HasMoreFalse:
		return "no more, says the API"
	case SinglePage:
		return "single page"
	case NoNext:
		return "no next page"
	case Ignored:
		return "answer ignored"
	case Passed:
		return "the rest is out of range"
	}
	return "not ended"
}

// End is the verdict on a walk, valid once Next returned io.EOF.
type End struct {
	Reason Reason
	// Proven: every row of the listing was seen. It ended with an empty page or at a total that never changed, in the process
	// that began it at the first row, and the count agrees with whatever total was shown.
	Proven bool
	// Bounded: the user's configuration kept rows out, at the listing's beginning or its end.
	Bounded bool
	// Restarted: the API would not go on at the position that the walk was given, and it began anew.
	Restarted bool
	// Null: null stood where the list should, or an answer had no content (status 204), which is an empty page that alone proves no end.
	Null bool
	// Drifted: the listing changed under the walk, or contradicts itself: the total moved, there were more rows than it says,
	// or more to come where it was reached.
	Drifted bool
	// Disordered: rows came against incremental's row_order, which was not gone by from there on.
	Disordered bool
	// FirstTotal and LastTotal are the first and the last that the API showed to this process; nil: none.
	FirstTotal, LastTotal *int64
	// Rows of this process.
	Rows int64
}

// End returns the verdict.
func (w *Walk) End() End { return w.end }

// decide says after the page at place whether the walk is over. Rows 0 is an empty page; last says that the API names no next one.
func (w *Walk) decide(at place, rows int, more *bool, last bool) error {
	cfg := w.paginator
	empty := rows == 0 && (cfg.StopAfterEmpty || cfg.Type == "single_page" || last)
	w.gaps = w.gaps || rows == 0 && !empty
	total, walked := w.end.LastTotal, w.place.n-w.pager.base()
	counts := !cfg.Named()
	switch {
	case empty:
		w.stop(EmptyPage, at)
	case cfg.Type == "single_page":
		w.stop(SinglePage, at)
	case counts && total != nil && (walked == *total || rows == 0 && walked > *total):
		if more != nil && *more {
			w.end.Drifted = true
		}
		w.stop(Total, w.place)
	case cfg.Maximum != nil && w.place.n >= *cfg.Maximum:
		w.stop(Bound, w.place)
	case last && total != nil && w.whole && w.end.Rows == *total:
		w.stop(Total, w.place)
	case last:
		w.stop(NoNext, w.place)
	case more != nil && !*more:
		w.stop(HasMoreFalse, w.place)
	case counts && rows == 0 && total == nil && cfg.Maximum == nil && more == nil:
		return &PathError{Option: "total_path", Path: pathText(cfg.TotalPath),
			Why: "finds no count, stop_after_empty_page is false, and nothing else can end the walk after this empty page"}
	case counts && total != nil && walked > *total:
		w.end.Drifted = true
	}
	return nil
}

// stop ends the walk with its verdict. at is where it came to. What is short of an unchanged total is an error, which comes
// after the last page: that one is good.
func (w *Walk) stop(reason Reason, at place) {
	x, e := w.x, &w.end
	w.ended = true
	e.Reason = reason
	if reason == Bound || reason == Ignored || reason == Passed {
		e.Bounded = e.Bounded || reason != Passed
		return
	}
	agrees := true
	if e.LastTotal != nil {
		seen, unit, unsure := w.seen(at)
		agrees = seen == *e.LastTotal && !(unsure && w.gaps) || unsure && w.whole && e.Rows == *e.LastTotal
		switch {
		case agrees || e.Drifted:
		case seen > *e.LastTotal:
			e.Drifted = true
		case unsure && (w.gaps || !w.whole): // if it counts rows, the pages past their end were empty, or not all are of this process
		default:
			w.err = &PageError{Resource: x.resource.Name, Label: w.pager.label(at), Err: &ShortError{Seen: seen, Total: *e.LastTotal, Unit: unit}}
			e.Reason = Unended
			return
		}
	}
	e.Proven = agrees && w.whole && !e.Bounded && !e.Drifted && (reason == Total || reason == EmptyPage && (!w.doubt || e.LastTotal != nil))
}

// seen is how much of the total lies before a place. unsure says that this may not be all there is to it: the total may as well
// count rows where nobody wrote that it counts pages, and a token doesn't tell how many rows came before it.
func (w *Walk) seen(at place) (n int64, unit string, unsure bool) {
	switch w.paginator.Type {
	case "offset":
		return w.origin + w.end.Rows, "rows", false
	case "page_number":
		return at.n - w.pager.base(), "pages", !w.paginator.TotalGiven
	}
	return w.end.Rows, "rows", !w.whole
}

// see takes a page's total into the verdict.
func (w *Walk) see(root record.Value, rows int) error {
	cfg := w.paginator
	if cfg.TotalPath == nil {
		return nil
	}
	total, ok := count(first(root, *cfg.TotalPath))
	if !ok {
		if cfg.TotalGiven && rows > 0 {
			return &PathError{Option: "total_path", Path: pathText(cfg.TotalPath),
				Why: "finds no count in a page with records; write total_path: null if the API shows none"}
		}
		return nil
	}
	if w.end.LastTotal != nil && *w.end.LastTotal != total {
		w.end.Drifted = true
		w.fell = w.fell || total < *w.end.LastTotal
	}
	w.end.LastTotal = &total
	if w.end.FirstTotal == nil {
		w.end.FirstTotal = &total
	}
	return nil
}

// hasMore reads has_more_path; nil where it is not configured.
func (w *Walk) hasMore(root record.Value) (*bool, error) {
	path := w.paginator.HasMorePath
	if path == nil {
		return nil, nil
	}
	more, ok := truth(first(root, *path))
	if !ok {
		return nil, &PathError{Option: "has_more_path", Path: pathText(path), Why: "finds neither true nor false in the page"}
	}
	return &more, nil
}
