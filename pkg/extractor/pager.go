package extractor

import (
	"fmt"
	"net/url"
	"strconv"

	"producer/pkg/config"
)

// pager is what the paginators differ in. Where a walk stands is one number, its place: an offset, a page's number.
type pager interface {
	// first is the place where a walk begins, base that of the API's first row.
	first() int64
	base() int64
	place(p Position) int64
	position(place, back int64) Position
	// query of the page at a place; names are the parameters in it.
	query(place int64) string
	names() []string
	// next is the place after a page of so many rows.
	next(place int64, rows int) int64
	label(place int64) string
}

var (
	_ pager = offsetPager{}
	_ pager = numberPager{}
	_ pager = singlePager{}
)

func newPager(p config.Paginator) (pager, error) {
	switch p.Type {
	case "offset":
		return offsetPager{p}, nil
	case "page_number":
		return numberPager{p}, nil
	case "single_page":
		return singlePager{}, nil
	}
	return nil, fmt.Errorf("paginator type %q is not known", p.Type)
}

// offsetPager counts rows.
type offsetPager struct{ config.Paginator }

func (o offsetPager) first() int64                        { return o.Offset }
func (o offsetPager) base() int64                         { return 0 }
func (o offsetPager) place(p Position) int64              { return p.Offset }
func (o offsetPager) position(place, back int64) Position { return Position{Offset: place, Back: back} }
func (o offsetPager) label(place int64) string            { return "offset " + strconv.FormatInt(place, 10) }
func (o offsetPager) names() []string                     { return []string{o.OffsetParam, o.LimitParam} }

func (o offsetPager) query(place int64) string {
	return pair(o.OffsetParam, place) + "&" + pair(o.LimitParam, o.Limit)
}

// next advances by what came; only over an empty page, of which nothing came, by what was asked for.
func (o offsetPager) next(place int64, rows int) int64 {
	if rows == 0 {
		return place + o.Limit
	}
	return place + int64(rows)
}

// numberPager counts pages.
type numberPager struct{ config.Paginator }

func (n numberPager) first() int64                        { return n.Page }
func (n numberPager) base() int64                         { return n.BasePage }
func (n numberPager) place(p Position) int64              { return p.Page }
func (n numberPager) position(place, back int64) Position { return Position{Page: place, Back: back} }
func (n numberPager) label(place int64) string            { return "page " + strconv.FormatInt(place, 10) }
func (n numberPager) names() []string                     { return []string{n.PageParam} }
func (n numberPager) query(place int64) string            { return pair(n.PageParam, place) }
func (n numberPager) next(place int64, _ int) int64       { return place + 1 }

// singlePager asks once.
type singlePager struct{}

func (singlePager) first() int64                     { return 0 }
func (singlePager) base() int64                      { return 0 }
func (singlePager) place(p Position) int64           { return p.Page }
func (singlePager) position(place, _ int64) Position { return Position{Page: place} }
func (singlePager) label(int64) string               { return "the only page" }
func (singlePager) names() []string                  { return nil }
func (singlePager) query(int64) string               { return "" }
func (singlePager) next(place int64, _ int) int64    { return place + 1 }

func pair(name string, value int64) string {
	return url.QueryEscape(name) + "=" + strconv.FormatInt(value, 10)
}
