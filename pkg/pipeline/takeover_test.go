package pipeline_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// A newer instance takes over in the middle of a walk: the old one ends with 6 and writes nothing more.
func TestTakeoverFencesTheOldInstance(t *testing.T) {
	for _, publish := range []string{"all", "changed"} {
		t.Run(publish, func(t *testing.T) {
			w := begin(t, rows(60)...)
			arrived, hold := make(chan struct{}), make(chan struct{})
			release := sync.OnceFunc(func() { close(hold) })
			t.Cleanup(release) // or the server would wait for ever to be closed
			var taken atomic.Bool
			w.set(func() {
				w.before = func(offset int) {
					if offset == 40 && taken.CompareAndSwap(false, true) {
						close(arrived)
						<-hold
					}
				}
			})
			kafka := "commit_interval: 0s, publish: " + publish
			old := w.pipeline("merge", kafka)
			done := make(chan pipeline.Summary, 1)
			go func() { done <- old.Run(t.Context()) }()
			select {
			case <-arrived:
			case sum := <-done:
				t.Fatalf("the old one ended before it was taken over: exit %d (%s)", sum.ExitCode, sum.Error)
			}
			newer := w.pipeline("merge", kafka)
			w.run(newer, pipeline.ExitOK)
			data, state := w.ends("p.rows"), w.ends("p.state")
			release()
			if sum := <-done; sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, "newer instance") {
				t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
			}
			if got := w.ends("p.rows"); !slices.Equal(got, data) {
				t.Errorf("the old one wrote: %v, was %v", got, data)
			}
			if got := w.ends("p.state"); !slices.Equal(got, state) {
				t.Errorf("the old one wrote states: %v, was %v", got, state)
			}
			if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
				t.Errorf("%d keys in %d records, want 60 in 60", len(keys), records)
			}
			w.run(newer, pipeline.ExitOK)
		})
	}
}

// A process that was cut off, or stopped, while a newer instance took over ends with 6 in its next cycle: it does not fence that
// one. Where nobody took over it goes on.
func TestTheNextCycleFencesNoNewerInstance(t *testing.T) {
	for name, refusals := range map[string]int{"quick brokers": 0, "slow brokers": 15} {
		t.Run(name, func(t *testing.T) { nextCycleFencesNoNewerInstance(t, refusals) })
	}
}

func nextCycleFencesNoNewerInstance(t *testing.T, refusals int) {
	t.Parallel()
	w := begin(t, rows(30)...)
	old := w.pipeline("merge", "commit_interval: 0s")
	w.run(old, pipeline.ExitOK)
	old.Close() // as after an outage of the brokers
	w.run(old, pipeline.ExitOK)
	old.Close()
	newer := w.pipeline("merge", "commit_interval: 0s")
	w.run(newer, pipeline.ExitOK)
	data, state := w.ends("p.rows"), w.ends("p.state")
	asked := len(w.asked)
	if refusals > 0 {
		w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "p.state", Err: kerr.NotLeaderForPartition, Count: refusals})
	}
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, "newer instance") {
		t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
	}
	if !slices.Equal(w.ends("p.rows"), data) || !slices.Equal(w.ends("p.state"), state) || len(w.asked) != asked {
		t.Errorf("the old one wrote, or asked the API %d times", len(w.asked)-asked)
	}
	w.run(newer, pipeline.ExitOK)
}

// A newer instance of a version whose states this one can't read is not fenced either.
func TestTheNextCycleFencesNoNewerVersion(t *testing.T) {
	w := begin(t, rows(30)...)
	old := w.pipeline("merge", "")
	w.run(old, pipeline.ExitOK)
	old.Close()
	newer, err := w.cluster().OpenProducer(t.Context(), "producer.p.rows")
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	state := kafka.Batch{Records: []kafka.Record{{Topic: "p.state", Partition: -1, Key: []byte("rows"), Value: []byte(`{"v":2}`)}}}
	if err := newer.Commit(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitUsage || !strings.Contains(sum.Error, "is of version 2") {
		t.Errorf("the old one: exit %d (%s), want 2 and the state's version", sum.ExitCode, sum.Error)
	}
	if err := newer.Commit(t.Context(), state); err != nil {
		t.Errorf("the newer one: %v", err)
	}
}

func lie(n int64) bool { return n == 1 || n == 3 || n == 6 }

// liar stands before a broker. Of some transactions it says that their end failed, whatever it did.
type liar struct {
	net.Listener
	lies bool
	n    atomic.Int64
}

func (l *liar) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &liarConn{Conn: c, liar: l, ends: map[[4]byte]bool{}}, nil
}

type liarConn struct {
	net.Conn
	liar *liar
	mu   sync.Mutex
	in   []byte           // of a request that is not whole yet
	ends map[[4]byte]bool // correlation ids of EndTxn requests
}

func (c *liarConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = append(c.in, b[:n]...)
	for len(c.in) >= 12 && len(c.in) >= 4+int(binary.BigEndian.Uint32(c.in)) {
		if kmsg.Key(binary.BigEndian.Uint16(c.in[4:])) == kmsg.EndTxn {
			c.ends[[4]byte(c.in[8:])] = true
		}
		c.in = c.in[4+int(binary.BigEndian.Uint32(c.in)):]
	}
	return n, err
}

func (c *liarConn) Write(b []byte) (int, error) {
	const code = 4 + 4 + 1 + 4 // after size, correlation id, tags and throttle time
	c.mu.Lock()
	if len(b) >= code+2 && c.ends[[4]byte(b[4:])] && c.liar.lies && lie(c.liar.n.Add(1)) {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint16(b[code:], 0xFFFF) // UNKNOWN_SERVER_ERROR
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// A commit that was answered with nothing of use is neither lost nor made twice, whether it was made or not: the state decides.
func TestUnknownOutcomeIsReadBack(t *testing.T) {
	for _, made := range []bool{true, false} {
		t.Run(fmt.Sprint("made ", made), func(t *testing.T) {
			t.Parallel()
			l := &liar{lies: made}
			w := beginWith(t, rows(40), kfake.ListenFn(func(network, addr string) (_ net.Listener, err error) {
				l.Listener, err = net.Listen(network, addr)
				return l, err
			}))
			w.broker.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
				if w.broker.KeepControl(); made || !r.(*kmsg.EndTxnRequest).Commit || !lie(l.n.Add(1)) {
					return nil, nil, false
				}
				resp := r.ResponseKind().(*kmsg.EndTxnResponse)
				resp.ErrorCode = kerr.UnknownServerError.Code
				return resp, nil, true
			})
			got := w.run(w.pipeline("merge", "commit_interval: 0s, publish: all"), pipeline.ExitOK)
			if got.Published != 40 || got.Pages != 4 || l.n.Load() < 6 {
				t.Errorf("published %d in %d pages, %d ends of transactions; want 40, 4, 6 or more", got.Published, got.Pages, l.n.Load())
			}
			if keys, records, _ := w.live(); len(keys) != 40 || records != 40 {
				t.Errorf("%d keys in %d records, want 40 in 40", len(keys), records)
			}
		})
	}
}

// Who gave a commit up for its time, as a process that was stopped does when it wakes, and was overtaken meanwhile, is fenced: the brokers
// are not unavailable.
func TestOvertakenWhileACommitHangs(t *testing.T) {
	for name, tt := range map[string]struct {
		schema    bool
		committed string
	}{"records": {false, "committed in this run"}, "a schema": {true, "committed in this run: 0 pages"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overtakenWhileACommitHangs(t, tt.schema, tt.committed)
		})
	}
}

func overtakenWhileACommitHangs(t *testing.T, schema bool, committed string) {
	w := begin(t, rows(40)...)
	hung := make(chan struct{})
	var once sync.Once
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (_ kmsg.Response, _ error, hang bool) {
		w.broker.KeepControl()
		if topics := r.(*kmsg.ProduceRequest).Topics; schema == (len(topics) == 1) {
			once.Do(func() { hang = true; close(hung) })
		}
		return nil, nil, hang
	})
	old := w.pipeline("merge", "commit_interval: 0s, commit_timeout: 2s")
	ended := make(chan pipeline.Summary)
	go func() { ended <- old.Run(t.Context()) }()
	<-hung
	w.run(w.pipeline("merge", "commit_interval: 0s"), pipeline.ExitOK)
	if sum := <-ended; sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, committed) {
		t.Errorf("exit %d (%s), want 6, and %q", sum.ExitCode, sum.Error, committed)
	}
	if keys, records, _ := w.live(); len(keys) != 40 || records != 40 {
		t.Errorf("%d keys in %d records, want 40 in 40", len(keys), records)
	}
}

// A signal while the brokers hang: the run ends in time, with the signal's code, and leaves no goroutine behind.
func TestSignalWhileTheBrokersHang(t *testing.T) {
	t.Parallel()
	w := begin(t, rows(40)...)
	hung := make(chan struct{})
	var once sync.Once
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		if topics := r.(*kmsg.ProduceRequest).Topics; len(topics) == 1 { // a schema's
			return nil, nil, false
		}
		once.Do(func() { close(hung) })
		return nil, nil, true
	})
	p := w.pipeline("merge", "commit_interval: 0s")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-hung
		cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
	}()
	sum := p.Run(ctx)
	if sum.ExitCode != pipeline.ExitTerminate || sum.Status != pipeline.Interrupted {
		t.Errorf("exit %d, status %s (%s); want 143, interrupted", sum.ExitCode, sum.Status, sum.Error)
	}
	stacks := make([]byte, 1<<20)
	for try := 0; strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "pipeline.(*worker).launch"); try++ {
		if try == 3000 { // one that has said its last word may take a moment to end, and other tests have theirs
			t.Fatal("a commit is still under way")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// What a signal finds in hand is committed, and the next run goes on from there.
func TestSignalCommitsWhatIsInHand(t *testing.T) {
	w := begin(t, rows(60)...)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.set(func() {
		w.before = func(offset int) {
			if offset == 40 {
				cancel(&pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"})
			}
		}
	})
	sum := w.pipeline("merge", "commit_interval: 1h").Run(ctx)
	r := sum.Resources[0]
	if sum.ExitCode != pipeline.ExitInterrupt || r.Status != pipeline.Interrupted || r.Records%10 != 0 || r.Records < 20 || r.Records != r.Published {
		t.Errorf("exit %d, status %s, %d records, %d published; want 130, interrupted, whole pages", sum.ExitCode, r.Status, r.Records, r.Published)
	}
	w.set(func() { w.before = nil })
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published+r.Published != 60 || got.Proof != pipeline.Resumed {
		t.Errorf("then published %d, proof %s; want %d, resumed", got.Published, got.Proof, 60-r.Published)
	}
}

// What took over while a schema was being stored is not fenced in turn, whatever the old instance was told of that commit.
func TestStoringASchemaFencesNoNewerInstance(t *testing.T) {
	w := begin(t, rows(30)...)
	old, newer := w.pipeline("merge", "commit_interval: 0s"), w.pipeline("merge", "commit_interval: 0s")
	w.run(old, pipeline.ExitOK)
	w.set(func() { w.rows[15] = `{"id":16,"version":1,"more":true}` })
	var storing, taken atomic.Bool
	schemas := w.id("p.schemas")
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			storing.Store(storing.Load() || topic.TopicID == schemas || topic.Topic == "p.schemas")
		}
		return nil, nil, false
	})
	w.broker.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if w.broker.KeepControl(); !storing.Load() || !taken.CompareAndSwap(false, true) {
			return nil, nil, false
		}
		w.broker.SleepControl(func() { newer.Run(t.Context()) })
		resp := r.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.UnknownServerError.Code
		return resp, nil, true
	})
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitFenced {
		t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
	}
	if !taken.Load() {
		t.Fatal("no schema was stored")
	}
	if got := w.run(newer, pipeline.ExitOK); got.Unchanged != 30 {
		t.Errorf("the newer one finds %d unchanged, want 30", got.Unchanged)
	}
}

// A signal outranks what failed beside it.
func TestSignalOutranksAFailure(t *testing.T) {
	w := begin(t, rows(20)...)
	p := w.must(w.configured(resource("rows", "rows", "")+resource("others", "rows", ""), "", pipeline.Options{}))
	ctx, cancel := context.WithCancelCause(t.Context())
	var requests atomic.Int64
	w.set(func() {
		w.fail[0] = true
		w.before = func(int) {
			if requests.Add(1) == 2 {
				cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
			}
		}
	})
	sum := p.Run(ctx)
	if sum.ExitCode != pipeline.ExitTerminate || sum.Status != pipeline.Failed || sum.Resources[0].Status != pipeline.Failed || sum.Resources[1].Status != pipeline.Interrupted {
		t.Errorf("exit %d, %s, %s, %s; want 143, failed, failed, interrupted", sum.ExitCode, sum.Status, sum.Resources[0].Status, sum.Resources[1].Status)
	}
}

// Kafka's failure ends the run: the resources after it are not begun, and the API is not asked for them.
func TestNotBegun(t *testing.T) {
	w := begin(t, rows(20)...)
	p := w.must(w.configured(resource("rows", "rows", "")+resource("others", "rows", ""), "commit_timeout: 3s", pipeline.Options{}))
	w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: "producer.p.rows", Err: kerr.ProducerFenced, Count: -1})
	sum := p.Run(t.Context())
	if sum.ExitCode != pipeline.ExitFenced || sum.Resources[1].Status != pipeline.Failed || !strings.HasPrefix(sum.Resources[1].Error, "not begun") {
		t.Errorf("exit %d, %s: %s; want 6, failed: not begun", sum.ExitCode, sum.Resources[1].Status, sum.Resources[1].Error)
	}
}
