package rest

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Retry says which answers are asked for again, how often and when. The zero value retries nothing.
type Retry struct {
	// MaxRetries are repetitions: 3 are at most 4 requests.
	MaxRetries int
	// InitialInterval is the first wait (default 1 s), Factor what each further one is multiplied by (default 2),
	// MaxInterval the longest (default 30 s). Up to 10 % are added or taken at random.
	InitialInterval, MaxInterval time.Duration
	Factor                       float64
	// MaxRetryAfter is the longest Retry-After that is waited for; a longer one ends the request at once. Default 300 s.
	MaxRetryAfter time.Duration
	// StatusCodes are retried; nil: 429, 500, 502, 503, 504.
	StatusCodes []int
}

// jitter of a wait, to either side.
const jitter = 0.1

func (r Retry) withDefaults() Retry {
	r.InitialInterval = positive(r.InitialInterval, time.Second)
	r.MaxInterval = positive(r.MaxInterval, 30*time.Second)
	r.Factor = positive(r.Factor, 2)
	r.MaxRetryAfter = positive(r.MaxRetryAfter, 300*time.Second)
	if r.StatusCodes == nil {
		r.StatusCodes = []int{429, 500, 502, 503, 504}
	}
	r.StatusCodes = slices.Clone(r.StatusCodes)
	return r
}

// waits is one request's schedule: exponential, but never shorter than what the last answer asked for.
type waits struct {
	backoff.BackOff
	longest time.Duration
	floor   time.Duration
}

func (r Retry) waits() *waits {
	return &waits{longest: r.MaxInterval, BackOff: backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(min(r.InitialInterval, r.MaxInterval)),
		backoff.WithMultiplier(r.Factor),
		backoff.WithRandomizationFactor(jitter),
		backoff.WithMaxInterval(r.MaxInterval),
		backoff.WithMaxElapsedTime(0),
		backoff.WithRetryStopDuration(backoff.Stop),
	)}
}

// NextBackOff implements backoff.BackOff.
func (w *waits) NextBackOff() time.Duration {
	return max(min(w.BackOff.NextBackOff(), w.longest), w.floor)
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date, which is taken against the answer's own
// Date, since the two clocks may differ by days. 0 where there is none, or it is in the past or makes no sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789.") == "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if seconds >= (math.MaxInt64 / float64(time.Second)) { // ParseFloat's +Inf on overflow too
			return math.MaxInt64
		}
		if err != nil {
			return 0
		}
		return time.Duration(seconds * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0)
}
