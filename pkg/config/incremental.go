package config

import (
	"math"
	"slices"
)

// Incremental says how a walk reads only what is new since the one before it.
type Incremental struct {
	Cursor     Path    // of the field in a record as the API sends it
	Initial    Literal // the cursor of the first walk and of full ones; "": none
	End        Literal // where a backfill ends, which keeps no state; "": none
	StartParam string  // query parameter for the cursor; "": none
	EndParam   string  // and for End
	Min        bool    // the least cursor is kept, not the greatest
	RowOrder   string  // "asc", "desc" or "": unknown
	Lag        float64 // the start is moved back by it: seconds of timestamps, days of dates, else a plain number
	Missing    string  // of a record without cursor: "raise", "include" or "exclude" it
	StartOpen  bool    // rows equal to the start are left out
	EndClosed  bool    // rows equal to End are kept
	Convert    string  // the form in which the API wants a timestamp: "unix", "unix_ms", "date", or "" for the record's own
}

// incremental reads endpoint.incremental, or a parameter of type incremental, which only has a start.
func (l *loader) incremental(n *node, param string) *Incremental {
	o := l.object(n)
	inc := &Incremental{StartParam: param, Missing: "raise"}
	if v := o.want("cursor_path", "name the field that grows with every change, as in updated_at"); v != nil {
		p, ok := l.fieldPath(v)
		assign(&inc.Cursor, p, ok)
	}
	if v := o.get("initial_value"); given(v) {
		inc.Initial = l.cursorValue(v)
	}
	end := o.get("end_value")
	if given(end) {
		inc.End = l.cursorValue(end)
	}
	if param == "" {
		o.setText("start_param", &inc.StartParam)
		o.setText("end_param", &inc.EndParam)
	} else {
		o.get("type")
		if given(end) {
			l.wrong(end, "can't stand in a parameter, which has a start only; write endpoint.incremental with start_param, end_param and end_value")
		}
	}
	if v := o.get("last_value_func"); given(v) {
		w, _ := l.word(v, "max", "min")
		inc.Min = w == "min"
	}
	if v := o.get("row_order"); given(v) {
		w, ok := l.word(v, "asc", "desc")
		assign(&inc.RowOrder, w, ok)
	}
	if v := o.get("lag"); given(v) {
		f, ok := l.number(v, 0, math.MaxInt32)
		assign(&inc.Lag, f, ok)
	}
	if v := o.get("on_cursor_value_missing"); given(v) {
		w, ok := l.word(v, "raise", "include", "exclude")
		assign(&inc.Missing, w, ok)
	}
	if v := o.get("range_start"); given(v) {
		w, _ := l.word(v, "closed", "open")
		inc.StartOpen = w == "open"
	}
	if v := o.get("range_end"); given(v) {
		w, _ := l.word(v, "open", "closed")
		inc.EndClosed = w == "closed"
	}
	if v := o.get("primary_key"); given(v) && (v.kind != listKind || len(v.items) > 0) {
		l.primaryKey(v) // checked and not needed: repeats are known by their content
	}
	if v := o.get("allow_external_schedulers"); given(v) {
		if b, _ := l.boolean(v); b {
			l.wrong(v, "is not supported; there is no scheduler to ask: write initial_value and end_value")
		}
	}
	if v := o.get("convert"); given(v) {
		if v.kind == scalarKind && slices.Contains([]string{"unix", "unix_ms", "date"}, v.text) {
			inc.Convert = v.text
		} else {
			l.wrong(v, "is not supported: Python can't run here; unix, unix_ms or date send a timestamp as seconds, milliseconds or a date")
		}
	}
	o.refuse(map[string]string{"transform": "it is the old name of convert, in Python; convert: unix, unix_ms or date send a timestamp as seconds, milliseconds or a date"})
	o.done()
	if inc.End != "" && inc.Initial == "" {
		o.missing("initial_value", "end_value bounds a backfill from initial_value")
	}
	return inc
}

// cursorValue is text or a number.
func (l *loader) cursorValue(n *node) Literal {
	v, ok := l.literal(n)
	if ok && (v == "true" || v == "false") {
		l.wrong(n, "is a boolean; a cursor is text or a number")
		return ""
	}
	return v
}

// checkHoles reports placeholders of the incremental that would have no value.
func (l *loader) checkHoles(at *node, e *Endpoint, f *format) {
	for _, h := range f.holes {
		switch {
		case h.Cursor == "":
		case e.Incremental == nil:
			l.wrong(at, "has %s, but no incremental; add it, with cursor_path", h)
		case h.Cursor == "end_value" && e.Incremental.End == "":
			l.wrong(at, "has %s, but incremental has no end_value", h)
		case h.Cursor != "end_value" && e.Incremental.Initial == "":
			l.wrong(at, "has %s, but incremental has no initial_value, which the first walk needs there", h)
		}
	}
}
