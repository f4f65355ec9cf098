package rest_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"producer/pkg/rest"
)

const base = "http://api.test"

// canary is the secret that no error may hold.
const canary = "s3cr3t/+&=canary%25"

// script answers requests in memory: the n-th (from 0) is answered by the function.
type script struct {
	answer func(n int, r *http.Request) (*http.Response, error)

	mu   sync.Mutex
	seen []seen
}

type seen struct {
	url    string
	header http.Header
	at     time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	n := len(s.seen)
	s.seen = append(s.seen, seen{url: r.URL.String(), header: r.Header.Clone(), at: time.Now()})
	s.mu.Unlock()
	return s.answer(n, r)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// gaps are the times between the requests.
func (s *script) gaps() []time.Duration {
	var out []time.Duration
	for i := 1; i < len(s.seen); i++ {
		out = append(out, s.seen[i].at.Sub(s.seen[i-1].at))
	}
	return out
}

// reply makes a response of a status, a body and header names and values.
func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

// sequence answers with the replies in order, the last one for ever.
func sequence(replies ...func() (*http.Response, error)) *script {
	return &script{answer: func(n int, _ *http.Request) (*http.Response, error) { return replies[min(n, len(replies)-1)]() }}
}

func status(code int, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(code, `{"ok":false}`, header...), nil }
}

func ok(body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(200, body, header...), nil }
}

func broken(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

func newClient(t testing.TB, baseURL string, o rest.Options) *rest.Client {
	t.Helper()
	c, err := rest.New(baseURL, o)
	if err != nil {
		t.Fatalf("New(%q): %v", baseURL, err)
	}
	return c
}

// silent fails when an error, at any depth of its chain and in any verb, holds one of the words.
func silent(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, text := range texts(err) {
		for _, word := range words {
			if strings.Contains(text, word) {
				t.Errorf("an error holds %q: %s", word, text)
			}
		}
	}
}

// texts of an error and of all that it unwraps to.
func texts(err error) []string {
	if err == nil {
		return nil
	}
	out := append(formats(err), texts(errors.Unwrap(err))...)
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			out = append(out, texts(inner)...)
		}
	}
	return out
}

// get asks for base's /v1/contacts and returns what Do does.
func get(t testing.TB, c *rest.Client, r rest.Request) (rest.Response, error) {
	t.Helper()
	if r.URL == "" {
		r.URL = base + "/v1/contacts?offset=300"
	}
	return c.Do(context.Background(), r)
}

func wantAs[E error](t testing.TB, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got error %v (%T), want a %T", err, err, e)
	}
	return e
}

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
