package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/cenkalti/backoff/v4"
	"github.com/twmb/franz-go/pkg/sr"
)

const (
	maxAnswer    = 16 << 20 // bytes of an answer, unpacked
	maxWords     = 500      // of the registry's in an error
	maxRedirects = 5
)

// Options are the options of [Confluent].
type Options struct {
	URL                string // of the registry, http or https, with the path before /subjects if there is one; required
	Username, Password string // of basic authentication; empty for none
	UserAgent          string // empty is "producer"
	// Timeout bounds each request; 0 is 10 s.
	Timeout time.Duration
	// RetryFor is for how long a request is sent again; 0 is 5 s.
	RetryFor time.Duration
	// Transport sends the requests; nil is a new one of net/http.
	Transport http.RoundTripper
}

// client sends requests to one registry.
type client struct {
	sr       *sr.Client
	url      string // for messages, without credentials
	retryFor time.Duration
}

func newClient(o Options) (*client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("registry: the URL must be http://HOST:PORT/PATH or https://HOST:PORT/PATH") // it may hold a password
	}
	if u.User != nil {
		if o.Username == "" && o.Password == "" {
			o.Username = u.User.Username()
			o.Password, _ = u.User.Password()
		}
		u.User = nil
	}
	transport := o.Transport
	if transport == nil {
		t := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: or(o.Timeout, 10*time.Second),
			MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 2}
		transport = t
	}
	opts := []sr.ClientOpt{
		sr.URLs(u.String()),
		sr.UserAgent(or(o.UserAgent, "producer")),
		sr.HTTPClient(&http.Client{Transport: limited{transport}, Timeout: or(o.Timeout, 10*time.Second), CheckRedirect: sameOrigin}),
	}
	if o.Username != "" || o.Password != "" {
		opts = append(opts, sr.BasicAuth(o.Username, o.Password))
	}
	cl, err := sr.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return &client{sr: cl, url: u.String(), retryFor: or(o.RetryFor, 5*time.Second)}, nil
}

func or[T comparable](v, byDefault T) T {
	var zero T
	if v == zero {
		return byDefault
	}
	return v
}

// sameOrigin lets redirects be followed within the origin, if they keep the method. Any other is left as the answer.
func sameOrigin(r *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects || r.URL.Scheme != first.URL.Scheme || r.URL.Host != first.URL.Host || r.Method != first.Method {
		return http.ErrUseLastResponse
	}
	return nil
}

// errTooLarge is of an answer over the limit.
var errTooLarge = fmt.Errorf("the answer is over %d MiB", maxAnswer>>20)

// limited bounds the bodies of answers.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err == nil {
		resp.Body = &limitedBody{resp.Body, maxAnswer}
	}
	return resp, err
}

type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// do sends a request through call, again while that can help. Errors are *AuthError, *UnavailableError and the context's.
// A *sr.ResponseError is in the chain where there was an answer, for the caller to judge.
func (c *client) do(ctx context.Context, op string, call func(context.Context) error) error {
	wait := &backoff.ExponentialBackOff{
		InitialInterval: 100 * time.Millisecond, Multiplier: 2, RandomizationFactor: 0.2, MaxInterval: time.Second,
		MaxElapsedTime: c.retryFor, Stop: backoff.Stop, Clock: backoff.SystemClock,
	}
	wait.Reset()
	attempts := 0
	err := backoff.Retry(func() error {
		attempts++
		err := call(ctx)
		if err == nil || ctx.Err() == nil && retryable(err) {
			return err
		}
		return backoff.Permanent(err)
	}, backoff.WithContext(wait, ctx))
	return c.classify(ctx, op, attempts, err)
}

// retryable reports whether the same request may do better soon.
func retryable(err error) bool {
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return !errors.Is(err, errTooLarge) && !notJSON(err)
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return answer.StatusCode >= 500 && answer.StatusCode != http.StatusNotImplemented
}

// notJSON reports whether an answer with a good status was not what a registry answers.
func notJSON(err error) bool {
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &shape)
}

// classify makes of what became of a request one of this package's errors.
func (c *client) classify(ctx context.Context, op string, attempts int, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("registry %s: %s: %w", c.url, op, context.Cause(ctx))
	}
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return &UnavailableError{URL: c.url, Op: op, Attempts: attempts, Err: cause(err)}
	}
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return &AuthError{URL: c.url, Op: op, Status: status, Err: words{answer}}
	case status < 400:
		err = fmt.Errorf("it redirects elsewhere (%d), which is not followed", status)
	default:
		err = fmt.Errorf("it answers %d: %w", status, words{answer})
	}
	return &UnavailableError{URL: c.url, Op: op, Attempts: attempts, Err: err}
}

// cause is what went wrong with a request, without its URL.
func cause(err error) error {
	var timeout interface{ Timeout() bool }
	var onWire *url.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("it does not answer in time")
	case errors.As(err, &onWire):
		return onWire.Err
	case errors.Is(err, errTooLarge):
		return errTooLarge
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) { // the outer ones quote the URL
		err = inner
	}
	return fmt.Errorf("its answer is not that of a schema registry: %w", err)
}

// words is what the registry says, on one line and not all of it.
type words struct{ answer *sr.ResponseError }

func (w words) Unwrap() error { return w.answer }

func (w words) Error() string {
	text := w.answer.Message
	if text == "" {
		text = string(w.answer.Raw)
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(text); len(runes) > maxWords {
		text = string(runes[:maxWords]) + "..."
	}
	if text == "" {
		text = http.StatusText(w.answer.StatusCode)
	}
	return text
}
