package rest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"producer/pkg/rest"
)

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "0", "-1", "1.5", "1e3", "soon", "", " 7 ", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT", "NaN", "0x10", "....", "Inf"} {
		f.Add(s, "Sun, 06 Nov 1994 08:49:30 GMT")
	}
	f.Fuzz(func(t *testing.T, after, date string) {
		synctest.Test(t, func(t *testing.T) {
			api := sequence(status(429, "Retry-After", after, "Date", date), ok(`[]`))
			c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 1}})
			start := time.Now()
			_, err := get(t, c, rest.Request{})
			took := time.Since(start)
			if err != nil {
				if e := wantAs[*rest.RetryAfterError](t, err); e.After <= 300*time.Second || took != 0 || api.count() != 1 {
					t.Fatalf("Retry-After %q: %v after %s", after, err, took)
				}
				return
			}
			if took < 900*time.Millisecond || took > 300*time.Second {
				t.Fatalf("Retry-After %q: waited %s, neither the back-off nor within the limit", after, took)
			}
		})
	})
}

func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"/b", "b?x", "//evil.test", "http://api.test@evil.test", `\evil.test`, `/\evil.test`, "http:evil.test", "http:///evil.test", "http://api.test:80/", "?", "#x", "javascript:1", "http://[::1]:80/", "HTTP://API.TEST", "\t//evil.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) {
		api := &script{answer: func(n int, r *http.Request) (*http.Response, error) {
			if r.URL.Scheme != "http" || !strings.EqualFold(r.URL.Hostname(), "api.test") || (r.URL.Port() != "" && r.URL.Port() != "80") {
				t.Fatalf("Location %q: a request went to %s", location, r.URL)
			}
			if r.URL.User != nil || r.Header.Get("Referer") != "" {
				t.Fatalf("Location %q: the request has a user or a Referer", location)
			}
			if n == 0 {
				return reply(302, "", "Location", location), nil
			}
			return reply(200, `[]`), nil
		}}
		c := newClient(t, base, rest.Options{Transport: api})
		_, err := get(t, c, rest.Request{Auth: rest.APIKey{Name: "api_key", Location: "query", Value: canary}})
		silent(t, err, canary)
	})
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte(`{"error":"`+canary+`"}`), 1)
	f.Add([]byte(strings.Repeat("x", 190)+canary), 400)
	f.Add([]byte("\xff\x00\r\n"), 70_000)
	f.Fuzz(func(t *testing.T, body []byte, times int) {
		c := newClient(t, base, rest.Options{Redact: redact})
		for len(body) > 0 && times > 0 && len(body)*times > 1<<20 {
			times /= 2
		}
		got := c.Excerpt([]byte(strings.Repeat(string(body), max(times, 1))))
		if len(got) > 200 || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00\x1b") {
			t.Fatalf("got %q", got)
		}
		if strings.Contains(got, canary) || strings.Contains(got, url.QueryEscape(canary)) {
			t.Fatalf("the secret is in %q", got)
		}
	})
}
