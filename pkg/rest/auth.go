package rest

import (
	"net/http"
	"net/url"
	"strings"
)

// Auth adds credentials to a request. Apply is called on every attempt and on every redirect within the origin, with a
// request that it may change; it must be safe for concurrent use.
type Auth interface {
	Apply(r *http.Request)
}

var (
	_ Auth = APIKey{}
	_ Auth = Bearer{}
	_ Auth = Basic{}
)

// APIKey sends Value, as it is, under Name.
type APIKey struct {
	Name string
	// Location is "header" (also when empty), "query" or "cookie". In the query the key stands last.
	Location string
	Value    string
}

// Apply implements Auth. A redirect whose target already carries the query parameter is left alone.
func (k APIKey) Apply(r *http.Request) {
	switch k.Location {
	case "query":
		if r.Response != nil && r.URL.Query().Has(k.Name) {
			return
		}
		r.URL.RawQuery = appendParam(r.URL.RawQuery, k.Name, k.Value)
	case "cookie":
		cookie := k.Name + "=" + cookieValue(k.Value)
		if had := r.Header.Get("Cookie"); had != "" {
			cookie = had + "; " + cookie
		}
		r.Header.Set("Cookie", cookie)
	default:
		r.Header.Set(k.Name, k.Value)
	}
}

// Bearer sends Token in the Authorization header (RFC 6750 section 2.1).
type Bearer struct{ Token string }

// Apply implements Auth.
func (b Bearer) Apply(r *http.Request) { r.Header.Set("Authorization", "Bearer "+b.Token) }

// Basic sends Username and Password in the Authorization header (RFC 7617).
type Basic struct{ Username, Password string }

// Apply implements Auth.
func (b Basic) Apply(r *http.Request) { r.SetBasicAuth(b.Username, b.Password) }

func appendParam(query, name, value string) string {
	if query != "" {
		query += "&"
	}
	return query + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// cookieValue percent-encodes what can't stand in a cookie's value (RFC 6265 section 4.1.1).
func cookieValue(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c >= 0x7f, c == '"', c == ',', c == ';', c == '\\':
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
