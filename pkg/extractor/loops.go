package extractor

import (
	"github.com/zeebo/xxh3"
)

// mostEmpty is how many pages without records a walk bears in a row where they are not its end: it could go on for ever.
const mostEmpty = 1000

// repeated finds a page that isn't right: with the records of an earlier one, or the last of pages and pages without records.
func (w *Walk) repeated(p *Page, at place) error {
	if w.empty++; len(p.Records) > 0 {
		w.empty = 0
		mark := p.mark()
		if earlier, ok := w.marks[mark]; ok {
			return &LoopError{Guess: w.guess(), Earlier: w.pager.label(place{n: earlier})}
		}
		w.marks[mark] = at.n
	}
	if w.empty >= mostEmpty {
		return &LoopError{Guess: w.guess(), Empty: w.empty}
	}
	return nil
}

// guess is the type of a paginator that was found out, "" of one that is configured.
func (w *Walk) guess() string {
	if w.x.resource.Endpoint.Paginator.Type != "auto" {
		return ""
	}
	return w.paginator.Type
}

// scroll reports whether a cursor stays the same because the server moves on what it stands for (Intercom's scroll_param): where an empty
// page ends the walk, only the same records again are a loop. A request that is repeated then skips a page, so that such a walk proves
// nothing and is not resumed.
func (w *Walk) scroll(at, next place, rows int) bool {
	p := w.paginator
	return rows > 0 && next.token != "" && next.token == at.token && p.StopAfterEmpty && (p.Type == "cursor" || p.Type == "header_cursor")
}

// back finds a next page that was asked for before, where the walk would go on there. The page that names it is good.
func (w *Walk) back(at, next place) error {
	if next.token == "" || w.scrolls {
		return nil
	}
	if w.tokens == nil {
		w.tokens = make(map[uint64]int64)
	}
	if at.token == "" { // a link to the first page is its URL
		w.tokens[xxh3.HashString(w.target.url(w.pager.ask(at)))] = at.n
	}
	token := xxh3.HashString(next.token)
	if earlier, ok := w.tokens[token]; ok {
		return &LoopError{Guess: w.guess(), Earlier: w.pager.label(place{n: earlier}), Token: true, Empty: w.empty}
	}
	w.tokens[token] = next.n
	if at.token != "" {
		w.tokens[xxh3.HashString(at.token)] = at.n
	}
	return nil
}
