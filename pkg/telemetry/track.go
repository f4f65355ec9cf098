package telemetry

import (
	"strconv"
	"time"
)

// track is how far one resource is, for those who show it.
type track struct {
	topic               string
	scanDone, scanTotal int64
	scanning, answered  bool
	pages, records      int64
	total               int64 // negative: unknown
	retries             int64
	began               time.Time // of the walk: a scan before it does not count
	ended               bool
	status, proof       string
	took                time.Duration
}

func (t *track) start(topic string) { *t = track{topic: topic, total: -1, began: time.Now()} }

func (t *track) scan(done, total int64) {
	t.scanDone, t.scanTotal, t.scanning = done, total, true
	t.began = time.Now()
}

func (t *track) page(records int, total int64) {
	t.scanning, t.answered = false, true
	if records > 0 {
		t.pages++
	}
	t.records += int64(records)
	t.total = total
}

func (t *track) retry() {
	t.scanning = false
	t.retries++
}

func (t *track) end(status, proof string, took time.Duration) {
	t.ended, t.scanning, t.status, t.proof, t.took = true, false, status, proof, took
}

// rate is the records a second so far, 0 when it is too early to say.
func (t *track) rate() float64 {
	elapsed := time.Since(t.began)
	if elapsed < 100*time.Millisecond {
		return 0
	}
	return float64(t.records) / elapsed.Seconds()
}

// left is the time to the end at the rate so far; ok says that it can be told.
func (t *track) left() (left time.Duration, ok bool) {
	rate := t.rate()
	if rate <= 0 || t.total < t.records {
		return 0, false
	}
	return time.Duration(float64(t.total-t.records) / rate * float64(time.Second)), true
}

// thousands writes n with commas: 12,345.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short writes a duration to a precision that a reader can use.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// plural writes "1 page" and "2 pages".
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}
