package extractor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"producer/pkg/config"
	"producer/pkg/record"
)

// The bounds of what a Since holds.
const (
	maxCursor = 1 << 10 // bytes of a cursor's JSON
	maxTies   = 5_000   // rows at one cursor that are remembered; further ones are published again
)

// window is the range of an incremental walk: it lets the rows in it pass and remembers the greatest cursor ("greatest" and "after"
// are turned around where last_value_func is min).
type window struct {
	*config.Incremental
	since  Since
	ties   bool // rows at the cursor are remembered
	full   bool
	last   cursor // of the walks before
	start  cursor // the same less lag, or initial_value
	end    cursor // end_value
	best   cursor // the greatest so far
	prev   cursor // of the row before, where row_order is to be held to
	hasher record.Hasher

	dropped bool // a row was left out
	passed  bool // by row_order, the rest is out of range
}

// newWindow opens the window of a walk that begins, or that goes on where since has a Walk. full: from the beginning.
func (x *Extractor) newWindow(since Since, full bool) (*window, error) {
	cfg := x.resource.Endpoint.Incremental
	if cfg == nil {
		return nil, nil
	}
	w := &window{Incremental: cfg, since: since, ties: x.resource.Disposition == "append"}
	if w.since.By = x.by; cfg.End != "" {
		w.since, full = Since{By: x.by}, true
	}
	if w.since.Walk == nil {
		w.since.Walk = &Progress{Began: time.Now().UTC().Truncate(time.Second)}
		if !full {
			w.since.Walk.Start = w.since.Cursor
		}
	}
	from := w.since.Walk.Start
	w.full = from == ""
	var err error
	for dst, text := range map[*cursor]config.Literal{&w.last: from, &w.end: cfg.End, &w.best: w.since.Walk.Cursor} {
		if err == nil {
			*dst, err = parseCursor(text)
		}
	}
	if err == nil {
		w.start, err = w.lagged(from)
	}
	return w, err
}

// lagged is where the walk starts: the cursor from moved back by lag, though not before initial_value.
func (w *window) lagged(from config.Literal) (cursor, error) {
	initial, err := parseCursor(w.Initial)
	if err != nil || from == "" {
		return initial, err
	}
	start, err := parseCursor(from)
	if err != nil || w.Lag == 0 {
		return start, err
	}
	text, err := moved(start.Value, w.Lag, w.Min)
	if err != nil {
		return cursor{}, fmt.Errorf("incremental: lag: %w", err)
	}
	if start, err = parseCursor(text); err != nil {
		return start, err
	}
	if order, ok := compareCursors(start.Value, initial.Value); ok && w.before(order) {
		return initial, nil
	}
	return start, nil
}

// value is what a cursor hole, start_param or end_param gets; "" where there is no value.
func (w *window) value(hole string) config.Value {
	v := map[string]cursor{"start_value": w.start, "last_value": w.last, "end_value": w.end}[hole]
	if hole == "initial_value" || hole == "last_value" && !v.IsValid() {
		v, _ = parseCursor(w.Initial) // it was read before
	}
	if text, ok := v.converted(w.Convert, (hole == "end_value") != w.Min); ok {
		return text
	}
	return config.Value{Text: string(v.AppendText(nil)), JSON: string(v.Raw())}
}

// ranged is the endpoint with start_param and end_param.
func (w *window) ranged(e config.Endpoint) config.Endpoint {
	e.Params = slices.Clone(e.Params)
	for _, p := range [][2]string{{w.StartParam, w.value("start_value").Text}, {w.EndParam, w.value("end_value").Text}} {
		if p[0] != "" && p[1] != "" {
			e.Params = append(e.Params, config.Param{Name: p[0], Values: []string{p[1]}})
		}
	}
	return e
}

// before reports whether order is that of a value which last_value_func would pass over.
func (w *window) before(order int) bool {
	if w.Min {
		return order > 0
	}
	return order < 0
}

// window takes the page's rows through the walk's window, before processing_steps.
func (w *Walk) window(p *Page) error {
	win := w.win
	if win == nil {
		return nil
	}
	progress := *win.since.Walk
	kept := p.Records[:0]
	for i, rec := range p.Records {
		keep, err := win.take(rec, &progress)
		if err != nil {
			return w.x.recordError(i, rec, fmt.Errorf("incremental: cursor_path %s %w", win.Cursor, err))
		}
		if keep {
			kept = append(kept, rec)
		}
	}
	p.Records = kept
	for _, c := range []*cursor{&win.best, &win.prev} { // they may be views of the page
		var err error
		if *c, err = parseCursor(config.Literal(c.Raw())); err != nil {
			return err
		}
	}
	progress.Cursor = config.Literal(win.best.Raw())
	win.since.Walk = &progress
	if p.Since = win.since; win.End != "" {
		p.Since = w.options.Since
	}
	if win.full && win.dropped {
		w.end.Bounded, w.end.Proven = true, false
	}
	w.end.Disordered = progress.Mixed
	if win.passed && !progress.Mixed && !w.ended {
		w.stop(Passed, w.place)
	}
	return nil
}

// take reports whether a row is in the window, and moves progress.
func (w *window) take(rec record.Value, progress *Progress) (keep bool, err error) {
	v, _ := rec.Lookup(w.Cursor.Names)
	if k := v.Kind(); k == record.Invalid || k == record.Null {
		switch w.Missing {
		case "include":
			return true, nil
		case "exclude":
			w.dropped = true
			return false, nil
		}
		return false, errors.New("finds nothing; write on_cursor_value_missing: include or exclude if that is meant")
	} else if k != record.String && k != record.Number {
		return false, fmt.Errorf("finds %s; a cursor is text or a number", article(k))
	}
	if len(v.Raw()) > maxCursor {
		return false, fmt.Errorf("finds a value of more than %d bytes", maxCursor)
	}
	c := newCursor(v)
	w.follow(c, progress)
	from, err := w.order(c, w.start)
	if err != nil {
		return false, err
	}
	to, err := w.order(c, w.end)
	if err != nil {
		return false, err
	}
	if w.start.IsValid() && (from < 0 || from == 0 && w.StartOpen) {
		w.dropped = true
		w.passed = w.passed || w.RowOrder == w.backward() && from < 0
		return false, nil
	}
	if w.end.IsValid() && (to > 0 || to == 0 && !w.EndClosed) {
		w.dropped = true
		w.passed = w.passed || w.RowOrder != "" && w.RowOrder != w.backward() && to > 0
		return false, nil
	}
	return w.advance(rec, c, progress)
}

// follow holds the rows to row_order, those out of range too. One that goes against it shows that nothing follows from the order: not
// that the rest is out of range, nor that a bounded walk saw all rows up to its cursor. What does not compare is an error elsewhere.
func (w *window) follow(c cursor, progress *Progress) {
	if w.RowOrder == "" {
		return
	}
	if w.prev.IsValid() {
		order, ok := compareCursors(c.Value, w.prev.Value)
		progress.Mixed = progress.Mixed || ok && (w.RowOrder == "asc" && order < 0 || w.RowOrder == "desc" && order > 0)
	}
	w.prev = c
}

// backward is the row_order in which cursors go from the newest back to the start.
func (w *window) backward() string {
	if w.Min {
		return "asc"
	}
	return "desc"
}

// order compares a row's cursor with a bound: negative before it, positive after. Without a bound it is 0.
func (w *window) order(c, bound cursor) (int, error) {
	if !bound.IsValid() {
		return 0, nil
	}
	if bound.stamped && c.Kind() == record.String && !c.stamped {
		return 0, fmt.Errorf("finds text that is no timestamp, which does not compare with %s", bound.Raw())
	}
	order, ok := compareCursors(c.Value, bound.Value)
	if !ok {
		return 0, fmt.Errorf("finds %s, which does not compare with %s", article(c.Kind()), bound.Raw())
	}
	if w.Min {
		order = -order
	}
	return order, nil
}

// advance takes a row of the window into progress. A row that an earlier walk brought is left out where it would be published again.
func (w *window) advance(rec record.Value, c cursor, progress *Progress) (keep bool, err error) {
	order := 1
	if w.best.IsValid() {
		if order, err = w.order(c, w.best); err != nil {
			return false, err
		}
		if c.stamped && !w.best.stamped {
			return false, fmt.Errorf("finds a timestamp, which does not compare with %s, the row's before", w.best.Raw())
		}
	}
	if order > 0 {
		w.best, progress.Rows = c, nil
	}
	if !w.ties {
		return true, nil
	}
	known := 1
	if w.last.IsValid() {
		if known, err = w.order(c, w.last); err != nil {
			return false, err
		}
	}
	if order < 0 && known != 0 {
		return true, nil
	}
	sum := w.hasher.Sum(rec)
	row := hex.EncodeToString(sum[:])
	if order >= 0 && len(progress.Rows) < maxTies {
		progress.Rows = append(progress.Rows, row) // pages before keep their shorter view
	}
	return known != 0 || !slices.Contains(w.since.Rows, row), nil
}
