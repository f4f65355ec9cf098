package telemetry

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what an [Observer] hears, for Prometheus. It has a registry of its own, so that several may stand in
// one process, and serves the Go runtime's and the process's metrics too. Every counter of a resource is there from
// its Start on, at 0.
type Metrics struct {
	registry *prometheus.Registry

	pages, requests, retries, retryWait, commits, tombstones *prometheus.CounterVec
	records                                                  *prometheus.CounterVec // by resource, outcome
	walks                                                    *prometheus.CounterVec // by resource, status, proof
	commitSeconds                                            *prometheus.HistogramVec
	walkSeconds, total, scanned, scanTotal, keys, indexBytes *prometheus.GaugeVec
	cycles                                                   *prometheus.CounterVec // by exit code
	lastExitCode, lastSeconds, lastSuccess                   prometheus.Gauge

	mu       sync.Mutex
	exitCode int       // of the last cycle
	ended    time.Time // when it ended; zero before
}

var _ Observer = (*Metrics)(nil)

// outcomes of a record, the values of the label of that name. Their sum is what has been read and committed.
var outcomes = []string{"published", "unchanged", "duplicate", "dead_lettered"}

// NewMetrics returns Metrics that have counted nothing.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "producer", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	gauges := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "producer", Name: name, Help: help}, []string{"resource"})
		m.registry.MustRegister(g)
		return g
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "producer", Name: name, Help: help})
		m.registry.MustRegister(g)
		return g
	}

	m.pages = counter("pages_total", "Pages with records that the API answered.", "resource")
	m.requests = counter("requests_total", "Requests to the API that were answered with a page or sent again.", "resource")
	m.retries = counter("retries_total", "Requests to the API that failed and were sent again.", "resource")
	m.retryWait = counter("retry_wait_seconds_total", "Time waited before requests were sent again.", "resource")
	m.records = counter("records_total", "Records read and committed, by what became of them.", "resource", "outcome")
	m.tombstones = counter("tombstones_total", "Deletes published.", "resource")
	m.commits = counter("commits_total", "Transactions committed.", "resource")
	m.walks = counter("walks_total", "Walks over a resource that ended, by how.", "resource", "status", "proof")
	m.cycles = counter("cycles_total", "Cycles that ended, by exit code.", "exit_code")

	m.commitSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "producer", Name: "commit_seconds", Help: "Time a transaction took, from its first record to its confirmation.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"resource"})
	m.registry.MustRegister(m.commitSeconds)

	m.walkSeconds = gauges("walk_seconds", "Time the last walk took.")
	m.total = gauges("source_records", "Records that the API says there are; absent when it doesn't.")
	m.scanned = gauges("index_scan_records", "Records of the topic read into the index by the last scan.")
	m.scanTotal = gauges("index_scan_records_expected", "Records of the topic that the last scan is to read.")
	m.keys = gauges("index_keys", "Live keys of the topic.")
	m.indexBytes = gauges("index_bytes", "Memory that the index of the topic takes.")

	m.lastExitCode = gauge("last_cycle_exit_code", "Exit code of the last cycle; 0 before the first one ended.")
	m.lastSeconds = gauge("last_cycle_seconds", "Time the last cycle took.")
	m.lastSuccess = gauge("last_success_timestamp_seconds", "When a cycle last ended with exit code 0, as Unix time; 0 for never.")

	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves /metrics in the Prometheus text format, and /healthz: 200 while the process lives and its last cycle
// ended with exit code 0 (or none ended yet), 503 otherwise; its body is JSON with status, exit_code and reason.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", m.serveHealth)
	return mux
}

// Cycle says that a cycle over all resources ended.
func (m *Metrics) Cycle(exitCode int, took time.Duration) {
	now := time.Now()
	m.cycles.WithLabelValues(strconv.Itoa(exitCode)).Inc()
	m.lastExitCode.Set(float64(exitCode))
	m.lastSeconds.Set(took.Seconds())
	if exitCode == 0 {
		m.lastSuccess.Set(float64(now.UnixMilli()) / 1e3)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.exitCode, m.ended = exitCode, now
}

// Start implements [Observer].
func (m *Metrics) Start(resource, _ string) {
	for _, c := range []*prometheus.CounterVec{m.pages, m.requests, m.retries, m.retryWait, m.commits, m.tombstones} {
		c.WithLabelValues(resource)
	}
	for _, o := range outcomes {
		m.records.WithLabelValues(resource, o)
	}
}

// Scan implements [Observer].
func (m *Metrics) Scan(resource string, done, total int64) {
	m.scanned.WithLabelValues(resource).Set(float64(done))
	m.scanTotal.WithLabelValues(resource).Set(float64(total))
}

// Index implements [Observer].
func (m *Metrics) Index(resource string, keys, bytes int64) {
	m.keys.WithLabelValues(resource).Set(float64(keys))
	m.indexBytes.WithLabelValues(resource).Set(float64(bytes))
}

// Page implements [Observer].
func (m *Metrics) Page(resource string, records int, total int64) {
	m.requests.WithLabelValues(resource).Inc()
	if records > 0 {
		m.pages.WithLabelValues(resource).Inc()
	}
	if total >= 0 {
		m.total.WithLabelValues(resource).Set(float64(total))
	} else {
		m.total.DeleteLabelValues(resource)
	}
}

// Retry implements [Observer]. The reason is not a label: there is no end to them.
func (m *Metrics) Retry(resource, _ string, wait time.Duration) {
	m.requests.WithLabelValues(resource).Inc()
	m.retries.WithLabelValues(resource).Inc()
	m.retryWait.WithLabelValues(resource).Add(max(wait, 0).Seconds())
}

// Commit implements [Observer].
func (m *Metrics) Commit(resource string, published, unchanged, duplicates, deadLettered, tombstones int64, took time.Duration) {
	for i, n := range []int64{published, unchanged, duplicates, deadLettered} {
		m.records.WithLabelValues(resource, outcomes[i]).Add(float64(max(n, 0)))
	}
	m.tombstones.WithLabelValues(resource).Add(float64(max(tombstones, 0)))
	m.commits.WithLabelValues(resource).Inc()
	m.commitSeconds.WithLabelValues(resource).Observe(took.Seconds())
}

// End implements [Observer].
func (m *Metrics) End(resource, status, proof string, took time.Duration) {
	m.walks.WithLabelValues(resource, status, proof).Inc()
	m.walkSeconds.WithLabelValues(resource).Set(took.Seconds())
}
