package rest

import (
	"errors"
	"net/url"
	"strings"
)

// origin is what credentials and redirects are bound to: RFC 6454's scheme, host and port.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	o := origin{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: u.Port()}
	if o.port == "" {
		o.port = map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	return o
}

func (o origin) String() string {
	host := o.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return o.scheme + "://" + host + ":" + o.port
}

// parseURL takes absolute http and https URLs without user name. Its errors don't repeat the text, which may hold a key.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("neither http:// nor https://")
	case u.Hostname() == "":
		return nil, errors.New("no host in the URL")
	case u.User != nil:
		return nil, errors.New("a user name in the URL; credentials belong into the auth")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// SameOrigin reports whether two URLs are http or https and have scheme, host and port in common. What can't be read has no origin.
func SameOrigin(a, b string) bool {
	u, errA := parseURL(a)
	v, errB := parseURL(b)
	return errA == nil && errB == nil && originOf(u) == originOf(v)
}

// Origin is a URL's scheme, host and port, as in https://api.example.com:443; "" where it has none.
func Origin(rawURL string) string {
	u, err := parseURL(rawURL)
	if err != nil {
		return ""
	}
	return originOf(u).String()
}
