package extractor

import (
	"github.com/zeebo/xxh3"
)

// mostEmpty is how many pages without records a walk bears in a row where they are not its end: it could go on for ever.
const mostEmpty = 1000

// repeated finds what would go on for ever: the records of an earlier page, a token that led to one, pages and pages without
// records.
func (w *Walk) repeated(p *Page, at, next place) error {
	if w.empty++; len(p.Records) > 0 {
		w.empty = 0
		mark := p.mark()
		if earlier, ok := w.marks[mark]; ok {
			return &LoopError{Earlier: w.pager.label(place{n: earlier})}
		}
		w.marks[mark] = at.n
	}
	switch {
	case w.empty >= mostEmpty:
		return &LoopError{Empty: w.empty}
	case next.token == "":
		return nil
	case w.tokens == nil:
		w.tokens = make(map[uint64]int64)
	}
	if at.token == "" { // a link to the first page is its URL
		w.tokens[xxh3.HashString(w.target.url(w.pager.ask(at)))] = at.n
	}
	token := xxh3.HashString(next.token)
	if earlier, ok := w.tokens[token]; ok {
		return &LoopError{Earlier: w.pager.label(place{n: earlier}), Token: true}
	}
	w.tokens[token] = next.n
	if at.token != "" {
		w.tokens[xxh3.HashString(at.token)] = at.n
	}
	return nil
}
