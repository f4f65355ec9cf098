package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// UnavailableError says that the brokers did not do something in the time they
// had, or cannot be talked to at all. From [Producer.Commit] it means that
// nothing of the batch was committed.
type UnavailableError struct {
	Op  string
	Err error // the last reason
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s: kafka is unavailable: %v", e.Op, e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// AuthError says that the brokers do not know us, or do not let us.
type AuthError struct {
	Resource  string // `topic "crm.contacts"`, `transactional id "producer.crm.contacts"`, "cluster", "brokers"
	Operation string // of Kafka's names: "Write", "Create", ...; "Authenticate" for a refused login
	Err       error
}

func (e *AuthError) Error() string {
	if e.Operation == opAuthenticate {
		return fmt.Sprintf("not authenticated by the kafka %s: %v", e.Resource, e.Err)
	}
	return fmt.Sprintf("not authorised by kafka: %s on %s: %v", e.Operation, e.Resource, e.Err)
}

func (e *AuthError) Unwrap() error { return e.Err }

const opAuthenticate = "Authenticate"

// TopicError says that a topic is gone, was made anew under its name, or
// cannot be created as asked for.
type TopicError struct {
	Topic string // empty where only Err knows
	Err   error
}

func (e *TopicError) Error() string {
	if e.Topic == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("topic %q: %v", e.Topic, e.Err)
}

func (e *TopicError) Unwrap() error { return e.Err }

// TooLargeError says that a record is larger, after compression, than its
// topic's max.message.bytes. The transaction is aborted, the producer can go
// on.
type TooLargeError struct {
	Topic string
	Key   []byte
	Size  int // bytes of key, value and headers, before compression
	Max   int // the topic's max.message.bytes as of its last Describe
	Err   error
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("record with key %q of %d bytes is larger than topic %q takes (max.message.bytes is %d)",
		e.Key, e.Size, e.Topic, e.Max)
}

func (e *TooLargeError) Unwrap() error { return e.Err }

// RejectedError says that the broker refuses a record for what it is, say one
// without a key in a compacted topic. The transaction is aborted, the producer
// can go on.
type RejectedError struct {
	Topic string
	Key   []byte
	Err   error
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("record with key %q is refused by topic %q: %v", e.Key, e.Topic, e.Err)
}

func (e *RejectedError) Unwrap() error { return e.Err }

// AbortedError says that the transaction was aborted for sure and that the
// producer can go on: the same batch may be committed again.
type AbortedError struct {
	Err error
}

func (e *AbortedError) Error() string { return fmt.Sprintf("transaction aborted: %v", e.Err) }

func (e *AbortedError) Unwrap() error { return e.Err }

// FencedError says that a newer producer of the same transactional id took
// over. This one can never write again; to open another would fence the newer
// one in turn. Whether a commit that was under way got through is for the newer
// one to find out.
type FencedError struct {
	TransactionalID string
	Err             error
}

func (e *FencedError) Error() string {
	return fmt.Sprintf("fenced: a newer instance took over transactional id %q: %v", e.TransactionalID, e.Err)
}

func (e *FencedError) Unwrap() error { return e.Err }

// UnknownOutcomeError says that nobody here knows whether the transaction was
// committed, or that the producer lost its standing with the brokers for
// another reason than a newer producer. Only what a new producer finds
// committed, after it was opened, decides.
type UnknownOutcomeError struct {
	TransactionalID string
	Err             error
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("commit of transactional id %q: outcome unknown: %v", e.TransactionalID, e.Err)
}

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// tlsError marks what went wrong after the connection stood and before it was
// secure.
type tlsError struct {
	addr string
	err  error
}

func (e *tlsError) Error() string { return fmt.Sprintf("tls to %s: %v", e.addr, e.err) }

func (e *tlsError) Unwrap() error { return e.err }

// final returns what an error means when another try cannot mend it, else nil.
func final(op string, err error) error {
	if isOurs(err) {
		return err
	}
	if isAny(err, kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState) {
		return &AuthError{Resource: "brokers", Operation: opAuthenticate, Err: err}
	}
	if isAny(err, kerr.ClusterAuthorizationFailed) {
		return &AuthError{Resource: "cluster", Operation: op, Err: err}
	}
	if isTLS(err) {
		return &UnavailableError{Op: op, Err: err}
	}
	if k, ok := errors.AsType[*kerr.Error](err); ok && !k.Retriable && k != kerr.ConcurrentTransactions &&
		k != kerr.UnknownServerError {
		return &UnavailableError{Op: op, Err: err}
	}
	return nil
}

// isOurs reports whether err has its type already.
func isOurs(err error) bool {
	return isType[*UnavailableError](err) || isType[*AuthError](err) || isType[*TopicError](err) ||
		isType[*FencedError](err) || isType[*TooLargeError](err) || isType[*RejectedError](err) || isType[*AbortedError](err)
}

func isType[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// isFenced reports the answers that a broker gives to a producer whose epoch is
// no longer the newest, or whose transaction somebody else has ended.
func isFenced(err error) bool {
	return isAny(err, kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping, kerr.InvalidTxnState)
}
