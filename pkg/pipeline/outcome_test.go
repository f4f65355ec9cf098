package pipeline_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/pipeline"
)

// lie picks, by their number, the ends of transactions that are not told as they were.
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
