package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/cenkalti/backoff/v4"
)

const maxRedirects = 10

// exchange is one Do: the request, and what its attempts leave behind.
type exchange struct {
	client  *Client
	request Request
	url     *url.URL
	method  string
	place   string
	auth    Auth   // nil where the origin is another
	signer  Auth   // auth, with a token in it where it is one that asks for them
	token   string // that token
	refused string // the one before it, which the API took no more
	maxBody int64
	waits   *waits
	resp    *Response
}

// attempt asks once, redirects included. An error is worth a retry unless it is a backoff.PermanentError.
func (x *exchange) attempt(ctx context.Context) error {
	x.resp.Attempts++
	x.waits.floor = 0
	err := x.sign(ctx)
	if err == nil {
		err = x.fetch(ctx)
	}
	if x.outdated(err) {
		x.resp.Attempts++
		if err = x.sign(ctx); err == nil {
			err = x.fetch(ctx)
		}
	}
	if err != nil {
		return err
	}
	if x.request.Accept == nil || x.resp.Ignored || x.resp.Status == http.StatusNoContent {
		return nil
	}
	err = x.request.Accept(x.resp.Body)
	if err == nil {
		return nil
	}
	wrapped := &acceptError{method: x.method, url: x.place, attempts: x.resp.Attempts, err: err}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return wrapped
	}
	return backoff.Permanent(wrapped)
}

// sign sees to it that there is a token where auth needs one. It comes before the host's budget is taken: the token has its own.
func (x *exchange) sign(ctx context.Context) error {
	a, ok := x.auth.(*ClientCredentials)
	if !ok {
		x.signer = x.auth
		return nil
	}
	token, requests, err := a.fetch(ctx, x.client, x.refused, x.request.OnRetry)
	x.signer, x.token = Bearer{Token: token}, token
	x.resp.Requests += requests
	if err != nil {
		x.resp.Attempts-- // the API itself was not asked
		return backoff.Permanent(err)
	}
	return nil
}

// outdated reports whether the API refused a token, for the first time in this request: it may have been revoked.
func (x *exchange) outdated(err error) bool {
	var status *StatusError
	if x.token == "" || x.refused != "" || !errors.As(err, &status) || status.Status != http.StatusUnauthorized {
		return false
	}
	x.refused = x.token
	return true
}

// fetch holds the host's budget for as long as the network is used, not while Accept works.
func (x *exchange) fetch(ctx context.Context) error {
	c := x.client
	h := c.hosts.get(originOf(x.url))
	round, err := h.acquire(ctx)
	if err != nil {
		x.resp.Attempts-- // nothing was asked
		return backoff.Permanent(err)
	}
	defer h.release()

	actx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := x.follow(actx)
	if err != nil {
		return x.failed(ctx, actx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	x.resp.Status, x.resp.Header, x.resp.Body = resp.StatusCode, resp.Header, nil

	if ignored, err := x.ignores(resp); ignored || err != nil {
		x.resp.Ignored = ignored
		if err != nil {
			return x.failed(ctx, actx, err)
		}
		return nil
	}
	err = x.judge(resp)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		h.slower(round)
	case err == nil:
		h.faster()
	}
	if x.waits.floor > 0 {
		h.hold(x.waits.floor)
	}
	if err != nil || resp.StatusCode == http.StatusNoContent {
		return err
	}
	r, done, err := c.decoded(resp)
	defer done()
	if err != nil {
		return x.failed(ctx, actx, err)
	}
	body, err := readBody(r, x.request.Buf, resp.ContentLength, x.maxBody)
	if err != nil {
		return x.failed(ctx, actx, err)
	}
	x.request.Buf = body // the next attempt may have what this one grew
	if looksLikeMarkup(body) {
		return x.refuse(resp, "the answer is HTML or XML, not JSON", body)
	}
	x.resp.Body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	return nil
}

// failed types an error of the network; ctx is the caller's, actx the attempt's.
func (x *exchange) failed(ctx, actx context.Context, err error) error {
	c := x.client
	var redirect *RedirectError
	switch {
	case ctx.Err() != nil:
		return backoff.Permanent(ctx.Err())
	case errors.As(err, &redirect):
		return backoff.Permanent(redirect)
	case errors.Is(err, errTooLarge):
		return backoff.Permanent(&BodyTooLargeError{Method: x.method, URL: x.place, Attempts: x.resp.Attempts, Limit: x.maxBody})
	case errors.Is(err, errEncoding):
		return backoff.Permanent(&ContentError{Method: x.method, URL: x.place, Attempts: x.resp.Attempts, Packed: true, Why: err.Error()})
	case actx.Err() != nil:
		err = fmt.Errorf("no whole answer within %s (source.client.timeout): %w", c.timeout, os.ErrDeadlineExceeded)
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		err = fmt.Errorf("the connection was closed without an answer: %w", io.ErrUnexpectedEOF)
	}
	var untrusted *tls.CertificateVerificationError
	return &TransportError{Method: x.method, URL: x.place, Attempts: x.resp.Attempts, Untrusted: errors.As(err, &untrusted), Err: c.scrub(err)}
}

// follow sends the request and goes after redirects while they stay within the origin.
func (x *exchange) follow(ctx context.Context) (*http.Response, error) {
	u := x.url
	var from *http.Response
	for hops := 0; ; hops++ {
		r, err := x.build(ctx, u)
		if err != nil {
			return nil, err
		}
		r.Response = from
		if x.signer != nil {
			x.signer.Apply(r)
		}
		x.resp.Requests++
		resp, err := x.client.transport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if !isRedirect(resp) {
			return resp, nil
		}
		next, err := x.target(u, resp, hops)
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		_ = resp.Body.Close()
		if err != nil {
			return nil, err
		}
		u, from = next, resp
	}
}

// build makes a request of the URL and the caller's headers, unsigned: nothing of an earlier hop, no Referer.
func (x *exchange) build(ctx context.Context, u *url.URL) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if x.request.Body != nil {
		body = bytes.NewReader(x.request.Body)
	}
	r, err := http.NewRequestWithContext(oneSend(ctx), x.method, u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range x.request.Header {
		r.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	for name, value := range map[string]string{"Accept": "application/json, */*;q=0.8", "Accept-Encoding": "gzip", "User-Agent": x.client.userAgent} {
		if r.Header.Get(name) == "" {
			r.Header.Set(name, value)
		}
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	return r, nil
}

// check finds what net/http would refuse to send, attempt after attempt.
func (x *exchange) check(ctx context.Context) error {
	r, err := x.build(ctx, x.url)
	if err != nil {
		return err
	}
	if x.auth != nil {
		x.auth.Apply(r)
	}
	for name, values := range r.Header {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c) }) {
			return fmt.Errorf("the header name %q holds what HTTP does not allow there", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				return fmt.Errorf("the value of header %s holds a line break or another control character", name)
			}
		}
	}
	return nil
}

func isRedirect(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	}
	return false
}

// target resolves a redirect's Location, or says why it is not followed.
func (x *exchange) target(u *url.URL, resp *http.Response, hops int) (*url.URL, error) {
	e := &RedirectError{Method: x.method, URL: x.place, Attempts: x.resp.Attempts}
	next, err := u.Parse(resp.Header.Get("Location"))
	if err != nil {
		e.Why = "a redirect to what is not a URL"
		return nil, e
	}
	next.User, next.Fragment, next.RawFragment = nil, "", ""
	if from, to := originOf(x.url), originOf(next); from != to {
		e.Target = x.client.redact(to.String())
		e.Why = fmt.Sprintf("a redirect to another origin (%s) is not followed; if the API lives there, name it in base_url", e.Target)
		return nil, e
	}
	if x.method != http.MethodGet && resp.StatusCode < http.StatusTemporaryRedirect {
		e.Why = fmt.Sprintf("a redirect with status %d would make a GET of a %s; name the new place in the configuration", resp.StatusCode, x.method)
		return nil, e
	}
	if hops == maxRedirects {
		e.Why = fmt.Sprintf("more than %d redirects", maxRedirects)
		return nil, e
	}
	return next, nil
}

// oneSend keeps net/http from repeating a request by itself after a kept-alive connection broke: the retries of ours are
// counted, wait, and are at most so many. HTTP/2 is let alone, it repeats only what the server says it never looked at.
func oneSend(ctx context.Context) context.Context {
	var sent atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			if conn, ok := info.Conn.(*tls.Conn); ok && conn.ConnectionState().NegotiatedProtocol == "h2" {
				return
			}
			if sent.Load() {
				_ = info.Conn.Close()
			}
		},
	})
}
