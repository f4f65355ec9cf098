package extractor

import (
	"errors"
	"net/http"

	"producer/pkg/config"
	"producer/pkg/rest"
)

// resume goes on at a position. One that can't be of such a listing is the beginning.
func (w *Walk) resume(from Position) {
	if !w.recall(from) {
		w.restart()
		return
	}
	at, ok := w.pager.place(from)
	if !ok {
		w.restart()
		return
	}
	w.place, w.origin = at, at.n
	w.options.Resumed, w.whole = true, false
	switch p := w.paginator; {
	case p.Maximum != nil && at.n >= *p.Maximum:
		w.stop(Bound, at)
	case p.Type == "single_page" && at.n > 0: // the page came before
		w.stop(SinglePage, at)
	case p.Named() && at.token == "": // the last page came before
		w.stop(NoNext, at)
	}
}

// recall takes from a position what the walk found out that made it; false: it doesn't say so.
func (w *Walk) recall(from Position) bool {
	if w.paginator.Type == "auto" {
		p, ok := parseDetected(from.Paginator)
		pager, err := newPager(p, w.target)
		if !ok || err != nil {
			return false
		}
		w.paginator, w.pager = p, pager
	}
	if w.selector.IsZero() {
		q, err := config.ParseQuery(from.Selector)
		if err != nil {
			return false
		}
		w.selector = q
	}
	return true
}

// restart is a walk that begins anew, because the position it was given is none, or not any longer.
func (w *Walk) restart() {
	w.options.Resumed = false
	w.end.Restarted = true
	if w.win != nil {
		*w.win.since.Walk = Progress{Began: w.win.since.Walk.Began, Start: w.win.since.Walk.Start}
		w.win.best, w.win.prev = cursor{}, cursor{}
	}
	w.begin()
}

// outlived reports whether err may be the API's word that it knows the token no more that the walk was resumed with. Some say so by 401 or
// 403: if it is the credentials after all, the first page is answered alike.
func (w *Walk) outlived(err error) bool {
	var token *rest.TokenError // another kind of token
	if w.asked || w.place.token == "" || !w.options.Resumed || errors.As(err, &token) {
		return false
	}
	var status *rest.StatusError
	if errors.As(err, &status) {
		switch status.Status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests:
			return false
		}
		return status.Status >= 400 && status.Status < 500
	}
	var selector *SelectorError // an error with status 200
	return errors.As(err, &selector)
}

// position is that of a place, with what was found out. A token with a secret in it is not written down, nor one that stays the same:
// the walk can then only be begun anew.
func (w *Walk) position(at, before place) Position {
	if at.token != "" && (w.scrolls || w.x.client.Redact(at.token) != at.token) {
		return Position{}
	}
	p := w.pager.position(at, before)
	if w.x.resource.Endpoint.Paginator.Type == "auto" {
		p.Paginator = noted(w.paginator)
	}
	if w.x.resource.Endpoint.Selector.IsZero() {
		p.Selector = w.selector.Canonical()
	}
	return p
}
