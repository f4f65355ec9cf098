package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"producer/pkg/rest"
)

// formats are the ways in which an error gets into a log.
func formats(err error) []string {
	return []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%q", err)}
}

// redact knows the canary as it is and as a query has it.
func redact(s string) string {
	return strings.NewReplacer(canary, "***", url.QueryEscape(canary), "***", url.PathEscape(canary), "***").Replace(s)
}

func TestNoErrorHoldsASecret(t *testing.T) {
	echo := func(code int) func(int, *http.Request) (*http.Response, error) {
		return func(_ int, r *http.Request) (*http.Response, error) {
			return reply(code, fmt.Sprintf("Cannot GET %s with %v: %s", r.URL, r.Header, canary)), nil
		}
	}
	faults := map[string]func(int, *http.Request) (*http.Response, error){
		"url.Error": func(_ int, r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: syscall.ECONNREFUSED}
		},
		"wrapped url.Error": func(_ int, r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: r.URL.String(), Err: syscall.ECONNREFUSED})
		},
		"an answer quoted": func(int, *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("malformed answer %s", canary)
		},
		"404": echo(404),
		"401": echo(401),
		"500": echo(500),
		"429 for too long": func(int, *http.Request) (*http.Response, error) {
			return reply(429, canary, "Retry-After", "9999"), nil
		},
		"HTML": func(int, *http.Request) (*http.Response, error) {
			return reply(200, "<p>"+canary, "Content-Type", "text/html; x="+canary), nil
		},
		"markup": func(int, *http.Request) (*http.Response, error) { return reply(200, "<p>"+canary), nil },
		"redirect elsewhere": func(int, *http.Request) (*http.Response, error) {
			return reply(302, "", "Location", "http://evil.test/?k="+url.QueryEscape(canary)), nil
		},
		"redirect nowhere": func(int, *http.Request) (*http.Response, error) {
			return reply(302, "", "Location", "http://[::1/?k="+canary), nil
		},
		"too large": func(int, *http.Request) (*http.Response, error) { return reply(200, strings.Repeat(canary, 1000)), nil },
		"bad encoding": func(int, *http.Request) (*http.Response, error) {
			return reply(200, canary, "Content-Encoding", canary), nil
		},
	}
	auths := map[string]rest.Auth{
		"query":  rest.APIKey{Name: "hapikey", Location: "query", Value: canary},
		"header": rest.APIKey{Name: "X-Key", Value: canary},
		"cookie": rest.APIKey{Name: "sid", Location: "cookie", Value: "s3cr3t"},
		"bearer": rest.Bearer{Token: canary},
		"basic":  rest.Basic{Username: "u", Password: "swordfish"},
	}
	words := []string{canary, url.QueryEscape(canary), "hapikey", "filter=private", "?", "Basic ", "Authorization"}
	for what, fault := range faults {
		for kind, auth := range auths {
			t.Run(what+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					secrets := words
					if strings.HasPrefix(what, "4") || what == "500" { // the server repeats everything: only the values are hidden
						secrets = words[:2]
					}
					c := newClient(t, base, rest.Options{Transport: &script{answer: fault}, Redact: redact, MaxBody: 1000, Retry: rest.Retry{MaxRetries: 1}})
					_, err := get(t, c, rest.Request{URL: base + "/v1/contacts?filter=private", Auth: auth,
						OnRetry: func(_ int, err error, _ time.Duration) { silent(t, err, secrets...) }})
					if err == nil {
						t.Fatal("no error")
					}
					silent(t, err, secrets...)
					var u *url.Error
					if errors.As(err, &u) {
						t.Errorf("a *url.Error with the whole URL is in the chain: %v", err)
					}
				})
			})
		}
	}
}

func TestAKeyInThePathIsRedacted(t *testing.T) {
	c := newClient(t, base, rest.Options{Transport: sequence(status(404)), Redact: redact})
	_, err := get(t, c, rest.Request{URL: base + "/bot" + url.PathEscape(canary) + "/updates"})
	silent(t, err, canary, url.PathEscape(canary))
	if !strings.Contains(err.Error(), "/bot***/updates") {
		t.Errorf("got %v", err)
	}
}

func TestExcerptRedactsBeforeItCuts(t *testing.T) {
	c := newClient(t, base, rest.Options{Redact: redact})
	for pad := range 220 { // the secret crosses the cut somewhere
		got := c.Excerpt([]byte(strings.Repeat("é", pad/2) + strings.Repeat("x", pad%2) + canary + strings.Repeat("ü", 300)))
		if len(got) > 200 || !utf8.ValidString(got) {
			t.Fatalf("pad %d: %d bytes, valid: %v", pad, len(got), utf8.ValidString(got))
		}
		if strings.Contains(got, canary[:4]) {
			t.Fatalf("pad %d: a piece of the secret is left: %q", pad, got)
		}
	}
	for _, tt := range []struct{ name, body, want string }{
		{"empty", "", ""},
		{"short", `{"error": "quota"}`, `{"error": "quota"}`},
		{"lines", "a\r\n\tb\x00\x1b[31mc", "a b [31mc"},
		{"bytes", "a\xff\xfeb", "a\uFFFDb"},
	} {
		if got := c.Excerpt([]byte(tt.body)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	long := strings.Repeat(canary+" ", 10_000) // shrinks to less than an excerpt; its end is a secret cut in half
	if got := c.Excerpt([]byte(long)); strings.Contains(got, "s3c") {
		t.Errorf("a secret cut by the window is shown: %q", got)
	}
}
