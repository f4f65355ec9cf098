package extractor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/record"
	"producer/pkg/rest"
)

const (
	base   = "http://api.test"
	secret = "s3cr3t canary"
	second = "another canary"
)

// api is a scripted listing at /v1/contacts, in memory. It understands offset and limit, and page; or it names the next page itself.
type api struct {
	names    string                 // how it names the next page, a paginator's type; "": not at all
	name     func(from int) (n int) // which row the name that comes after the page leads to; nil: the right one
	rows     []string               // JSON each
	size     int                    // rows of a page where no limit is asked for
	cap      int                    // most rows of a page; 0: as asked
	basePage int
	total    func(a *api, q url.Values) string                        // JSON; nil or "": absent
	extra    func(a *api, q url.Values, last bool) string             // more members of the page, ending in a comma
	before   func(n int, a *api)                                      // before the n-th answer, from 1
	instead  func(n int, w http.ResponseWriter, r *http.Request) bool // true: it has answered
	repeats  bool                                                     // the last page again and again past the end

	mu   sync.Mutex
	seen []*http.Request
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, r)
	n := len(a.seen)
	if a.before != nil {
		a.before(n, a)
	}
	if a.instead != nil && a.instead(n, w, r) {
		return
	}
	q := r.URL.Query()
	limit := a.size
	if q.Has("limit") {
		limit, _ = strconv.Atoi(q.Get("limit"))
	}
	if limit = max(limit, 1); a.cap > 0 {
		limit = min(limit, a.cap)
	}
	from, _ := strconv.Atoi(q.Get("offset"))
	if q.Has("page") {
		page, _ := strconv.Atoi(q.Get("page"))
		from = (page - a.basePage) * limit
	}
	if a.names != "" {
		from = a.named(r)
	}
	if a.repeats && from >= len(a.rows) {
		from = (len(a.rows) - 1) / limit * limit
	}
	rows := a.rows[min(from, len(a.rows)):min(from+limit, len(a.rows))]
	var b strings.Builder
	b.WriteString("{")
	if next := from + limit; a.names != "" && (next < len(a.rows) || a.name != nil) {
		if a.name != nil {
			next = a.name(from)
		}
		b.WriteString(a.nameOf(w, next))
	}
	if a.extra != nil {
		b.WriteString(a.extra(a, q, from+limit >= len(a.rows)))
	}
	if a.total != nil {
		if total := a.total(a, q); total != "" {
			b.WriteString(`"total":` + total + ",")
		}
	}
	b.WriteString(`"data":[` + strings.Join(rows, ",") + "]}")
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, b.String())
}

// named is the row that a request asks for by its name.
func (a *api) named(r *http.Request) int {
	text := r.URL.Query().Get("cursor")
	switch a.names {
	case "json_link", "header_link", "auto":
		text = r.URL.Query().Get("from")
	case "body":
		var body struct{ Page struct{ After int } }
		err := json.NewDecoder(r.Body).Decode(&body)
		if (err != nil) != (r.Header.Get("Content-Type") == "") || err != nil && !errors.Is(err, io.EOF) { // the first request has none
			panic(fmt.Sprint(r.Header, err))
		}
		return body.Page.After
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(text, "row "))
	return n
}

// nameOf gives a row its name, in the header or in a member of the page.
func (a *api) nameOf(w http.ResponseWriter, n int) string {
	switch a.names {
	case "cursor":
		return fmt.Sprintf(`"cursors":{"next":"row %d"},`, n)
	case "body":
		return fmt.Sprintf(`"cursors":{"next":%d},`, n)
	case "header_cursor":
		w.Header().Set("X-Next", fmt.Sprintf("row %d", n))
	case "header_link":
		w.Header().Add("Link", `<https://api.test/first>; rel="first", `+fmt.Sprintf(`<?from=%d&a=1,2>; title="a \"<b>, c\""; rel="last next"`, n))
	default:
		return fmt.Sprintf(`"next":"/v1/contacts?from=%d&api_key=%s&a=1#there",`, n, url.QueryEscape(secret))
	}
	return ""
}

// RoundTrip implements http.RoundTripper.
func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result(), nil
}

// asked lists a query parameter of all requests.
func (a *api) asked(name string) string {
	var out []string
	for _, r := range a.seen {
		out = append(out, r.URL.Query().Get(name))
	}
	return strings.Join(out, " ")
}

// people makes n rows with ids from first.
func people(n, first int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"name":"n%d"}`, first+i, first+i)
	}
	return rows
}

// counted shows how many rows there are; pages how many pages.
func counted(a *api, _ url.Values) string { return strconv.Itoa(len(a.rows)) }
func pages(a *api, _ url.Values) string {
	return strconv.Itoa((len(a.rows) + a.size - 1) / a.size)
}
func says(json string) func(*api, url.Values) string {
	return func(*api, url.Values) string { return json }
}

func path(text string) config.Path { return config.Path{Text: text, Names: strings.Split(text, ".")} }

// query reads a JSONPath.
func query(text string) config.Query {
	q, err := config.ParseQuery(text)
	if err != nil {
		panic(err)
	}
	return q
}

func pathTo(text string) *config.Query {
	q := query(text)
	return &q
}

// offset is {type: offset, limit: 100} with dlt's defaults; number and single likewise.
func offset() config.Paginator {
	return config.Paginator{Type: "offset", Limit: 100, OffsetParam: "offset", LimitParam: "limit", TotalPath: pathTo("total"), StopAfterEmpty: true}
}

func number(basePage int64) config.Paginator {
	return config.Paginator{Type: "page_number", BasePage: basePage, Page: basePage, PageParam: "page", TotalPath: pathTo("total"), StopAfterEmpty: true}
}

// named is a paginator whose next page the API names, with a total that may be there.
func named(kind string) config.Paginator {
	p := config.Paginator{Type: kind, TotalPath: pathTo("total")}
	switch kind {
	case "cursor":
		p.CursorPath, p.CursorParam = pathTo("cursors.next"), "cursor"
	case "body":
		p.Type, p.CursorPath, p.CursorBodyPath = "cursor", pathTo("cursors.next"), []string{"page", "after"}
	case "header_cursor":
		p.CursorKey, p.CursorParam = "x-next", "cursor"
	case "json_link":
		p.NextURLPath = pathTo("next")
	case "header_link":
		p.LinksNextKey = "next"
	case "auto":
		p.TotalPath = nil
	}
	return p
}

func single() config.Paginator { return config.Paginator{Type: "single_page"} }

func resource(p config.Paginator) config.Resource {
	return config.Resource{Name: "contacts", PrimaryKey: []config.Path{path("id")}, Endpoint: config.Endpoint{
		Path: "/v1/contacts", Selector: query("data"), Paginator: p,
		Auth: &config.Auth{Type: "api_key", Name: "api_key", Location: "query", APIKey: secret}}}
}

func client() config.Client {
	return config.Client{BaseURL: base, Limits: config.Limits{Body: 1 << 20, Depth: 50}}
}

func redact(s string) string {
	return strings.NewReplacer(secret, "***", url.QueryEscape(secret), "***", url.PathEscape(secret), "***",
		url.QueryEscape(second), "***").Replace(s)
}

// extract makes an extractor whose requests a answers, with up to 3 retries.
func extract(t testing.TB, a http.RoundTripper, r config.Resource) *extractor.Extractor {
	t.Helper()
	return extractWith(t, a, client(), r)
}

func extractWith(t testing.TB, a http.RoundTripper, c config.Client, r config.Resource) *extractor.Extractor {
	t.Helper()
	rc, err := rest.New(c.BaseURL, rest.Options{Transport: a, Redact: redact, MaxBody: c.Limits.Body,
		Retry: rest.Retry{MaxRetries: 3, InitialInterval: time.Microsecond}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := extractor.New(rc, c, r)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// result is a walk as it was.
type result struct {
	ids      []string
	pages    []string // "label: rows"
	next     []extractor.Position
	end      extractor.End
	err      error // nil after io.EOF
	requests int
	retries  int

	restarted bool   // as the first page says
	detected  string // on the first page
}

func (r result) String() string {
	return fmt.Sprintf("%d rows in %v, ended by %v (proven %v, bounded %v, drifted %v), %v",
		len(r.ids), r.pages, r.end.Reason, r.end.Proven, r.end.Bounded, r.end.Drifted, r.err)
}

// most pages that a walk of these tests has: more are a loop.
const most = 1000

func walk(t testing.TB, x *extractor.Extractor, from extractor.Position, o extractor.WalkOptions) result {
	t.Helper()
	return walkWith(context.Background(), t, x, from, o)
}

func walkWith(ctx context.Context, t testing.TB, x *extractor.Extractor, from extractor.Position, o extractor.WalkOptions) result {
	t.Helper()
	w := x.Walk(from, o)
	var r result
	requests, retries := 0, 0
	for range most {
		p, err := w.Next(ctx)
		if err != nil {
			_, again := w.Next(ctx)
			if p != nil || !errors.Is(again, err) {
				t.Errorf("an error comes with page %v, and then %v", p, again)
			}
			if r.end = w.End(); !errors.Is(err, io.EOF) {
				r.err = err
				var pe *extractor.PageError
				if !errors.As(err, &pe) || pe.Resource != "contacts" || !strings.HasPrefix(err.Error(), "fetch contacts "+pe.Label+": ") {
					t.Errorf("the error does not say where: %v", err)
				}
				if text := fmt.Sprintf("%+v", err); strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
					t.Errorf("the error holds a secret: %s", text)
				}
				if r.end.Reason != extractor.Unended || r.end.Proven {
					t.Errorf("a failed walk has the end %+v", r.end)
				}
			}
			r.requests, r.retries = w.Requests()
			if r.err == nil && r.end.Rows != int64(len(r.ids)) {
				t.Errorf("the end counts %d rows, %d came", r.end.Rows, len(r.ids))
			}
			return r
		}
		if len(p.Records) == 0 || p.Number != len(r.pages)+1 {
			t.Errorf("page %d has %d records, number %d", len(r.pages)+1, len(p.Records), p.Number)
		}
		for _, rec := range p.Records {
			id, _ := rec.Get("id")
			r.ids = append(r.ids, string(id.Raw()))
			if rec.Kind() != record.Object {
				t.Errorf("a record is %s", rec.Kind())
			}
		}
		r.pages = append(r.pages, fmt.Sprintf("%s: %d", p.Label, len(p.Records)))
		r.next = append(r.next, p.Next)
		if p.Number == 1 {
			r.restarted, r.detected = p.Restarted, p.Detected
		} else if p.Detected != "" {
			t.Errorf("page %d detected %s", p.Number, p.Detected)
		}
		requests += p.Requests
		retries += p.Retries
		if sent, again := w.Requests(); sent != requests || again != retries {
			t.Errorf("pages count %d requests, %d retries, the walk %d and %d", requests, retries, sent, again)
		}
		p.Release()
		p.Release()
	}
	t.Fatalf("the walk doesn't end: %v", r)
	return r
}

func wantAs[E error](t testing.TB, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a %T", err, e)
	}
	return e
}

// wantIDs checks that the rows are ids from first to last, in order.
func wantIDs(t testing.TB, r result, first, last int) {
	t.Helper()
	if len(r.ids) != last-first+1 {
		t.Fatalf("got %d rows, want %d: %v", len(r.ids), last-first+1, r)
	}
	for i, id := range r.ids {
		if id != strconv.Itoa(first+i) {
			t.Fatalf("row %d is id %s, want %d", i, id, first+i)
		}
	}
}

func mustClient(t testing.TB) *rest.Client {
	t.Helper()
	c, err := rest.New(base, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
