package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
)

// source is the REST API of all pipelines: /PIPELINE/rows, /PIPELINE/rows/ID and /PIPELINE/others. A child says who it is in a header,
// so that it can be made to wait for the first.
type source struct {
	server *httptest.Server

	mu       sync.Mutex
	listings map[string]*listing          // by PIPELINE/rows and so on
	gates    map[string]func(request int) // by child; called before a page is answered, and may block
	asked    map[string]int
}

func startSource() *source {
	s := &source{listings: map[string]*listing{}, gates: map[string]func(int){}, asked: map[string]int{}}
	s.server = httptest.NewServer(s)
	return s
}

func (s *source) add(path string, l *listing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listings[path] = l
}

func (s *source) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listings, path)
}

// gate has every page of a child wait for f; nil ends that.
func (s *source) gate(child string, f func(request int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gates[child] = f; f == nil {
		delete(s.gates, child)
		delete(s.asked, child)
	}
}

const childHeader = "X-Child"

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := append(strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/"), "", "")
	child := r.Header.Get(childHeader)
	s.mu.Lock()
	l, gate := s.listings[part[0]+"/"+part[1]], s.gates[child]
	if part[1] != "rows" || part[2] != "" {
		gate = nil
	}
	if gate != nil {
		s.asked[child]++
	}
	n := s.asked[child]
	s.mu.Unlock()
	if l == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if id := part[2]; id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if text, there := l.byID(n); err == nil && there {
			fmt.Fprint(w, text)
			return
		}
		http.NotFound(w, r)
		return
	}
	if gate != nil {
		gate(n)
	}
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if page, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		offset = (page - 1) * limit
	}
	if after := r.URL.Query().Get("after"); after != "" {
		var ok bool
		if offset, ok = l.at(after); !ok {
			http.Error(w, `{"error":"this cursor has expired"}`, http.StatusGone)
			return
		}
	}
	fmt.Fprint(w, l.page(offset, limit))
}
