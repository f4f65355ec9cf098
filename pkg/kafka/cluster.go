package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Options of a cluster. Only Brokers is required.
type Options struct {
	// Brokers are host:port of some brokers; they name the others.
	Brokers []string

	// TLS, when not nil, secures every connection; see [LoadTLS]. Its
	// ServerName is the broker's host unless set.
	TLS *tls.Config

	// SASL, when not nil, logs in on every connection. Without TLS it is
	// refused to send a password to an address that is not loopback.
	SASL *SASL

	// Timeout is how long Open, Describe, Create and OpenProducer may wait for
	// brokers, retrying. Default 30s.
	Timeout time.Duration

	// CommitTimeout is how long a Commit may take in all. Default 60s. The
	// transaction timeout at the broker is the same, 60s at the least and the
	// broker's usual maximum of 15m at the most.
	CommitTimeout time.Duration

	// Compression of batches: "snappy" (the default), "none", "gzip", "lz4" or
	// "zstd".
	Compression string

	// Logger takes what the client library has to say, at debug level. Default
	// none.
	Logger *slog.Logger

	// ClientID names us in the brokers' logs and quotas. Default "producer".
	ClientID string

	// Dial opens the connections, in clear; TLS comes on top. Default a
	// net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	defaultTimeout       = 30 * time.Second
	defaultCommitTimeout = 60 * time.Second
	minTxnTimeout        = 60 * time.Second
	maxTxnTimeout        = 15 * time.Minute // transaction.max.timeout.ms, unless the broker sets another

	tryTimeout   = 10 * time.Second // of one try where several are made
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 2 * time.Second

	// maxBatchBytes keeps a request under the brokers' socket.request.max.bytes
	// of 100 MiB.
	maxBatchBytes = 99 << 20

	// defaultMaxMessageBytes is Kafka's max.message.bytes.
	defaultMaxMessageBytes = 1048588
)

// Cluster is a set of brokers that has answered. Its methods may be called
// concurrently.
type Cluster struct {
	o      Options
	client *kgo.Client
	dialer *dialer

	mu     sync.Mutex
	limits map[string]topicLimits
}

// topicLimits is what a producer has to know of a topic.
type topicLimits struct {
	partitions int32
	maxBytes   int
}

// Open connects to the brokers. It retries for up to Options.Timeout, so that
// brokers may start at the same time; a refused login and a failed TLS
// verification end it at once.
//
// Errors: [AuthError], [UnavailableError], and others for options that cannot
// be.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	if len(o.Brokers) == 0 {
		return nil, errors.New("open kafka: no brokers are given")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.CommitTimeout <= 0 {
		o.CommitTimeout = defaultCommitTimeout
	}
	if o.ClientID == "" {
		o.ClientID = "producer"
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: tryTimeout}).DialContext
	}
	c := &Cluster{o: o, limits: map[string]topicLimits{}}
	c.dialer = newDialer(c.o)
	var err error
	if c.client, err = c.newClient(c.dialer); err != nil {
		return nil, fmt.Errorf("open kafka: %w", err)
	}
	err = c.retry(ctx, "connect to "+strings.Join(o.Brokers, ", "), c.dialer, func(ctx context.Context) error {
		_, err := brokers(ctx, c.client)
		return err
	})
	if err != nil {
		c.client.Close()
		return nil, err
	}
	return c, nil
}

// newClient makes another client of the cluster. Nothing of its options is
// shared with others: the library writes to some.
func (c *Cluster) newClient(d *dialer, more ...kgo.Opt) (*kgo.Client, error) {
	codec, err := compression(c.o.Compression)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.o.Brokers...),
		kgo.ClientID(c.o.ClientID),
		kgo.WithLogger(logger{c.o.Logger}),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.RetryTimeoutFn(c.retryTimeout),
		kgo.ProducerBatchCompression(codec),
		kgo.DisableClientMetrics(),
		kgo.Dialer(d.dial),
	}
	if c.o.SASL != nil {
		m, err := c.o.SASL.mechanism()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(m))
	}
	return kgo.NewClient(append(opts, more...)...)
}

// retryTimeout is how long the client itself retries a request: not for long,
// so that we hear why, except within a transaction, where only it can.
func (c *Cluster) retryTimeout(key int16) time.Duration {
	switch key {
	case int16(kmsg.EndTxn), int16(kmsg.AddPartitionsToTxn):
		return c.o.CommitTimeout
	}
	return min(tryTimeout/4, c.o.Timeout/2)
}

func compression(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "", "snappy":
		return kgo.SnappyCompression(), nil
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.CompressionCodec{}, fmt.Errorf("compression %q: not one of none, gzip, snappy, zstd, lz4", name)
}

// Close closes the connections. Producers have their own and stay open.
func (c *Cluster) Close() { c.client.Close() }

// brokers asks for nothing but the brokers.
func brokers(ctx context.Context, client *kgo.Client) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{} // nil would be all topics
	return req.RequestWith(ctx, client)
}

// retry calls try until it succeeds, its error is final, or Options.Timeout is
// over. Each try has a deadline of its own: on a black hole the client waits
// for ever, on a refused port it gives up at once.
func (c *Cluster) retry(ctx context.Context, op string, d *dialer, try func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	var last error
	tries := 0
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(firstBackoff), backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(0.2), backoff.WithMaxInterval(maxBackoff), backoff.WithMaxElapsedTime(0))
	err := backoff.Retry(func() error {
		tries++
		one, cancel := context.WithTimeout(limited, tryTimeout)
		defer cancel()
		err := d.within(one, try)
		if err == nil {
			return nil
		}
		if f := final(op, err); f != nil {
			return backoff.Permanent(f)
		}
		switch {
		case one.Err() != nil || isAny(err, context.Canceled, context.DeadlineExceeded):
			if last == nil && (tries == 1 || limited.Err() == nil) { // else it had less time than a try has
				last = d.noAnswer(min(c.o.Timeout, tryTimeout))
			}
		case !errors.Is(err, net.ErrClosed): // which another call's cut is
			last = err
		}
		return err
	}, backoff.WithContext(wait, limited))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	case isOurs(err):
		return err
	case last == nil:
		last = fmt.Errorf("%w to another request, with which the connections of this one were closed", errNoAnswer)
	}
	return &UnavailableError{Op: op, Err: fmt.Errorf("gave up after %v: %w", c.o.Timeout, last)}
}

func (c *Cluster) remember(name string, l topicLimits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits[name] = l
}

// limitsOf is what Describe last saw of the topic; it describes an unknown one.
func (c *Cluster) limitsOf(ctx context.Context, name string) (topicLimits, error) {
	c.mu.Lock()
	l, ok := c.limits[name]
	c.mu.Unlock()
	if ok {
		return l, nil
	}
	infos, err := c.Describe(ctx, name)
	if err != nil {
		return topicLimits{}, err
	}
	if !infos[name].Exists {
		return topicLimits{}, &TopicError{Topic: name, Err: errors.New("does not exist")}
	}
	return topicLimits{partitions: infos[name].Partitions, maxBytes: infos[name].MaxMessageBytes}, nil
}
