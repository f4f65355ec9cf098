package e2e_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// api is a scripted REST API over loopback: listings under their paths, an api key, faults by request number, and a log of all
// requests. Safe for concurrent use.
type api struct {
	URL string

	key      string // the query parameter api_key must be this
	mu       sync.Mutex
	listings map[string]*listing
	log      []request
	changed  chan struct{} // closed and replaced with every request
}

// request is one entry of the log.
type request struct {
	path   string
	query  url.Values
	header http.Header
	at     time.Time
}

func (r request) offset() string { return r.query.Get("offset") }

// listing is what stands under one path. A test may change it freely between runs, and by edit during one.
type listing struct {
	rows      []string                                          // the records, as JSON texts
	clamp     int                                               // the most rows that the server puts on a page, whatever was asked
	metaFirst bool                                              // the total before the rows
	wrap      bool                                              // a page past the end repeats the last one
	total     func(offset, size int) string                     // JSON text of the total, "" for none; nil: the size
	page      func(q url.Values) string                         // answers instead of rows
	faults    map[int]http.HandlerFunc                          // answers the n-th request (from 1) instead
	always    http.HandlerFunc                                  // answers every request instead
	at        func(w http.ResponseWriter, r *http.Request) bool // answers the requests that it wants to
	before    func(n int)                                       // runs when the n-th request has come
	count     int
}

// serve starts an API with one listing a path.
func (s *scenario) serve(key string, listings map[string]*listing) *api {
	a := &api{key: key, listings: listings, changed: make(chan struct{})}
	server := httptest.NewServer(a)
	s.Cleanup(server.Close)
	s.Cleanup(server.CloseClientConnections) // first: Close waits for them
	a.URL = server.URL
	s.apis = append(s.apis, a)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.log = append(a.log, request{r.URL.Path, r.URL.Query(), r.Header, time.Now()})
	close(a.changed)
	a.changed = make(chan struct{})
	l, n := a.listings[r.URL.Path], 0
	var before func(n int)
	if l != nil {
		l.count++
		n, before = l.count, l.before
	}
	a.mu.Unlock()

	switch {
	case r.URL.Query().Get("api_key") != a.key:
		answer(http.StatusUnauthorized, `{"error":{"message":"bad key"}}`)(w, r)
		return
	case l == nil:
		answer(http.StatusNotFound, `{"error":{"message":"no such path"}}`)(w, r)
		return
	}
	if before != nil {
		before(n)
	}
	a.mu.Lock()
	now, page := *l, l.body(r.URL.Query())
	a.mu.Unlock()
	switch f := now.faults[n]; {
	case now.at != nil && now.at(w, r):
	case now.always != nil:
		now.always(w, r)
	case f != nil:
		f(w, r)
	case now.page != nil:
		answer(http.StatusOK, now.page(r.URL.Query()))(w, r)
	default:
		answer(http.StatusOK, page)(w, r)
	}
}

// body is the page that an honest server answers with.
func (l *listing) body(q url.Values) string {
	offset, limit := number(q, "offset", 0), number(q, "limit", 25)
	if l.clamp > 0 {
		limit = min(limit, l.clamp)
	}
	size := len(l.rows)
	if l.wrap && offset >= size {
		offset = (size - 1) / limit * limit
	}
	data := `"data":[` + strings.Join(l.rows[min(offset, size):min(offset+limit, size)], ",") + `]`
	total := strconv.Itoa(size)
	if l.total != nil {
		total = l.total(offset, size)
	}
	switch {
	case total == "":
		return "{" + data + "}"
	case l.metaFirst:
		return `{"total":` + total + "," + data + "}"
	}
	return "{" + data + `,"total":` + total + "}"
}

func number(q url.Values, name string, absent int) int {
	if n, err := strconv.Atoi(q.Get(name)); err == nil {
		return n
	}
	return absent
}

// edit changes a listing during a run.
func (a *api) edit(path string, f func(l *listing)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a.listings[path])
}

// hold keeps the listing's n-th answer back until release, or the scenario's end.
func (s *scenario) hold(l *listing, n int) (release func()) {
	held, release := context.WithCancel(s.Context())
	s.Cleanup(release)
	l.before = func(i int) {
		if i == n {
			<-held.Done()
		}
	}
	return release
}

// barrier orders what a test does to the listings and what the API does with them, before and after a run: the program between them is
// another process, through which the race detector doesn't see.
func (a *api) barrier() {
	a.mu.Lock()
	defer a.mu.Unlock()
}

// requests are those that came on the path so far.
func (a *api) requests(path string) []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	var on []request
	for _, r := range a.log {
		if r.path == path {
			on = append(on, r)
		}
	}
	return on
}

func (a *api) offsets(path string) string {
	var all []string
	for _, r := range a.requests(path) {
		all = append(all, r.offset())
	}
	return strings.Join(all, " ")
}

// await blocks until n requests have come on the path.
func (a *api) await(t *testing.T, path string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		a.mu.Lock()
		changed := a.changed
		a.mu.Unlock()
		if len(a.requests(path)) >= n {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%d requests on %s, want %d", len(a.requests(path)), path, n)
		}
	}
}

// answer is a whole response of JSON.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// after is a failure that says when to come back.
func after(status int, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", retryAfter)
		answer(status, `{"message":"later"}`)(w, r)
	}
}

// html is a sign-in page with status 200.
func html(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<html><body>Please sign in</body></html>")
}

// cut promises a body of JSON, sends the first half of it and resets the connection.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"data\":[{\"id\":1,")
	conn.(*net.TCPConn).SetLinger(0) //nolint:errcheck // it is cut anyway
	conn.Close()
}
