package extractor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	named     bool // by the API
}{
	{"offset", offset, func(*api) {}, counted, false},
	{"page_number from 0", func() config.Paginator { return number(0) }, func(a *api) { a.size = 100 }, pages, false},
	{"page_number from 1", func() config.Paginator { return number(1) }, func(a *api) { a.size, a.basePage = 100, 1 }, pages, false},
	{"cursor", func() config.Paginator { return named("cursor") }, func(a *api) { a.size, a.names = 100, "cursor" }, counted, true},
	{"cursor in the body", func() config.Paginator { return named("body") }, func(a *api) { a.size, a.names = 100, "body" }, counted, true},
	{"header_cursor", func() config.Paginator { return named("header_cursor") }, func(a *api) { a.size, a.names = 100, "header_cursor" }, counted, true},
	{"json_link", func() config.Paginator { return named("json_link") }, func(a *api) { a.size, a.names = 100, "json_link" }, counted, true},
	{"header_link", func() config.Paginator { return named("header_link") }, func(a *api) { a.size, a.names = 100, "header_link" }, counted, true},
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
						proven := true
						if l.named && total == nil { // no next page is no proof
							want, reason, proven = (rows+99)/100, extractor.NoNext, rows == 0
						}
						if rows == 0 {
							want, reason = 1, extractor.EmptyPage
						}
						if r.err != nil || r.end.Proven != proven || r.end.Reason != reason || r.requests != want || r.end.Drifted || r.end.Bounded {
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
				if l.named { // names repeat: below
					return
				}
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
					if again := i*100 + 1; !l.named {
						wantIDs(t, back, again, 450)
					} else if at.OnePageBack() != at && next.Token != "" {
						t.Errorf("one page back of %+v is %+v, where no token leads", at, at.OnePageBack())
					}
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
				if l.named {
					return
				}
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
				if l.named {
					return
				}
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
				if l.named {
					return
				}
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
				if l.named {
					return
				}
				p := l.paginator()
				p.HasMorePath = pathTo("meta.more")
				for _, tt := range []struct {
					name        string
					yes, no     string
					total       func(*api, url.Values) string
					reason      extractor.Reason
					proven, bad bool
					on          bool // stop_after_empty_page: false
				}{
					{name: "true for ever, and empty pages no end", yes: "true", no: "true", on: true},
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
					p.StopAfterEmpty = !tt.on
					r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
					if tt.on {
						if e := wantAs[*extractor.LoopError](t, r.err); e.Empty != 1000 || len(r.ids) != 250 {
							t.Errorf("%s: %v", tt.name, r)
						}
						continue
					}
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
				if l.named {
					return
				}
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
				r := walkWith(ctx, t, extract(t, a, resource(l.paginator())), extractor.Position{}, extractor.WalkOptions{})
				if !errors.Is(r.err, context.Canceled) || len(r.ids) != 100 || r.requests != 2 || r.retries != 0 {
					t.Errorf("%d requests, %d retries, %v", r.requests, r.retries, r)
				}
			})

			t.Run("empty pages that are not the end", func(t *testing.T) {
				if l.named {
					return
				}
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
