package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/rest"
)

func TestConcurrencyIsOneBudgetAHost(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			var now, most, elsewhere atomic.Int32
			api := &script{answer: func(_ int, r *http.Request) (*http.Response, error) {
				if r.URL.Host != "api.test" {
					elsewhere.Add(1)
					return reply(200, `[]`), nil
				}
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return reply(200, `[]`), nil
			}}
			c := newClient(t, base, rest.Options{Transport: api, Concurrency: n})
			start := time.Now()
			var wg sync.WaitGroup
			for i := range 9 {
				wg.Go(func() {
					if _, err := c.Do(t.Context(), rest.Request{URL: fmt.Sprint(base, "/", i)}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				synctest.Wait()
				if _, err := c.Do(t.Context(), rest.Request{URL: "http://other.test/"}); err != nil || time.Since(start) != 0 {
					t.Errorf("another host waited %s, %v", time.Since(start), err)
				}
			})
			wg.Wait()
			if want := max(n, 1); int(most.Load()) != want || time.Since(start) != time.Duration(9/want)*time.Second {
				t.Errorf("concurrency %d: %d at once, %s in all", n, most.Load(), time.Since(start))
			}
		})
	}
}

func TestAWaitDoesNotHoldTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/slow" {
				return reply(503, ""), nil
			}
			return reply(200, `[]`), nil
		}}
		c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 1, InitialInterval: 20 * time.Second}})
		start := time.Now()
		done := make(chan error)
		go func() { _, err := c.Do(t.Context(), rest.Request{URL: base + "/slow"}); done <- err }()
		synctest.Wait()
		if _, err := c.Do(t.Context(), rest.Request{URL: base + "/fast"}); err != nil || time.Since(start) != 0 {
			t.Errorf("waited %s behind another request's back-off, %v", time.Since(start), err)
		}
		wantAs[*rest.StatusError](t, <-done)
	})
}

func TestRateLimitSpacesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := sequence(status(503), ok(`[]`))
		c := newClient(t, base, rest.Options{Transport: api, Concurrency: 4, RateLimit: &rest.RateLimit{Requests: 4, Per: time.Second},
			Retry: rest.Retry{MaxRetries: 1, InitialInterval: time.Millisecond}})
		var wg sync.WaitGroup
		for range 8 { // from several callers, with one retry
			wg.Go(func() {
				if _, err := c.Do(t.Context(), rest.Request{URL: base}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if api.count() != 9 {
			t.Errorf("got %d requests, want 9", api.count())
		}
		for i, g := range api.gaps() {
			if g < 249*time.Millisecond || g > 251*time.Millisecond {
				t.Errorf("gap %d is %s, want 250ms", i, g)
			}
		}
	})
}

func TestBudgetWaitEndsWithTheContext(t *testing.T) {
	for _, limit := range []*rest.RateLimit{nil, {Requests: 1, Per: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			api := &script{answer: func(int, *http.Request) (*http.Response, error) {
				<-release
				return reply(200, `[]`), nil
			}}
			c := newClient(t, base, rest.Options{Transport: api, RateLimit: limit})
			if limit != nil {
				close(release)
				if _, err := c.Do(t.Context(), rest.Request{URL: base}); err != nil {
					t.Fatal(err)
				}
			} else {
				go func() { _, _ = c.Do(t.Context(), rest.Request{URL: base}) }()
				synctest.Wait()
				defer close(release)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			start := time.Now()
			resp, err := c.Do(ctx, rest.Request{URL: base})
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second || resp.Attempts != 0 || api.count() != 1 {
				t.Errorf("got %v after %s, %d attempts, %d requests", err, time.Since(start), resp.Attempts, api.count())
			}
		})
	}
}

// A 429 halves what one host gets at a time, once a round, and good answers bring it back.
func TestTooManyRequestsHalveTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, busy atomic.Int32
		busy.Store(1)
		api := &script{answer: func(int, *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			if busy.Load() > 0 {
				return reply(429, ""), nil
			}
			return reply(200, `[]`), nil
		}}
		c := newClient(t, base, rest.Options{Transport: api, Concurrency: 8})
		ask := func(n int) int32 {
			most.Store(0)
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { _, _ = c.Do(t.Context(), rest.Request{URL: base + "/"}) })
			}
			wg.Wait()
			return most.Load()
		}
		if got := ask(8); got != 8 {
			t.Errorf("%d at once, want 8", got)
		}
		if got := ask(4); got != 4 { // eight answers of 429 halved it once
			t.Errorf("%d at once after a 429, want 4", got)
		}
		busy.Store(0)
		if got := ask(10); got != 2 {
			t.Errorf("%d at once after another, want 2", got)
		}
		ask(200)
		if got := ask(16); got != 8 {
			t.Errorf("%d at once after good answers, want 8", got)
		}
	})
}

// Retry-After is everyone's: nobody asks the host before.
func TestRetryAfterHoldsAll(t *testing.T) {
	for _, code := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var asked []time.Duration
			api := &script{answer: func(n int, r *http.Request) (*http.Response, error) {
				if r.URL.Host != "api.test" {
					return reply(200, `[]`), nil
				}
				asked = append(asked, time.Since(start))
				if n == 0 {
					return reply(code, "", "Retry-After", "30"), nil
				}
				return reply(200, `[]`), nil
			}}
			c := newClient(t, base, rest.Options{Transport: api, Concurrency: 1, Retry: rest.Retry{MaxRetries: 1, InitialInterval: time.Second}})
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() {
					if _, err := c.Do(t.Context(), rest.Request{URL: fmt.Sprint(base, "/", i)}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				time.Sleep(time.Second)
				if _, err := c.Do(t.Context(), rest.Request{URL: "http://other.test/"}); err != nil || time.Since(start) != time.Second {
					t.Errorf("another host waited %s, %v", time.Since(start), err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := c.Do(ctx, rest.Request{URL: base + "/"}); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a wait that is cut short: %v", err)
				}
			})
			wg.Wait()
			if len(asked) != 4 || asked[0] != 0 || asked[1] != 30*time.Second {
				t.Errorf("%d: asked after %v, want 0s and then 30s at the least", code, asked)
			}
		})
	}
}

// A 429 halves the rate as well.
func TestTooManyRequestsHalveTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &script{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(429, ""), nil
			}
			return reply(200, `[]`), nil
		}}
		c := newClient(t, base, rest.Options{Transport: api, RateLimit: &rest.RateLimit{Requests: 10, Per: time.Second}})
		for range 24 {
			_, _ = c.Do(t.Context(), rest.Request{URL: base + "/"})
		}
		gaps := api.gaps()
		if gaps[0] != 100*time.Millisecond || gaps[2] != 200*time.Millisecond || gaps[len(gaps)-1] >= 200*time.Millisecond {
			t.Errorf("gaps %v, want 100ms, then 200ms after the 429, and less again in the end", gaps)
		}
	})
}
