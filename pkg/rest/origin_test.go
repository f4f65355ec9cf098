package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"producer/pkg/rest"
)

func TestNewRefusesBaseURLs(t *testing.T) {
	for _, text := range []string{"", "api.test", "ftp://api.test", "http://", "http:///x", "http://user:" + "pw@api.test", "http://a b", "http://[::1", "://x", "file:///etc"} {
		c, err := rest.New(text, rest.Options{})
		if err == nil || c != nil {
			t.Errorf("New(%q) has no error", text)
		}
		silent(t, err, "pw@")
	}
}

func TestRedirectsStayWithinTheOrigin(t *testing.T) {
	for _, tt := range []struct {
		name, base, from, to string
		follow               string // "" : refused
	}{
		{"path", "http://api.test", "/a?x=1", "/b?y=2", "http://api.test/b?y=2&api_key=K"},
		{"relative", "http://api.test/v1", "/v1/a", "b", "http://api.test/v1/b?api_key=K"},
		{"full", "http://api.test", "/a", "http://api.test/b", "http://api.test/b?api_key=K"},
		{"default port", "http://api.test", "/a", "http://API.test:80/b", "http://API.test:80/b?api_key=K"},
		{"default TLS port", "https://api.test:443", "/a", "https://api.test/b", "https://api.test/b?api_key=K"},
		{"key is there", "http://api.test", "/a", "/b?api_key=K", "http://api.test/b?api_key=K"},
		{"same host with a user", "http://api.test", "/a", "http://u:p@api.test/b", "http://api.test/b?api_key=K"},
		{"backslash", "http://api.test", "/a", `\evil.test`, "http://api.test/%5Cevil.test?api_key=K"},
		{"other host", "http://api.test", "/a", "http://evil.test/a", ""},
		{"other port", "http://api.test", "/a", "http://api.test:8080/a", ""},
		{"subdomain", "http://api.test", "/a", "http://x.api.test/a", ""},
		{"up to TLS", "http://api.test", "/a", "https://api.test/a", ""},
		{"down from TLS", "https://api.test", "/a", "http://api.test/a", ""},
		{"no scheme", "http://api.test", "/a", "//evil.test/a", ""},
		{"host as user", "http://api.test", "/a", "http://api.test@evil.test/a", ""},
		{"another scheme", "http://api.test", "/a", "file:///etc/passwd", ""},
		{"no URL", "http://api.test", "/a", "http://[::1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(status(302, "Location", tt.to), ok(`[]`))
				c := newClient(t, tt.base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
				start := strings.TrimSuffix(strings.TrimSuffix(tt.base, "/v1"), "/") + tt.from
				resp, err := c.Do(t.Context(), rest.Request{URL: start, Auth: rest.APIKey{Name: "api_key", Location: "query", Value: "K"}})
				if tt.follow == "" {
					wantAs[*rest.RedirectError](t, err)
					if api.count() != 1 {
						t.Errorf("got %d requests, the redirect's target was asked", api.count())
					}
					return
				}
				if err != nil || resp.Attempts != 1 || resp.Requests != 2 || api.count() != 2 {
					t.Fatalf("got %d attempts, %d requests, %v", resp.Attempts, resp.Requests, err)
				}
				if got := api.seen[1]; got.url != tt.follow || got.header.Get("Referer") != "" {
					t.Errorf("asked %s with Referer %q, want %s", got.url, got.header.Get("Referer"), tt.follow)
				}
			})
		})
	}
}

func TestRedirectsEnd(t *testing.T) {
	for _, tt := range []struct {
		redirects int
		ok        bool
	}{{10, true}, {11, false}} {
		api := &script{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n < tt.redirects {
				return reply(307, "", "Location", "/again"), nil
			}
			return reply(200, `[]`), nil
		}}
		c := newClient(t, base, rest.Options{Transport: api})
		resp, err := get(t, c, rest.Request{})
		if api.count() != 11 || resp.Requests != 11 || (err == nil) != tt.ok {
			t.Errorf("%d redirects: %d requests, %v", tt.redirects, api.count(), err)
		}
		if !tt.ok {
			wantAs[*rest.RedirectError](t, err)
		}
	}
}

func TestCredentialsGoToTheBaseOriginOnly(t *testing.T) {
	key := rest.APIKey{Name: "X-Key", Value: canary}
	for _, tt := range []struct {
		url  string
		own  bool
		sent bool
	}{
		{"http://api.test/x", false, true},
		{"http://API.test:80/x", false, true},
		{"https://api.test/x", false, false},
		{"http://api.test:8080/x", false, false},
		{"http://other.test/x", false, false},
		{"http://other.test/x", true, true},
	} {
		api := sequence(ok(`[]`))
		c := newClient(t, base, rest.Options{Transport: api})
		if _, err := c.Do(t.Context(), rest.Request{URL: tt.url, Auth: key, OwnAuth: tt.own}); err != nil {
			t.Fatal(err)
		}
		if got := api.seen[0].header.Get("X-Key") == canary; got != tt.sent {
			t.Errorf("%s (own: %v): credentials sent: %v, want %v", tt.url, tt.own, got, tt.sent)
		}
		if got := c.SameOrigin(tt.url); got != (tt.sent && !tt.own) {
			t.Errorf("SameOrigin(%s) is %v", tt.url, got)
		}
	}
}

func TestAuths(t *testing.T) {
	for _, tt := range []struct {
		name        string
		auth        rest.Auth
		header      http.Header
		url         string
		field, want string
	}{
		{name: "query", auth: rest.APIKey{Name: "api_key", Location: "query", Value: `a"b: c&d=é+%`}, url: base + "/x?limit=1&offset=2",
			want: base + "/x?limit=1&offset=2&api_key=a%22b%3A+c%26d%3D%C3%A9%2B%25"},
		{name: "query alone", auth: rest.APIKey{Name: "a b", Location: "query", Value: "k"}, url: base + "/x", want: base + "/x?a+b=k"},
		{name: "query beside a parameter of its name", auth: rest.APIKey{Name: "k", Location: "query", Value: "2"}, url: base + "/x?k=1", want: base + "/x?k=1&k=2"},
		{name: "header", auth: rest.APIKey{Name: "x-key", Location: "header", Value: "k v"}, field: "X-Key", want: "k v"},
		{name: "header by default", auth: rest.APIKey{Name: "Authorization", Value: "k"}, field: "Authorization", want: "k"},
		{name: "header over the caller's", auth: rest.APIKey{Name: "X-Key", Value: "k"}, header: http.Header{"x-key": {"old"}}, field: "X-Key", want: "k"},
		{name: "cookie", auth: rest.APIKey{Name: "sid", Location: "cookie", Value: `a;b, "c"` + "\xc3\xa9"}, field: "Cookie", want: "sid=a%3Bb%2C%20%22c%22%C3%A9"},
		{name: "cookie beside another", auth: rest.APIKey{Name: "sid", Location: "cookie", Value: "k"}, header: http.Header{"Cookie": {"a=b"}}, field: "Cookie", want: "a=b; sid=k"},
		{name: "bearer", auth: rest.Bearer{Token: "t"}, field: "Authorization", want: "Bearer t"},
		{name: "basic", auth: rest.Basic{Username: "Aladdin", Password: "open sesame"}, field: "Authorization", want: "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api := sequence(ok(`[]`))
			c := newClient(t, base, rest.Options{Transport: api, UserAgent: "agent/1"})
			if _, err := get(t, c, rest.Request{URL: tt.url, Auth: tt.auth, Header: tt.header}); err != nil {
				t.Fatal(err)
			}
			got := api.seen[0].url
			if tt.field != "" {
				got = strings.Join(api.seen[0].header[tt.field], "|")
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if ua := api.seen[0].header.Get("User-Agent"); ua != "agent/1" {
				t.Errorf("User-Agent is %q", ua)
			}
		})
	}
}

func TestHeadersThatHTTPForbidsAreNotSent(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    rest.Request
	}{
		{"line break in a value", rest.Request{Header: http.Header{"X-A": {"a\r\nX-Evil: " + canary}}}},
		{"zero in a value", rest.Request{Header: http.Header{"X-A": {"a\x00" + canary}}}},
		{"space in a name", rest.Request{Header: http.Header{"X A": {canary}}}},
		{"line break in a key", rest.Request{Auth: rest.APIKey{Name: "X-Key", Value: canary + "\n"}}},
		{"colon in a key's name", rest.Request{Auth: rest.APIKey{Name: "X:Key", Value: canary}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api := sequence(ok(`[]`))
			c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
			resp, err := get(t, c, tt.r)
			wantAs[*rest.TransportError](t, err)
			if api.count() != 0 || resp.Attempts != 0 {
				t.Errorf("got %d requests, %d attempts", api.count(), resp.Attempts)
			}
			silent(t, err, canary)
		})
	}
}
