package extractor

import "encoding/json"

// Position is where a walk goes on. It means something only together with the [Extractor.Shape] that it was made under. The
// zero Position is the beginning.
type Position struct {
	// Offset or Page is what the next request asks for, by the paginator's kind.
	Offset int64 `json:"offset,omitempty"`
	Page   int64 `json:"page,omitempty"`
	// Back is the same of the page before it.
	Back int64 `json:"back,omitempty"`
}

// OnePageBack is the position of the page before. Of a position that doesn't know it, it is the beginning.
func (p Position) OnePageBack() Position {
	if p.Offset != 0 {
		return Position{Offset: p.Back}
	}
	return Position{Page: p.Back}
}

// JSON is the position as it stands in the state.
func (p Position) JSON() json.RawMessage {
	text, err := json.Marshal(p)
	if err != nil { // three integers
		return json.RawMessage("{}")
	}
	return text
}

// farthest keeps a position from overflowing while a walk advances it.
const farthest = 1 << 53

// ParsePosition reads what JSON wrote. Anything else, or a position that no walk can have, is the beginning.
func ParsePosition(text json.RawMessage) Position {
	var p Position
	if json.Unmarshal(text, &p) != nil || min(p.Offset, p.Page, p.Back) < 0 || max(p.Offset, p.Page, p.Back) > farthest {
		return Position{}
	}
	return p
}
