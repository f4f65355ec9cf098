package extractor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
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
	last   record.Value // the cursor of the walks before; zero: none
	start  record.Value // the same less lag, or initial_value; zero: none
	end    record.Value // end_value; zero: none
	best   record.Value // the greatest cursor so far
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
	for dst, text := range map[*record.Value]config.Literal{&w.last: from, &w.end: cfg.End, &w.best: w.since.Walk.Cursor} {
		if text != "" && err == nil {
			*dst, err = literal(text)
		}
	}
	if err == nil {
		w.start, err = w.lagged(from)
	}
	return w, err
}

// lagged is where the walk starts: the cursor from moved back by lag, though not before initial_value.
func (w *window) lagged(from config.Literal) (record.Value, error) {
	var initial record.Value
	if w.Initial != "" {
		var err error
		if initial, err = literal(w.Initial); err != nil {
			return record.Value{}, err
		}
	}
	if from == "" {
		return initial, nil
	}
	start, err := literal(from)
	if err != nil || w.Lag == 0 {
		return start, err
	}
	text, err := moved(start, w.Lag, w.Min)
	if err != nil {
		return record.Value{}, fmt.Errorf("incremental: lag: %w", err)
	}
	if start, err = literal(text); err != nil {
		return start, err
	}
	if order, ok := compareCursors(start, initial); ok && w.before(order) {
		return initial, nil
	}
	return start, nil
}

// value is what a cursor hole, start_param or end_param gets; "" where there is no value.
func (w *window) value(hole string) config.Value {
	v := map[string]record.Value{"start_value": w.start, "last_value": w.last, "end_value": w.end}[hole]
	if hole == "initial_value" || hole == "last_value" && !v.IsValid() {
		v, _ = literal(w.Initial) // it was read before
	}
	if text, ok := w.converted(v, (hole == "end_value") != w.Min); ok {
		return text
	}
	return config.Value{Text: string(v.AppendText(nil)), JSON: string(v.Raw())}
}

// converted is a timestamp in the form that convert asks for; up: what is cut off is rounded up, so that no row is left out. Anything
// else is sent as it is.
func (w *window) converted(v record.Value, up bool) (config.Value, bool) {
	if w.Convert == "" || v.Kind() != record.String {
		return config.Value{}, false
	}
	at, _, ok := timestamp(string(textOf(v)))
	if !ok {
		return config.Value{}, false
	}
	unit := map[string]time.Duration{"unix": time.Second, "unix_ms": time.Millisecond, "date": 24 * time.Hour}[w.Convert]
	at = at.UTC()
	if cut := at.Truncate(unit); up && cut.Before(at) {
		at = cut.Add(unit)
	}
	switch w.Convert {
	case "unix":
		text := strconv.FormatInt(at.Unix(), 10)
		return config.Value{Text: text, JSON: text}, true
	case "unix_ms":
		text := strconv.FormatInt(at.UnixMilli(), 10)
		return config.Value{Text: text, JSON: text}, true
	}
	text := at.Format(time.DateOnly)
	return config.Value{Text: text, JSON: strconv.Quote(text)}, true
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
	if win.best.IsValid() { // it may be a view of the page
		progress.Cursor = config.Literal(win.best.Raw())
		best, err := literal(progress.Cursor)
		if err != nil {
			return err
		}
		win.best = best
	}
	win.since.Walk = &progress
	if p.Since = win.since; win.End != "" {
		p.Since = w.options.Since
	}
	if win.full && win.dropped {
		w.end.Bounded, w.end.Proven = true, false
	}
	if win.passed && !w.ended {
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
	from, err := w.order(v, w.start)
	if err != nil {
		return false, err
	}
	to, err := w.order(v, w.end)
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
	return w.advance(rec, v, progress)
}

// backward is the row_order in which cursors go from the newest back to the start.
func (w *window) backward() string {
	if w.Min {
		return "asc"
	}
	return "desc"
}

// order compares a row's cursor with a bound: negative before it, positive after. Without a bound it is 0.
func (w *window) order(v, bound record.Value) (int, error) {
	if !bound.IsValid() {
		return 0, nil
	}
	if stamped(bound) && v.Kind() == record.String && !stamped(v) {
		return 0, fmt.Errorf("finds text that is no timestamp, which does not compare with %s", bound.Raw())
	}
	order, ok := compareCursors(v, bound)
	if !ok {
		return 0, fmt.Errorf("finds %s, which does not compare with %s", article(v.Kind()), bound.Raw())
	}
	if w.Min {
		order = -order
	}
	return order, nil
}

// advance takes a row of the window into progress. A row that an earlier walk brought is left out where it would be published again.
func (w *window) advance(rec, v record.Value, progress *Progress) (keep bool, err error) {
	order := 1
	if w.best.IsValid() {
		if order, err = w.order(v, w.best); err != nil {
			return false, err
		}
		if stamped(v) && !stamped(w.best) {
			return false, fmt.Errorf("finds a timestamp, which does not compare with %s, the row's before", w.best.Raw())
		}
		progress.Mixed = progress.Mixed || order < 0
	}
	if order > 0 {
		w.best, progress.Rows = v, nil
	}
	if !w.ties {
		return true, nil
	}
	known := 1
	if w.last.IsValid() {
		if known, err = w.order(v, w.last); err != nil {
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

// Since is what is to be remembered once Next returned io.EOF and all rows are committed. The cursor moves only if every row up to it
// was seen: the walk came to the listing's end, or row_order says so; and no row can have slipped past, as happens where a listing
// that is walked by count gets shorter under way: then its total falls, or a key stands twice, which the caller knows.
func (w *Walk) Since(twice bool) Since {
	if w.win == nil || w.win.End != "" {
		return w.options.Since.Anew()
	}
	return w.win.remember(w.slipped(twice), w.end.Reason)
}

func (w *Walk) slipped(twice bool) bool { return w.counts() && (twice || w.fell) }

// remember is the since of a walk that ended. stay: the cursor must not move.
func (w *window) remember(stay bool, reason Reason) Since {
	s, progress := w.since, w.since.Walk
	s.Walk = nil
	complete := reason != Bound && reason != Ignored
	inOrder := w.RowOrder != "" && w.RowOrder != w.backward() && !progress.Mixed
	if stay || !complete && !inOrder {
		return s
	}
	if w.full && complete {
		s.Full = progress.Began
	}
	best, err := literal(progress.Cursor)
	if progress.Cursor == "" || err != nil {
		return s
	}
	if order, err := w.order(best, w.last); err == nil && (!w.last.IsValid() || order >= 0) {
		s.Cursor, s.Rows = progress.Cursor, progress.Rows
	}
	return s
}

// Incremental reports whether the walk began from a cursor, so that it saw only what is new.
func (w *Walk) Incremental() bool { return w.win != nil && !w.win.full }

// compareCursors orders two cursors: timestamps as instants, whatever their form, numeric text beside a number as one, else as
// [record.Compare] does.
func compareCursors(a, b record.Value) (int, bool) {
	if a.Kind() == record.String && b.Kind() == record.String {
		s, t := textOf(a), textOf(b)
		if len(s) == len(t) && len(s) > 0 && s[len(s)-1] == 'Z' && t[len(t)-1] == 'Z' { // one form, most likely
			return bytes.Compare(s, t), true
		}
		if x, _, ok := timestamp(string(s)); ok {
			if y, _, ok := timestamp(string(t)); ok {
				return x.Compare(y), true
			}
		}
		return bytes.Compare(s, t), true
	}
	return record.Compare(asNumber(a, b), asNumber(b, a))
}

// asNumber is v, or the number that its text is where it stands beside one.
func asNumber(v, beside record.Value) record.Value {
	if v.Kind() == record.String && beside.Kind() == record.Number {
		if n, err := literal(config.Literal(textOf(v))); err == nil && n.Kind() == record.Number {
			return n
		}
	}
	return v
}

// stamped reports whether v is text that is a timestamp.
func stamped(v record.Value) bool {
	if v.Kind() != record.String {
		return false
	}
	s := textOf(v)
	if len(s) >= len("2006-01-02T15:04:05Z") && s[4] == '-' && s[7] == '-' && s[len(s)-1] == 'Z' { // of one form, most likely
		return true
	}
	_, _, ok := timestamp(string(s))
	return ok
}

func textOf(v record.Value) []byte {
	if text, plain := v.Text(); plain {
		return text
	}
	return v.AppendText(nil)
}

// timestamp reads ISO 8601 as APIs write it, and returns its layout. What has no offset is UTC.
func timestamp(s string) (at time.Time, layout string, ok bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return at, "", false
	}
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at, time.DateOnly, true
	}
	layout = "2006-01-02" + s[10:11] + "15:04:05"
	if i := strings.IndexByte(s, '.'); i > 0 {
		layout += "." + strings.Repeat("0", len(s[i+1:])-len(strings.TrimLeft(s[i+1:], "0123456789")))
	}
	for _, zone := range []string{"Z07:00", "", "Z0700"} {
		if at, err := time.Parse(layout+zone, s); err == nil {
			return at, layout + zone, true
		}
	}
	return at, "", false
}

// moved is a cursor moved back by lag: seconds of a timestamp, days of a date, else a plain number. forward: the other way.
func moved(v record.Value, lag float64, forward bool) (config.Literal, error) {
	if !forward {
		lag = -lag
	}
	text := string(v.AppendText(nil))
	if v.Kind() == record.String {
		at, layout, ok := timestamp(text)
		if !ok {
			return "", fmt.Errorf("the cursor %.40q is neither a timestamp nor a number", text)
		}
		unit := time.Second
		if layout == time.DateOnly {
			unit = 24 * time.Hour
		}
		return config.Literal(`"` + at.Add(time.Duration(lag*float64(unit))).Format(layout) + `"`), nil
	}
	f, err := v.Float64() // of a size that a rational takes well
	x, ok := new(big.Rat).SetString(text)
	if err != nil || !ok || f != 0 && (f > 1e300 || f < -1e300) || len(text) > 64 {
		return "", fmt.Errorf("the cursor %.40s is too large a number", text)
	}
	y := new(big.Rat).SetFloat64(lag)
	sum := x.Add(x, y)
	if sum.IsInt() {
		return config.Literal(sum.Num().String()), nil
	}
	return config.Literal(strings.TrimRight(sum.FloatString(9), "0")), nil
}
