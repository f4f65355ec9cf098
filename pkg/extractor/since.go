package extractor

import (
	"encoding/json"
	"time"

	"producer/pkg/config"
)

// Since is what an incremental resource remembers from walk to walk, and within one that may be gone on with. The zero Since is
// nothing: the next walk reads all.
type Since struct {
	// By prints what the cursor means something under: which rows are asked for, and what becomes of them.
	By string `json:"by,omitempty"`
	// Cursor is the greatest (or least) of the walks that were complete, as JSON; "" before the first.
	Cursor config.Literal `json:"cursor,omitempty"`
	// Rows are content hashes of the rows at Cursor, where what is read again would be published again (append).
	Rows []string `json:"rows,omitempty"`
	// Full is when the last full walk that was complete began.
	Full time.Time `json:"full,omitzero"`
	// Parent is the same of the parent's listing, as a child's walk reads it.
	Parent *Since `json:"parent,omitempty"`
	// Walk is how far the walk under way has come; nil: none is.
	Walk *Progress `json:"walk,omitempty"`
}

// Progress is how far a walk has come.
type Progress struct {
	Began  time.Time      `json:"began"`
	Start  config.Literal `json:"start,omitempty"`  // the cursor that it began from; "" of a full walk
	Cursor config.Literal `json:"cursor,omitempty"` // the greatest (or least) so far
	Rows   []string       `json:"rows,omitempty"`   // hashes of the rows at Cursor
	Mixed  bool           `json:"mixed,omitempty"`  // rows came against row_order
}

// JSON is the Since as it stands in the state.
func (s Since) JSON() json.RawMessage {
	text, err := json.Marshal(s)
	if err != nil { // a year beyond 9999
		return json.RawMessage("{}")
	}
	return text
}

// Since reads what JSON wrote. It is the zero Since where the resource is not incremental, and where the cursor is that of other rows:
// dropped is then true.
func (x *Extractor) Since(text json.RawMessage) (s Since, dropped bool) {
	if x.by == "" || json.Unmarshal(text, &s) != nil || s.By == "" {
		return Since{}, false
	}
	if s.By != x.by {
		return Since{}, true
	}
	return s, false
}

// Anew is what a walk begins with that is not gone on with.
func (s Since) Anew() Since {
	s.Walk = nil
	if s.Parent != nil {
		parent := s.Parent.Anew()
		s.Parent = &parent
	}
	return s
}

// Begun reports whether a walk would start at a cursor, its own or its parent's.
func (s Since) Begun() bool { return s.Cursor != "" || s.Parent != nil && s.Parent.Begun() }

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
	best, err := parseCursor(progress.Cursor)
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

// counts reports whether the listing is walked by a count of rows or pages, which shifts when rows go.
func (w *Walk) counts() bool {
	return w.paginator.Type == "offset" || w.paginator.Type == "page_number"
}

// Incremental reports whether the resource keeps a cursor: it or its parent has incremental, and no end_value.
func (x *Extractor) Incremental() bool {
	i := x.resource.Endpoint.Incremental
	return i != nil && i.End == "" || x.parent != nil && x.parent.Incremental()
}
