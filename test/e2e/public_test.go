package e2e_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// public is an API of the public web as its documentation describes it, and what its example must make of it. The server is strict:
// what the documentation doesn't allow fails the case.
type public struct {
	url     string   // the variable that holds the base URL
	environ []string // what else the example needs, without the secret
	secret  string   // the variable that holds it
	auth    func(r *http.Request) string
	denied  http.HandlerFunc // answers who has another secret
	limited http.HandlerFunc // answers a request that came too fast
	serve   func(d *desk)
	rows    map[string][]string // of each resource, as JSON
	proven  string              // the resources whose walk is proven; the end of a cursor or a link alone proves nothing
}

// TestPublicAPIs runs each example unchanged against a server that speaks the API's pagination, authentication, rate limiting and errors.
func TestPublicAPIs(t *testing.T) {
	each(t, map[string]public{
		"github": github(), "stripe": stripe(), "hubspot": hubspot(), "pipedrive": pipedrive(), "shopify": shopify(),
		"zendesk": zendesk(), "jira": jira(), "notion": notion(), "airtable": airtable(),
	}, func(s *scenario, p public) {
		s.pipeline = filepath.Base(s.Name())
		d := &desk{scenario: s, public: p}
		server := httptest.NewServer(d)
		s.Cleanup(server.Close)
		d.url = server.URL
		p.serve(d)
		config, err := filepath.Abs("../../examples/" + s.pipeline + ".yaml")
		if err != nil {
			s.Fatal(err)
		}
		s.environ = append(p.environ, p.url+"="+server.URL, "KAFKA_BROKERS="+strings.Join(env.brokers, ","), p.secret+"=wrong-"+s.key)
		s.start("validate", "-c", config).wait(0)
		s.run(config, 7)
		if n := d.served.Load(); n != 0 {
			s.Errorf("%d requests were served without the secret", n)
		}
		s.environ = append(s.environ, p.secret+"="+s.key)

		o := s.run(config, 0)
		for resource, rows := range p.rows {
			proof := "none"
			if strings.Contains(p.proven, resource) {
				proof = "proven"
			}
			o.expect(resource, object{"status": "complete", "records": len(rows), "proof": proof})
			s.table(resource, rows)
		}
		if d.throttled.Load() != 1 {
			s.Errorf("%d requests were throttled, want 1", d.throttled.Load())
		}
		served := d.served.Load()
		o = s.run(config, 0)
		for resource, rows := range p.rows {
			o.expect(resource, object{"status": "complete", "published": 0, "unchanged": len(rows)})
		}
		if again := d.served.Load() - served; again != served {
			s.Errorf("the second walk took %d requests, the first %d", again, served)
		}
	})
}

// desk answers for a public API: who may ask, how fast, and what.
type desk struct {
	*scenario
	public
	http.ServeMux
	url               string
	asked             atomic.Int64 // requests with the secret
	served, throttled atomic.Int64
}

// ServeHTTP throttles one request, the second.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case d.auth(r) != d.key:
		d.denied(w, r)
		return
	case d.asked.Add(1) == 2:
		d.throttled.Add(1)
		d.limited(w, r)
		return
	}
	d.served.Add(1)
	d.ServeMux.ServeHTTP(w, r)
}

// want is a mistake where a request isn't as documented.
func (d *desk) want(what string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		d.Errorf("%s is %v, want %v", what, got, want)
	}
}

// only wants no other query parameters than these.
func (d *desk) only(r *http.Request, names ...string) {
	allowed := "," + strings.Join(names, ",") + ","
	for name := range r.URL.Query() {
		if !strings.Contains(allowed, ","+name+",") {
			d.Errorf("%s: the parameter %s is sent, want only %s", r.URL.Path, name, allowed)
		}
	}
}

// size is the page's size, which must be what the example asks for.
func (d *desk) size(r *http.Request, name string, want int) int {
	d.want(r.URL.Path+": "+name, r.URL.Query().Get(name), want)
	return want
}

// slice is a page's rows as JSON, and where the next one begins, 0 where there is none.
func slice(rows []string, from, size int) (page string, next int) {
	to := min(from+size, len(rows))
	if to < len(rows) {
		next = to
	}
	return "[" + strings.Join(rows[min(from, to):to], ",") + "]", next
}

// cursor makes an opaque token of a position, and position reads it.
func cursor(n int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("row-" + strconv.Itoa(n)))
}

func (d *desk) position(token string) int {
	if token == "" {
		return 0
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	n, convErr := strconv.Atoi(strings.TrimPrefix(string(text), "row-"))
	if err != nil || convErr != nil {
		d.Errorf("%q is no cursor that was given out", token)
	}
	return n
}

// quotedOrNull is JSON of a token, null where there is none.
func quotedOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return text(s)
}

// cursorOrNone is the cursor of the next page, "" behind the last one.
func cursorOrNone(next int) string {
	if next == 0 {
		return ""
	}
	return cursor(next)
}

func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

func headed(name string) func(r *http.Request) string {
	return func(r *http.Request) string { return r.Header.Get(name) }
}

// basic wants a user; the password is the secret.
func basic(want string) func(r *http.Request) string {
	return func(r *http.Request) string {
		if user, password, ok := r.BasicAuth(); ok && user == want {
			return password
		}
		return ""
	}
}

// respond answers with headers, given as name and value.
func respond(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		answer(status, body)(w, r)
	}
}

// made are n rows.
func made(n int, format func(i int) string) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = format(i)
	}
	return rows
}
