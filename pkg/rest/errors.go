package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// StatusError is an answer with a status that is neither 2xx nor, any longer, worth a retry.
type StatusError struct {
	Method, URL string // URL without its query
	Attempts    int
	Status      int
	Excerpt     string        // the body's first 200 bytes, secrets taken out
	RetryAfter  time.Duration // what the answer asked to wait; 0: nothing
	Limited     bool          // it tells of a limit of requests that is used up
}

func (e *StatusError) Error() string {
	text := describe(e.Method, e.URL, e.Attempts, "status "+statusText(e.Status))
	if e.Excerpt != "" {
		text += ": " + e.Excerpt
	}
	return text
}

// RetryAfterError is an answer that asked for a longer wait than Retry.MaxRetryAfter. Its StatusError is in the chain.
type RetryAfterError struct {
	Method, URL string
	Attempts    int
	After, Max  time.Duration
	Err         *StatusError
}

func (e *RetryAfterError) Error() string {
	return describe(e.Method, e.URL, e.Attempts, fmt.Sprintf("status %s: the API asks to wait %s, more than max_retry_after (%s)",
		statusText(e.Err.Status), e.After.Round(time.Millisecond), e.Max))
}

// Unwrap returns the StatusError.
func (e *RetryAfterError) Unwrap() error { return e.Err }

// RedirectError is a redirect that was not followed. Nothing was sent to its target.
type RedirectError struct {
	Method, URL string
	Attempts    int
	Target      string // the other origin, without path and query; "" where it could not be read
	Why         string
}

func (e *RedirectError) Error() string { return describe(e.Method, e.URL, e.Attempts, e.Why) }

// BodyTooLargeError is a body of more decoded bytes than Options.MaxBody.
type BodyTooLargeError struct {
	Method, URL string
	Attempts    int
	Limit       int64
}

func (e *BodyTooLargeError) Error() string {
	return describe(e.Method, e.URL, e.Attempts, fmt.Sprintf("the body is larger than the limit of %d bytes (source.client.limits.body)", e.Limit))
}

// ContentError is an answer with status 2xx that cannot be data: HTML, or in an encoding that was not asked for.
type ContentError struct {
	Method, URL string
	Attempts    int
	ContentType string
	Packed      bool // it is the encoding
	Why         string
	Excerpt     string
}

func (e *ContentError) Error() string {
	text := describe(e.Method, e.URL, e.Attempts, e.Why)
	if e.Excerpt != "" {
		text += ": " + e.Excerpt
	}
	return text
}

// TransportError is a request without a whole answer: refused, reset, timed out, cut short. Err's text has no query and
// no header in it; errors.Is finds what it stood for, such as syscall.ECONNREFUSED, io.ErrUnexpectedEOF, or
// os.ErrDeadlineExceeded for a timeout of ours.
type TransportError struct {
	Method, URL string
	Attempts    int
	Untrusted   bool // the API's certificate could not be verified
	Err         error
}

func (e *TransportError) Error() string {
	return describe(e.Method, e.URL, e.Attempts, e.Err.Error())
}

// Unwrap returns Err.
func (e *TransportError) Unwrap() error { return e.Err }

// acceptError puts the place before what Accept said.
type acceptError struct {
	method, url string
	attempts    int
	err         error
}

func (e *acceptError) Error() string { return describe(e.method, e.url, e.attempts, e.err.Error()) }
func (e *acceptError) Unwrap() error { return e.err }

// cause stands for an error whose own text or fields may hold a secret: it keeps its identity, not its insides.
type cause struct {
	text string
	err  error
}

func (c *cause) Error() string { return c.text }

// Is leaves out the context's errors, which net's timeouts also claim to be: those are the caller's alone.
func (c *cause) Is(target error) bool {
	return target != context.Canceled && target != context.DeadlineExceeded && errors.Is(c.err, target)
}

// scrub makes an error of the network safe to be shown at any depth.
func (c *Client) scrub(err error) error {
	var u *url.Error // its text is the whole URL
	if errors.As(err, &u) {
		err = u.Err
	}
	return &cause{text: c.redact(err.Error()), err: err}
}

func describe(method, place string, attempts int, what string) string {
	text := method + " " + place + ": " + what
	if attempts > 1 {
		text += " (after " + times(attempts) + ")"
	}
	return text
}

func times(attempts int) string {
	if attempts == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", attempts)
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d %s", status, text)
	}
	return fmt.Sprint(status)
}
