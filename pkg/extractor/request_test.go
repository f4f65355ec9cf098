package extractor_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

var key = url.QueryEscape(secret)

// first returns the first request of a walk.
func first(t *testing.T, c config.Client, res config.Resource) *http.Request {
	t.Helper()
	a := &api{}
	if r := walk(t, extractWith(t, a, c, res), extractor.Position{}, extractor.WalkOptions{}); r.err != nil {
		t.Fatal(r.err)
	}
	return a.seen[0]
}

func TestURLs(t *testing.T) {
	for _, tt := range []struct {
		base, path, want string
	}{
		{"http://api.test", "/v1/contacts", "http://api.test/v1/contacts"},
		{"http://api.test/", "v1/contacts", "http://api.test/v1/contacts"},
		{"http://api.test/crm/", "//contacts/", "http://api.test/crm/contacts/"},
		{"http://api.test/crm", "", "http://api.test/crm/"},
		{"http://api.test/crm/", "/", "http://api.test/crm/"},
		{"http://api.test:8080/crm", "a b/é", "http://api.test:8080/crm/a%20b/%C3%A9"},
		{"http://api.test", "a%2Fb", "http://api.test/a%2Fb"},
		{"http://api.test/crm", "http://api.test/v2/x", "http://api.test/v2/x"},
		{"http://api.test/crm", "HTTPS://other.test/x", "https://other.test/x"},
	} {
		res := resource(offset())
		res.Endpoint.Path, res.Endpoint.Auth = tt.path, nil
		c := client()
		c.BaseURL = tt.base
		got := first(t, c, res).URL.String()
		if want := tt.want + "?offset=0&limit=100"; got != want {
			t.Errorf("%s and %s: asked %s, want %s", tt.base, tt.path, got, want)
		}
	}
}

func TestQueryOrder(t *testing.T) {
	own := offset()
	own.OffsetParam, own.LimitParam = "skip it", "max"
	for _, tt := range []struct {
		name   string
		p      config.Paginator
		path   string
		params []config.Param
		want   string
	}{
		{"offset", offset(), "/x", nil, "offset=0&limit=100&api_key=" + key},
		{"page_number", number(1), "/x", nil, "page=1&api_key=" + key},
		{"single_page", single(), "/x", nil, "api_key=" + key},
		{"own names", own, "/x", nil, "skip+it=0&max=100&api_key=" + key},
		{"params first, in order", offset(), "/x", []config.Param{{Name: "z", Values: []string{"1", "a b&c"}}, {Name: "a", Values: []string{"é"}}},
			"z=1&z=a+b%26c&a=%C3%A9&offset=0&limit=100&api_key=" + key},
		{"the paginator wins", offset(), "/x", []config.Param{{Name: "limit", Values: []string{"5"}}, {Name: "b", Values: []string{"2"}}, {Name: "offset", Values: []string{"7"}}},
			"b=2&offset=0&limit=100&api_key=" + key},
		{"a query in the path", offset(), "/x?status=active", []config.Param{{Name: "b", Values: []string{"2"}}}, "status=active&b=2&offset=0&limit=100&api_key=" + key},
	} {
		res := resource(tt.p)
		res.Endpoint.Path, res.Endpoint.Params = tt.path, tt.params
		if got := first(t, client(), res).URL.RawQuery; got != tt.want {
			t.Errorf("%s: asked with %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestHeadersAndAuth(t *testing.T) {
	basic := &config.Auth{Type: "http_basic", Username: "u", Password: secret}
	bearer := &config.Auth{Type: "bearer", Token: secret}
	header := &config.Auth{Type: "api_key", Name: "X-Key", Location: "header", APIKey: secret}
	cookie := &config.Auth{Type: "api_key", Name: "sid", Location: "cookie", APIKey: "c00kie"}
	for _, tt := range []struct {
		name string
		path string
		auth *config.Auth
		own  bool
		want map[string]string // "" : not sent
	}{
		{"basic", "/x", basic, false, map[string]string{"Authorization": "Basic dTpzM2NyM3QgY2FuYXJ5"}},
		{"bearer", "/x", bearer, true, map[string]string{"Authorization": "Bearer " + secret}},
		{"header", "/x", header, false, map[string]string{"X-Key": secret}},
		{"cookie", "/x", cookie, false, map[string]string{"Cookie": "sid=c00kie"}},
		{"none", "/x", nil, false, map[string]string{"Authorization": "", "X-Key": ""}},
		{"merged", "/x", nil, false, map[string]string{"X-Team": "crm", "X-Both": "endpoint", "X-Endpoint": "e", "User-Agent": "agent/1", "Referer": ""}},
		{"the client's elsewhere", "http://other.test/x", bearer, false,
			map[string]string{"Authorization": "", "X-Team": "", "X-Both": "endpoint", "X-Endpoint": "e", "User-Agent": "agent/1"}},
		{"the client's on another port", "http://api.test:81/x", header, false, map[string]string{"X-Key": "", "X-Team": ""}},
		{"the endpoint's own elsewhere", "http://other.test/x", bearer, true, map[string]string{"Authorization": "Bearer " + secret, "X-Team": ""}},
	} {
		res := resource(offset())
		res.Endpoint.Path, res.Endpoint.Auth, res.Endpoint.OwnAuth = tt.path, tt.auth, tt.own
		res.Endpoint.Headers = map[string]string{"X-Both": "endpoint", "x-endpoint": "e"}
		c := client()
		c.Headers = map[string]string{"X-Team": "crm", "X-Both": "client", "User-Agent": "agent/1"}
		r := first(t, c, res)
		for name, want := range tt.want {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.name, name, got, want)
			}
		}
		if strings.Contains(r.URL.RawQuery, key) {
			t.Errorf("%s: the key is in the query", tt.name)
		}
	}
}

func TestRedirectToAnotherOriginFailsTheWalk(t *testing.T) {
	a := &api{instead: func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, "http://evil.test/?"+r.URL.RawQuery, http.StatusFound)
		return true
	}}
	r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	if r.err == nil || len(a.seen) != 1 {
		t.Errorf("%d requests, %v", len(a.seen), r.err)
	}
}

func TestRedirectsCountAsRequests(t *testing.T) {
	a := &api{rows: people(150, 1), total: counted, instead: func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			http.Redirect(w, r, "/v2/contacts?"+r.URL.RawQuery, http.StatusFound)
		}
		return n == 1
	}}
	r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || r.requests != 3 || r.retries != 0 {
		t.Errorf("%d requests, %d retries, %v", r.requests, r.retries, r.err)
	}
}

// Everything that gives a position its meaning changes the shape; secrets, headers and the key do not.
func TestShape(t *testing.T) {
	three := int64(3)
	shape := func(change func(c *config.Client, r *config.Resource)) string {
		c, r := client(), resource(offset())
		if change != nil {
			change(&c, &r)
		}
		return extractWith(t, &api{}, c, r).Shape()
	}
	same := shape(nil)
	if len(same) != 32 || strings.Trim(same, "0123456789abcdef") != "" {
		t.Errorf("shape %q", same)
	}
	for name, change := range map[string]func(c *config.Client, r *config.Resource){
		"key":         func(_ *config.Client, r *config.Resource) { r.Endpoint.Auth.APIKey = "another" },
		"header":      func(c *config.Client, _ *config.Resource) { c.Headers = map[string]string{"a": "b"} },
		"primary key": func(_ *config.Client, r *config.Resource) { r.PrimaryKey = nil },
		"name":        func(_ *config.Client, r *config.Resource) { r.Name = "people" },
		"slashes":     func(c *config.Client, r *config.Resource) { c.BaseURL, r.Endpoint.Path = base+"/", "v1/contacts" },
		"spelling":    func(_ *config.Client, r *config.Resource) { r.Endpoint.Selector = query("$.data") },
	} {
		if got := shape(change); got != same {
			t.Errorf("%s: the shape changed", name)
		}
	}
	seen := map[string]string{same: "nothing"}
	for name, change := range map[string]func(c *config.Client, r *config.Resource){
		"base URL": func(c *config.Client, _ *config.Resource) { c.BaseURL = "http://other.test" },
		"path":     func(_ *config.Client, r *config.Resource) { r.Endpoint.Path = "/v2/contacts" },
		"params": func(_ *config.Client, r *config.Resource) {
			r.Endpoint.Params = []config.Param{{Name: "a", Values: []string{"b"}}}
		},
		"param value": func(_ *config.Client, r *config.Resource) {
			r.Endpoint.Params = []config.Param{{Name: "a", Values: []string{"c"}}}
		},
		"selector":     func(_ *config.Client, r *config.Resource) { r.Endpoint.Selector = query("rows") },
		"the page":     func(_ *config.Client, r *config.Resource) { r.Endpoint.Selector = query("$") },
		"limit":        func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.Limit = 50 },
		"offset":       func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.Offset = 50 },
		"offset param": func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.OffsetParam = "skip" },
		"type":         func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator = number(0) },
		"base page":    func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator = number(1) },
		"total path":   func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.TotalPath = pathTo("count") },
		"no total":     func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.TotalPath = nil },
		"maximum":      func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.Maximum = &three },
		"has more":     func(_ *config.Client, r *config.Resource) { r.Endpoint.Paginator.HasMorePath = pathTo("more") },
	} {
		got := shape(change)
		if other, ok := seen[got]; ok {
			t.Errorf("%s has the shape of %s", name, other)
		}
		seen[got] = name
	}
	rotated := func(value string) string {
		return shape(func(_ *config.Client, r *config.Resource) {
			r.Endpoint.Params = []config.Param{{Name: "token", Values: []string{value}}}
		})
	}
	if rotated(secret) == rotated("other") {
		t.Error("a parameter's value has no part in the shape")
	}
	if rotated(secret) != rotated(second) {
		t.Error("a secret has a part in the shape")
	}
}

func TestGet(t *testing.T) {
	a := &api{instead: func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.EscapedPath() {
		case "/v1/contacts/a%2Fb%3Fc":
			_, _ = w.Write([]byte(`{"id":"a/b?c"}`))
		case "/v1/contacts/busy":
			if n%2 == 1 {
				w.WriteHeader(503)
				return true
			}
			w.WriteHeader(410)
		case "/v1/contacts/403":
			w.WriteHeader(403)
		default:
			w.WriteHeader(404)
			_, _ = w.Write([]byte(`{"error":"not found"}`))
		}
		return true
	}}
	res := resource(offset())
	res.Endpoint.Params = []config.Param{{Name: "status", Values: []string{"active"}}}
	res.Endpoint.Headers = map[string]string{"X-Team": "crm"}
	x := extract(t, a, res)
	for _, tt := range []struct {
		key     string
		status  int
		gone    bool
		body    string
		retries int
		bad     bool
	}{
		{"busy", 410, true, "", 1, false},
		{"a/b?c", 200, false, `{"id":"a/b?c"}`, 0, false},
		{"17", 404, true, "", 0, false},
		{"403", 403, false, "", 0, true},
	} {
		path, err := extractor.ItemPath("/v1/contacts/{id}", tt.key)
		if err != nil {
			t.Fatal(err)
		}
		item, err := x.Get(t.Context(), path)
		if (err != nil) != tt.bad || item.Status != tt.status || item.Gone() != tt.gone || string(item.Body) != tt.body || item.Retries != tt.retries || item.Requests != 1+tt.retries {
			t.Errorf("%s: got %+v, %v", tt.key, item, err)
		}
		if err != nil {
			wantAs[*extractor.PageError](t, err)
		}
		last := a.seen[len(a.seen)-1]
		if last.URL.RawQuery != "api_key="+key || last.Header.Get("X-Team") != "crm" {
			t.Errorf("%s: asked with %s and %v", tt.key, last.URL.RawQuery, last.Header)
		}
	}
	for _, key := range []string{"", ".", ".."} {
		if path, err := extractor.ItemPath("/v1/contacts/{id}", key); err == nil {
			t.Errorf("key %q makes the path %s", key, path)
		}
	}
}

func TestGetKeepsCredentialsAtHome(t *testing.T) {
	for _, tt := range []struct {
		name, listing, item string
		own                 bool
		want                string
	}{
		{"home", "/v1/contacts", "/v1/contacts/1", false, "Bearer " + secret},
		{"client's elsewhere", "/v1/contacts", "http://evil.test/1", false, ""},
		{"own at home", "/v1/contacts", "/v1/contacts/1", true, "Bearer " + secret},
		{"own elsewhere, as the listing", "http://other.test/x", "http://other.test/x/1", true, "Bearer " + secret},
		{"own, but not where the listing is", "http://other.test/x", "/v1/contacts/1", true, ""},
		{"own, to a third", "http://other.test/x", "http://evil.test/1", true, ""},
	} {
		res := resource(offset())
		res.Endpoint.Path, res.Endpoint.OwnAuth = tt.listing, tt.own
		res.Endpoint.Auth = &config.Auth{Type: "bearer", Token: secret}
		a := &api{instead: always(`{}`)}
		if _, err := extract(t, a, res).Get(t.Context(), tt.item); err != nil {
			t.Fatal(err)
		}
		if got := a.seen[0].Header.Get("Authorization"); got != tt.want {
			t.Errorf("%s: Authorization is %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNewRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, change := range map[string]func(r *config.Resource){
		"paginator": func(r *config.Resource) { r.Endpoint.Paginator.Type = "teleport" },
		"path":      func(r *config.Resource) { r.Endpoint.Path = "http://[::1" },
	} {
		res := resource(offset())
		change(&res)
		if _, err := extractor.New(mustClient(t), client(), res); err == nil || !strings.Contains(err.Error(), "contacts") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Canaries of every kind of secret, over every fault: walk itself looks for them in each error.
func TestNoErrorHoldsASecret(t *testing.T) {
	auths := []*config.Auth{
		{Type: "api_key", Name: "hapikey", Location: "query", APIKey: secret},
		{Type: "api_key", Name: "X-Key", Location: "header", APIKey: secret},
		{Type: "bearer", Token: secret},
		{Type: "http_basic", Username: "u", Password: secret},
	}
	echo := func(status int, format string) func(int, http.ResponseWriter, *http.Request) bool {
		return func(_ int, w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(strings.NewReplacer("QUERY", r.URL.RawQuery, "SECRET", secret).Replace(format)))
			return true
		}
	}
	for _, auth := range auths {
		for name, answer := range map[string]func(int, http.ResponseWriter, *http.Request) bool{
			"401":       echo(401, "bad key SECRET"),
			"404":       echo(404, "no such thing: SECRET"),
			"500":       echo(500, "SECRET"),
			"HTML":      echo(200, "<p>SECRET"),
			"selector":  echo(200, `{"error":"SECRET"}`),
			"malformed": echo(200, "SECRET"),
			"cut":       echo(200, `{"data":["SECRET`),
			"a record":  echo(200, `{"data":[{"id":1,"a":"SECRET","a":1}]}`),
		} {
			res := resource(offset())
			res.Endpoint.Auth = auth
			r := walk(t, extract(t, &api{instead: answer}, res), extractor.Position{}, extractor.WalkOptions{})
			if r.err == nil {
				t.Errorf("%s: no error", name)
			}
			for err := r.err; err != nil; err = errors.Unwrap(err) {
				if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "hapikey") {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}
