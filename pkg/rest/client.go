package rest

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Options of a Client. The zero value works: 60 s an attempt, no retries, bodies of 256 MiB, one request at a time.
type Options struct {
	// Timeout bounds one attempt, from the dial to the last byte of the body; default 60 s. Waiting for the host's budget
	// is not counted.
	Timeout time.Duration
	// Retry says which answers are asked for again, how often and when.
	Retry Retry
	// MaxBody bounds a body in decoded bytes; default 256 MiB.
	MaxBody int64
	// Concurrency is how many requests of this Client one host gets at a time; default 1. A 429 halves it, and RateLimit with it,
	// until good answers bring them back; a Retry-After that is waited for holds up all requests to the host.
	Concurrency int
	// RateLimit spaces the requests that one host gets, retries included; nil: as fast as they come.
	RateLimit *RateLimit
	// Redact takes secrets out of a text before it becomes part of an error; nil: texts stay as they are. It must know
	// every form in which a secret may be echoed.
	Redact func(string) string
	// OnSecret is told of a secret that comes up on the way, an access token, before it is used. Redact must know it from then on. It
	// may be called by several goroutines. nil: nobody is.
	OnSecret func(string)
	// UserAgent of every request that doesn't bring its own; default "producer".
	UserAgent string
	// Transport replaces the built-in one, as tests do. It must not follow redirects or decode bodies.
	Transport http.RoundTripper
	// Resolver looks host names up; nil: the system's. RootCAs are whom to trust; nil: the system's. Both belong to the
	// built-in Transport.
	Resolver *net.Resolver
	RootCAs  *x509.CertPool
}

// Client asks one API. It is safe for concurrent use.
type Client struct {
	base      origin
	transport http.RoundTripper
	timeout   time.Duration
	retry     Retry
	maxBody   int64
	userAgent string
	redact    func(string) string
	hosts     *hosts
	gzips     sync.Pool // *gzip.Reader
	onSecret  func(string)

	grantsMu sync.Mutex
	grants   map[[3]string]*ClientCredentials
}

// New returns a client for the API at baseURL: an http or https URL without user name, whose origin is the only one that
// ever gets credentials. It sends nothing.
func New(baseURL string, o Options) (*Client, error) {
	u, err := parseURL(baseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	c := &Client{
		base:      originOf(u),
		transport: o.Transport,
		timeout:   positive(o.Timeout, 60*time.Second),
		retry:     o.Retry.withDefaults(),
		maxBody:   positive(o.MaxBody, 256<<20),
		userAgent: o.UserAgent,
		redact:    o.Redact,
		onSecret:  o.OnSecret,
		grants:    make(map[[3]string]*ClientCredentials),
		hosts:     newHosts(max(o.Concurrency, 1), o.RateLimit),
	}
	if c.userAgent == "" {
		c.userAgent = "producer"
	}
	if c.redact == nil {
		c.redact = func(s string) string { return s }
	}
	if c.onSecret == nil {
		c.onSecret = func(string) {}
	}
	if c.transport == nil {
		c.transport = newTransport(max(o.Concurrency, 1), o.Resolver, o.RootCAs)
	}
	return c, nil
}

// Request is one request.
type Request struct {
	// Method is GET (also when empty) or POST. Body goes with it, in every attempt and in redirects with status 307 and 308; a POST
	// is not redirected with another status.
	Method string
	Body   []byte
	// URL is absolute; its query is sent as it stands.
	URL string
	// Header is sent with every attempt; it is not changed.
	Header http.Header
	// Auth signs the request, unless URL has another origin than the client's base URL. OwnAuth says that the credentials
	// are meant for URL's own origin, so that they are sent there all the same.
	Auth    Auth
	OwnAuth bool
	// Buf is where the body is read into when it is large enough.
	Buf []byte
	// Ignore are answers that end the request without an error, before anything is repeated: Response.Ignored.
	Ignore []Match
	// Accept judges a whole body of status 2xx, inside the retry. An error with [io.ErrUnexpectedEOF] in its chain says
	// that the body was cut short, which is asked for again; any other is final. nil accepts everything. It is not asked of status
	// 204, which has no body (RFC 9110 section 15.3.5).
	Accept func(body []byte) error
	// OnRetry is told of each retry before its wait: the number of the attempt that failed, counted from 1, its error and
	// how long the wait is. It is called on Do's goroutine.
	OnRetry func(attempt int, err error, wait time.Duration)
}

// Match tells answers by status and content. Zero fields match all.
type Match struct {
	Status  int
	Content string // stands in the decoded body
}

// Response is the last answer to a Request. Attempts and Requests are set also where Do returned an error.
type Response struct {
	Status int
	Header http.Header
	// Body is decoded and whole. It shares Request.Buf's memory where that was large enough.
	Body []byte
	// Ignored says that one of Request.Ignore took the answer. There is no Body then, and Accept was not asked.
	Ignored bool
	// Attempts counts from 1: what exceeds 1 are retries. Requests adds the redirects that were followed.
	Attempts, Requests int
}

// Do sends the request until it is answered, its retries are used up, or ctx ends. It blocks for as long as that takes,
// waits included; a wait ends with ctx at once, and then the context's error is in the chain.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	return c.do(ctx, r, c.maxBody)
}

// do is Do with a limit of its own for the body.
func (c *Client) do(ctx context.Context, r Request, maxBody int64) (Response, error) {
	var resp Response
	u, err := parseURL(r.URL)
	if err != nil {
		return resp, fmt.Errorf("request URL: %w", err)
	}
	x := &exchange{client: c, request: r, url: u, method: r.Method, place: c.place(u), maxBody: maxBody, resp: &resp}
	if x.method == "" {
		x.method = http.MethodGet
	}
	if r.OwnAuth || originOf(u) == c.base {
		x.auth = r.Auth
	}
	if err := x.check(ctx); err != nil { // what can never be sent is no reason to retry
		return resp, &TransportError{Method: x.method, URL: x.place, Err: c.scrub(err)}
	}

	x.waits = c.retry.waits()
	schedule := backoff.WithContext(backoff.WithMaxRetries(x.waits, uint64(max(c.retry.MaxRetries, 0))), ctx)
	err = backoff.RetryNotify(func() error {
		return x.attempt(ctx)
	}, schedule, func(err error, wait time.Duration) {
		if r.OnRetry != nil {
			r.OnRetry(resp.Attempts, err, wait)
		}
	})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%s %s: given up after %s: %w", x.method, x.place, times(resp.Attempts), ctx.Err())
	}
	return resp, err
}

// Excerpt is the beginning of a body as it may stand in an error: secrets taken out, in one line, at most 200 bytes.
func (c *Client) Excerpt(body []byte) string { return excerpt(body, c.redact) }

// Redact takes secrets out of a text, as Options.Redact does.
func (c *Client) Redact(s string) string { return c.redact(s) }

// SameOrigin reports whether rawURL has the scheme, host and port of the client's base URL, and so gets its credentials.
func (c *Client) SameOrigin(rawURL string) bool {
	u, err := parseURL(rawURL)
	return err == nil && originOf(u) == c.base
}

// place is how a URL is named in errors: without its query, where the API key is.
func (c *Client) place(u *url.URL) string {
	return c.redact(u.Scheme + "://" + u.Host + u.EscapedPath())
}

func positive[T time.Duration | int64 | float64](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
