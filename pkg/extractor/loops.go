package extractor

import (
	"github.com/zeebo/xxh3"
)

// mostEmpty is how many pages without records a walk bears in a row that the API names itself: it could go on for ever.
const mostEmpty = 1000

// repeated finds what would go on for ever: the records of an earlier page, a token that led to one, pages and pages without
// records.
func (w *Walk) repeated(p *Page, at, next place) error {
	if w.empty++; len(p.Records) > 0 {
		w.empty = 0
		mark := p.mark()
		if earlier, ok := w.marks[mark]; ok {
			return &LoopError{Earlier: w.pager.label(earlier)}
		}
		w.marks[mark] = at
	}
	if next.token == "" {
		return nil
	}
	if w.tokens == nil {
		w.tokens = make(map[uint64]place)
	}
	if at.token == "" { // a link to the first page is its URL
		w.tokens[xxh3.HashString(w.target.url(w.pager.ask(at)))] = at
	}
	token := xxh3.HashString(next.token)
	if earlier, ok := w.tokens[token]; ok {
		return &LoopError{Earlier: w.pager.label(earlier), Token: true}
	}
	w.tokens[token] = next
	if at.token != "" {
		w.tokens[xxh3.HashString(at.token)] = at
	}
	if w.empty >= mostEmpty {
		return &LoopError{Empty: w.empty}
	}
	return nil
}
