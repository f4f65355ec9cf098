package telemetry

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Lines logs how far each resource is: a line when a resource starts, at most one every interval while something
// happens to it, one at once when a retry waits longer than that, and one when it ends.
type Lines struct {
	log   *slog.Logger
	every time.Duration

	mu     sync.Mutex
	tracks map[string]*lineTrack
}

type lineTrack struct {
	track
	logged time.Time // the last line
	dirty  bool      // something happened since
}

var _ Observer = (*Lines)(nil)

// NewLines returns Lines that log to log; an interval of 0 is five seconds.
func NewLines(log *slog.Logger, every time.Duration) *Lines {
	if every <= 0 {
		every = 5 * time.Second
	}
	return &Lines{log: log, every: every, tracks: map[string]*lineTrack{}}
}

// Start implements [Observer].
func (l *Lines) Start(resource, topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &lineTrack{logged: time.Now()}
	t.start(topic)
	l.tracks[resource] = t
	l.log.Info("started", "resource", resource, "topic", topic)
}

// Scan implements [Observer].
func (l *Lines) Scan(resource string, done, total int64) {
	l.update(resource, func(t *lineTrack) { t.scan(done, total) })
}

// Index implements [Observer]: it is for [Metrics].
func (l *Lines) Index(string, int64, int64) {}

// Page implements [Observer].
func (l *Lines) Page(resource string, records int, total int64) {
	l.update(resource, func(t *lineTrack) { t.page(records, total) })
}

// Retry implements [Observer].
func (l *Lines) Retry(resource, reason string, wait time.Duration) {
	l.update(resource, func(t *lineTrack) {
		t.retry()
		if wait >= l.every {
			l.log.Warn("waiting to retry", "resource", resource, "reason", reason, "wait", short(wait), "retries", t.retries)
			t.logged, t.dirty = time.Now(), false
		}
	})
}

// Commit implements [Observer]. What is committed is the summary's matter; a commit only shows that things move.
func (l *Lines) Commit(resource string, _, _, _, _, _ int64, _ time.Duration) {
	l.update(resource, func(*lineTrack) {})
}

// End implements [Observer]. It tells what was read: of a walk that failed, less may be committed.
func (l *Lines) End(resource, status, proof string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracks[resource]
	if t == nil {
		return
	}
	t.end(status, proof, took)
	delete(l.tracks, resource)
	args := []any{"resource", resource, "status", status}
	if proof != "" {
		args = append(args, "proof", proof)
	}
	l.log.Info("ended", append(args, "pages_read", t.pages, "records_read", t.records, "retries", t.retries, "took", short(took))...)
}

// Close logs how far resources are that moved since their last line and have not ended.
func (l *Lines) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, resource := range slices.Sorted(maps.Keys(l.tracks)) {
		if t := l.tracks[resource]; t.dirty {
			l.line(resource, t)
		}
	}
}

// update applies what happened, and logs when it is time.
func (l *Lines) update(resource string, apply func(*lineTrack)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracks[resource]
	if t == nil {
		return
	}
	t.dirty = true
	apply(t)
	if t.dirty && time.Since(t.logged) >= l.every {
		l.line(resource, t)
	}
}

func (l *Lines) line(resource string, t *lineTrack) {
	t.logged, t.dirty = time.Now(), false
	if t.scanning {
		l.log.Info("reading topic", "resource", resource, "topic", t.topic, "records", t.scanDone, "of", t.scanTotal)
		return
	}
	args := []any{"resource", resource, "pages", t.pages, "records", t.records}
	if t.total >= 0 {
		args = append(args, "total", t.total)
	}
	args = append(args, "rate", thousands(int64(t.rate()))+"/s", "retries", t.retries)
	if left, ok := t.left(); ok {
		args = append(args, "left", short(left))
	}
	l.log.Info("walking", args...)
}
