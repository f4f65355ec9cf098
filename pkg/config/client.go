package config

import (
	"math"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// Client is how the API is asked.
type Client struct {
	BaseURL     string            // http or https, without a slash at its end
	Headers     map[string]string // canonical names; nil: none. An endpoint's own win, name by name
	Auth        *Auth             // nil: none
	Timeout     time.Duration     // of one attempt
	Retry       Retry
	Limits      Limits
	Concurrency int        // requests out at a time, at least 1
	RateLimit   *RateLimit // nil: none
}

// Retry says when and how often a request is repeated.
type Retry struct {
	MaxRetries      int // repetitions, so one less than requests
	Factor          float64
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxRetryAfter   time.Duration // a longer Retry-After ends the resource
	StatusCodes     []int
}

// Limits end a resource whose answers exceed them.
type Limits struct {
	Body  int64 // bytes, decoded
	Depth int   // levels of JSON
}

// RateLimit is a budget of requests.
type RateLimit struct {
	Requests int
	Per      time.Duration
}

// client reads source.client. The paginator it may hold is for resources without their own.
func (l *loader) client(n *node) (c Client, paginator *node) {
	o := l.object(n)
	c = Client{
		Timeout: 60 * time.Second,
		Retry: Retry{MaxRetries: 3, Factor: 2, InitialInterval: time.Second, MaxInterval: 30 * time.Second,
			MaxRetryAfter: 300 * time.Second, StatusCodes: []int{429, 500, 502, 503, 504}},
		Limits:      Limits{Body: 256 << 20, Depth: 500},
		Concurrency: 1,
	}
	if u := o.want("base_url", "give the API's URL, as in https://api.example.com"); u != nil {
		c.BaseURL = l.baseURL(u)
	}
	if h := o.get("headers"); h != nil {
		c.Headers = l.headers(h, unformat)
	}
	if a := o.get("auth"); given(a) {
		c.Auth = l.auth(a)
		if c.Auth != nil && unprotected(c.BaseURL) {
			l.warn(a, "goes to another machine over http, readable on its way; use https in base_url")
		}
	}
	o.setDuration("timeout", &c.Timeout, 1)
	if r := o.get("retry"); r != nil {
		l.retry(r, &c.Retry)
	}
	if m := o.get("limits"); m != nil {
		l.limits(m, &c.Limits)
	}
	o.setInt("concurrency", &c.Concurrency, 1, 256)
	if r := o.get("rate_limit"); given(r) {
		c.RateLimit = l.rateLimit(r)
	}
	paginator = o.get("paginator")
	o.refuse(map[string]string{"session": "it is a Python object; client.retry, client.timeout and client.headers set what a session would"})
	o.done()
	return c, paginator
}

func (l *loader) retry(n *node, r *Retry) {
	o := l.object(n)
	o.setInt("max_retries", &r.MaxRetries, 0, 100)
	if v := o.get("factor"); v != nil {
		f, ok := l.number(v, 1, 100)
		assign(&r.Factor, f, ok)
	}
	initial := o.get("initial_interval")
	if initial != nil {
		d, ok := l.duration(initial, 1)
		assign(&r.InitialInterval, d, ok)
	}
	longest := o.get("max_interval")
	if longest != nil {
		d, ok := l.duration(longest, 1)
		assign(&r.MaxInterval, d, ok)
	}
	if r.InitialInterval > r.MaxInterval {
		at := longest
		if at == nil {
			at = initial
		}
		l.wrong(at, "makes initial_interval longer than max_interval; the first wait must not exceed the longest (30s by default)")
	}
	o.setDuration("max_retry_after", &r.MaxRetryAfter, 0)
	if v := o.get("status_codes"); v != nil {
		if v.kind != listKind {
			l.wrong(v, "is %s; it must be a list of numbers, as in [429, 500, 502, 503, 504]", v.what())
		}
		r.StatusCodes = []int{}
		for _, item := range v.items {
			if i, ok := l.integer(item, 400, 599); ok {
				r.StatusCodes = append(r.StatusCodes, int(i))
			}
		}
	}
	o.done()
}

func (l *loader) limits(n *node, m *Limits) {
	o := l.object(n)
	if v := o.get("body"); v != nil {
		i, ok := l.size(v)
		assign(&m.Body, i, ok)
	}
	o.setInt("depth", &m.Depth, 1, 10_000)
	o.done()
}

func (l *loader) rateLimit(n *node) *RateLimit {
	o := l.object(n)
	r := &RateLimit{Per: time.Second}
	if v := o.want("requests", "give how many requests are allowed within per, as in {requests: 10, per: 1s}"); v != nil {
		i, ok := l.integer(v, 1, math.MaxInt32)
		assign(&r.Requests, int(i), ok)
	}
	o.setDuration("per", &r.Per, 1)
	o.done()
	return r
}

// headers reads a map of headers under their canonical names. Values aren't shown: credentials stand in headers too.
func (l *loader) headers(n *node, literal func(string) (string, error)) map[string]string {
	if n.kind == nullKind {
		return nil
	}
	if l.object(n).bad {
		return nil
	}
	headers := make(map[string]string, len(n.members))
	for _, m := range n.members {
		name := textproto.CanonicalMIMEHeaderKey(m.name)
		switch {
		case !isToken(m.name):
			l.problem(m.line, m.value.key(), "is no name of a header; it must be letters, digits and any of !#$%&'*+-.^_`|~")
			continue
		case isOurs(name):
			l.problem(m.line, m.value.key(), "is set by the HTTP client itself; leave it out")
			continue
		}
		if _, twice := headers[name]; twice {
			l.problem(m.line, m.value.key(), "is given twice; the names of headers are the same in upper and lower case")
			continue
		}
		v, ok := l.textWith(m.value, literal)
		if !ok {
			continue
		}
		headers[name] = v
		if hides(name, m.value, v) {
			_, token, _ := strings.Cut(v, " ") // as in Bearer TOKEN
			l.hide(m.value, v, token)
			if looksSecret(name) {
				l.warnWritten(m.value)
			}
		}
	}
	return headers
}

// isOurs is true of the headers that net/http writes or ignores, so that giving them would do nothing or harm.
func isOurs(name string) bool {
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Te", "Upgrade", "Keep-Alive", "Accept-Encoding":
		return true
	}
	return false
}

// baseURL reads a URL that paths are put behind: no slash at its end, and none of the parts that would get lost or leak.
func (l *loader) baseURL(n *node) string {
	text, ok := l.text(n)
	if !ok {
		return ""
	}
	if why := notBaseURL(text); why != "" {
		l.wrong(n, "%s; it must be an http or https URL, as in https://api.example.com", why)
		return ""
	}
	return strings.TrimRight(text, "/")
}

// notBaseURL says what is wrong with a URL, or nothing. It doesn't show it: it may hold a password.
func notBaseURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsAny(text, " \\"):
		return "is no URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return "begins with neither http:// nor https://"
	case u.User != nil:
		return "holds a user name or password; they belong in auth (or username and password of a registry)"
	case u.Hostname() == "" || u.Opaque != "":
		return "names no host"
	case u.Port() != "" && !isPort(u.Port()):
		return "has a port that is no number from 1 to 65535"
	case u.RawQuery != "" || u.ForceQuery:
		return "has a query (?); parameters belong in endpoint.params"
	case strings.Contains(text, "#"):
		return "has a fragment (#)"
	}
	return ""
}

// unprotected is true of a URL that sends over http to what isn't this machine.
func unprotected(base string) bool {
	u, err := url.Parse(base)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
