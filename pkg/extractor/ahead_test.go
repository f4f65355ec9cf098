package extractor_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/rest"
)

// slow answers each request after 20 ms, and counts how many are out at a time.
type slow struct {
	http.RoundTripper
	mu        sync.Mutex
	now, most int
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	select {
	case <-time.After(20 * time.Millisecond):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.RoundTripper.RoundTrip(r)
}

// side is a walk with so many requests at a time: what came, page by page, the verdict, and how long it took.
func side(t *testing.T, a http.RoundTripper, r config.Resource, n int) (pages []string, end extractor.End, took time.Duration, most int, err error) {
	t.Helper()
	s := &slow{RoundTripper: a}
	rc, err := rest.New(base, rest.Options{Transport: s, Concurrency: n, Retry: rest.Retry{MaxRetries: 1, InitialInterval: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := extractor.New(rc, client(), r)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	start := time.Now()
	w := x.Begin(extractor.Position{}, extractor.WalkOptions{Go: wg.Go, Ahead: n})
	for {
		p, err := w.Next(t.Context())
		if err != nil {
			took = time.Since(start)
			wg.Wait()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return pages, w.End(), took, s.most, err
		}
		ids := p.Label
		for _, rec := range p.Records {
			id, _ := rec.Get("id")
			ids += " " + string(id.Raw())
		}
		pages = append(pages, ids+" "+string(p.Next.JSON()))
		p.Release()
	}
}

// Requests ahead of their turn change nothing but the time.
func TestAhead(t *testing.T) {
	bound := int64(700)
	pageTotal := number(1)
	pageTotal.TotalGiven = true
	for _, tt := range []struct {
		name string
		api  func() *api
		pag  config.Paginator
		fast bool
	}{
		{"offset", func() *api { return &api{rows: people(1050, 1), total: counted} }, offset(), true},
		{"pages", func() *api { return &api{rows: people(1050, 1), size: 100, basePage: 1, total: pages} }, pageTotal, true},
		{"a server that answers less", func() *api { return &api{rows: people(1050, 1), cap: 30, total: counted} }, offset(), true},
		{"a bound", func() *api { return &api{rows: people(1050, 1), total: counted} }, func() config.Paginator { p := offset(); p.Maximum = &bound; return p }(), true},
		{"no total", func() *api { return &api{rows: people(450, 1)} }, offset(), false},
		{"a failing page", func() *api {
			return &api{rows: people(1050, 1), total: counted, instead: func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Get("offset") == "500" {
					w.WriteHeader(http.StatusBadRequest)
					return true
				}
				return false
			}}
		}, offset(), false},
		{"a page of another size", func() *api {
			return &api{rows: people(1050, 1), total: counted, instead: func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Get("offset") != "300" {
					return false
				}
				fmt.Fprintf(w, `{"data":[%s],"total":1050}`, strings.Join(people(40, 301), ","))
				return true
			}}
		}, offset(), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := resource(tt.pag)
				one, oneEnd, oneTook, _, oneErr := side(t, tt.api(), r, 1)
				five, fiveEnd, fiveTook, most, fiveErr := side(t, tt.api(), r, 5)
				if !slices.Equal(one, five) || fmt.Sprint(oneErr) != fmt.Sprint(fiveErr) || oneEnd.Reason != fiveEnd.Reason || oneEnd.Proven != fiveEnd.Proven || oneEnd.Rows != fiveEnd.Rows {
					t.Errorf("one at a time: %d pages, %+v, %v; five: %d pages, %+v, %v", len(one), oneEnd, oneErr, len(five), fiveEnd, fiveErr)
				}
				if tt.fast && (fiveTook > oneTook*2/3 || most != 5) {
					t.Errorf("%s with five at a time (%d were), %s one by one", fiveTook, most, oneTook)
				}
			})
		})
	}
}

// Drift is seen as well: a total that moves between two answers, whichever was asked first.
func TestAheadSeesDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{rows: people(1000, 1), total: counted}
		a.before = func(n int, a *api) {
			if n == 4 {
				a.rows = append(a.rows, people(1, 5000)...)
			}
		}
		_, end, _, _, err := side(t, a, resource(offset()), 4)
		if err != nil || !end.Drifted || end.Proven {
			t.Errorf("%+v, %v", end, err)
		}
	})
}

// Listings under the parent's next records are asked for ahead as well, and come in the parent's order.
func TestAheadOfChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shape := map[int]int{}
		for i := range 40 {
			shape[i+1] = i % 4
		}
		wide := func(p, _ *config.Resource) { p.Endpoint.Paginator.Limit = 20 }
		grow := func() *tree {
			a := forest(shape)
			a.rows["/posts"] = append(a.rows["/posts"][:39], a.rows["/posts"][0], a.rows["/posts"][39]) // one is shown twice
			return a
		}
		one, oneEnd, oneTook, _, err := side(t, grow(), child(wide), 1)
		if err != nil {
			t.Fatal(err)
		}
		five, fiveEnd, fiveTook, most, err := side(t, grow(), child(wide), 5)
		if err != nil || !slices.Equal(one, five) || oneEnd.Rows != fiveEnd.Rows || !fiveEnd.Drifted || fiveTook > oneTook/3 || most != 5 {
			t.Errorf("one at a time: %d pages, %s; five: %d pages, %s, %d at a time, %v", len(one), oneTook, len(five), fiveTook, most, err)
		}
	})
}

// A walk that is given up lets go of what is out.
func TestAheadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{rows: people(2000, 1), total: counted, instead: func(n int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("offset") == "100" {
				w.WriteHeader(http.StatusBadRequest)
				return true
			}
			return false
		}}
		start := time.Now()
		_, _, _, _, err := side(t, a, resource(offset()), 8)
		if err == nil || !strings.Contains(err.Error(), "offset 100") || time.Since(start) != 40*time.Millisecond {
			t.Errorf("%v after %s; want the second page's error after 40 ms, with nothing left behind", err, time.Since(start))
		}
		if n, _ := strconv.Atoi(a.asked("offset")[:1]); n != 0 {
			t.Errorf("asked %s", a.asked("offset"))
		}
	})
}
