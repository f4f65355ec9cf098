package extractor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

// listings are the paginators that walk, with an api that they fit to. A page holds 100 rows.
var listings = []struct {
	name      string
	paginator func() config.Paginator
	fit       func(*api)
	total     func(*api, url.Values) string
	first     extractor.Position
}{
	{"offset", offset, func(*api) {}, counted, extractor.Position{}},
	{"page_number from 0", func() config.Paginator { return number(0) }, func(a *api) { a.size = 100 }, pages, extractor.Position{}},
	{"page_number from 1", func() config.Paginator { return number(1) }, func(a *api) { a.size, a.basePage = 100, 1 }, pages, extractor.Position{}},
}

// The conformance suite: what holds of every paginator that walks.
func TestConformance(t *testing.T) {
	for _, l := range listings {
		t.Run(l.name, func(t *testing.T) {
			listing := func(a *api) *api { l.fit(a); return a }

			t.Run("end of data", func(t *testing.T) {
				for _, rows := range []int{0, 1, 99, 100, 101, 200, 250} {
					for _, total := range []func(*api, url.Values) string{nil, l.total} {
						a := listing(&api{rows: people(rows, 1), total: total})
						r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
						wantIDs(t, r, 1, rows)
						want, reason := (rows+99)/100, extractor.Total
						if total == nil {
							want, reason = want+1, extractor.EmptyPage
						}
						if rows == 0 {
							want, reason = 1, extractor.EmptyPage
						}
						if r.err != nil || !r.end.Proven || r.end.Reason != reason || r.requests != want || r.end.Drifted || r.end.Bounded {
							t.Errorf("%d rows, total %v: %d requests (want %d), %v", rows, total != nil, r.requests, want, r)
						}
						if (r.end.FirstTotal != nil) != (total != nil) || (r.end.LastTotal != nil) != (total != nil) {
							t.Errorf("totals %v, %v", r.end.FirstTotal, r.end.LastTotal)
						}
					}
				}
			})

			t.Run("a short page is not the end", func(t *testing.T) {
				if l.name != "offset" { // a page number leaves no doubt where the next page begins
					return
				}
				a := listing(&api{rows: people(250, 1)})
				a.before = func(n int, a *api) { a.cap = map[bool]int{true: 60}[n == 2] }
				r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				wantIDs(t, r, 1, 250)
				if got := a.asked("offset"); got != "0 100 160 250" {
					t.Errorf("asked for %s", got)
				}
			})

			t.Run("repeated page", func(t *testing.T) {
				for name, fault := range map[string]func(a *api){
					"the last one":      func(a *api) { a.repeats = true },
					"parameters unread": func(a *api) { a.instead = always(`{"data":[{"id":1},{"id":2}],"total":100000}`) },
					"a cycle of three": func(a *api) {
						a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
							_, _ = fmt.Fprintf(w, `{ "data" : [{"id":%d}] }`, n%3)
							return true
						}
					},
				} {
					a := listing(&api{rows: people(250, 1)})
					fault(a)
					r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
					e := wantAs[*extractor.LoopError](t, r.err)
					if len(a.seen) > 4 || e.Earlier == "" {
						t.Errorf("%s: %d requests, %v", name, len(a.seen), r.err)
					}
					for i, id := range r.ids {
						for _, earlier := range r.ids[:i] {
							if id == earlier {
								t.Fatalf("%s: id %s came twice", name, id)
							}
						}
					}
				}
			})

			t.Run("resume at every position", func(t *testing.T) {
				a := listing(&api{rows: people(450, 1), total: l.total})
				x := extract(t, a, resource(l.paginator()))
				whole := walk(t, x, extractor.Position{}, extractor.WalkOptions{})
				for i, next := range whole.next {
					at := extractor.ParsePosition(next.JSON())
					if at != next {
						t.Fatalf("position %+v came back as %+v", next, at)
					}
					r := walk(t, x, at, extractor.WalkOptions{Resumed: true})
					wantIDs(t, r, min((i+1)*100, 450)+1, 450)
					back := walk(t, x, at.OnePageBack(), extractor.WalkOptions{Resumed: true})
					wantIDs(t, back, i*100+1, 450)
					for _, r := range []result{r, back} {
						if r.err != nil || r.end.Proven || r.end.Drifted {
							t.Errorf("resumed after page %d: %v", i+1, r)
						}
					}
				}
				// A position is enough to know that the walk is a resumed one.
				if r := walk(t, x, whole.next[0], extractor.WalkOptions{}); r.end.Proven {
					t.Errorf("proven from a position in the middle: %v", r)
				}
			})

			t.Run("total that moved", func(t *testing.T) {
				for name, change := range map[string]func(a *api){
					"shrank": func(a *api) { a.rows = a.rows[150:] },
					"grew":   func(a *api) { a.rows = append(a.rows, people(160, 1000)...) },
				} {
					a := listing(&api{rows: people(500, 1), total: l.total})
					a.before = func(n int, a *api) {
						if n == 3 {
							change(a)
						}
					}
					r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
					if r.err != nil || !r.end.Drifted || r.end.Proven || *r.end.FirstTotal == *r.end.LastTotal {
						t.Errorf("%s: %v", name, r)
					}
				}
			})

			t.Run("more rows than the total", func(t *testing.T) {
				a := listing(&api{rows: people(350, 1), total: says("2.0")})
				if l.name == "offset" {
					a.total = says("220")
				}
				a.before = func(n int, a *api) { // past the total is seen only where it isn't met
					if n == 1 && l.name != "offset" {
						a.total = says("0")
					}
				}
				r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				wantIDs(t, r, 1, 350)
				if r.err != nil || !r.end.Drifted || r.end.Proven || r.end.Reason != extractor.EmptyPage {
					t.Errorf("%v", r)
				}
			})

			t.Run("short of an unchanged total", func(t *testing.T) {
				a := listing(&api{rows: people(250, 1), total: says("300")})
				r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				wantIDs(t, r, 1, 250)
				if e := wantAs[*extractor.ShortError](t, r.err); e.Total != 300 || !strings.Contains(r.err.Error(), "total_path: null") {
					t.Errorf("got %v", r.err)
				}
				empty := listing(&api{total: says("7")})
				r = walk(t, extract(t, empty, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				wantAs[*extractor.ShortError](t, r.err)
			})

			t.Run("maximum", func(t *testing.T) {
				p := l.paginator()
				bound := p.Page + 3
				if p.Type == "offset" {
					bound = 300
				}
				p.Maximum = &bound
				for _, tt := range []struct {
					rows, want int
					total      func(*api, url.Values) string
					reason     extractor.Reason
					proven     bool
				}{
					{1000, 300, l.total, extractor.Bound, false},
					{1000, 300, nil, extractor.Bound, false},
					{300, 300, nil, extractor.Bound, false},
					{300, 300, l.total, extractor.Total, true}, // at the same time
					{250, 250, l.total, extractor.Total, true},
				} {
					a := listing(&api{rows: people(tt.rows, 1), total: tt.total})
					x := extract(t, a, resource(p))
					r := walk(t, x, extractor.Position{}, extractor.WalkOptions{})
					wantIDs(t, r, 1, tt.want)
					if r.err != nil || r.end.Reason != tt.reason || r.end.Proven != tt.proven || r.end.Bounded == tt.proven || len(a.seen) != 3 {
						t.Errorf("%d rows: %d requests, %v", tt.rows, len(a.seen), r)
					}
					if tt.reason != extractor.Bound {
						continue
					}
					asked := len(a.seen)
					r = walk(t, x, r.next[2], extractor.WalkOptions{Resumed: true})
					if r.err != nil || r.end.Reason != extractor.Bound || !r.end.Bounded || len(a.seen) != asked {
						t.Errorf("resumed at the bound: %d requests more, %v", len(a.seen)-asked, r)
					}
				}
			})

			t.Run("a later beginning is a bound", func(t *testing.T) {
				p := l.paginator()
				p.Offset, p.Page = 100, p.Page+1
				for _, total := range []func(*api, url.Values) string{nil, l.total} {
					a := listing(&api{rows: people(350, 1), total: total})
					r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
					wantIDs(t, r, 101, 350)
					if r.err != nil || !r.end.Bounded || r.end.Proven || r.end.Reason == extractor.Bound {
						t.Errorf("%v", r)
					}
				}
			})

			t.Run("has_more", func(t *testing.T) {
				p := l.paginator()
				p.HasMorePath = pathTo("meta.more")
				for _, tt := range []struct {
					name        string
					yes, no     string
					total       func(*api, url.Values) string
					reason      extractor.Reason
					proven, bad bool
				}{
					{name: "booleans", yes: "true", no: "false", reason: extractor.HasMoreFalse},
					{name: "text", yes: `"True"`, no: `"no"`, reason: extractor.HasMoreFalse},
					{name: "beside a total", yes: "true", no: "false", total: l.total, reason: extractor.Total, proven: true},
					{name: "true for ever", yes: "true", no: "true", reason: extractor.EmptyPage, proven: true},
					{name: "null", yes: "null", bad: true},
					{name: "a number", yes: "1", bad: true},
					{name: "another text", yes: `"maybe"`, bad: true},
					{name: "an object", yes: `{}`, bad: true},
				} {
					a := listing(&api{rows: people(250, 1), total: tt.total})
					a.extra = func(_ *api, _ url.Values, last bool) string {
						more := tt.yes
						if last {
							more = tt.no
						}
						return `"meta":{"more":` + more + `},`
					}
					r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
					if tt.bad {
						if e := wantAs[*extractor.PathError](t, r.err); e.Option != "has_more_path" || len(r.ids) != 0 {
							t.Errorf("%s: %v", tt.name, r)
						}
						continue
					}
					wantIDs(t, r, 1, 250)
					if r.err != nil || r.end.Reason != tt.reason || r.end.Proven != tt.proven {
						t.Errorf("%s: %v", tt.name, r)
					}
				}
				a := listing(&api{rows: people(250, 1)})
				r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
				wantAs[*extractor.PathError](t, r.err)
			})

			t.Run("has_more against the total", func(t *testing.T) {
				p := l.paginator()
				p.HasMorePath = pathTo("more")
				// More to come where the total is reached: the walk ends, and proves nothing.
				a := listing(&api{rows: people(200, 1), total: l.total, extra: func(*api, url.Values, bool) string { return `"more":true,` }})
				r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
				if r.err != nil || r.end.Reason != extractor.Total || r.end.Proven || !r.end.Drifted || len(r.ids) != 200 {
					t.Errorf("%v", r)
				}
				// No more where the total isn't reached: short, after a page that is good.
				a = listing(&api{rows: people(500, 1), total: l.total, extra: func(_ *api, q url.Values, _ bool) string { return `"more":false,` }})
				r = walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
				wantIDs(t, r, 1, 100)
				wantAs[*extractor.ShortError](t, r.err)
			})

			t.Run("faults in the middle", func(t *testing.T) {
				a := listing(&api{rows: people(450, 1), total: l.total})
				a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
					switch n {
					case 1, 2:
						w.WriteHeader(503)
					case 4:
						_, _ = w.Write([]byte(`{"data":[{"id":101},{"id":1`)) // half a JSON text
					case 7:
						// an empty body
					default:
						return false
					}
					return true
				}
				var retried []string
				r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{
					OnRetry: func(at string, attempt int, err error, _ time.Duration) {
						retried = append(retried, fmt.Sprint(at, " ", attempt))
					}})
				wantIDs(t, r, 1, 450)
				first := strings.Split(r.pages[0], ":")[0]
				if r.err != nil || !r.end.Proven || r.requests != 9 || r.retries != 4 || len(retried) != 4 || retried[0] != first+" 1" || retried[1] != first+" 2" {
					t.Errorf("%d requests, %d retries, told %q, %v", r.requests, r.retries, retried, r)
				}
			})

			t.Run("failure for good", func(t *testing.T) {
				a := listing(&api{rows: people(600, 1), total: l.total})
				a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
					if n >= 4 {
						w.WriteHeader(500)
					}
					return n >= 4
				}
				r := walk(t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				wantIDs(t, r, 1, 300)
				if e := wantAs[*extractor.PageError](t, r.err); e.Attempts != 4 || r.requests != 7 || r.retries != 3 {
					t.Errorf("%d requests, %d retries, %v", r.requests, r.retries, r.err)
				}
			})

			t.Run("the context ends it", func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				a := listing(&api{rows: people(600, 1)})
				a.before = func(n int, _ *api) {
					if n == 2 {
						cancel()
					}
				}
				a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
					if n == 2 {
						w.WriteHeader(500)
					}
					return n == 2
				}
				r := walkWith(t, ctx, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				if !errors.Is(r.err, context.Canceled) || len(r.ids) != 100 || r.requests != 2 || r.retries != 0 {
					t.Errorf("%d requests, %d retries, %v", r.requests, r.retries, r)
				}
			})

			t.Run("empty pages that are not the end", func(t *testing.T) {
				p := l.paginator()
				p.StopAfterEmpty = false
				rows := func(a *api) { // the second page is filtered away
					a.instead = func(n int, w http.ResponseWriter, r *http.Request) bool {
						if n == 2 {
							_, _ = io.WriteString(w, `{"data":[],"more":true}`)
						}
						return n == 2
					}
				}
				// The maximum ends it.
				bound := p.Page + 4
				if p.Type == "offset" {
					bound = 400
				}
				bounded := p
				bounded.Maximum = &bound
				a := listing(&api{rows: people(250, 1)})
				rows(a)
				r := walk(t, extract(t, a, resource(bounded)), extractor.Position{}, extractor.WalkOptions{})
				if r.err != nil || r.end.Reason != extractor.Bound || len(r.ids) != 150 {
					t.Errorf("maximum: %v", r)
				}
				// The API's word ends it.
				worded := p
				worded.HasMorePath = pathTo("more")
				a = listing(&api{rows: people(250, 1), extra: func(_ *api, _ url.Values, last bool) string { return fmt.Sprintf(`"more":%v,`, !last) }})
				rows(a)
				r = walk(t, extract(t, a, resource(worded)), extractor.Position{}, extractor.WalkOptions{})
				if r.err != nil || r.end.Reason != extractor.HasMoreFalse || r.end.Proven || len(r.ids) != 150 || r.requests != 3 {
					t.Errorf("has_more: %v", r)
				}
				// Nothing would ever end it.
				a = listing(&api{rows: people(150, 1)})
				r = walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
				if e := wantAs[*extractor.PathError](t, r.err); e.Option != "total_path" || len(r.ids) != 150 {
					t.Errorf("nothing: %v", r)
				}
				// The total ends it, also by going past it; rows that were not shown are missing from it.
				a = listing(&api{rows: people(250, 1), total: l.total})
				r = walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
				wantIDs(t, r, 1, 250)
				if r.err != nil || !r.end.Proven {
					t.Errorf("total: %v", r)
				}
				a = listing(&api{rows: people(150, 1), total: says("290")})
				r = walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
				if p.Type == "page_number" { // a page is one, empty or not; but maybe rows are meant
					if r.err != nil || r.end.Reason != extractor.Total || r.end.Proven || r.requests != 290 {
						t.Errorf("short: %v", r)
					}
					return
				}
				if e := wantAs[*extractor.ShortError](t, r.err); e.Total != 290 {
					t.Errorf("short: %v", r)
				}
			})
		})
	}
}

func always(body string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte(body))
		return true
	}
}

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
		{"deep", `{"a":{"b c":[{"id":1}]}}`, "a.b c", 1, extractor.SinglePage, false},
	} {
		a := &api{instead: always(tt.body)}
		res := resource(single())
		res.Endpoint.Selector = path(tt.selector)
		r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
		if r.err != nil || len(r.ids) != tt.rows || r.end.Reason != tt.reason || r.end.Proven != tt.proven || len(a.seen) != 1 {
			t.Errorf("%s: %d requests, %v", tt.name, len(a.seen), r)
		}
		if q := a.seen[0].URL.RawQuery; q != "api_key="+url.QueryEscape(secret) {
			t.Errorf("%s: asked with %s", tt.name, q)
		}
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
		{"230.5", -1}, {`"many"`, -1}, {`""`, -1}, {`"0xE6"`, -1}, {`"2_30"`, -1}, {`"NaN"`, -1}, {`"Infinity"`, -1}, {"1e400", -1}, {"99999999999999999999", -1},
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
		if p.At != at || p.Next != next || *p.Total != 500 || p.TotalPages || p.Bytes == 0 {
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
	for _, text := range []string{"", "null", "[]", `{"offset":"x"}`, `{"offset":-5}`, `{"page":-1}`, `{"offset":1.5}`, `{"offset":1e99}`} {
		if got := extractor.ParsePosition([]byte(text)); !reflect.DeepEqual(got, extractor.Position{}) {
			t.Errorf("%s: read as %+v, want the beginning", text, got)
		}
	}
}
