package kafka

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// dialer opens the connections of one client. It can close them, for the client
// waits for some answers without regard for contexts, and it remembers why one
// last could not be opened, for the client retries and tells nobody.
type dialer struct {
	o Options

	mu    sync.Mutex
	conns map[*conn]struct{}
	last  error
}

func newDialer(o Options) *dialer { return &dialer{o: o, conns: map[*conn]struct{}{}} }

// conn is an open connection of a dialer.
type conn struct {
	net.Conn
	d *dialer
}

func (c *conn) Close() error {
	c.d.mu.Lock()
	delete(c.d.conns, c)
	c.d.mu.Unlock()
	return c.Conn.Close()
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.connect(ctx, network, addr)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.last = nil
	} else if !isContext(err) {
		d.last = err
	}
	return c, err
}

func (d *dialer) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	raw, err := d.o.Dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, d: d}
	d.mu.Lock()
	d.conns[c] = struct{}{}
	d.mu.Unlock()
	if ctx.Err() != nil { // a cut for it may have been before
		_ = c.Close()
		return nil, ctx.Err()
	}
	if d.o.TLS != nil {
		ctx, cancel := context.WithTimeout(ctx, tryTimeout)
		defer cancel()
		return secure(ctx, c, addr, d.o.TLS)
	}
	if d.o.SASL != nil && !isLoopback(c.RemoteAddr()) {
		_ = c.Close()
		return nil, &AuthError{Resource: "brokers", Operation: opAuthenticate,
			Err: fmt.Errorf("a password is not sent to %s without tls", addr)}
	}
	return c, nil
}

// within calls f and cuts what it waits for when ctx ends first.
func (d *dialer) within(ctx context.Context, f func(context.Context) error) error {
	stop := context.AfterFunc(ctx, d.cut)
	defer stop()
	return f(ctx)
}

// cut closes every connection that is open now.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		_ = c.Conn.Close()
	}
	clear(d.conns)
}

// noAnswer is the error for a deadline of ours that ran out.
func (d *dialer) noAnswer(after time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil {
		return fmt.Errorf("no answer within %v", after)
	}
	return fmt.Errorf("no answer within %v: %w", after, d.last)
}

// isContext reports whether err is a context's end rather than something that
// happened.
func isContext(err error) bool {
	return isAny(err, context.Canceled, context.DeadlineExceeded, net.ErrClosed)
}
