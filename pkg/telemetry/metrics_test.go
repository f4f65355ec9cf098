package telemetry_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"producer/pkg/telemetry"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestMetrics(t *testing.T) {
	m := telemetry.NewMetrics()
	m.Start("contacts", "crm.contacts")
	m.Scan("contacts", 50, 60)
	m.Page("contacts", 100, 10_000)
	m.Page("contacts", 0, 10_000)
	m.Retry("contacts", "503 canary-secret", 1500*time.Millisecond)
	m.Commit("contacts", 90, 5, 3, 2, 1, 30*time.Millisecond)
	m.End("contacts", "complete", "proven", 2*time.Second)
	m.Index("contacts", 95, 4096)
	m.Start("deals", "crm.deals")
	m.Page("deals", 1, -1)
	m.Cycle(0, 3*time.Second)
	m.Cycle(3, 4*time.Second)

	status, text := get(t, m.Handler(), "/metrics")
	if status != http.StatusOK {
		t.Fatalf("got %d: %s", status, text)
	}
	for _, want := range []string{
		`producer_pages_total{resource="contacts"} 1`,
		`producer_requests_total{resource="contacts"} 3`,
		`producer_retries_total{resource="contacts"} 1`,
		`producer_retry_wait_seconds_total{resource="contacts"} 1.5`,
		`producer_records_total{outcome="published",resource="contacts"} 90`,
		`producer_records_total{outcome="unchanged",resource="contacts"} 5`,
		`producer_records_total{outcome="duplicate",resource="contacts"} 3`,
		`producer_records_total{outcome="dead_lettered",resource="contacts"} 2`,
		`producer_records_total{outcome="published",resource="deals"} 0`,
		`producer_tombstones_total{resource="contacts"} 1`,
		`producer_commits_total{resource="contacts"} 1`,
		`producer_commits_total{resource="deals"} 0`,
		`producer_commit_seconds_bucket{resource="contacts",le="0.05"} 1`,
		`producer_commit_seconds_bucket{resource="contacts",le="0.025"} 0`,
		`producer_walks_total{proof="proven",resource="contacts",status="complete"} 1`,
		`producer_walk_seconds{resource="contacts"} 2`,
		`producer_source_records{resource="contacts"} 10000`,
		`producer_index_scan_records{resource="contacts"} 50`,
		`producer_index_keys{resource="contacts"} 95`,
		`producer_index_bytes{resource="contacts"} 4096`,
		`producer_cycles_total{exit_code="0"} 1`,
		`producer_cycles_total{exit_code="3"} 1`,
		`producer_last_cycle_exit_code 3`,
		`producer_last_cycle_seconds 4`,
		`# TYPE producer_last_success_timestamp_seconds gauge`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("%s is missing", want)
		}
	}
	for _, unwanted := range []string{`source_records{resource="deals"}`, "canary-secret", "last_success_timestamp_seconds 0\n"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("%s should not be there", unwanted)
		}
	}
}

func TestHealth(t *testing.T) {
	m := telemetry.NewMetrics()
	for _, test := range []struct {
		name           string
		exit           int // -1: no cycle yet
		status, code   int
		state, reason  string
		wantEndedGiven bool
	}{
		{"before the first cycle", -1, 200, 0, "ok", "", false},
		{"after a good one", 0, 200, 0, "ok", "", true},
		{"after a failed one", 3, 503, 3, "failed", "the source API failed", true},
		{"an exit code without a name", 99, 503, 99, "failed", "the last cycle failed", true},
		{"recovered", 0, 200, 0, "ok", "", true},
	} {
		if test.exit >= 0 {
			m.Cycle(test.exit, time.Second)
		}
		status, text := get(t, m.Handler(), "/healthz")
		var got struct {
			Status, Reason, Ended string
			ExitCode              int `json:"exit_code"`
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v in %s", test.name, err, text)
		}
		if status != test.status || got.Status != test.state || got.Reason != test.reason || got.ExitCode != test.code || (got.Ended != "") != test.wantEndedGiven {
			t.Errorf("%s: got %d %s", test.name, status, text)
		}
	}
	if status, _ := get(t, m.Handler(), "/other"); status != http.StatusNotFound {
		t.Errorf("another path: got %d, want 404", status)
	}
}

func TestServe(t *testing.T) {
	m := telemetry.NewMetrics()
	server, addr, err := m.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
	if _, _, err := m.Serve(addr); err == nil {
		t.Error("a taken address: got no error")
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + addr + "/metrics"); err == nil {
		t.Error("it still answers after Close")
	}
}

// TestTee also shows that all observers may be used at once.
func TestTee(t *testing.T) {
	a, b := telemetry.NewMetrics(), telemetry.NewMetrics()
	o := telemetry.Tee(a, nil, b)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				o.Start("r", "t")
				o.Scan("r", 1, 2)
				o.Index("r", 1, 16)
				o.Page("r", 1, 2)
				o.Retry("r", "503", time.Second)
				o.Commit("r", 1, 0, 0, 0, 1, time.Second)
				o.End("r", "complete", "proven", time.Second)
				a.Cycle(0, time.Second)
				get(t, a.Handler(), "/healthz")
			}
		})
	}
	wg.Wait()
	for _, m := range []*telemetry.Metrics{a, b} {
		_, text := get(t, m.Handler(), "/metrics")
		for _, want := range []string{"producer_pages_total", "producer_retries_total", "producer_commits_total", "producer_tombstones_total", "producer_index_scan_records", "producer_index_keys"} {
			n := "200"
			if strings.HasPrefix(want, "producer_index") {
				n = "1"
			}
			if !strings.Contains(text, want+`{resource="r"} `+n+"\n") {
				t.Errorf("%s is not %s", want, n)
			}
		}
	}
}
