package kafka_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/kafka"
)

// fake starts an embedded broker for the test.
func fake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func open(t testing.TB, brokers []string, change ...func(*kafka.Options)) *kafka.Cluster {
	t.Helper()
	o := kafka.Options{Brokers: brokers, Timeout: 20 * time.Second, CommitTimeout: 20 * time.Second}
	for _, f := range change {
		f(&o)
	}
	c, err := kafka.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

func openProducer(t testing.TB, c *kafka.Cluster, id string) *kafka.Producer {
	t.Helper()
	p, err := c.OpenProducer(t.Context(), id)
	if err != nil {
		t.Fatalf("open producer: %v", err)
	}
	t.Cleanup(p.Close)
	return p
}

// unique is a name that no other test, and no earlier run on the same broker, uses.
func unique(t testing.TB) string {
	return fmt.Sprintf("%s.%08x", strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' || r == '#' {
			return '.'
		}
		return r
	}, t.Name()), rand.Uint32())
}

func create(t testing.TB, c *kafka.Cluster, partitions int32, config map[string]string) string {
	t.Helper()
	name := unique(t)
	err := c.Create(t.Context(), []kafka.TopicSpec{{Name: name, Partitions: partitions, ReplicationFactor: 1, Config: config}})
	if err != nil {
		t.Fatalf("create topic: %v", err)
	}
	return name
}

// rec is a record whose value is its key.
func rec(topic, key string) kafka.Record {
	return kafka.Record{Topic: topic, Partition: -1, Key: []byte(key), Value: []byte(key)}
}

func commit(t testing.TB, p *kafka.Producer, records ...kafka.Record) {
	t.Helper()
	if err := p.Commit(t.Context(), kafka.Batch{Records: records}); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// keys scans the topic and returns the keys it holds, sorted.
func keys(t testing.TB, c *kafka.Cluster, topic string) []string {
	t.Helper()
	var out []string
	err := c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(r kafka.Record) error {
		out = append(out, string(r.Key))
		return nil
	})
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	slices.Sort(out)
	return out
}

func wantKeys(t testing.TB, c *kafka.Cluster, topic string, want ...string) {
	t.Helper()
	if got := keys(t, c, topic); !slices.Equal(got, want) {
		t.Errorf("keys of %s: got %q, want %q", topic, got, want)
	}
}

// wantError asserts err's type, and that its text holds each of parts.
func wantError[T error](t testing.TB, err error, parts ...string) T {
	t.Helper()
	e, ok := errors.AsType[T](err)
	if !ok {
		t.Fatalf("got error %v (%T), want a %T", err, err, e)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
	return e
}

// txnClient is a bare client in a transaction that holds key in partition 0.
func txnClient(t testing.TB, brokers []string, id, topic, key string) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.TransactionalID(id), kgo.TransactionTimeout(time.Minute),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(key)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return cl
}

// tap stands between a client and the brokers and loses what it is told to.
type tap struct {
	under func(ctx context.Context, network, addr string) (net.Conn, error) // nil: TCP

	mu      sync.Mutex
	request func(key int16) bool // lose this request, and the connection
	answer  func(key int16) bool // lose the answer, and the connection
	hold    func(key int16) bool // send nothing more until held is closed
	held    chan struct{}
	stalled chan struct{} // not nil: nothing comes back until it is closed
}

func (p *tap) set(f func(*tap)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

func (p *tap) ask(f func(*tap) func(int16) bool, key int16) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn := f(p)
	return fn != nil && fn(key)
}

func (p *tap) options(o *kafka.Options) { o.Dial = p.dial }

func (p *tap) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	under := p.under
	if under == nil {
		under = new(net.Dialer).DialContext
	}
	c, err := under(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &tapConn{Conn: c, tap: p, closed: make(chan struct{}), keys: map[int32]int16{}}, nil
}

type tapConn struct {
	net.Conn
	tap    *tap
	once   sync.Once
	closed chan struct{}
	mu     sync.Mutex
	keys   map[int32]int16 // API keys by correlation id
	until  time.Time       // read deadline
	out    []byte          // of a request that is not whole yet
	in     []byte          // of an answer that is not read yet
}

func (c *tapConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *tapConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *tapConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = t
	return c.Conn.SetReadDeadline(t)
}

func (c *tapConn) Write(b []byte) (int, error) {
	c.out = append(c.out, b...)
	for len(c.out) >= 12 && len(c.out) >= 4+int(binary.BigEndian.Uint32(c.out)) {
		key := int16(binary.BigEndian.Uint16(c.out[4:]))
		if c.tap.ask(func(p *tap) func(int16) bool { return p.request }, key) {
			c.Close()
			return 0, net.ErrClosed
		}
		if c.tap.ask(func(p *tap) func(int16) bool { return p.hold }, key) {
			<-c.tap.held
		}
		c.mu.Lock()
		c.keys[int32(binary.BigEndian.Uint32(c.out[8:]))] = key
		c.mu.Unlock()
		c.out = c.out[4+int(binary.BigEndian.Uint32(c.out)):]
	}
	return c.Conn.Write(b)
}

func (c *tapConn) Read(b []byte) (int, error) {
	if len(c.in) == 0 {
		var head [4]byte
		if _, err := io.ReadFull(c.Conn, head[:]); err != nil {
			return 0, err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return 0, err
		}
		c.tap.mu.Lock()
		stalled := c.tap.stalled
		c.tap.mu.Unlock()
		if stalled != nil {
			var late <-chan time.Time
			c.mu.Lock()
			if !c.until.IsZero() {
				late = time.After(time.Until(c.until))
			}
			c.mu.Unlock()
			select {
			case <-stalled:
			case <-late:
				return 0, os.ErrDeadlineExceeded
			case <-c.closed:
				return 0, net.ErrClosed
			}
		}
		c.mu.Lock()
		key := c.keys[int32(binary.BigEndian.Uint32(body))]
		c.mu.Unlock()
		if c.tap.ask(func(p *tap) func(int16) bool { return p.answer }, key) {
			c.Close()
			return 0, io.EOF
		}
		c.in = append(head[:], body...)
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}
