package pipeline

import (
	"context"
	"errors"
	"net/http"

	"producer/pkg/checkpoint"
	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/record"
	"producer/pkg/registry"
	"producer/pkg/rest"
	"producer/pkg/schema"
	"producer/pkg/table"
)

// Exit codes of the contract.
const (
	ExitOK          = 0
	ExitUsage       = 2
	ExitSource      = 3
	ExitData        = 4
	ExitUnavailable = 5
	ExitFenced      = 6
	ExitAuth        = 7
	ExitLimit       = 8
	ExitInterrupt   = 130
	ExitTerminate   = 143
)

// SignalError is the cancellation cause that tells a run which signal ended it. Code is 130 (SIGINT) or 143 (SIGTERM).
type SignalError struct {
	Code   int
	Signal string
}

func (e *SignalError) Error() string { return "interrupted by " + e.Signal }

// GuardError says that a topic or a state cannot serve as it is: exit 2, before anything was written.
type GuardError struct{ Text string }

func (e *GuardError) Error() string { return e.Text }

// LimitError is a safety limit that stopped a resource: exit 8.
type LimitError struct{ Text string }

func (e *LimitError) Error() string { return e.Text }

// DataError is a record that cannot be keyed or encoded, named by its key and field: exit 4.
type DataError struct {
	Where string // "offset 300, record 17, key 4711"
	Err   error
}

func (e *DataError) Error() string { return e.Where + ": " + e.Err.Error() }
func (e *DataError) Unwrap() error { return e.Err }

// as reports whether err's chain holds a T.
func as[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// ExitCode classifies err by the contract's table; 0 for nil. What nothing else claims is the source's fault (3).
func ExitCode(err error) int {
	var status *rest.StatusError
	var token *rest.TokenError
	var intr *SignalError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &intr):
		return intr.Code
	case errors.Is(err, context.Canceled):
		return ExitInterrupt
	case as[*kafka.FencedError](err):
		return ExitFenced
	case as[*GuardError](err), as[*checkpoint.VersionError](err), as[*kafka.TopicError](err):
		return ExitUsage
	case as[*kafka.AuthError](err), as[*registry.AuthError](err):
		return ExitAuth
	case errors.As(err, &token) && token.Denied:
		return ExitAuth
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return ExitAuth
	case as[*kafka.TooLargeError](err), as[*kafka.RejectedError](err):
		return ExitData
	case as[*kafka.UnavailableError](err), as[*kafka.UnknownOutcomeError](err), as[*kafka.AbortedError](err),
		as[*registry.UnavailableError](err):
		return ExitUnavailable
	case as[*LimitError](err), as[*table.TooLargeError](err), as[*rest.BodyTooLargeError](err), tooDeep(err):
		return ExitLimit
	case as[*DataError](err), as[*extractor.RecordError](err), as[*record.KeyError](err), as[*schema.Misfit](err),
		as[*schema.ValueError](err), as[*schema.SelfCheckError](err), as[*registry.IncompatibleError](err),
		as[*registry.TextChangedError](err), as[*registry.UnknownSchemaError](err):
		return ExitData
	}
	return ExitSource
}

func tooDeep(err error) bool {
	var syntax *record.SyntaxError
	return errors.As(err, &syntax) && syntax.Kind == record.TooDeep
}

// StopsRun reports whether a resource's error ends the whole run: exits 2, 5, 6, signals, and 7 where it is Kafka's or the
// registry's.
func StopsRun(err error) bool {
	switch ExitCode(err) {
	case ExitUsage, ExitUnavailable, ExitFenced, ExitInterrupt, ExitTerminate:
		return true
	case ExitAuth:
		return as[*kafka.AuthError](err) || as[*registry.AuthError](err)
	}
	return false
}

// gravity orders exit codes: a signal > 6 > 7 > 5 > 8 > 4 > 3. Usage errors come before anything else could happen.
func gravity(code int) int {
	for i, c := range []int{ExitOK, ExitSource, ExitData, ExitLimit, ExitUnavailable, ExitAuth, ExitFenced, ExitUsage} {
		if c == code {
			return i
		}
	}
	return 100
}

// Graver is the graver of two errors, by the contract's order of exit codes; nil is none.
func Graver(a, b error) error {
	if a == nil || b != nil && gravity(ExitCode(b)) > gravity(ExitCode(a)) {
		return b
	}
	return a
}
