package extractor

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"producer/pkg/config"
	"producer/pkg/rest"
)

// target is what all requests of a resource have in common.
type target struct {
	address string // with the parameters that don't change
	header  http.Header
	auth    rest.Auth
	ownAuth bool
}

// newTarget joins the endpoint to the client. Parameters that the paginator sets are left to it.
func newTarget(client *rest.Client, c config.Client, e config.Endpoint, taken []string) (target, error) {
	address, query, _ := strings.Cut(join(c.BaseURL, e.Path), "?")
	if _, err := url.Parse(address); err != nil {
		return target{}, errors.New("endpoint.path makes no URL")
	}
	for _, p := range e.Params {
		if slices.Contains(taken, p.Name) {
			continue
		}
		for _, value := range p.Values {
			query = and(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(value))
		}
	}
	if query != "" {
		address += "?" + query
	}
	return target{address: address, header: headers(client.SameOrigin(address), c, e), auth: authOf(e.Auth), ownAuth: e.OwnAuth}, nil
}

// url is the address with more of a query.
func (t target) url(query string) string {
	switch {
	case query == "":
		return t.address
	case strings.Contains(t.address, "?"):
		return t.address + "&" + query
	}
	return t.address + "?" + query
}

func (t target) request() rest.Request {
	return rest.Request{Header: t.header, Auth: t.auth, OwnAuth: t.ownAuth}
}

// join puts a path behind the base URL, as dlt does. A full URL stands for itself.
func join(base, path string) string {
	if scheme, _, ok := strings.Cut(path, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		return path
	}
	base = strings.TrimRight(base, "/")
	if path = strings.TrimLeft(path, "/"); path == "" {
		return base
	}
	return base + "/" + path
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

func authOf(a *config.Auth) rest.Auth {
	switch {
	case a == nil:
		return nil
	case a.Type == "bearer":
		return rest.Bearer{Token: a.Token.Reveal()}
	case a.Type == "http_basic":
		return rest.Basic{Username: a.Username.Reveal(), Password: a.Password.Reveal()}
	}
	return rest.APIKey{Name: a.Name, Location: a.Location, Value: a.APIKey.Reveal()}
}

func and(query, more string) string {
	if query == "" {
		return more
	}
	return query + "&" + more
}
