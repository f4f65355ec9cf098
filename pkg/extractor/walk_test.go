package extractor_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

func TestSinglePage(t *testing.T) {
	for _, tt := range []struct {
		name, body, selector string
		rows                 int
		reason               extractor.Reason
		proven               bool
	}{
		{"rows", `{"data":[{"id":1},{"id":2}],"total":9}`, "data", 2, extractor.SinglePage, false},
		{"none", `{"data":[],"total":9}`, "data", 0, extractor.EmptyPage, true},
		{"a bare list", `[{"id":1}]`, "$", 1, extractor.SinglePage, false},
		{"one entity", `{"id":1}`, "$", 1, extractor.SinglePage, false},
		{"one entity under a name", `{"data":{"id":1}}`, "data", 1, extractor.SinglePage, false},
		{"deep", `{"a":{"b c":[{"id":1}]}}`, "a['b c']", 1, extractor.SinglePage, false},
	} {
		a := &api{instead: always(tt.body)}
		res := resource(single())
		res.Endpoint.Selector = query(tt.selector)
		r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
		if r.err != nil || len(r.ids) != tt.rows || r.end.Reason != tt.reason || r.end.Proven != tt.proven || len(a.seen) != 1 {
			t.Errorf("%s: %d requests, %v", tt.name, len(a.seen), r)
		}
		if q := a.seen[0].URL.RawQuery; q != "api_key="+url.QueryEscape(secret) {
			t.Errorf("%s: asked with %s", tt.name, q)
		}
	}
}

// A single page that came before its walk was cut off doesn't come again.
func TestSinglePageResumed(t *testing.T) {
	a := &api{instead: always(`{"data":[{"id":1}]}`)}
	x := extract(t, a, resource(single()))
	first := walk(t, x, extractor.Position{}, extractor.WalkOptions{})
	r := walk(t, x, first.next[0], extractor.WalkOptions{})
	if r.err != nil || len(r.ids) != 0 || r.end.Reason != extractor.SinglePage || r.end.Proven || len(a.seen) != 1 {
		t.Errorf("%d requests, %v", len(a.seen), r)
	}
	if back := first.next[0].OnePageBack(); back != (extractor.Position{}) {
		t.Errorf("one page back is %+v, want the beginning", back)
	}
}

// Null where the list should be is an empty page, and no proof of an end unless the total is.
func TestNullIsAnEmptyPage(t *testing.T) {
	for _, tt := range []struct {
		rows   int
		answer string
		proven bool
		short  bool
	}{
		{0, `{"data":null}`, false, false},
		{0, `{"data":null,"total":0}`, true, false},
		{100, `{"data":null}`, false, false},
		{100, `{"data":null,"total":100}`, true, false},
		{100, `{"data":null,"total":101}`, false, true},
	} {
		a := &api{rows: people(tt.rows, 1)}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > tt.rows/100 {
				_, _ = io.WriteString(w, tt.answer)
			}
			return n > tt.rows/100
		}
		r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
		var short *extractor.ShortError
		if errors.As(r.err, &short) != tt.short || !tt.short && r.err != nil || r.end.Proven != tt.proven || r.end.Null != true || len(r.ids) != tt.rows {
			t.Errorf("%s after %d rows: %v", tt.answer, tt.rows, r)
		}
	}
}

// Status 204, which some APIs have for no rows, is an empty page too, whatever finds the list and the next page.
func TestNoContentIsAnEmptyPage(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rows  int
		p     config.Paginator
		adapt func(*config.Resource)
		total func(*api, url.Values) string
		short bool
	}{
		{"the first page", 0, offset(), nil, nil, false},
		{"the first page, found out", 0, config.Paginator{Type: "auto"}, func(r *config.Resource) { r.Endpoint.Selector = config.Query{} }, nil, false},
		{"the first page of a cursor", 0, named("cursor"), nil, nil, false},
		{"past the end", 200, offset(), nil, nil, false},
		{"where the total is not reached", 200, offset(), nil, says("201"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &api{rows: people(tt.rows, 1), total: tt.total}
			a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n > tt.rows/100 {
					w.Header().Set("Content-Encoding", "gzip")
					w.WriteHeader(http.StatusNoContent)
				}
				return n > tt.rows/100
			}
			res := resource(tt.p)
			if tt.adapt != nil {
				tt.adapt(&res)
			}
			r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
			var short *extractor.ShortError
			if errors.As(r.err, &short) != tt.short || !tt.short && (r.err != nil || r.end.Reason != extractor.EmptyPage) || r.end.Proven ||
				!r.end.Null || len(r.ids) != tt.rows || r.requests != tt.rows/100+1 {
				t.Errorf("%d requests, %v", r.requests, r)
			}
		})
	}
}

// The default total_path of a page_number paginator counts pages in dlt; where the API's total counts rows it must not fail.
func TestPageNumberWithATotalOfRows(t *testing.T) {
	given := number(1)
	given.TotalGiven = true
	for _, tt := range []struct {
		name   string
		p      config.Paginator
		total  func(*api, url.Values) string
		from   extractor.Position
		short  bool
		proven bool
	}{
		{"pages", number(1), pages, extractor.Position{}, false, true},
		{"rows", number(1), counted, extractor.Position{}, false, true},
		{"neither", number(1), says("77"), extractor.Position{}, true, false},
		{"rows, by the user's own path", given, counted, extractor.Position{}, true, false},
		{"rows, resumed", number(1), counted, extractor.Position{Page: 2, Back: 1}, false, false},
	} {
		a := &api{rows: people(45, 1), size: 20, basePage: 1, total: tt.total}
		r := walk(t, extract(t, a, resource(tt.p)), tt.from, extractor.WalkOptions{})
		if tt.short {
			if e := wantAs[*extractor.ShortError](t, r.err); e.Unit != "pages" || e.Seen != 3 || len(r.ids) != 45 {
				t.Errorf("%s: %v", tt.name, r)
			}
			continue
		}
		if r.err != nil || r.end.Proven != tt.proven {
			t.Errorf("%s: %v", tt.name, r)
		}
	}
}

func TestTotalsInAllShapes(t *testing.T) {
	for _, tt := range []struct {
		total string
		want  int64 // -1: absent
	}{
		{"230", 230}, {`"230"`, 230}, {`" 230 "`, 230}, {"230.0", 230}, {"2.3e2", 230}, {`"2.3e2"`, 230}, {`"\u0032\u0033\u0030"`, 230},
		{"", -1}, {"null", -1}, {"{}", -1}, {`{"value":230,"relation":"eq"}`, -1}, {"[230]", -1}, {"true", -1}, {"-1", -1}, {`"-1"`, -1},
		{"230.5", -1}, {`"many"`, -1}, {`""`, -1}, {`"0xE6"`, -1}, {`"2_30"`, -1}, {`"NaN"`, -1}, {`"Infinity"`, -1}, {"-1e400", -1}, {"-99999999999999999999", -1},
	} {
		a := &api{rows: people(230, 1), total: says(tt.total)}
		r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 230)
		got := int64(-1)
		if r.end.LastTotal != nil {
			got = *r.end.LastTotal
		}
		requests := 4
		if tt.want >= 0 {
			requests = 3
		}
		if r.err != nil || got != tt.want || r.requests != requests || !r.end.Proven {
			t.Errorf("total %s: read as %d (want %d), %d requests, %v", tt.total, got, tt.want, r.requests, r)
		}
	}
}

func TestTotalsBeyondAnyListing(t *testing.T) {
	for _, total := range []string{"9223372036854775807", "9223372036854775808", `"99999999999999999999"`, "1e19", "1e400", "9007199254740993.0"} {
		for name, pages := range map[string]config.Paginator{"offset": offset(), "page_number": number(0)} {
			a := &api{rows: people(230, 1), total: says(total)}
			r := walk(t, extract(t, a, resource(pages)), extractor.Position{}, extractor.WalkOptions{})
			var short *extractor.ShortError
			if !errors.As(r.err, &short) || r.end.Proven {
				t.Errorf("%s, total %s: proven %v, %v; want the error of a listing that ended short", name, total, r.end.Proven, r.err)
			}
		}
	}
}

func TestTotalOnTheFirstPageOnly(t *testing.T) {
	a := &api{rows: people(230, 1), total: func(a *api, q url.Values) string {
		if q.Get("offset") == "0" {
			return "230"
		}
		return ""
	}}
	r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	wantIDs(t, r, 1, 230)
	if r.err != nil || !r.end.Proven || r.requests != 3 {
		t.Errorf("%d requests, %v", r.requests, r)
	}
}

func TestTotalPathThatTheUserWrote(t *testing.T) {
	p := offset()
	p.TotalGiven, p.TotalPath = true, pathTo("meta.page.total")
	meta := func(json string) *api {
		return &api{rows: people(200, 1), extra: func(*api, url.Values, bool) string { return json }}
	}
	a := meta(`"meta":{"page":{"total":200}},`)
	r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || !r.end.Proven || r.requests != 2 {
		t.Errorf("%v", r)
	}
	for _, json := range []string{"", `"meta":{},`, `"meta":{"page":{"total":null}},`, `"meta":{"page":{"total":-1}},`, `"meta":{"page":[200]},`} {
		r := walk(t, extract(t, meta(json), resource(p)), extractor.Position{}, extractor.WalkOptions{})
		if e := wantAs[*extractor.PathError](t, r.err); e.Option != "total_path" || e.Path != "meta.page.total" || len(r.ids) != 0 || r.requests != 1 {
			t.Errorf("%s: %v", json, r)
		}
	}
	// An empty page ends the walk before anything else is looked at.
	r = walk(t, extract(t, &api{}, resource(p)), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || !r.end.Proven {
		t.Errorf("%v", r)
	}
	// total_path: null uses none, whatever the page says.
	p.TotalGiven, p.TotalPath = true, nil
	r = walk(t, extract(t, &api{rows: people(200, 1), total: says("1000")}, resource(p)), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || !r.end.Proven || r.end.LastTotal != nil || len(r.ids) != 200 {
		t.Errorf("%v", r)
	}
}

// Three deletes between two pages of a listing shift three rows over the boundary, and nobody ever sees them.
func TestOffsetDriftIsSeen(t *testing.T) {
	a := &api{rows: people(500, 1), total: counted}
	a.before = func(n int, a *api) {
		if n == 3 {
			a.rows = a.rows[3:]
		}
	}
	r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || len(r.ids) != 497 || r.ids[200] != "204" || !r.end.Drifted || r.end.Proven || *r.end.FirstTotal != 500 || *r.end.LastTotal != 497 {
		t.Errorf("%v", r)
	}
}

// The server gives 40 where 100 were asked for: nothing is skipped.
func TestClampedPages(t *testing.T) {
	for _, total := range []func(*api, url.Values) string{nil, counted} {
		a := &api{rows: people(410, 1), cap: 40, total: total}
		r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 410)
		if r.err != nil || !r.end.Proven {
			t.Errorf("%v", r)
		}
	}
}

func TestMetaBeforeOrAfterTheData(t *testing.T) {
	large := `"meta":{"note":"` + strings.Repeat("m", 200_000) + `","data":[{"id":"not this one"}]},`
	for _, body := range []string{
		`{` + large + `"total":2,"data":[{"id":1},{"id":2}]}`,
		`{"data":[{"id":1},{"id":2}],"total":2,` + strings.TrimSuffix(large, ",") + `}`,
		`{"Data":[{"id":9}],"DATA":5,"Total":1,"data":[{"id":1},{"id":2}],"total":2}`,
		"\n{\t\"data\" :\r\n[ {\"id\":1} , {\"id\":2} ] , \"total\" : 2 }\n",
	} {
		r := walk(t, extract(t, &api{instead: always(body)}, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 2)
		if r.err != nil || !r.end.Proven {
			t.Errorf("%v", r)
		}
	}
}

func TestNextRunsAheadOfItsPages(t *testing.T) {
	a := &api{rows: people(500, 1), total: counted}
	x := extract(t, a, resource(offset()))
	w := x.Walk(extractor.Position{}, extractor.WalkOptions{})
	var held []*extractor.Page
	for {
		p, err := w.Next(t.Context())
		if err != nil {
			break
		}
		held = append(held, p)
	}
	if len(held) != 5 {
		t.Fatalf("got %d pages", len(held))
	}
	for i, p := range held {
		if id, _ := p.Records[99].Get("id"); string(id.Raw()) != fmt.Sprint(i*100+100) {
			t.Errorf("page %d ends with id %s", i, id.Raw())
		}
		at, next := extractor.Position{Offset: int64(i) * 100}, extractor.Position{Offset: int64(i)*100 + 100, Back: int64(i) * 100}
		if p.At != at || p.Next != next || *p.Total != 500 || p.Bytes == 0 {
			t.Errorf("page %d: at %+v, next %+v, total %d, %d bytes", i, p.At, p.Next, *p.Total, p.Bytes)
		}
		p.Release()
	}
	new(extractor.Page).Release()
}

func TestPositions(t *testing.T) {
	for _, tt := range []struct {
		p    extractor.Position
		json string
		back extractor.Position
	}{
		{extractor.Position{}, `{}`, extractor.Position{}},
		{extractor.Position{Offset: 300, Back: 200}, `{"offset":300,"back":200}`, extractor.Position{Offset: 200}},
		{extractor.Position{Offset: 100}, `{"offset":100}`, extractor.Position{}},
		{extractor.Position{Page: 4, Back: 3}, `{"page":4,"back":3}`, extractor.Position{Page: 3}},
		{extractor.Position{Page: 1}, `{"page":1}`, extractor.Position{}},
	} {
		if got := string(tt.p.JSON()); got != tt.json {
			t.Errorf("%+v: JSON %s, want %s", tt.p, got, tt.json)
		}
		if got := extractor.ParsePosition([]byte(tt.json)); got != tt.p {
			t.Errorf("%s: read as %+v", tt.json, got)
		}
		if got := tt.p.OnePageBack(); got != tt.back {
			t.Errorf("%+v: back is %+v, want %+v", tt.p, got, tt.back)
		}
	}
	for _, text := range []string{"", "null", "[]", `{"offset":"x"}`, `{"offset":-5}`, `{"page":-1}`, `{"offset":1.5}`, `{"offset":1e99}`, `{"offset":9223372036854775807}`} {
		if got := extractor.ParsePosition([]byte(text)); !reflect.DeepEqual(got, extractor.Position{}) {
			t.Errorf("%s: read as %+v, want the beginning", text, got)
		}
	}
}

func TestWalksOfOneExtractorRunSideBySide(t *testing.T) {
	a := &api{rows: people(950, 1), total: counted}
	x := extract(t, a, resource(offset()))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			r := walk(t, x, extractor.Position{}, extractor.WalkOptions{})
			wantIDsOf(t, r.ids, 950)
		})
	}
	wg.Wait()
}

// wantIDsOf is wantIDs for other goroutines than the test's.
func wantIDsOf(t *testing.T, ids []string, n int) {
	if len(ids) != n {
		t.Errorf("got %d rows, want %d", len(ids), n)
	}
	for i, id := range ids {
		if id != strconv.Itoa(i+1) {
			t.Errorf("row %d is id %s", i, id)
		}
	}
}
