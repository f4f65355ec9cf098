package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// abortGrace is how long a transaction may take to end once the caller's
// context is over.
const abortGrace = 2 * time.Second

// Producer is the one writer of a transactional id. One goroutine at a time
// may use it.
type Producer struct {
	c          *Cluster
	id         string
	client     *kgo.Client
	dialer     *dialer
	txnTimeout time.Duration
	waves      waves
	dead       error // why it is used up
}

// OpenProducer becomes the writer of the transactional id: every older producer
// of it is fenced, and its last transaction is committed or aborted for good
// before OpenProducer returns. What a restart depends on must be read after
// that.
//
// Errors: [AuthError], [UnavailableError] after Options.Timeout.
func (c *Cluster) OpenProducer(ctx context.Context, transactionalID string) (*Producer, error) {
	p := &Producer{c: c, id: transactionalID, dialer: newDialer(c.o)}
	p.txnTimeout = min(max(c.o.CommitTimeout, minTxnTimeout), maxTxnTimeout)
	client, err := c.newClient(p.dialer,
		kgo.TransactionalID(transactionalID),
		kgo.TransactionTimeout(p.txnTimeout),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ManualFlushing(),
		kgo.MaxBufferedRecords(1<<30),
		kgo.ProducerBatchMaxBytes(maxBatchBytes),
	)
	if err != nil {
		return nil, fmt.Errorf("open producer %q: %w", transactionalID, err)
	}
	p.client = client
	p.waves = waves{p: p}
	err = c.retry(ctx, fmt.Sprintf("open producer %q", transactionalID), p.dialer, p.init)
	if err != nil {
		client.Close()
		return nil, err
	}
	return p, nil
}

// init asks the coordinator for a producer id and epoch, unless there is one.
func (p *Producer) init(ctx context.Context) error {
	pid, _, err := p.client.ProducerID(ctx)
	switch {
	case err == nil && pid < 0:
		return &UnavailableError{Op: fmt.Sprintf("open producer %q", p.id), Err: errors.New("the brokers know no transactions")}
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
		return p.authError(err)
	case errors.Is(err, kerr.InvalidTransactionTimeout):
		return fmt.Errorf("%w (asked for %v: it follows the commit timeout, the broker's limit is its transaction.max.timeout.ms)", err, p.txnTimeout)
	case isFenced(err):
		return &FencedError{TransactionalID: p.id, Err: err}
	}
	return err
}

// Close gives the producer up. It writes nothing: an open transaction, which
// only a Commit that failed can leave, is aborted by the broker or by the next
// producer of the id. No Commit may be under way.
func (p *Producer) Close() { p.client.Close() }

// Commit writes the whole batch in one transaction, or nothing of it. Nil means
// that it is committed; an empty batch is, trivially. Every record has been
// acknowledged by all in-sync replicas before the transaction is ended.
//
// It returns within Options.CommitTimeout, whatever the brokers do. When ctx
// is over while records are being sent, the transaction is aborted, within two
// more seconds; the end of a transaction itself is not interrupted, but given
// up two seconds after ctx is over.
//
// Errors: [TooLargeError], [RejectedError], [AbortedError] (also around the
// context's), [TopicError], after which the producer can go on; [AuthError];
// [FencedError], [UnknownOutcomeError], [UnavailableError], after which it
// cannot, and all further calls fail.
func (p *Producer) Commit(ctx context.Context, b Batch) error {
	switch {
	case len(b.Records) == 0:
		return nil
	case p.dead != nil:
		return fmt.Errorf("the producer is used up: %w", p.dead)
	case ctx.Err() != nil:
		return &AbortedError{Err: context.Cause(ctx)}
	}
	sending, cancel := context.WithTimeout(ctx, p.c.o.CommitTimeout)
	defer cancel()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.c.o.CommitTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(abortGrace, cancel) })()

	began := time.Now()
	err := p.begin(sending)
	if err == nil {
		err = p.waves.send(sending, b.Records)
	}
	switch {
	case err == nil:
		return p.end(ending, began)
	case p.dead != nil:
		return err
	case ctx.Err() != nil:
		return p.abort(ending, began, context.Cause(ctx))
	case sending.Err() != nil: // only this and closing the client release it in an outage
		p.client.UnsafeAbortBufferedRecords()
		return p.die(&UnavailableError{Op: p.op(), Err: p.dialer.noAnswer(p.c.o.CommitTimeout)})
	}
	return p.abort(ending, began, err)
}

// begin starts a transaction, which is nothing but memory unless the producer
// has to be given a new epoch after an abort.
func (p *Producer) begin(ctx context.Context) error {
	if err := p.c.retry(ctx, p.op(), p.dialer, p.init); err != nil {
		return err
	}
	if err := p.client.BeginTransaction(); err != nil {
		return p.die(&UnknownOutcomeError{TransactionalID: p.id, Err: err})
	}
	return nil
}

// end commits the transaction, of which everything is acknowledged.
func (p *Producer) end(ctx context.Context, began time.Time) error {
	// The client (v1.22.2) sends the first records to a topic before it has
	// stored the topic's partitions. If those are acknowledged sooner than
	// stored, EndTransaction finds no partition in the transaction, aborts it
	// and returns nil. Both happen under the lock that this takes; there is
	// nothing buffered that it could abort.
	if err := p.client.AbortBufferedRecords(ctx); err != nil {
		return p.die(&UnavailableError{Op: p.op(), Err: p.dialer.noAnswer(p.c.o.CommitTimeout)})
	}
	err := p.dialer.within(ctx, func(ctx context.Context) error { return p.client.EndTransaction(ctx, kgo.TryCommit) })
	switch {
	case err == nil:
		return nil
	case isAny(err, kerr.OperationNotAttempted, kerr.TransactionAbortable):
		return p.abort(ctx, began, err)
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
		return p.die(p.authError(err))
	case isFenced(err):
		return p.die(p.fenced(began, err))
	case isContext(err):
		err = p.dialer.noAnswer(time.Since(began).Round(time.Second))
	}
	return p.die(&UnknownOutcomeError{TransactionalID: p.id, Err: err})
}

// abort ends the transaction without effect for the reason why, and returns
// what that makes of it.
func (p *Producer) abort(ctx context.Context, began time.Time, why error) error {
	if err := p.client.AbortBufferedRecords(ctx); err != nil {
		p.client.UnsafeAbortBufferedRecords()
		return p.die(&UnavailableError{Op: p.op(), Err: fmt.Errorf("%w; and the records in flight were not answered", why)})
	}
	err := p.dialer.within(ctx, func(ctx context.Context) error { return p.client.EndTransaction(ctx, kgo.TryAbort) })
	switch {
	case isFenced(why):
		return p.die(p.fenced(began, why))
	case isFenced(err):
		return p.die(p.fenced(began, err))
	case isContext(err):
		return p.die(&UnavailableError{Op: p.op(), Err: fmt.Errorf("%w; and the abort was not answered", why)})
	case err != nil:
		return p.die(&UnknownOutcomeError{TransactionalID: p.id, Err: fmt.Errorf("%w; and the abort failed: %w", why, err)})
	case errors.Is(why, kerr.TransactionalIDAuthorizationFailed):
		return p.authError(why)
	case isOurs(why):
		return why
	case errors.Is(why, kerr.UnknownTopicID): // of the end; for records see waves
		return &TopicError{Err: why}
	}
	return &AbortedError{Err: why}
}

// fenced tells a takeover from a transaction that the broker ended for its
// age: both are answered alike. Ours is never that old by itself, but the
// process may have been stopped.
func (p *Producer) fenced(began time.Time, err error) error {
	if age := time.Since(began); age >= p.txnTimeout {
		return &UnknownOutcomeError{TransactionalID: p.id,
			Err: fmt.Errorf("the transaction took %v, the broker ends it after %v: %w", age.Round(time.Second), p.txnTimeout, err)}
	}
	return &FencedError{TransactionalID: p.id, Err: err}
}

// die uses the producer up: a new one decides what stands in the topics.
func (p *Producer) die(err error) error {
	p.dead = err
	p.client.Close()
	return err
}

func (p *Producer) op() string { return fmt.Sprintf("commit of transactional id %q", p.id) }

func (p *Producer) authError(err error) error {
	return &AuthError{Resource: fmt.Sprintf("transactional id %q", p.id), Operation: "Write", Err: err}
}
