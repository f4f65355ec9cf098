package devserver

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// maxLimit is the most records on a page, and how many there are without a limit.
const maxLimit = 100

// api is the sample CRM over HTTP.
type api struct {
	crm *crm
	key string

	faults bool
	mu     sync.Mutex
	asked  map[string]int // list requests so far, by resource
}

func newAPI(c *crm, key string, faults bool) http.Handler {
	a := &api{crm: c, key: key, faults: faults, asked: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.index)
	for _, r := range resources {
		mux.Handle("GET /v1/"+r, a.authorised(func(w http.ResponseWriter, req *http.Request) { a.list(w, req, r) }))
		mux.Handle("GET /v1/"+r+"/{id}", a.authorised(func(w http.ResponseWriter, req *http.Request) { a.record(w, req, r) }))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "no such path") })
	return mux
}

func (a *api) index(w http.ResponseWriter, _ *http.Request) {
	paths := map[string]string{}
	for _, r := range resources {
		paths[r] = "/v1/" + r + "?offset=0&limit=100&api_key=KEY"
	}
	answerJSON(w, http.StatusOK, map[string]any{"service": "sample CRM", "resources": paths})
}

func (a *api) authorised(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("api_key")), []byte(a.key)) != 1 {
			fail(w, http.StatusUnauthorized, "the query parameter api_key is missing or wrong")
			return
		}
		next(w, r)
	})
}

func (a *api) list(w http.ResponseWriter, r *http.Request, resource string) {
	if a.fault(w, resource) {
		return
	}
	offset, ok := number(r, "offset", 0)
	limit, ok2 := number(r, "limit", maxLimit)
	if !ok || !ok2 || limit == 0 {
		fail(w, http.StatusBadRequest, "offset must be a whole number, limit a positive one")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.crm.page(nil, resource, offset, min(limit, maxLimit))) // an error here is the client's going away
}

func (a *api) record(w http.ResponseWriter, r *http.Request, resource string) {
	text, ok := a.crm.one(resource, r.PathValue("id"))
	if !ok {
		fail(w, http.StatusNotFound, "no such record")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// fault answers one in sixty requests for a list with an error, from the ninth on: a listing of 100 pages meets two.
func (a *api) fault(w http.ResponseWriter, resource string) bool {
	if !a.faults {
		return false
	}
	a.mu.Lock()
	n := a.asked[resource]
	a.asked[resource]++
	a.mu.Unlock()
	if n%60 != 9 {
		return false
	}
	switch n / 60 % 3 {
	case 0:
		fail(w, http.StatusServiceUnavailable, "try again")
	case 1:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, "slow down")
	default:
		fail(w, http.StatusTooManyRequests, "slow down")
	}
	return true
}

// number reads a query parameter that is not negative.
func number(r *http.Request, name string, byDefault int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return byDefault, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
}

func fail(w http.ResponseWriter, status int, message string) {
	answerJSON(w, status, map[string]any{"error": message, "status": fmt.Sprintf("%d %s", status, http.StatusText(status))})
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
