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
	shut  int // calls whose time is over: nothing opens until they have returned, for other callers neither
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
	shut := d.shut > 0
	d.conns[c] = struct{}{}
	d.mu.Unlock()
	switch {
	case ctx.Err() != nil: // a cut for it may have been before
		_ = c.Close()
		return nil, ctx.Err()
	case shut:
		_ = c.Close()
		return nil, net.ErrClosed
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

// within calls f. When ctx ends first it cuts what f waits for, and opens
// nothing for it to wait for again.
func (d *dialer) within(ctx context.Context, f func(context.Context) error) error {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { d.cut(); close(cut) })
	defer func() {
		if !stop() {
			<-cut
			d.mu.Lock()
			d.shut--
			d.mu.Unlock()
		}
	}()
	return f(ctx)
}

// cut closes every connection that is open now, or being opened, also those
// that other callers wait on: theirs end with net.ErrClosed. Each call of it is
// one in shut.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut++
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
		return fmt.Errorf("%w within %v", errNoAnswer, after)
	}
	return fmt.Errorf("%w within %v: %w", errNoAnswer, after, d.last)
}

// isContext reports whether err is a context's end rather than something that
// happened.
func isContext(err error) bool {
	return isAny(err, context.Canceled, context.DeadlineExceeded, net.ErrClosed)
}
