package extractor_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/rest"
)

// kinds are the paginators whose next page the API names.
var kinds = []string{"cursor", "body", "header_cursor", "json_link", "header_link"}

func namedAPI(kind string, rows int) *api { return &api{rows: people(rows, 1), size: 100, names: kind} }

// What each of them asks for: its own parameters beside ours, a link instead of ours; the credential once.
func TestNamedRequests(t *testing.T) {
	for kind, want := range map[string][2]string{
		"cursor":        {"a=b&api_key=" + key, "a=b&cursor=row+100&api_key=" + key},
		"body":          {"a=b&api_key=" + key, "a=b&api_key=" + key},
		"header_cursor": {"a=b&api_key=" + key, "a=b&cursor=row+100&api_key=" + key},
		"json_link":     {"a=b&api_key=" + key, "from=100&a=1&api_key=" + key},
		"header_link":   {"a=b&api_key=" + key, "from=100&a=1,2&api_key=" + key},
	} {
		a := namedAPI(kind, 150)
		res := resource(named(kind))
		res.Endpoint.Params = []config.Param{{Name: "a", Values: []string{"b"}}}
		r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 150)
		if got := [2]string{a.seen[0].URL.RawQuery, a.seen[1].URL.RawQuery}; got != want || len(a.seen) != 2 {
			t.Errorf("%s: asked for %q, want %q", kind, got, want)
		}
		if strings.Join(r.pages, ", ") != "page 1: 100, page 2: 50" {
			t.Errorf("%s: %v", kind, r)
		}
	}
}

// A parameter may hold the cursor to begin with.
func TestFirstCursor(t *testing.T) {
	a := namedAPI("cursor", 150)
	res := resource(named("cursor"))
	res.Endpoint.Params = []config.Param{{Name: "cursor", Values: []string{"*"}}, {Name: "z", Values: []string{"1"}}}
	r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || a.asked("cursor") != "* row 100" || a.seen[1].URL.RawQuery != "z=1&cursor=row+100&api_key="+key {
		t.Errorf("asked for %s, %v", a.asked("cursor"), r)
	}
}

// Loops are found at the first repetition, before anything is asked twice.
func TestNamedLoops(t *testing.T) {
	for _, kind := range kinds {
		for name, tt := range map[string]struct {
			name     func(from int) int
			requests int
		}{
			"its own page":    {func(from int) int { return max(from, 100) }, 2},
			"the page before": {func(from int) int { return map[int]int{0: 100, 100: 200, 200: 100}[from] }, 3},
		} {
			a := namedAPI(kind, 1000)
			a.name = tt.name
			r := walk(t, extract(t, a, resource(named(kind))), extractor.Position{}, extractor.WalkOptions{})
			if e := wantAs[*extractor.LoopError](t, r.err); !e.Token || e.Earlier != "page 2" || r.requests != tt.requests || len(r.ids) != 100*tt.requests {
				t.Errorf("%s, %s: %d requests, %v", kind, name, r.requests, r)
			}
		}
		// Always another name, and always the same records.
		a := namedAPI(kind, 100)
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{`+a.nameOf(w, n)+`"data":[{"id":1}]}`)
			return true
		}
		r := walk(t, extract(t, a, resource(named(kind))), extractor.Position{}, extractor.WalkOptions{})
		if e := wantAs[*extractor.LoopError](t, r.err); e.Token || e.Earlier != "page 1" || r.requests != 2 {
			t.Errorf("%s: %d requests, %v", kind, r.requests, r)
		}
		// And no records at all.
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{`+a.nameOf(w, n)+`"data":[]}`)
			return true
		}
		r = walk(t, extract(t, a, resource(named(kind))), extractor.Position{}, extractor.WalkOptions{})
		if r.err == nil || !strings.Contains(r.err.Error(), "1000 pages in a row have no records") || r.requests != 1000 {
			t.Errorf("%s: %d requests, %v", kind, r.requests, r)
		}
	}
	// A link to the first page is one too.
	a := &api{instead: always(`{"next":"/v1/contacts","data":[{"id":1}]}`)}
	r := walk(t, extract(t, a, resource(named("json_link"))), extractor.Position{}, extractor.WalkOptions{})
	if e := wantAs[*extractor.LoopError](t, r.err); !e.Token || e.Earlier != "page 1" || r.requests != 1 {
		t.Errorf("the first page: %d requests, %v", r.requests, r)
	}
}

// Pages that are filtered away on the server are no end unless the user says so, and then no proof.
func TestNamedEmptyPages(t *testing.T) {
	for _, kind := range kinds {
		for _, stop := range []bool{false, true} {
			p := named(kind)
			p.StopAfterEmpty = stop
			a := namedAPI(kind, 300)
			a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 2 {
					_, _ = io.WriteString(w, `{`+a.nameOf(w, 200)+`"data":[]}`)
				}
				return n == 2
			}
			r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
			want, rows := extractor.NoNext, 200
			if stop {
				want, rows = extractor.EmptyPage, 100
			}
			if r.err != nil || r.end.Reason != want || len(r.ids) != rows || r.end.Proven {
				t.Errorf("%s, stop_after_empty_page %v: %v", kind, stop, r)
			}
		}
		// Some listings end so: an empty page without a next one is the end of all rows.
		a := namedAPI(kind, 100)
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 1 {
				_, _ = io.WriteString(w, `{`+a.nameOf(w, 100)+`"data":[{"id":1}]}`)
			}
			return n == 1
		}
		r := walk(t, extract(t, a, resource(named(kind))), extractor.Position{}, extractor.WalkOptions{})
		if r.err != nil || r.end.Reason != extractor.EmptyPage || !r.end.Proven || r.requests != 2 {
			t.Errorf("%s: %v", kind, r)
		}
	}
}

func TestCursorHasMore(t *testing.T) {
	p := named("cursor")
	p.HasMorePath = pathTo("more")
	for _, tt := range []struct {
		more   func(last bool) string
		reason extractor.Reason
		rows   int
		bad    bool
	}{
		{func(last bool) string { return fmt.Sprint(!last) }, extractor.HasMoreFalse, 250, false},
		{func(bool) string { return "false" }, extractor.HasMoreFalse, 100, false},
		{func(bool) string { return `"no"` }, extractor.HasMoreFalse, 100, false},
		{func(bool) string { return "true" }, extractor.NoNext, 250, false},
		{func(bool) string { return "5" }, extractor.Unended, 0, true},
	} {
		a := namedAPI("cursor", 250)
		a.extra = func(_ *api, _ url.Values, last bool) string {
			return `"more":` + tt.more(len(a.seen) == 3) + `,`
		}
		if tt.reason == extractor.HasMoreFalse && tt.rows == 250 { // it goes on naming pages
			a.name = func(from int) int { return from + 100 }
		}
		r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
		if (r.err != nil) != tt.bad || r.end.Reason != tt.reason || len(r.ids) != tt.rows || r.end.Proven {
			t.Errorf("%v: %v", tt.reason, r)
		}
	}
}

// Some APIs name the last page, or the empty one behind it, as its own next. That is no loop where something else ends the walk; if
// nothing does, its rows came all the same.
func TestLastPageNamesItself(t *testing.T) {
	for _, kind := range kinds {
		for _, tt := range []struct {
			name  string
			ended extractor.Reason
			last  int // the row that the last name leads to
		}{
			{"more is false", extractor.HasMoreFalse, 200},
			{"an empty page", extractor.EmptyPage, 250},
			{"nothing ends it", extractor.Unended, 200},
			{"an empty page is no end", extractor.Unended, 250},
		} {
			p := named(kind)
			a := namedAPI(kind, 250)
			a.name = func(from int) int { return min(from+100, tt.last) }
			switch tt.ended {
			case extractor.HasMoreFalse:
				p.HasMorePath = pathTo("more")
				a.extra = func(_ *api, _ url.Values, last bool) string { return fmt.Sprintf(`"more":%t,`, !last) }
			case extractor.EmptyPage:
				p.StopAfterEmpty = true
			}
			r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
			if len(r.ids) != 250 || r.end.Reason != tt.ended || (r.err != nil) != (tt.ended == extractor.Unended) {
				t.Errorf("%s, %s: %d requests, %v", kind, tt.name, r.requests, r)
			}
			if r.err == nil {
				continue
			}
			if e := wantAs[*extractor.LoopError](t, r.err); !e.Token || e.Empty != (tt.last-200)/50 {
				t.Errorf("%s, %s: %v", kind, tt.name, r)
			}
		}
	}
}

// A cursor that stays the same while the server moves on is a scroll, where an empty page is the end. It cannot be resumed, and proves
// nothing: what a repeated request skips, nobody sees.
func TestScroll(t *testing.T) {
	for _, kind := range []string{"cursor", "body", "header_cursor"} {
		p := named(kind)
		p.StopAfterEmpty = true
		a := namedAPI(kind, 250)
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{`+a.nameOf(w, 7)+`"data":[`+strings.Join(a.rows[min(100*(n-1), 250):min(100*n, 250)], ",")+"]}")
			return true
		}
		r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 250)
		if r.err != nil || r.end.Reason != extractor.EmptyPage || r.end.Proven || r.requests != 4 || r.next[1] != (extractor.Position{}) {
			t.Errorf("%s: %d requests, %v, on at %+v", kind, r.requests, r, r.next)
		}
		// One that doesn't move on is a loop.
		a = namedAPI(kind, 250)
		a.instead = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{`+a.nameOf(w, 7)+`"data":[{"id":1}]}`)
			return true
		}
		r = walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
		if e := wantAs[*extractor.LoopError](t, r.err); e.Token || r.requests != 2 || len(r.ids) != 1 {
			t.Errorf("%s: %d requests, %v", kind, r.requests, r)
		}
	}
}

// An empty link is no link, as an empty cursor is none.
func TestLinksThatAreNone(t *testing.T) {
	for _, value := range []string{`""`, "null", "false"} {
		a := &api{instead: always(`{"data":[{"id":1}],"next":` + value + `}`)}
		r := walk(t, extract(t, a, resource(named("json_link"))), extractor.Position{}, extractor.WalkOptions{})
		if r.err != nil || r.requests != 1 || r.end.Reason != extractor.NoNext || r.end.Proven {
			t.Errorf("%s: %v", value, r)
		}
	}
}

// What Python takes for false is the last page; what no cursor can be is an error.
func TestCursorValues(t *testing.T) {
	for _, body := range []bool{false, true} {
		for value, want := range map[string]string{
			"null": "", `""`: "", "0": "", "0.0": "", "false": "", "[]": "", "{}": "",
			`"0"`: "0", "17": "17", "9007199254740993": "9007199254740993", `"a\u0020b&c"`: "a b&c", `"é"`: "é",
			`{"a":[1,2]}`: "!", "true": "!", "[1]": "!",
		} {
			p := named("cursor")
			if body {
				p = named("body")
			}
			a := &api{}
			var sent string
			a.instead = func(n int, w http.ResponseWriter, r *http.Request) bool {
				if n == 1 {
					_, _ = io.WriteString(w, `{"cursors":{"next":`+value+`},"data":[{"id":1}]}`)
					return true
				}
				sent = r.URL.Query().Get("cursor")
				if body {
					text, _ := io.ReadAll(r.Body)
					sent = string(text)
				}
				_, _ = io.WriteString(w, `{"data":[]}`)
				return true
			}
			r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
			if body && want != "" {
				plain := strings.ReplaceAll(value, `\u0020`, " ")
				want = `{"page":{"after":` + strings.ReplaceAll(plain, "&", `\u0026`) + `}}`
			}
			if want == "!" {
				if e := wantAs[*extractor.PathError](t, r.err); e.Option != "cursor_path" || r.requests != 1 {
					t.Errorf("%s: %v", value, r)
				}
				continue
			}
			if requests := map[bool]int{true: 1, false: 2}[want == ""]; r.err != nil || sent != want || r.requests != requests {
				t.Errorf("%s (body %v): sent %q, want %q; %v", value, body, sent, want, r)
			}
		}
	}
}

// Nothing is asked where a link leads away from the listing, whatever it looks like, and nothing of it is shown.
func TestLinksToElsewhere(t *testing.T) {
	for _, link := range []string{
		"http://evil.test/x?t=" + secret, "//evil.test/x", "https://api.test/v1/contacts?p=2", "http://api.test:81/x", "http://api.test@evil.test/", "http://u:p@api.test/x",
		`http://evil.test\@api.test/`, `\\evil.test/x`, `/\evil.test`, "ftp://api.test/x", "javascript:alert(1)", "http:evil.test", "http://", "http://[::1", "/a\tb", "http://evil.test/a b",
		"http://api.test.evil.test/", "/" + strings.Repeat("x", 20<<10),
	} {
		for _, kind := range []string{"json_link", "header_link"} {
			if kind == "header_link" && strings.ContainsAny(link, "\t") {
				continue
			}
			a := &api{}
			a.instead = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Link", "<"+link+`>; rel=next`)
				_, _ = fmt.Fprintf(w, `{"data":[{"id":1}],"next":%q}`, link)
				return true
			}
			r := walk(t, extract(t, a, resource(named(kind))), extractor.Position{}, extractor.WalkOptions{})
			if e := wantAs[*extractor.LinkError](t, r.err); len(a.seen) != 1 || len(r.ids) != 0 || e.Option == "" || strings.Contains(e.Error(), "/x") {
				t.Errorf("%s: %d requests, %v", link, len(a.seen), r.err)
			}
		}
	}
	for body, why := range map[string]string{"5": "a number", `{"href":"/x"}`: "an object", "true": "a boolean"} {
		a := &api{instead: always(`{"data":[{"id":1}],"next":` + body + `}`)}
		r := walk(t, extract(t, a, resource(named("json_link"))), extractor.Position{}, extractor.WalkOptions{})
		if e := wantAs[*extractor.PathError](t, r.err); e.Option != "next_url_path" || !strings.Contains(e.Why, why) {
			t.Errorf("%s: %v", body, r.err)
		}
	}
}

// An API that does not know of the TLS before it says http; it is asked at https.
func TestLinksBehindAProxy(t *testing.T) {
	for _, tt := range []struct{ base, link, want string }{
		{"https://api.test", "http://api.test/v1/contacts?p=2", "https://api.test/v1/contacts?p=2"},
		{"https://api.test", "http://API.test:80/v1/contacts?p=2", "https://api.test/v1/contacts?p=2"},
		{"https://api.test", "http://api.test:443/v1/contacts?p=2", "https://api.test/v1/contacts?p=2"},
		{"https://api.test:8443", "http://api.test:8443/v1/contacts?p=2", "https://api.test:8443/v1/contacts?p=2"},
		{"https://api.test", "http://api.test:8080/v1/contacts?p=2", ""},
		{"https://api.test:8443", "http://api.test/v1/contacts?p=2", ""},
		{"https://api.test", "http://evil.test/v1/contacts?p=2", ""},
		{"http://api.test", "https://api.test/v1/contacts?p=2", ""},
	} {
		a := &api{}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			_, _ = fmt.Fprintf(w, `{"data":[{"id":%d}],"next":%s}`, n, map[bool]string{true: fmt.Sprintf("%q", tt.link), false: "null"}[n == 1])
			return true
		}
		c, res := client(), resource(named("json_link"))
		c.BaseURL, res.Endpoint.Auth = tt.base, nil
		r := walk(t, extractWith(t, a, c, res), extractor.Position{}, extractor.WalkOptions{})
		if tt.want == "" {
			wantAs[*extractor.LinkError](t, r.err)
			if len(a.seen) != 1 {
				t.Errorf("%s: %d requests", tt.link, len(a.seen))
			}
			continue
		}
		if r.err != nil || len(a.seen) != 2 || a.seen[1].URL.String() != tt.want {
			t.Errorf("%s: %d requests, %v", tt.link, len(a.seen), r)
		}
	}
}

// Links are resolved as URLs are, and lead on where the listing itself is: with the credential that is meant for there, or without.
func TestLinksAreResolved(t *testing.T) {
	for _, tt := range []struct{ path, link, want string }{
		{"/v1/contacts", "?p=2", "http://api.test/v1/contacts?p=2&api_key=" + key},
		{"/v1/contacts", "contacts?p=2#x", "http://api.test/v1/contacts?p=2&api_key=" + key},
		{"/v1/contacts", "?q=a b&p=2", "http://api.test/v1/contacts?q=a%20b&p=2&api_key=" + key},
		{"/v1/contacts", "../v2/x?p=%C3%A9,1", "http://api.test/v2/x?p=%C3%A9,1&api_key=" + key},
		{"/v1/contacts", "HTTP://API.test:80/y", "http://API.test:80/y?api_key=" + key},
		{"/v1/contacts", "/y?api%5Fkey=" + key + "&p=2&API_KEY=x", "http://api.test/y?p=2&API_KEY=x&api_key=" + key},
		{"http://other.test/list", "/list?p=2", "http://other.test/list?p=2"},
	} {
		a := &api{}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			text := `{"data":[{"id":1}],"next":` + fmt.Sprintf("%q", tt.link) + `}`
			if n == 2 {
				text = `{"data":[{"id":2}],"next":null}`
			}
			_, _ = io.WriteString(w, text)
			return true
		}
		res := resource(named("json_link"))
		res.Endpoint.Path = tt.path
		r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
		if r.err != nil || len(a.seen) != 2 || a.seen[1].URL.String() != tt.want {
			t.Errorf("%s from %s: %v, asked %v", tt.link, tt.path, r, a.seen[len(a.seen)-1].URL)
		}
	}
}

func TestLinkHeaders(t *testing.T) {
	for header, want := range map[string]string{
		`<?p=2>; rel="next"`: "p=2", `<?p=2>;rel=next`: "p=2", `<?p=2> ; REL = "prev Next"`: "p=2", `<?p=1>; rel=prev, <?p=2>; rel=next`: "p=2",
		`<?p=1,2>; title="x; rel=next, <y>"; rel=self,<?p=2>; foo; bar=baz; rel=next`: "p=2", `<?p=2>; rel=next; rel=prev`: "p=2", `<?p=2>; rel=prev; rel=next`: "",
		`<?p=2>; title="a\"b"; rel="next"`: "p=2", `, ,<?p=2>; rel=next`: "p=2", `<?p=2>; rel=next, <?p=3>; rel=next`: "p=2",
		"": "", `<?p=2>`: "", `<?p=2>; rel`: "", `<?p=2>; rel=`: "", `<?p=2; rel=next`: "", `<?p=2>; rel="nextish"`: "", `rel=next`: "", `<?p=2>; title="rel=next`: "",
		`<?p=2>; anchor="#x"; rel=next`: "p=2", `<?p=2>; =; ==;; rel=next`: "p=2",
	} {
		a := &api{}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 1 {
				for part := range strings.SplitSeq(header, "|") {
					w.Header().Add("Link", part)
				}
			}
			_, _ = fmt.Fprintf(w, `{"data":[{"id":%d}]}`, n)
			return true
		}
		r := walk(t, extract(t, a, resource(named("header_link"))), extractor.Position{}, extractor.WalkOptions{})
		got := ""
		if len(a.seen) > 1 {
			got, _, _ = strings.Cut(a.seen[1].URL.RawQuery, "&")
		}
		if r.err != nil || got != want {
			t.Errorf("%s: asked for %q, want %q (%v)", header, got, want, r.err)
		}
	}
}

// A token that the API knows no more begins the walk anew, and then it is whole; another failure is a failure.
func TestOutlivedTokens(t *testing.T) {
	for _, kind := range kinds {
		x := func(a *api) *extractor.Extractor { return extract(t, a, resource(named(kind))) }
		whole := walk(t, x(namedAPI(kind, 250)), extractor.Position{}, extractor.WalkOptions{})
		for status, anew := range map[int]bool{400: true, 404: true, 409: true, 410: true, 422: true, 200: true, 401: true, 403: true, 429: false, 500: false} {
			a := namedAPI(kind, 250)
			a.total = counted
			a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 1 || !anew {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, `{"error":"cursor expired"}`)
					return true
				}
				return false
			}
			r := walk(t, x(a), whole.next[0], extractor.WalkOptions{Resumed: true})
			if !anew {
				if r.err == nil || r.end.Restarted || len(r.ids) != 0 {
					t.Errorf("%s, %d: %v", kind, status, r)
				}
				continue
			}
			wantIDs(t, r, 1, 250)
			if r.err != nil || !r.end.Restarted || !r.end.Proven || r.requests != 4 || !r.restarted {
				t.Errorf("%s, %d: %d requests, %v", kind, status, r.requests, r)
			}
		}
		// Where the first page is refused too, it is the credentials.
		for _, status := range []int{401, 403} {
			a := &api{instead: func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(status); return true }}
			r := walk(t, x(a), whole.next[0], extractor.WalkOptions{Resumed: true})
			if e := wantAs[*rest.StatusError](t, r.err); e.Status != status || len(a.seen) != 2 || len(r.ids) != 0 {
				t.Errorf("%s, %d: %d requests, %v", kind, status, len(a.seen), r)
			}
		}
		// Once it has gone on, it fails as any walk does.
		a := namedAPI(kind, 450)
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 2 {
				w.WriteHeader(410)
			}
			return n == 2
		}
		r := walk(t, x(a), whole.next[0], extractor.WalkOptions{Resumed: true})
		if r.err == nil || len(r.ids) != 100 || r.end.Restarted {
			t.Errorf("%s: %v", kind, r)
		}
		// And the beginning is no token.
		a = &api{instead: func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(410); return true }}
		r = walk(t, x(a), extractor.Position{}, extractor.WalkOptions{Resumed: true})
		if r.err == nil || len(a.seen) != 1 {
			t.Errorf("%s: %v", kind, r)
		}
	}
}

// Positions that no such walk can have made begin it anew.
func TestForeignPositions(t *testing.T) {
	for _, tt := range []struct {
		p    config.Paginator
		from extractor.Position
	}{
		{named("json_link"), extractor.Position{Page: 1, Token: "http://evil.test/v1/contacts?from=100"}},
		{named("json_link"), extractor.Position{Page: 1, Token: "row 100"}},
		{named("cursor"), extractor.Position{Offset: 300, Back: 200}},
		{named("cursor"), extractor.Position{Token: "row 100"}},
		{offset(), extractor.Position{Page: 1, Token: "row 100"}},
		{number(0), extractor.Position{Page: 1, Token: "row 100"}},
	} {
		a := &api{rows: people(250, 1), size: 100}
		if tt.p.Named() {
			a.names = tt.p.Type
		}
		r := walk(t, extract(t, a, resource(tt.p)), tt.from, extractor.WalkOptions{Resumed: true})
		wantIDs(t, r, 1, 250)
		if r.err != nil || !r.end.Restarted {
			t.Errorf("%+v: %v", tt.from, r)
		}
	}
}

// The token is in the state for all to read: one with a secret in it is not, and the walk can only be begun anew.
func TestTokensWithSecretsAreNotKept(t *testing.T) {
	a := &api{}
	a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		next := fmt.Sprintf(`"/v1/contacts?p=%d&session=%s"`, n, url.QueryEscape(second))
		if n == 3 {
			next = "null"
		}
		_, _ = fmt.Fprintf(w, `{"data":[{"id":%d}],"next":%s}`, n, next)
		return true
	}
	r := walk(t, extract(t, a, resource(named("json_link"))), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || len(r.ids) != 3 || r.next[0] != (extractor.Position{}) || r.next[1] != (extractor.Position{}) {
		t.Errorf("positions %+v, %v", r.next, r)
	}
}

// dlt knows no total of these; ours is an option, and then it is held to.
func TestNamedTotalOfTheUser(t *testing.T) {
	for _, kind := range kinds {
		p := named(kind)
		p.TotalGiven = true
		r := walk(t, extract(t, namedAPI(kind, 100), resource(p)), extractor.Position{}, extractor.WalkOptions{})
		if e := wantAs[*extractor.PathError](t, r.err); e.Option != "total_path" {
			t.Errorf("%s: %v", kind, r)
		}
		a := namedAPI(kind, 250)
		a.total = says("200") // there are more
		r = walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
		if r.err != nil || !r.end.Drifted || r.end.Proven || len(r.ids) != 250 {
			t.Errorf("%s: %v", kind, r)
		}
	}
}

// A path that is, letter for letter, a member's name leads nowhere, which would end the walk in silence.
func TestPathsThatAreNames(t *testing.T) {
	const wrong, right = "@odata.nextLink", "['@odata.nextLink']"
	for _, tt := range []struct {
		kind, path, value string
		requests          int
		fails             bool
	}{
		{"json_link", wrong, `"/v1/contacts?from=100"`, 1, true},
		{"json_link", right, `"/v1/contacts?from=100"`, 2, false},
		{"cursor", wrong, `"row 100"`, 1, true},
		{"cursor", right, `"row 100"`, 2, false},
		{"json_link", wrong, `null`, 1, false},
	} {
		p := named(tt.kind)
		if p.NextURLPath != nil {
			p.NextURLPath = pathTo(tt.path)
		} else {
			p.CursorPath = pathTo(tt.path)
		}
		a := &api{names: tt.kind, size: 100, rows: people(100, 1)}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 1 {
				_, _ = io.WriteString(w, `{"data":[{"id":0}],"@odata.nextLink":`+tt.value+`}`)
			}
			return n == 1
		}
		r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
		if (r.err != nil) != tt.fails || r.requests != tt.requests || tt.fails && !strings.Contains(r.err.Error(), `write "['@odata.nextLink']"`) {
			t.Errorf("%s %s %s: %d requests, %v", tt.kind, tt.path, tt.value, r.requests, r)
		}
	}
}
