package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// reasons says of each exit code what it means. They are words of ours: nothing of an error's text, which might quote
// an answer of the API, is served.
var reasons = map[int]string{
	2:   "configuration, or a topic that cannot serve",
	3:   "the source API failed",
	4:   "a record or schema cannot be encoded or registered",
	5:   "Kafka or the registry is unavailable",
	6:   "fenced by a newer instance",
	7:   "not authenticated or not authorised",
	8:   "a safety limit stopped the run",
	130: "interrupted",
	143: "terminated",
}

// health is the body of /healthz.
type health struct {
	Status   string `json:"status"` // ok, failed
	ExitCode int    `json:"exit_code"`
	Reason   string `json:"reason,omitempty"`
	Ended    string `json:"ended,omitempty"` // RFC 3339, of the last cycle
}

func (m *Metrics) serveHealth(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	h := health{Status: "ok", ExitCode: m.exitCode}
	if !m.ended.IsZero() {
		h.Ended = m.ended.UTC().Format(time.RFC3339)
	}
	m.mu.Unlock()
	status := http.StatusOK
	if h.ExitCode != 0 {
		status, h.Status, h.Reason = http.StatusServiceUnavailable, "failed", reasons[h.ExitCode]
		if h.Reason == "" {
			h.Reason = "the last cycle failed"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(h) // an error here is the reader's going away
}

// Serve serves [Metrics.Handler] on addr ("127.0.0.1:9090"; port 0 takes a free one) until the Closer is closed, and
// returns the address it got. Close waits up to two seconds for requests that are being answered.
func (m *Metrics) Serve(addr string) (io.Closer, string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr) // a loopback or wildcard address: nothing to wait for
	if err != nil {
		return nil, "", fmt.Errorf("serve metrics: %w", err)
	}
	s := &server{
		http: http.Server{Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ErrServerClosed, or the listener failed: the run goes on without
	}()
	return s, l.Addr().String(), nil
}

type server struct {
	http http.Server
	done chan struct{}
}

func (s *server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	<-s.done
	return err
}
