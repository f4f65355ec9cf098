package rest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// ignores reports whether the caller wants to hear no more of such an answer. Where its content decides, the body is read here, and
// resp then holds it decoded.
func (x *exchange) ignores(resp *http.Response) (bool, error) {
	var contents []string
	for _, m := range x.request.Ignore {
		switch {
		case m.Status != 0 && m.Status != resp.StatusCode:
		case m.Content == "":
			return true, nil
		default:
			contents = append(contents, m.Content)
		}
	}
	if contents == nil {
		return false, nil
	}
	r, done, err := x.client.decoded(resp)
	defer done()
	if err != nil {
		return false, err
	}
	body, err := readBody(r, nil, resp.ContentLength, x.maxBody)
	if err != nil {
		return false, err
	}
	for _, content := range contents {
		if bytes.Contains(body, []byte(content)) {
			return true, nil
		}
	}
	_ = resp.Body.Close()
	resp.Body, resp.ContentLength, resp.Header = io.NopCloser(bytes.NewReader(body)), int64(len(body)), resp.Header.Clone()
	resp.Header.Del("Content-Encoding")
	return false, nil
}

// judge looks at status and content type; nil: the body is to be read.
func (x *exchange) judge(resp *http.Response) error {
	c := x.client
	for _, status := range c.retry.StatusCodes {
		if resp.StatusCode != status {
			continue
		}
		e := x.statusError(resp)
		e.RetryAfter = retryAfter(resp.Header, time.Now())
		if e.RetryAfter > c.retry.MaxRetryAfter {
			return backoff.Permanent(&RetryAfterError{Method: e.Method, URL: e.URL, Attempts: e.Attempts,
				After: e.RetryAfter, Max: c.retry.MaxRetryAfter, Err: e})
		}
		x.waits.floor = e.RetryAfter
		return e
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return backoff.Permanent(x.statusError(resp))
	}
	if kind := strings.ToLower(resp.Header.Get("Content-Type")); strings.HasPrefix(kind, "text/html") {
		return x.refuse(resp, "the answer is HTML, not JSON", x.beginning(resp))
	}
	return nil
}

func (x *exchange) statusError(resp *http.Response) *StatusError {
	return &StatusError{Method: x.method, URL: x.place, Attempts: x.resp.Attempts, Status: resp.StatusCode,
		Limited: resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-RateLimit-Remaining") == "0", Excerpt: x.client.Excerpt(x.beginning(resp))}
}

func (x *exchange) refuse(resp *http.Response, why string, body []byte) error {
	return backoff.Permanent(&ContentError{Method: x.method, URL: x.place, Attempts: x.resp.Attempts,
		ContentType: x.client.redact(resp.Header.Get("Content-Type")), Why: why, Excerpt: x.client.Excerpt(body)})
}

// beginning of a body that is only quoted, whatever can be had of it. Reading it also frees the connection for reuse.
func (x *exchange) beginning(resp *http.Response) []byte {
	r, done, err := x.client.decoded(resp)
	defer done()
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(r, excerptWindow+1))
	return body
}
