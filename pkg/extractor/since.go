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
	Mixed  bool           `json:"mixed,omitempty"`  // the rows did not come in the order that row_order says
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

// counts reports whether the listing is walked by a count of rows or pages, which shifts when rows go.
func (w *Walk) counts() bool {
	return w.paginator.Type == "offset" || w.paginator.Type == "page_number"
}

// Incremental reports whether the resource keeps a cursor: it or its parent has incremental, and no end_value.
func (x *Extractor) Incremental() bool {
	i := x.resource.Endpoint.Incremental
	return i != nil && i.End == "" || x.parent != nil && x.parent.Incremental()
}
