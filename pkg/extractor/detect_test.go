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
)

// open is a resource that leaves open how it is paged and where its records are.
func open() config.Resource {
	res := resource(config.Paginator{Type: "auto"})
	res.Endpoint.Selector = config.Query{}
	return res
}

// What a first answer is taken for: dlt's detector, case by case.
func TestDetect(t *testing.T) {
	for _, tt := range []struct{ link, body, paginator, selector string }{
		{"", `[{"id":1}]`, "single_page", "$"},
		{"", `{"data":[{"id":1}]}`, "single_page", "$[\"data\"]"},
		{"", `{"id":1,"name":"x"}`, "single_page", "$"},
		{`<?p=2>; rel="next"`, `[{"id":1}]`, "header_link", "$"},
		{`<?p=2>; rel="prev"`, `{"next":"/x?p=2","items":[{"id":1}]}`, `json_link $["next"]`, `$["items"]`},
		{`<?p=2>; rel="next"`, `{"next":"/x?p=2","items":[{"id":1}]}`, "header_link", `$["items"]`},
		{"", `{"links":{"Next":{"href":"http://api.test/x?p=2"}},"items":[{"id":1}]}`, `json_link $["links"]["Next"]["href"]`, `$["items"]`},
		{"", `{"paging":{"next_url":{"x":1,"url":"/x?p=2"}},"items":[{"id":1}]}`, `json_link $["paging"]["next_url"]["url"]`, `$["items"]`},
		{"", `{"next_page":2,"total_pages":3,"items":[{"id":1}]}`, `page_number $["total_pages"]`, `$["items"]`},
		{"", `{"meta":{"Pages":"3"},"items":[{"id":1}]}`, `page_number $["meta"]["Pages"]`, `$["items"]`},
		{"", `{"pages":"many","next":"abc","items":[{"id":1}]}`, `cursor $["next"]`, `$["items"]`},
		{"", `{"pages":{"next":"abc"},"items":[{"id":1}]}`, `cursor $["pages"]["next"]`, `$["items"]`},
		{"", `{"next_cursor":17,"items":[{"id":1}]}`, `cursor $["next_cursor"]`, `$["items"]`},
		{"", `{"next":null,"deep":{"nextToken":"abc"},"items":[{"id":1}]}`, `cursor $["deep"]["nextToken"]`, `$["items"]`},
		{"", `{"items":[{"id":1,"next":"/x"}],"next":null}`, "single_page", `$["items"]`},
		{"", `{"warnings":[],"deep":{"er":{"rows":[{"id":1}]}}}`, "single_page", `$["deep"]["er"]["rows"]`},
		{"", `{"people":[{"id":1}],"other":[{"id":2}]}`, "single_page", `$["people"]`},
		{"", `{"Data":[{"id":1}],"a":{"b c":{"values":[{"id":2}]}}}`, "single_page", `$["a"]["b c"]["values"]`},
		{"", `{"a":{"b":{"c":{"data":[{"id":1}]}}},"id":9}`, "single_page", "$"},
		{"", `{"next":"http://api.test/x?p=2","data":{"items":[{"id":1}]}}`, `json_link $["next"]`, `$["data"]["items"]`},
	} {
		a := &api{}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > 1 {
				w.WriteHeader(http.StatusTeapot)
				return true
			}
			w.Header().Set("Link", tt.link)
			_, _ = io.WriteString(w, tt.body)
			return true
		}
		r := walk(t, extract(t, a, open()), extractor.Position{}, extractor.WalkOptions{})
		if len(r.next) != 1 {
			t.Fatalf("%s: %v", tt.body, r)
		}
		if r.next[0].Paginator != tt.paginator || r.next[0].Selector != tt.selector {
			t.Errorf("%s is taken for %s, %s; want %s, %s", tt.body, r.next[0].Paginator, r.next[0].Selector, tt.paginator, tt.selector)
		}
		if !strings.HasPrefix(r.detected, "paginator "+tt.paginator+", data_selector ") {
			t.Errorf("detected %q", r.detected)
		}
	}
}

// A listing of each kind is read to its end, with nothing said about it; and gone on with at every position, by what was found out.
func TestDetectedWalks(t *testing.T) {
	for _, kind := range []string{"cursor", "json_link", "header_link", "page_number", "one page"} {
		fresh := func() *api {
			a := &api{rows: people(250, 1), size: 100}
			switch kind {
			case "page_number":
				a.extra = func(a *api, _ url.Values, _ bool) string { return `"total_pages":3,` }
			case "one page":
				a.size = 1000
			case "cursor":
				a.names = "cursor"
			default:
				a.names = kind
			}
			return a
		}
		a := fresh()
		r := walk(t, extract(t, a, open()), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 250)
		if pages := map[bool]int{true: 1, false: 3}[kind == "one page"]; r.err != nil || r.requests != pages {
			t.Errorf("%s: %v", kind, r)
		}
		if r.end.Proven != (kind == "page_number") {
			t.Errorf("%s: %v", kind, r)
		}
		for i, next := range r.next {
			a := fresh()
			at := extractor.ParsePosition(next.JSON())
			rest := walk(t, extract(t, a, open()), at, extractor.WalkOptions{Resumed: true})
			done := min(i*100+100, 250)
			if kind == "one page" {
				done = 250
			}
			wantIDs(t, rest, done+1, 250)
			if at != next || rest.err != nil || rest.end.Proven || rest.end.Restarted || rest.detected != "" {
				t.Errorf("%s, page %d at %+v: %v", kind, i+1, next, rest)
			}
			back := walk(t, extract(t, fresh(), open()), at.OnePageBack(), extractor.WalkOptions{Resumed: true})
			if back.err != nil || len(back.ids) < len(rest.ids) {
				t.Errorf("%s, one page back of %+v: %v", kind, next, back)
			}
		}
	}
}

// The first answer decides for the walk: a later page that looks otherwise is an error, not another guess.
func TestDetectionIsKept(t *testing.T) {
	a := &api{instead: func(n int, w http.ResponseWriter, _ *http.Request) bool {
		text := `{"items":[{"id":1}],"next":"/v1/contacts?p=2"}`
		if n == 2 {
			text = `{"rows":[{"id":2}],"next":"/v1/contacts?p=3"}`
		}
		_, _ = io.WriteString(w, text)
		return true
	}}
	r := walk(t, extract(t, a, open()), extractor.Position{}, extractor.WalkOptions{})
	if e := wantAs[*extractor.SelectorError](t, r.err); len(r.ids) != 1 || !strings.HasPrefix(e.Why, "finds nothing") {
		t.Errorf("%v", r)
	}
}

// Only one of the two may be open.
func TestHalfDetected(t *testing.T) {
	body := `{"rows":[{"id":1}],"items":[{"id":2}]}`
	res := open()
	res.Endpoint.Selector = query("items")
	r := walk(t, extract(t, &api{instead: always(body)}, res), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || strings.Join(r.ids, " ") != "2" || r.next[0].Selector != "" || r.next[0].Paginator != "single_page" || r.detected != "paginator single_page" {
		t.Errorf("%v, %+v", r, r.next)
	}
	res = open()
	res.Endpoint.Paginator = single()
	r = walk(t, extract(t, &api{instead: always(body)}, res), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || strings.Join(r.ids, " ") != "1" || r.next[0].Selector == "" || r.next[0].Paginator != "" || r.detected != `data_selector $["rows"]` {
		t.Errorf("%v, %+v", r, r.next)
	}
}

// A list that is only guessed at proves nothing by being empty: it may belong to an error message.
func TestGuessedEmptyLists(t *testing.T) {
	for body, proven := range map[string]bool{`{"data":[]}`: true, `[]`: true, `{"error":"x","details":[]}`: false, `{"data":null}`: false} {
		res := open()
		r := walk(t, extract(t, &api{instead: always(body)}, res), extractor.Position{}, extractor.WalkOptions{})
		if strings.Contains(body, "null") { // the whole answer is a record then, as in dlt
			if r.err != nil || len(r.ids) != 1 {
				t.Errorf("%s: %v", body, r)
			}
			continue
		}
		if r.err != nil || r.end.Proven != proven || r.end.Reason != extractor.EmptyPage {
			t.Errorf("%s: %v", body, r)
		}
	}
}

// dlt takes a number of pages for one from 0. Where the first page is 1 it would miss the last one; here the repetition is an error.
func TestDetectedPagesFromOne(t *testing.T) {
	a := &api{rows: people(250, 1), size: 100, basePage: 1, extra: func(*api, url.Values, bool) string { return `"pages":3,` }}
	a.before = func(n int, a *api) {
		if n == 1 {
			a.basePage = 0
			return
		}
		a.basePage = 1
	}
	r := walk(t, extract(t, a, open()), extractor.Position{}, extractor.WalkOptions{})
	wantAs[*extractor.LoopError](t, r.err)
}

// A state that was tampered with is the beginning.
func TestForeignDetections(t *testing.T) {
	for _, from := range []extractor.Position{
		{Page: 1, Paginator: "teleport", Selector: "$"}, {Page: 1, Paginator: `json_link $[`, Selector: "$"}, {Page: 1, Paginator: "page_number", Selector: "$"},
		{Page: 1, Paginator: `cursor $["next"]`, Selector: "$["}, {Page: 1}, {Page: 1, Token: "x", Selector: "data"},
		{Page: 1, Token: "http://evil.test", Paginator: `json_link $["next"]`, Selector: `$["data"]`},
	} {
		r := walk(t, extract(t, &api{rows: people(250, 1), size: 100, names: "json_link"}, open()), from, extractor.WalkOptions{Resumed: true})
		wantIDs(t, r, 1, 250)
		if r.err != nil || !r.end.Restarted {
			t.Errorf("%+v: %v", from, r)
		}
	}
}

// Bodies, in place of parameters and beside them.
func TestBodies(t *testing.T) {
	inBody := offset()
	inBody.OffsetParam, inBody.LimitParam = "", ""
	inBody.OffsetBodyPath, inBody.LimitBodyPath = []string{"page", "from"}, []string{"page", "size"}
	pages := number(1)
	pages.PageParam, pages.PageBodyPath = "", []string{"p"}
	form := []config.Param{{Name: "a b", Values: []string{"1", "ü&"}}}
	for _, tt := range []struct {
		name  string
		p     config.Paginator
		e     config.Endpoint
		sent  []string
		query string
		kind  string
	}{
		{"json", offset(), config.Endpoint{JSON: map[string]any{"q": []any{"x", nil, true}}}, []string{`{"q":["x",null,true]}`, `{"q":["x",null,true]}`},
			"offset=0&limit=100", "application/json"},
		{"offset in it", inBody, config.Endpoint{JSON: map[string]any{"q": "x", "page": map[string]any{"sort": "id"}}},
			[]string{`{"page":{"from":0,"size":100,"sort":"id"},"q":"x"}`, `{"page":{"from":1,"size":100,"sort":"id"},"q":"x"}`}, "", "application/json"},
		{"offset alone", inBody, config.Endpoint{}, []string{`{"page":{"from":0,"size":100}}`, `{"page":{"from":1,"size":100}}`}, "", "application/json"},
		{"page in it", pages, config.Endpoint{}, []string{`{"p":1}`, `{"p":2}`}, "", "application/json"},
		{"form", offset(), config.Endpoint{Form: form}, []string{"a+b=1&a+b=%C3%BC%26", "a+b=1&a+b=%C3%BC%26"}, "offset=0&limit=100", "application/x-www-form-urlencoded"},
		{"text", offset(), config.Endpoint{Data: "<q/>\n"}, []string{"<q/>\n", "<q/>\n"}, "offset=0&limit=100", ""},
		{"own type", single(), config.Endpoint{Data: "<q/>", Headers: map[string]string{"Content-Type": "text/xml"}}, []string{"<q/>"}, "", "text/xml"},
		{"own JSON type", single(), config.Endpoint{JSON: map[string]any{}, Headers: map[string]string{"Content-Type": "application/vnd.x+json"}}, []string{"{}"}, "", "application/vnd.x+json"},
		{"none", single(), config.Endpoint{}, []string{""}, "", ""},
	} {
		for _, method := range []string{"POST", "GET", ""} {
			res := resource(tt.p)
			e := tt.e
			e.Method, e.Path, e.Selector, e.Paginator = method, res.Endpoint.Path, res.Endpoint.Selector, tt.p
			res.Endpoint = e
			var sent []string
			a := &api{instead: func(n int, w http.ResponseWriter, r *http.Request) bool {
				body, _ := io.ReadAll(r.Body)
				sent = append(sent, string(body))
				if want := map[bool]string{true: "POST", false: "GET"}[method == "POST"]; r.Method != want || r.Header.Get("Content-Type") != tt.kind || n == 1 && r.URL.RawQuery != tt.query {
					t.Errorf("%s: %s %s, %s", tt.name, r.Method, r.URL, r.Header.Get("Content-Type"))
				}
				_, _ = fmt.Fprintf(w, `{"data":[{"id":%d}],"total":2}`, n)
				return true
			}}
			r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
			if r.err != nil || strings.Join(sent, "|") != strings.Join(tt.sent, "|") {
				t.Errorf("%s, %s: sent %q, want %q (%v)", tt.name, method, sent, tt.sent, r.err)
			}
		}
	}
	res := resource(inBody)
	res.Endpoint.JSON = map[string]any{"page": 5}
	r := walk(t, extract(t, &api{}, res), extractor.Position{}, extractor.WalkOptions{})
	if r.err == nil || !strings.Contains(r.err.Error(), "endpoint.json") {
		t.Errorf("%v", r.err)
	}
}

// An answer that is ignored ends the walk without an error, and without a proof.
func TestIgnoredAnswers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ignore  config.Match
		status  int
		body    string
		ignored bool
	}{
		{"status", config.Match{Status: 404}, 404, "<html>not found</html>", true},
		{"retried status", config.Match{Status: 503}, 503, "", true},
		{"good status", config.Match{Status: 206}, 206, `{"data":[{"id":7}]}`, true},
		{"content", config.Match{Content: "no such team"}, 400, `{"error":"no such team 5"}`, true},
		{"content of a good one", config.Match{Content: "archived"}, 200, `{"data":[],"state":"archived"}`, true},
		{"both", config.Match{Status: 409, Content: "gone"}, 409, `gone`, true},
		{"another status", config.Match{Status: 404}, 410, "", false},
		{"other content", config.Match{Status: 404, Content: "gone"}, 404, "here", false},
		{"the status of other content", config.Match{Status: 404, Content: "gone"}, 400, "gone", false},
	} {
		res := resource(offset())
		res.Endpoint.Ignore = []config.Match{{Status: 499}, tt.ignore}
		a := &api{rows: people(250, 1)}
		a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 2 {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}
			return n == 2
		}
		r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
		wantIDs(t, r, 1, 100)
		if tt.ignored != (r.err == nil) || tt.ignored && (r.end.Reason != extractor.Ignored || !r.end.Bounded || r.end.Proven) || r.requests != 2 {
			t.Errorf("%s: %d requests, %v", tt.name, r.requests, r)
		}
	}
	// What content decides is read whole, and is a page where it does not match.
	res := resource(offset())
	res.Endpoint.Ignore = []config.Match{{Content: "nowhere in it"}}
	r := walk(t, extract(t, &api{rows: people(250, 1), total: counted}, res), extractor.Position{}, extractor.WalkOptions{})
	wantIDs(t, r, 1, 250)
	if r.err != nil || !r.end.Proven {
		t.Errorf("%v", r)
	}
}
