package extractor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"producer/pkg/config"
	"producer/pkg/rest"
)

// target is what all requests of a resource have in common.
type target struct {
	method     string
	address    string // without parameters
	query      string // the parameters that don't change
	header     http.Header
	jsonHeader http.Header    // with a JSON body
	object     map[string]any // of the JSON body; nil: there is none
	body       []byte         // any other body
	ignore     []rest.Match
	auth       rest.Auth
	ownAuth    bool
	config     *config.Auth
	redact     func(string) string
}

// newTarget joins the endpoint to the client.
func newTarget(client *rest.Client, c config.Client, e config.Endpoint) (target, error) {
	address, query, _ := strings.Cut(join(c.BaseURL, e.Path), "?")
	if _, err := url.Parse(address); err != nil {
		return target{}, errors.New("endpoint.path makes no URL")
	}
	query = and(query, encode(e.Params))
	t := target{method: e.Method, address: address, query: query, header: headers(client.SameOrigin(address), c, e),
		object: e.JSON, auth: authOf(client, e.Auth), ownAuth: e.OwnAuth, config: e.Auth, redact: client.Redact}
	for _, m := range e.Ignore {
		t.ignore = append(t.ignore, rest.Match(m))
	}
	switch {
	case e.Data != "":
		t.body = []byte(e.Data)
	case e.Form != nil:
		t.body = []byte(encode(e.Form))
		t.header = typed(t.header, "application/x-www-form-urlencoded")
	}
	t.jsonHeader = typed(t.header, "application/json")
	return t, nil
}

// typed is a header with the content type, unless it has its own.
func typed(h http.Header, kind string) http.Header {
	if h.Get("Content-Type") == "" {
		h = h.Clone()
		h.Set("Content-Type", kind)
	}
	return h
}

// encode writes parameters as they stand in a query or a form (URL Standard, section 5).
func encode(params []config.Param) string {
	out := ""
	for _, p := range params {
		for _, value := range p.Values {
			out = and(out, url.QueryEscape(p.Name)+"="+url.QueryEscape(value))
		}
	}
	return out
}

// url is where a page is asked for.
func (t target) url(a ask) string {
	if a.url != "" {
		return a.url
	}
	query := t.query
	if query != "" && len(a.names) > 0 {
		query = without(query, a.names...)
	}
	if query = and(query, a.query); query == "" {
		return t.address
	}
	return t.address + "?" + query
}

// request is the one for a page.
func (t target) request(a ask) (rest.Request, error) {
	r := rest.Request{Method: t.method, URL: t.url(a), Header: t.header, Body: t.body, Auth: t.auth, OwnAuth: t.ownAuth, Ignore: t.ignore}
	if t.object == nil && a.body == nil {
		return r, nil
	}
	object := t.object
	for _, v := range a.body {
		var err error
		if object, err = put(object, v.path, json.RawMessage(v.json)); err != nil {
			return r, err
		}
	}
	body, err := json.Marshal(object)
	if err != nil {
		return r, fmt.Errorf("endpoint.json: %w", err)
	}
	r.Body, r.Header = body, t.jsonHeader
	return r, nil
}

// put is an object with a value at a path, and objects on the way to it. The object itself stays as it is.
func put(object map[string]any, path []string, value any) (map[string]any, error) {
	changed := maps.Clone(object)
	if changed == nil {
		changed = map[string]any{}
	}
	if len(path) == 1 {
		changed[path[0]] = value
		return changed, nil
	}
	inner, ok := changed[path[0]].(map[string]any)
	if !ok && changed[path[0]] != nil {
		return nil, fmt.Errorf("endpoint.json has something else than an object at %s, where the paginator has to put a value", path[0])
	}
	inner, err := put(inner, path[1:], value)
	changed[path[0]] = inner
	return changed, err
}

// secretParam is the parameter that holds the credential, "" where none does.
func (t target) secretParam() string {
	if t.config != nil && t.config.Location == "query" {
		return t.config.Name
	}
	return ""
}

// join puts a path behind the base URL, as dlt does. A full URL stands for itself.
func join(base, path string) string {
	if scheme, _, ok := strings.Cut(path, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		return path
	}
	return strings.TrimRight(base, "/") + "/" + strings.TrimLeft(path, "/")
}

// headers are the client's and the endpoint's, which win. To another origin go only those of the client's that say nothing
// about who asks: any other may be a credential.
func headers(home bool, c config.Client, e config.Endpoint) http.Header {
	h := make(http.Header)
	for name, value := range c.Headers {
		if home || slices.Contains([]string{"Accept", "Accept-Language", "User-Agent"}, http.CanonicalHeaderKey(name)) {
			h.Set(name, value)
		}
	}
	for name, value := range e.Headers {
		h.Set(name, value)
	}
	return h
}

func authOf(client *rest.Client, a *config.Auth) rest.Auth {
	switch {
	case a == nil:
		return nil
	case a.Type == "bearer":
		return rest.Bearer{Token: a.Token.Reveal()}
	case a.Type == "http_basic":
		return rest.Basic{Username: a.Username.Reveal(), Password: a.Password.Reveal()}
	case a.Type == "oauth2_client_credentials":
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ClientID.Reveal()}, "client_secret": {a.ClientSecret.Reveal()}}
		for _, p := range a.TokenRequest {
			form[p.Name] = p.Values
		}
		return client.ClientCredentials(a.TokenURL, form, a.TokenExpiry)
	}
	return rest.APIKey{Name: a.Name, Location: a.Location, Value: a.APIKey.Reveal()}
}

func and(query, more string) string {
	if query == "" || more == "" {
		return query + more
	}
	return query + "&" + more
}
