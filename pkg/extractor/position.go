package extractor

import (
	"encoding/json"
	"unicode/utf8"
)

// Position is where a walk goes on. It means something only together with the [Extractor.Shape] that it was made under. The
// zero Position is the beginning.
type Position struct {
	// Offset or Page is what the next request asks for, by the paginator's kind.
	Offset int64 `json:"offset,omitempty"`
	Page   int64 `json:"page,omitempty"`
	// Back is the same of the page before it.
	Back int64 `json:"back,omitempty"`
	// Token is what the API named the next page by, a cursor or a URL. Page then counts the pages before it.
	Token string `json:"token,omitempty"`
	// Paginator and Selector are what the walk's first answer was seen to need, where the configuration leaves that open.
	Paginator string `json:"paginator,omitempty"`
	Selector  string `json:"selector,omitempty"`
	// Under is the parent's record that a child's walk stands at; nil: it is no child's.
	Under *Under `json:"under,omitempty"`
}

// Under is a record of the parent: on the page at Page, with a print of all that the child takes of it. Done: its listing was read to
// the end.
type Under struct {
	Page Position `json:"page"`
	ID   string   `json:"id"`
	Done bool     `json:"done,omitempty"`
}

// OnePageBack is the position of the page before, where there is a way back: a token leads to its own page only. Of a position that
// doesn't know it, it is the beginning.
func (p Position) OnePageBack() Position {
	switch {
	case p.Token != "" || p.Under != nil && p.Under.Done:
		return p
	case p.Back == 0:
		return Position{Under: p.Under}
	case p.Offset != 0:
		p.Offset = p.Back
	default:
		p.Page = p.Back
	}
	p.Back = 0
	return p
}

// JSON is the position as it stands in the state.
func (p Position) JSON() json.RawMessage {
	text, err := json.Marshal(p)
	if err != nil { // integers and strings in a few levels
		return json.RawMessage("{}")
	}
	return text
}

// farthest keeps a position from overflowing while a walk advances it.
const farthest = 1 << 53

// ParsePosition reads what JSON wrote. Anything else, or a position that no walk can have, is the beginning.
func ParsePosition(text json.RawMessage) Position {
	var p Position
	if json.Unmarshal(text, &p) != nil || !p.possible() {
		return Position{}
	}
	return p
}

// possible reports whether a walk can have the position.
func (p Position) possible() bool {
	if p.Under != nil && !p.Under.Page.possible() {
		return false
	}
	return !(min(p.Offset, p.Page, p.Back) < 0 || max(p.Offset, p.Page, p.Back) > farthest ||
		len(p.Token) > maxToken || !utf8.ValidString(p.Token+p.Paginator+p.Selector))
}
