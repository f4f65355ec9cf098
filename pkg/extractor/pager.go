package extractor

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"producer/pkg/config"
	"producer/pkg/record"
)

// pager is what the paginators differ in. Those that count know where the next page is; the others are told by the API.
type pager interface {
	// first is the place where a walk begins, base the number of the API's first row or page.
	first() place
	base() int64
	// place reads a position; false where it is none of this paginator. position writes one that page before came before.
	place(p Position) (place, bool)
	position(at, before place) Position
	ask(at place) ask
	// next is the place after a page with so many rows. last: the API says that there is none.
	next(at place, rows int, root record.Value, header http.Header) (next place, last bool, err error)
	label(at place) string
}

var (
	_ pager = offsetPager{}
	_ pager = numberPager{}
	_ pager = singlePager{}
	_ pager = firstPager{}
)

func newPager(p config.Paginator, t target) (pager, error) {
	switch p.Type {
	case "offset":
		return offsetPager{p}, nil
	case "page_number":
		return numberPager{p}, nil
	case "single_page":
		return singlePager{}, nil
	case "auto":
		return firstPager{}, nil
	case "cursor":
		return tokenPager{token: bodyCursor(p), option: "cursor_path", param: p.CursorParam, path: p.CursorBodyPath}, nil
	case "header_cursor":
		return tokenPager{token: headerCursor(p), option: "cursor_key", param: p.CursorParam}, nil
	case "json_link":
		return linkPager{link: bodyLink(p), option: "next_url_path", target: t}, nil
	case "header_link":
		return linkPager{link: headerLink(p), option: "links_next_key", target: t}, nil
	}
	return nil, fmt.Errorf("paginator type %q is not known", p.Type)
}

// offsetPager counts rows.
type offsetPager struct{ config.Paginator }

func (o offsetPager) first() place                   { return place{n: o.Offset} }
func (o offsetPager) base() int64                    { return 0 }
func (o offsetPager) place(p Position) (place, bool) { return place{n: p.Offset}, p.Token == "" }
func (o offsetPager) position(at, before place) Position {
	return Position{Offset: at.n, Back: before.n}
}
func (o offsetPager) label(at place) string { return "offset " + strconv.FormatInt(at.n, 10) }

func (o offsetPager) ask(at place) ask {
	var a ask
	a.number(o.OffsetParam, o.OffsetBodyPath, at.n)
	a.number(o.LimitParam, o.LimitBodyPath, o.Limit)
	return a
}

// next advances by what came; only over an empty page, of which nothing came, by what was asked for.
func (o offsetPager) next(at place, rows int, _ record.Value, _ http.Header) (place, bool, error) {
	if rows == 0 {
		return place{n: at.n + o.Limit}, false, nil
	}
	return place{n: at.n + int64(rows)}, false, nil
}

// numberPager counts pages.
type numberPager struct{ config.Paginator }

func (n numberPager) first() place                   { return place{n: n.Page} }
func (n numberPager) base() int64                    { return n.BasePage }
func (n numberPager) place(p Position) (place, bool) { return place{n: p.Page}, p.Token == "" }
func (n numberPager) position(at, before place) Position {
	return Position{Page: at.n, Back: before.n}
}
func (n numberPager) label(at place) string { return "page " + strconv.FormatInt(at.n, 10) }

func (n numberPager) ask(at place) ask {
	var a ask
	a.number(n.PageParam, n.PageBodyPath, at.n)
	return a
}

func (n numberPager) next(at place, _ int, _ record.Value, _ http.Header) (place, bool, error) {
	return place{n: at.n + 1}, false, nil
}

// singlePager asks once.
type singlePager struct{}

func (singlePager) first() place                   { return place{} }
func (singlePager) base() int64                    { return 0 }
func (singlePager) place(p Position) (place, bool) { return place{n: p.Page}, p.Token == "" }
func (singlePager) position(at, _ place) Position  { return Position{Page: at.n} }
func (singlePager) label(place) string             { return "the only page" }
func (singlePager) ask(place) ask                  { return ask{} }
func (singlePager) next(at place, _ int, _ record.Value, _ http.Header) (place, bool, error) {
	return place{n: at.n + 1}, false, nil
}

// firstPager asks for the first page of a listing whose paginator is to be found out from it.
type firstPager struct{ singlePager }

func (firstPager) label(place) string { return "the first page" }

// number adds a number under a parameter's name, or at a place of the body.
func (a *ask) number(name string, path []string, value int64) {
	a.value(name, path, strconv.FormatInt(value, 10), strconv.FormatInt(value, 10))
}

// value adds text as a parameter, or JSON at a place of the body.
func (a *ask) value(name string, path []string, text, json string) {
	if path != nil {
		a.body = append(a.body, bodyValue{path, json})
		return
	}
	a.names = append(a.names, name)
	a.query = and(a.query, url.QueryEscape(name)+"="+url.QueryEscape(text))
}
