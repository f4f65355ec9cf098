package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/rest"
)

const tokenURL = "https://login.test/oauth2/token?tenant=5"

// guarded is an API whose requests need the newest token of an authorisation server, and that server.
type guarded struct {
	mu      sync.Mutex
	issued  int
	revoked int                                                 // tokens up to this one are taken no more
	answer  func(n int, r *http.Request) (*http.Response, bool) // of the n-th request for a token, from 1; false: a token
	expires string                                              // JSON; "": not said
	form    string                                              // of the last request for a token
	log     []string
}

func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.URL.Host != "login.test" {
		g.log = append(g.log, "api")
		var n int
		if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer token-%d", &n); err != nil || n <= g.revoked {
			return reply(401, `{"error":"token `+r.Header.Get("Authorization")+`"}`), nil
		}
		return reply(200, `{}`), nil
	}
	g.log = append(g.log, "token")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	g.form = string(body)
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Authorization") != "" || r.Header.Get("X-Team") != "" {
		return nil, fmt.Errorf("a request for a token with %s, %v", r.Method, r.Header)
	}
	g.issued++
	if g.answer != nil {
		if resp, ok := g.answer(g.issued, r); ok {
			return resp, nil
		}
	}
	expires := ""
	if g.expires != "" {
		expires = `,"expires_in":` + g.expires
	}
	return reply(200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer"%s}`, g.issued, expires)), nil
}

func (g *guarded) did() string {
	defer func() { g.log = nil }()
	return strings.Join(g.log, " ")
}

func credentials(c *rest.Client, expiry time.Duration) rest.Auth {
	return c.ClientCredentials(tokenURL, url.Values{"grant_type": {"client_credentials"}, "client_id": {"crm"}, "client_secret": {canary}, "scope": {"a b"}}, expiry)
}

func TestClientCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &guarded{expires: "100"}
		var told []string
		c := newClient(t, base, rest.Options{Transport: g, OnSecret: func(s string) { told = append(told, s) }})
		auth := credentials(c, 0)
		ask := func(want string, requests int) {
			t.Helper()
			resp, err := get(t, c, rest.Request{Auth: auth, Header: http.Header{"X-Team": {"crm"}}})
			if got := g.did(); err != nil || got != want || resp.Requests != requests {
				t.Errorf("did %q with %d requests, want %q with %d; %v", got, resp.Requests, want, requests, err)
			}
		}
		ask("token api", 2)
		if want := "client_id=crm&client_secret=" + url.QueryEscape(canary) + "&grant_type=client_credentials&scope=a+b"; g.form != want {
			t.Errorf("asked with %s, want %s", g.form, want)
		}
		ask("api", 1)
		time.Sleep(89 * time.Second) // a tenth of its life before the end it is replaced
		ask("api", 1)
		time.Sleep(time.Second)
		ask("token api", 2)
		g.revoked = 2
		ask("api token api", 3)
		if fmt.Sprint(told) != "[token-1 token-2 token-3]" {
			t.Errorf("told of %v", told)
		}
		g.revoked = 99 // once a request, and no more
		resp, err := get(t, c, rest.Request{Auth: auth})
		if e := wantAs[*rest.StatusError](t, err); e.Status != 401 || g.did() != "api token api" || resp.Attempts != 2 {
			t.Errorf("%d attempts, %v", resp.Attempts, err)
		}
		if other := credentials(c, 0); other != auth {
			t.Error("the same grant has two tokens")
		}
		if other := credentials(c, time.Minute); other == auth {
			t.Error("another grant shares the token")
		}
	})
}

func TestTokenLives(t *testing.T) {
	for expires, want := range map[string]time.Duration{
		"100": 90 * time.Second, `"100"`: 90 * time.Second, "3600": 3570 * time.Second, "": 54 * time.Second, "0": 54 * time.Second, "-1": 54 * time.Second,
		"null": 54 * time.Second, `"soon"`: 54 * time.Second, "1e99": 54 * time.Second, "{}": 54 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			g := &guarded{expires: expires}
			c := newClient(t, base, rest.Options{Transport: g})
			auth := credentials(c, time.Minute)
			for _, wait := range []time.Duration{0, want - time.Second, time.Second} {
				time.Sleep(wait)
				if _, err := get(t, c, rest.Request{Auth: auth}); err != nil {
					t.Fatal(err)
				}
			}
			if got := g.did(); got != "token api api token api" {
				t.Errorf("expires_in %s: did %s", expires, got)
			}
		})
	}
}

// What goes wrong on the way to a token: retried as anything is, bounded, and silent.
func TestTokenErrors(t *testing.T) {
	text := func(status int, body string, header ...string) func(int, *http.Request) (*http.Response, bool) {
		return func(int, *http.Request) (*http.Response, bool) { return reply(status, body, header...), true }
	}
	for _, tt := range []struct {
		name   string
		answer func(int, *http.Request) (*http.Response, bool)
		did    string
		denied bool
		says   string
	}{
		{"busy once", func(n int, _ *http.Request) (*http.Response, bool) { return reply(503, ""), n == 1 }, "token token api", false, ""},
		{"busy", text(503, ""), "token token token", false, "503"},
		{"cut off", text(200, `{"access_token":"tok`), "token token token", false, "ends early"},
		{"refused", text(401, `{"error":"invalid_client","hint":"`+canary+`"}`), "token", true, "invalid_client"},
		{"bad", text(400, `{"error":"invalid_scope"}`), "token", true, "invalid_scope"},
		{"refused with a token", text(400, `{"access_token":"unknown-crm-token","error" : "invalid_grant"}`), "token", true, "invalid_grant"},
		{"forbidden", text(403, ""), "token", true, "403"},
		{"not there", text(404, ""), "token", false, "404"},
		{"none", text(200, `{"id_token":"`+canary+`"}`), "token", false, "no access_token"},
		{"empty", text(200, `{"access_token":""}`), "token", false, "no access_token"},
		{"a number", text(200, `{"access_token":5}`), "token", false, "no access_token"},
		{"a list", text(200, `["`+canary+`"]`), "token", false, "no JSON object"},
		{"a form", text(200, `access_token=x`), "token", false, "no JSON object"},
		{"injected", text(200, `{"access_token":"a\r\nX: y"}`), "token", false, "no header may hold"},
		{"HTML", text(200, `<html>log in</html>`), "token", false, "HTML"},
		{"a token in HTML", text(200, `<html>unknown-crm-token</html>`), "token", false, "HTML"},
		{"large", text(200, `{"access_token":"`+strings.Repeat("x", 2<<20)+`"}`), "token", false, "larger than"},
		{"elsewhere", text(307, "", "Location", "https://evil.test/token"), "token", false, "another origin"},
	} {
		g := &guarded{answer: tt.answer}
		c := newClient(t, base, rest.Options{Transport: g, Retry: rest.Retry{MaxRetries: 2, InitialInterval: time.Microsecond},
			Redact: func(s string) string { return strings.ReplaceAll(s, canary, "***") }})
		resp, err := get(t, c, rest.Request{Auth: credentials(c, 0)})
		if got := g.did(); got != tt.did || resp.Requests != len(strings.Fields(got)) {
			t.Errorf("%s: did %s, counted %d", tt.name, got, resp.Requests)
		}
		if tt.says == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if e := wantAs[*rest.TokenError](t, err); e.Denied != tt.denied || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "https://login.test/oauth2/token") || resp.Attempts != 0 {
			t.Errorf("%s: %d attempts, %+v", tt.name, resp.Attempts, err)
		}
		silent(t, err, canary, "tenant=5", "crm")
	}
}

// A token never goes to another origin, nor is it asked for then.
func TestTokenStaysAtHome(t *testing.T) {
	g := &guarded{}
	c := newClient(t, base, rest.Options{Transport: g})
	_, err := get(t, c, rest.Request{URL: "http://other.test/x", Auth: credentials(c, 0)})
	if e := wantAs[*rest.StatusError](t, err); e.Status != 401 || g.did() != "api" {
		t.Errorf("%v", err)
	}
	if _, err := get(t, c, rest.Request{URL: "http://other.test/x", Auth: credentials(c, 0), OwnAuth: true}); err != nil || g.did() != "token api" {
		t.Errorf("%v", err)
	}
}

// Everybody waits for one token, and whoever gives up does so at once.
func TestTokenIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &guarded{}
		release := make(chan struct{})
		slow := slowToken{g, release}
		c := newClient(t, base, rest.Options{Transport: slow, Concurrency: 8})
		auth := credentials(c, 0)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := get(t, c, rest.Request{Auth: auth}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			_, err := c.Do(ctx, rest.Request{URL: base + "/x", Auth: auth})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("given up with %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		wg.Wait()
		if got := g.did(); got != "token api api api api api" {
			t.Errorf("did %s", got)
		}
	})
}

type slowToken struct {
	*guarded
	release chan struct{}
}

func (s slowToken) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "login.test" {
		<-s.release
	}
	return s.guarded.RoundTrip(r)
}
