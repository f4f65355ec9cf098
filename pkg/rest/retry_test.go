package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/rest"
)

func within(got, want time.Duration) bool {
	return float64(got) >= 0.9*float64(want) && float64(got) <= 1.1*float64(want)+1
}

func TestAttemptsAreNotRetries(t *testing.T) {
	for _, retries := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			api := sequence(status(503))
			c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: retries}})
			resp, err := get(t, c, rest.Request{})
			e := wantAs[*rest.StatusError](t, err)
			if got := [...]int{api.count(), resp.Attempts, resp.Requests, e.Attempts, e.Status}; got != [...]int{retries + 1, retries + 1, retries + 1, retries + 1, 503} {
				t.Errorf("%d retries: requests, attempts, requests, attempts, status: got %v", retries, got)
			}
		})
	}
}

func TestWaitsGrowByTheFactor(t *testing.T) {
	s := time.Second
	for _, tt := range []struct {
		name  string
		retry rest.Retry
		want  []time.Duration
	}{
		{"defaults", rest.Retry{MaxRetries: 3}, []time.Duration{s, 2 * s, 4 * s}},
		{"factor", rest.Retry{MaxRetries: 2, InitialInterval: 300 * time.Millisecond, Factor: 3}, []time.Duration{300 * time.Millisecond, 900 * time.Millisecond}},
		{"max_interval", rest.Retry{MaxRetries: 4, MaxInterval: 3 * s}, []time.Duration{s, 2 * s, 3 * s, 3 * s}},
		{"initial beyond max", rest.Retry{MaxRetries: 2, InitialInterval: 9 * s, MaxInterval: 3 * s}, []time.Duration{3 * s, 3 * s}},
		{"long", rest.Retry{MaxRetries: 40, Factor: 1, InitialInterval: 30 * time.Minute, MaxInterval: time.Hour}, nil}, // no MaxElapsedTime
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(status(500))
				c := newClient(t, base, rest.Options{Transport: api, Retry: tt.retry})
				var told []time.Duration
				_, err := get(t, c, rest.Request{OnRetry: func(_ int, _ error, wait time.Duration) { told = append(told, wait) }})
				wantAs[*rest.StatusError](t, err)
				gaps := api.gaps()
				if len(gaps) != tt.retry.MaxRetries {
					t.Fatalf("got %d waits, want %d", len(gaps), tt.retry.MaxRetries)
				}
				if fmt.Sprint(told) != fmt.Sprint(gaps) {
					t.Errorf("OnRetry was told %v, the waits were %v", told, gaps)
				}
				for i, want := range tt.want {
					if !within(gaps[i], want) || (tt.retry.MaxInterval > 0 && gaps[i] > tt.retry.MaxInterval) {
						t.Errorf("wait %d: got %s, want %s by at most 10 %%, at most %s", i, gaps[i], want, tt.retry.MaxInterval)
					}
				}
			})
		})
	}
}

func TestEveryRequestHasItsOwnBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n%3 != 2 {
				return reply(503, ""), nil
			}
			return reply(200, `[]`), nil
		}}
		c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 2}})
		for range 3 {
			start := time.Now()
			resp, err := get(t, c, rest.Request{})
			if err != nil || resp.Attempts != 3 {
				t.Fatalf("got %d attempts, %v", resp.Attempts, err)
			}
			if took := time.Since(start); !within(took, 3*time.Second) {
				t.Errorf("took %s, want 1s + 2s", took)
			}
		}
	})
}

func TestStatusesThatAreRetried(t *testing.T) {
	for _, tt := range []struct {
		status   int
		codes    []int
		requests int
	}{
		{429, nil, 4}, {500, nil, 4}, {502, nil, 4}, {503, nil, 4}, {504, nil, 4},
		{400, nil, 1}, {401, nil, 1}, {403, nil, 1}, {404, nil, 1}, {405, nil, 1}, {409, nil, 1}, {410, nil, 1}, {422, nil, 1},
		{501, nil, 1}, {505, nil, 1}, {300, nil, 1}, {304, nil, 1}, {302, nil, 1 /* no Location */}, {418, nil, 1},
		{418, []int{418}, 4}, {503, []int{418}, 1}, {503, []int{}, 1}, {202, []int{202}, 4},
	} {
		t.Run(fmt.Sprintf("%d of %v", tt.status, tt.codes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(status(tt.status))
				c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3, StatusCodes: tt.codes}})
				_, err := get(t, c, rest.Request{})
				if e := wantAs[*rest.StatusError](t, err); e.Status != tt.status {
					t.Errorf("got status %d, want %d", e.Status, tt.status)
				}
				if api.count() != tt.requests {
					t.Errorf("got %d requests, want %d", api.count(), tt.requests)
				}
				if !strings.Contains(err.Error(), fmt.Sprint(tt.status)) || !strings.Contains(err.Error(), "/v1/contacts") {
					t.Errorf("the message names neither status nor place: %v", err)
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	day := 24 * time.Hour
	date := func(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
	for _, tt := range []struct {
		name  string
		after func(now time.Time) []string
		want  time.Duration
	}{
		{"seconds", func(time.Time) []string { return []string{"Retry-After", "7"} }, 7 * time.Second},
		{"a fraction", func(time.Time) []string { return []string{"Retry-After", " 2.5 "} }, 2500 * time.Millisecond},
		{"shorter than the back-off", func(time.Time) []string { return []string{"Retry-After", "0"} }, 0},
		{"the limit itself", func(time.Time) []string { return []string{"Retry-After", "300"} }, 300 * time.Second},
		{"a date by our clock", func(now time.Time) []string { return []string{"Retry-After", date(now.Add(9 * time.Second))} }, 9 * time.Second},
		{"a date by a clock a day late", func(now time.Time) []string {
			return []string{"Retry-After", date(now.Add(9*time.Second - day)), "Date", date(now.Add(-day))}
		}, 9 * time.Second},
		{"a date by a clock a day early", func(now time.Time) []string {
			return []string{"Retry-After", date(now.Add(9*time.Second + day)), "Date", date(now.Add(day))}
		}, 9 * time.Second},
		{"a date in the past", func(now time.Time) []string { return []string{"Retry-After", date(now.Add(-time.Hour))} }, 0},
		{"negative", func(time.Time) []string { return []string{"Retry-After", "-5"} }, 0},
		{"garbage", func(time.Time) []string { return []string{"Retry-After", "soon"} }, 0},
		{"dots", func(time.Time) []string { return []string{"Retry-After", "1.2.3"} }, 0},
		{"garbage date", func(time.Time) []string { return []string{"Retry-After", "Sun, 99 Nov 1994 08:49:37 GMT"} }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(status(429, tt.after(time.Now())...), ok(`[]`))
				c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 1}})
				if _, err := get(t, c, rest.Request{}); err != nil {
					t.Fatal(err)
				}
				if got := api.gaps()[0]; (tt.want == 0 && !within(got, time.Second)) || (tt.want > 0 && got != tt.want) {
					t.Errorf("waited %s, want %s (0: the back-off's 1s)", got, tt.want)
				}
			})
		})
	}
}

func TestRetryAfterBeyondTheLimit(t *testing.T) {
	for _, after := range []string{"301", "86400", "99999999999999999999999", "Fri, 31 Dec 2199 23:59:59 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			api := sequence(status(429, "Retry-After", after))
			c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
			start := time.Now()
			resp, err := get(t, c, rest.Request{})
			e := wantAs[*rest.RetryAfterError](t, err)
			if api.count() != 1 || resp.Attempts != 1 || time.Since(start) != 0 {
				t.Errorf("%s: %d requests in %s, want one at once", after, api.count(), time.Since(start))
			}
			if e.After <= 300*time.Second || wantAs[*rest.StatusError](t, err).Status != 429 {
				t.Errorf("%s: got %+v", after, e)
			}
			if after == "301" && !strings.Contains(err.Error(), "5m1s") {
				t.Errorf("the time is not in the message: %v", err)
			}
		})
	}
}

func TestRetryAfterIsForgottenByTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := sequence(status(429, "Retry-After", "60"), broken(syscall.ECONNRESET), ok(`[]`))
		c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 2}})
		if _, err := get(t, c, rest.Request{}); err != nil {
			t.Fatal(err)
		}
		if g := api.gaps(); g[0] != time.Minute || !within(g[1], 2*time.Second) {
			t.Errorf("waits %v, want 1m and 2s", g)
		}
	})
}

func TestBrokenTransportIsRetried(t *testing.T) {
	half := func() (*http.Response, error) {
		r := reply(200, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"data":[`), errReader{io.ErrUnexpectedEOF}))
		return r, nil
	}
	for _, tt := range []struct {
		name  string
		fault func() (*http.Response, error)
		is    error
	}{
		{"refused", broken(syscall.ECONNREFUSED), syscall.ECONNREFUSED},
		{"reset", broken(syscall.ECONNRESET), syscall.ECONNRESET},
		{"closed", broken(io.EOF), io.ErrUnexpectedEOF},
		{"short body", half, io.ErrUnexpectedEOF},
		{"cut gzip", ok("\x1f\x8b\x08\x00", "Content-Encoding", "gzip"), io.ErrUnexpectedEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(tt.fault, tt.fault, ok(`[1]`))
				c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
				resp, err := get(t, c, rest.Request{})
				if err != nil || string(resp.Body) != `[1]` || resp.Attempts != 3 {
					t.Errorf("got %q after %d attempts, %v", resp.Body, resp.Attempts, err)
				}
				api = sequence(tt.fault)
				c = newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
				resp, err = get(t, c, rest.Request{})
				if e := wantAs[*rest.TransportError](t, err); e.Attempts != 4 || resp.Attempts != 4 || api.count() != 4 || !errors.Is(err, tt.is) {
					t.Errorf("got %v after %d attempts, %d requests", err, resp.Attempts, api.count())
				}
				if resp.Body != nil {
					t.Errorf("a failed request has a body: %q", resp.Body)
				}
			})
		})
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

var errNonsense = errors.New("nonsense")

func TestAcceptDecidesInsideTheRetry(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		requests int
	}{
		{"cut short", fmt.Errorf("page: %w", io.ErrUnexpectedEOF), 4},
		{"anything else", fmt.Errorf("page: %w", errNonsense), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(ok(`{"data":[1`))
				c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
				resp, err := get(t, c, rest.Request{Accept: func(body []byte) error { return tt.err }})
				if !errors.Is(err, tt.err) || api.count() != tt.requests || resp.Attempts != tt.requests {
					t.Errorf("got %v after %d requests, %d attempts; want %d", err, api.count(), resp.Attempts, tt.requests)
				}
				if !strings.Contains(err.Error(), "GET "+base+"/v1/contacts: page") {
					t.Errorf("the message has no place: %v", err)
				}
			})
		})
	}
}

func TestAcceptSeesTheWholeBodyOfTheAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := sequence(ok(`{"data":[1,2,3`), ok(`[4]`))
		c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 1}})
		var bodies []string
		resp, err := get(t, c, rest.Request{Buf: make([]byte, 0, 64), Accept: func(body []byte) error {
			bodies = append(bodies, string(body))
			if len(bodies) == 1 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}})
		if err != nil || fmt.Sprint(bodies) != "[{\"data\":[1,2,3 [4]]" || string(resp.Body) != "[4]" {
			t.Errorf("got bodies %q, response %q, %v", bodies, resp.Body, err)
		}
	})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	for _, tt := range []struct {
		name string
		api  *script
	}{
		{"in a back-off", sequence(status(503))},
		{"in a Retry-After", sequence(status(429, "Retry-After", "200"))},
		{"in a request", &script{answer: func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, base, rest.Options{Transport: tt.api, Retry: rest.Retry{MaxRetries: 3, InitialInterval: 25 * time.Second}})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				start := time.Now()
				resp, err := c.Do(ctx, rest.Request{URL: base + "/x?api_key=" + canary})
				if !errors.Is(err, context.Canceled) || time.Since(start) != 5*time.Second || resp.Attempts != 1 {
					t.Errorf("got %v after %s and %d attempts", err, time.Since(start), resp.Attempts)
				}
				var te *rest.TransportError
				if errors.As(err, &te) {
					t.Errorf("the caller's end is reported as the API's fault: %v", err)
				}
				silent(t, err, canary)
			})
		})
	}
	t.Run("before", func(t *testing.T) {
		api := sequence(ok(`[]`))
		c := newClient(t, base, rest.Options{Transport: api})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if resp, err := c.Do(ctx, rest.Request{URL: base}); !errors.Is(err, context.Canceled) || resp.Attempts != 0 || api.count() != 0 {
			t.Errorf("got %v, %d attempts, %d requests", err, resp.Attempts, api.count())
		}
	})
}

func TestTimeoutCoversTheBody(t *testing.T) {
	for _, tt := range []struct {
		name string
		api  func(int, *http.Request) (*http.Response, error)
	}{
		{"no answer", func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}},
		{"a drip", func(_ int, r *http.Request) (*http.Response, error) {
			resp := reply(200, "")
			resp.Body = io.NopCloser(drip{r.Context()})
			return resp, nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &script{answer: tt.api}
				c := newClient(t, base, rest.Options{Transport: api, Timeout: 10 * time.Second, Retry: rest.Retry{MaxRetries: 1}})
				_, err := get(t, c, rest.Request{})
				wantAs[*rest.TransportError](t, err)
				if errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "10s") {
					t.Errorf("got %v, want the attempt's timeout named and no context error", err)
				}
				if g := api.gaps(); len(g) != 1 || !within(g[0]-10*time.Second, time.Second) {
					t.Errorf("attempts were %v apart, want 10s and a wait of 1s", g)
				}
			})
		})
	}
}

// drip gives a byte a second until its context ends, as net/http's bodies do.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func TestOnRetryHearsWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := sequence(status(503), broken(syscall.ECONNRESET), ok(`[]`))
		c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
		var heard []string
		_, err := get(t, c, rest.Request{OnRetry: func(attempt int, err error, _ time.Duration) {
			heard = append(heard, fmt.Sprintf("%d %v", attempt, err))
		}})
		if err != nil || len(heard) != 2 || !strings.HasPrefix(heard[0], "1 GET ") || !strings.Contains(heard[0], "503") ||
			!strings.HasPrefix(heard[1], "2 GET ") || !strings.Contains(heard[1], "reset") {
			t.Errorf("heard %q, %v", heard, err)
		}
	})
}
