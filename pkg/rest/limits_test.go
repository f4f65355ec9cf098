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
