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
	// Null: null stood where the list should, which is an empty page (as in dlt) that alone proves no end.
	Null bool
	// Drifted: the listing changed under the walk, or contradicts itself: the total moved, there were more rows than it says,
	// or more to come where it was reached.
	Drifted bool
	// FirstTotal and LastTotal are the first and the last that the API showed to this process; nil: none.
	FirstTotal, LastTotal *int64
	// Rows of this process.
	Rows int64
}

// End returns the verdict.
func (w *Walk) End() End { return w.end }

// decide says after the page at place whether the walk is over. Rows 0 is an empty page.
func (w *Walk) decide(place int64, rows int, more *bool) error {
	x, cfg := w.x, w.x.resource.Endpoint.Paginator
	empty := rows == 0 && (cfg.StopAfterEmpty || cfg.Type == "single_page")
	w.gaps = w.gaps || rows == 0 && !empty
	total, walked := w.end.LastTotal, w.place-x.pager.base()
	switch {
	case empty:
		w.stop(EmptyPage, place)
	case cfg.Type == "single_page":
		w.stop(SinglePage, place)
	case total != nil && (walked == *total || rows == 0 && walked > *total):
		if more != nil && *more {
			w.end.Drifted = true
		}
		w.stop(Total, w.place)
	case cfg.Maximum != nil && w.place >= *cfg.Maximum:
		w.stop(Bound, w.place)
	case more != nil && !*more:
		w.stop(HasMoreFalse, w.place)
	case rows == 0 && total == nil && cfg.Maximum == nil && more == nil:
		return &PathError{Option: "total_path", Path: pathText(cfg.TotalPath),
			Why: "finds no count, stop_after_empty_page is false, and nothing else can end the walk after this empty page"}
	case total != nil && walked > *total:
		w.end.Drifted = true
	}
	return nil
}

// stop ends the walk with its verdict. place is where it came to. What is short of an unchanged total is an error, which comes
// after the last page: that one is good.
func (w *Walk) stop(reason Reason, place int64) {
	x, e := w.x, &w.end
	w.ended = true
	e.Reason = reason
	if reason == Bound {
		e.Bounded = true
		return
	}
	agrees := true
	if e.LastTotal != nil {
		seen, unit, unsure := w.seen(place)
		agrees = seen == *e.LastTotal && !(unsure && w.gaps) || unsure && w.whole && e.Rows == *e.LastTotal
		switch {
		case agrees || e.Drifted:
		case seen > *e.LastTotal:
			e.Drifted = true
		case unsure && (w.gaps || !w.whole): // if it counts rows, the pages past their end were empty, or not all are of this process
		default:
			w.err = &PageError{Resource: x.resource.Name, Label: x.pager.label(place), Err: &ShortError{Seen: seen, Total: *e.LastTotal, Unit: unit}}
			e.Reason = Unended
			return
		}
	}
	e.Proven = agrees && w.whole && !e.Bounded && !e.Drifted && (reason == Total || reason == EmptyPage && (!e.Null || e.LastTotal != nil))
}

// seen is how much of the total lies before place. unsure says that the total may as well count rows: nobody wrote that it
// counts pages.
func (w *Walk) seen(place int64) (n int64, unit string, unsure bool) {
	if w.x.resource.Endpoint.Paginator.Type == "offset" {
		return w.origin + w.end.Rows, "rows", false
	}
	return place - w.x.pager.base(), "pages", !w.x.resource.Endpoint.Paginator.TotalGiven
}

// see takes a page's total into the verdict.
func (w *Walk) see(root record.Value, rows int) error {
	cfg := w.x.resource.Endpoint.Paginator
	if cfg.TotalPath == nil {
		return nil
	}
	total, ok := count(root, *cfg.TotalPath)
	if !ok {
		if cfg.TotalGiven && rows > 0 {
			return &PathError{Option: "total_path", Path: pathText(cfg.TotalPath),
				Why: "finds no count in a page with records; write total_path: null if the API shows none"}
		}
		return nil
	}
	if w.end.LastTotal != nil && *w.end.LastTotal != total {
		w.end.Drifted = true
	}
	w.end.LastTotal = &total
	if w.end.FirstTotal == nil {
		w.end.FirstTotal = &total
	}
	return nil
}

// hasMore reads has_more_path; nil where it is not configured.
func (x *Extractor) hasMore(root record.Value) (*bool, error) {
	path := x.resource.Endpoint.Paginator.HasMorePath
	if path == nil {
		return nil, nil
	}
	more, ok := truth(root, *path)
	if !ok {
		return nil, &PathError{Option: "has_more_path", Path: pathText(path), Why: "finds neither true nor false in the page"}
	}
	return &more, nil
}
