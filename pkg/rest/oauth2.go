package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	// maxTokenAnswer bounds the answer to a request for a token, in bytes.
	maxTokenAnswer = 1 << 20
	// tokenExpiry is how long a token lives whose answer doesn't say it.
	tokenExpiry = time.Hour
	// earliest is how long before it expires a token is replaced, at most; of one that lives short, a tenth of its life.
	earliest = 30 * time.Second
)

// ClientCredentials is OAuth 2.0's grant of that name (RFC 6749 section 4.4): requests carry a bearer token (RFC 6750) that is
// asked for at another URL. It is asked for when the first request needs it, again before it expires, and once a request when the
// API answers 401 to it. The request for it has the limits, the retries and the silence of the Client whose request needs it; the
// client's secret goes to that URL alone. It is safe for concurrent use: whoever needs a token while one is on its way waits for it.
type ClientCredentials struct {
	tokenURL string
	form     string
	expiry   time.Duration

	lock    chan struct{} // holds one while the token is looked at or asked for
	token   string
	expires time.Time
}

var _ Auth = (*ClientCredentials)(nil)

// ClientCredentials is the grant at a URL with a form, grant_type, client_id and client_secret in it; expiry is for answers without
// expires_in, 0 stands for an hour. For the same arguments it is the same, so that all who need its token share it.
func (c *Client) ClientCredentials(tokenURL string, form url.Values, expiry time.Duration) *ClientCredentials {
	if expiry <= 0 {
		expiry = tokenExpiry
	}
	c.grantsMu.Lock()
	defer c.grantsMu.Unlock()
	key := [3]string{tokenURL, form.Encode(), expiry.String()}
	if c.grants[key] == nil {
		c.grants[key] = &ClientCredentials{tokenURL: tokenURL, form: form.Encode(), expiry: expiry, lock: make(chan struct{}, 1)}
	}
	return c.grants[key]
}

// Apply implements Auth. It adds nothing: a Client signs with the token that the request got.
func (a *ClientCredentials) Apply(*http.Request) {}

// TokenError is a token that was not to be had. What Do returned for its request is in the chain.
type TokenError struct {
	// Denied says that the server refused these credentials, or this client: status 400, 401 or 403 (RFC 6749 section 5.2).
	Denied bool
	Err    error
}

func (e *TokenError) Error() string { return "no OAuth 2.0 token: " + e.Err.Error() }

// Unwrap returns Err.
func (e *TokenError) Unwrap() error { return e.Err }

// oauthError is the part of an error answer that says why (RFC 6749 section 5.2).
var oauthError = regexp.MustCompile(`"error"\s*:\s*"[a-z_]{1,40}"`)

// fetch returns a token that is not the refused one, and how many requests it took. On error there is none.
func (a *ClientCredentials) fetch(ctx context.Context, c *Client, refused string, onRetry func(int, error, time.Duration)) (token string, requests int, err error) {
	select {
	case a.lock <- struct{}{}:
		defer func() { <-a.lock }()
	case <-ctx.Done():
		return "", 0, ctx.Err()
	}
	if a.token != "" && a.token != refused && time.Now().Before(a.expires) {
		return a.token, 0, nil
	}
	a.token = ""
	var answer tokenAnswer
	asked := time.Now()
	resp, err := c.do(ctx, Request{
		Method: http.MethodPost, URL: a.tokenURL, Body: []byte(a.form), OnRetry: onRetry, Accept: answer.read,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	}, min(maxTokenAnswer, c.maxBody))
	if err != nil {
		// What the server answers may hold a token that nobody knows yet.
		if content := (*ContentError)(nil); errors.As(err, &content) {
			content.Excerpt = ""
		}
		var status *StatusError
		if errors.As(err, &status) {
			status.Excerpt = oauthError.FindString(status.Excerpt)
		}
		denied := errors.As(err, &status) && (status.Status == http.StatusBadRequest || status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden)
		return "", resp.Requests, &TokenError{Denied: denied, Err: err}
	}
	c.onSecret(answer.token)
	life := answer.life
	if life <= 0 {
		life = a.expiry
	}
	a.token, a.expires = answer.token, asked.Add(life-min(earliest, life/10))
	return a.token, resp.Requests, nil
}

// tokenAnswer is what RFC 6749 section 5.1 answers.
type tokenAnswer struct {
	token string
	life  time.Duration // 0: not said
}

// read implements Request.Accept. Nothing of the body stands in its errors: all of it may be secret.
func (t *tokenAnswer) read(body []byte) error {
	var answer struct {
		Token  any `json:"access_token"`
		Expiry any `json:"expires_in"`
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(body, &answer); {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(body)):
		return fmt.Errorf("the answer ends early: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return errors.New("the answer is no JSON object")
	}
	token, ok := answer.Token.(string)
	switch {
	case !ok || token == "":
		return errors.New("the answer has no access_token")
	case strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return errors.New("the access_token holds what no header may hold")
	}
	var seconds float64
	switch expiry := answer.Expiry.(type) {
	case float64:
		seconds = expiry
	case string: // some do
		_, _ = fmt.Sscanf(expiry, "%g", &seconds)
	}
	t.token, t.life = token, 0
	if seconds > 0 && seconds < (365*24*time.Hour).Seconds() {
		t.life = time.Duration(seconds * float64(time.Second))
	}
	return nil
}
