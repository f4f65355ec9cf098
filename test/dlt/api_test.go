//go:build dlt

package dlt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// api is a scripted REST API: each path is answered by its function. It notes every request.
type api struct {
	url   string
	mu    sync.Mutex
	paths map[string]answer
	log   []request
}

// request is one that came, its body read.
type request struct {
	*http.Request
	json row // the body, where it is JSON
}

// answer gives status, body and headers (name and value in turn).
type answer func(r request) (status int, body any, headers []string)

func serve(t *testing.T, paths map[string]answer) *api {
	t.Helper()
	a := &api{paths: paths}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// ServeHTTP answers 404 where nothing is scripted.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := request{Request: r}
	if body, err := io.ReadAll(r.Body); err == nil {
		_ = json.Unmarshal(body, &req.json) // not every body is JSON
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	_ = r.ParseForm()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = append(a.log, req)
	status, body, headers := 404, any(row{"message": "no such path"}), []string(nil)
	if f := a.paths[r.URL.Path]; f != nil {
		status, body, headers = f(req)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if text, ok := body.(string); ok {
		fmt.Fprint(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(body)
}

// set scripts a path anew.
func (a *api) set(path string, f answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.paths[path] = f
}

// requests gives those that came since the last call.
func (a *api) requests() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	log := a.log
	a.log = nil
	return log
}

// items are n records of scalars and an object; each version changes one in five.
func items(n, version int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{"id": i + 1, "name": fmt.Sprintf("Item %d", i+1), "price": float64(i) + 0.25, "active": i%2 == 0,
			"owner": row{"login": fmt.Sprintf("user-%d", i%7), "Level": i % 3}, "note": nil}
		if version > 0 && i%5 == 0 {
			rows[i]["name"] = fmt.Sprintf("Item %d, version %d", i+1, version)
		}
	}
	return rows
}

// cut is a page of rows and where the next one begins, 0 where there is none.
func cut(rows []row, from, size int) (page []row, next int) {
	from = min(from, len(rows))
	to := min(from+size, len(rows))
	if to < len(rows) {
		next = to
	}
	return append([]row{}, rows[from:to]...), next
}

// number is a query parameter, or a value by its dotted path in the body.
func (r request) number(name string, absent int) int {
	var text string
	if r.Method == http.MethodPost {
		text = fmt.Sprint(at(r.json, name))
	} else {
		text = r.URL.Query().Get(name)
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return absent
}

func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		inner, _ := v.(row)
		v = inner[name]
	}
	return v
}

func ok(body any, headers ...string) (int, any, []string) { return 200, body, headers }
