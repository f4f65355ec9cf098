package rest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"producer/pkg/rest"
)

// bodies notes what came with each request.
func bodies(sent *[]string, s *script) *script {
	inner := s.answer
	s.answer = func(n int, r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		*sent = append(*sent, r.Method+" "+string(body))
		return inner(n, r)
	}
	return s
}

func redirect(status int, to string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(status, "", "Location", to), nil }
}

// A body goes with every attempt, whole, and with redirects that keep the method.
func TestPost(t *testing.T) {
	var sent []string
	s := bodies(&sent, sequence(status(503), redirect(307, "/v2"), redirect(308, "/v3"), ok(`{}`)))
	c := newClient(t, base, rest.Options{Transport: s, Retry: rest.Retry{MaxRetries: 3, InitialInterval: time.Microsecond}})
	resp, err := get(t, c, rest.Request{Method: "POST", Body: []byte("q=1"), Header: http.Header{"Content-Type": {"x/y"}}})
	if err != nil || resp.Attempts != 2 || resp.Requests != 4 || strings.Join(sent, ", ") != "POST q=1, POST q=1, POST q=1, POST q=1" {
		t.Errorf("sent %q, %d attempts, %v", sent, resp.Attempts, err)
	}
	if s.seen[3].header.Get("Content-Type") != "x/y" || s.seen[3].url != base+"/v3" {
		t.Errorf("the last was %v", s.seen[3])
	}
	for _, status := range []int{301, 302, 303} {
		var sent []string
		s := bodies(&sent, sequence(redirect(status, "/v2"), ok(`{}`)))
		c := newClient(t, base, rest.Options{Transport: s})
		_, err := get(t, c, rest.Request{Method: "POST", Body: []byte("q=1")})
		if e := wantAs[*rest.RedirectError](t, err); len(sent) != 1 || !strings.HasPrefix(e.Error(), "POST http://api.test/v1/contacts: ") {
			t.Errorf("%d: sent %q, %v", status, sent, err)
		}
	}
	sent = nil
	s = bodies(&sent, sequence(status(404)))
	_, err = get(t, newClient(t, base, rest.Options{Transport: s}), rest.Request{Method: "POST"})
	if e := wantAs[*rest.StatusError](t, err); e.Method != "POST" || sent[0] != "POST " {
		t.Errorf("sent %q, %+v", sent, e)
	}
	sent = nil
	s = bodies(&sent, sequence(ok(`{}`)))
	if _, err = get(t, newClient(t, base, rest.Options{Transport: s}), rest.Request{Body: []byte("{}")}); err != nil || sent[0] != "GET {}" {
		t.Errorf("sent %q, %v", sent, err)
	}
}

// What is ignored is neither repeated nor judged; what only might be is judged as ever.
func TestIgnore(t *testing.T) {
	packed := func(text string) func() (*http.Response, error) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return func() (*http.Response, error) { return reply(200, b.String(), "Content-Encoding", "gzip"), nil }
	}
	gone := []rest.Match{{Status: 503}, {Status: 200, Content: "no such"}, {Status: 400, Content: "no such"}}
	for _, tt := range []struct {
		name     string
		answer   func() (*http.Response, error)
		ignored  bool
		attempts int
		body     string
		fails    bool
	}{
		{"a status that is retried", status(503), true, 1, "", false},
		{"another one", status(500), false, 3, "", true},
		{"content", ok(`{"error":"no such thing"}`), true, 1, "", false},
		{"content, packed", packed(`{"error":"no such thing"}`), true, 1, "", false},
		{"content, with an error", func() (*http.Response, error) { return reply(400, "no such thing"), nil }, true, 1, "", false},
		{"other content", ok(`{"data":[]}`), false, 1, `{"data":[]}`, false},
		{"other content, packed", packed(`{"data":[]}`), false, 1, `{"data":[]}`, false},
		{"other content, with an error", func() (*http.Response, error) { return reply(400, "bad query"), nil }, false, 1, "", true},
		{"a page of HTML", func() (*http.Response, error) { return reply(200, "<html>", "Content-Type", "text/html"), nil }, false, 1, "", true},
		{"too large", ok(strings.Repeat("x", 2000)), false, 1, "", true},
		{"cut off", func() (*http.Response, error) {
			r := reply(200, "")
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("no s"), failing{}))
			return r, nil
		}, false, 3, "", true},
	} {
		c := newClient(t, base, rest.Options{Transport: sequence(tt.answer), MaxBody: 1000, Retry: rest.Retry{MaxRetries: 2, InitialInterval: time.Microsecond}})
		accepted := false
		resp, err := get(t, c, rest.Request{Ignore: gone, Accept: func([]byte) error { accepted = true; return nil }})
		if resp.Ignored != tt.ignored || resp.Attempts != tt.attempts || string(resp.Body) != tt.body || (err != nil) != tt.fails || accepted != (tt.body != "") {
			t.Errorf("%s: ignored %v, %d attempts, body %q, accepted %v, %v", tt.name, resp.Ignored, resp.Attempts, resp.Body, accepted, err)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("reset") }

func TestOrigins(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"http://api.test", "http://API.test:80/x?y", true}, {"https://api.test/", "https://api.test:443", true}, {"http://[::1]:8080", "http://[::1]:8080/x", true},
		{"http://api.test", "https://api.test", false}, {"http://api.test", "http://api.test:81", false}, {"http://api.test", "http://api.test.evil.test", false},
		{"http://api.test", "http://u@api.test", false}, {"http://api.test", "//api.test", false}, {"x", "x", false}, {"ftp://a", "ftp://a", false},
	} {
		if got := rest.SameOrigin(tt.a, tt.b); got != tt.same {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
	if got := rest.Origin("http://API.test/x?key=1"); got != "http://api.test:80" {
		t.Errorf("got %s", got)
	}
	if got := rest.Origin("%"); got != "" {
		t.Errorf("got %s", got)
	}
}
