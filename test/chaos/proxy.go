package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// verdict is what becomes of a message.
type verdict int

const (
	pass     verdict = iota
	withhold         // it is lost, the connection stays
	cut              // it is lost, and so is the connection
	half             // half of its bytes get through, then the connection is lost
)

// proxy stands between one child and the brokers. It understands Kafka's protocol, so that a fault can be set at a point of it:
// hook sees every request before the broker does and every answer before the child does, one message at a time, and may block.
type proxy struct {
	places map[string]string // broker address to the address here
	ls     []net.Listener
	hook   func(*message) verdict
	wg     sync.WaitGroup

	mu     sync.Mutex
	names  map[[16]byte]string // topic ids
	conns  map[net.Conn]struct{}
	budget int // bytes until a connection is cut; negative: never
	cuts   int // connections that were cut for it
	closed bool

	turn sync.Mutex // held while the hook looks at a message
}

// newProxy listens for every broker.
func newProxy(brokers []string, hook func(*message) verdict) (*proxy, error) {
	p := &proxy{places: map[string]string{}, hook: hook, names: map[[16]byte]string{}, conns: map[net.Conn]struct{}{}, budget: -1}
	for _, b := range brokers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			p.close()
			return nil, err
		}
		p.places[b] = l.Addr().String()
		p.ls = append(p.ls, l)
		p.wg.Go(func() { p.accept(l, b) })
	}
	return p, nil
}

func (p *proxy) brokers() []string {
	var out []string
	for _, l := range p.ls {
		out = append(out, l.Addr().String())
	}
	return out
}

// close cuts everything and waits until nothing is under way.
func (p *proxy) close() {
	for _, l := range p.ls {
		l.Close() //nolint:errcheck // it has been closed before, then
	}
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		c.Close() //nolint:errcheck // as above
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// resetAfter cuts the connection that carries the n-th byte from now on.
func (p *proxy) resetAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget = n
}

// resets is how often that happened.
func (p *proxy) resets() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

func (p *proxy) accept(l net.Listener, broker string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", broker)
		if err != nil {
			client.Close() //nolint:errcheck // the broker is down
			continue
		}
		if !p.track(client, server) {
			return
		}
		c := &conn{p: p, client: client, server: server, asked: map[int32]*message{}}
		p.wg.Go(func() { c.run(client, server, c.request) })
		p.wg.Go(func() { c.run(server, client, c.answer) })
	}
}

func (p *proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = struct{}{}
		if p.closed {
			c.Close() //nolint:errcheck // nothing was said on it
		}
	}
	return !p.closed
}

// conn is one connection through the proxy.
type conn struct {
	p              *proxy
	client, server net.Conn

	mu    sync.Mutex
	asked map[int32]*message
}

func (c *conn) close() {
	c.client.Close() //nolint:errcheck // the other direction may have been faster
	c.server.Close() //nolint:errcheck // as above
	c.p.mu.Lock()
	delete(c.p.conns, c.client)
	delete(c.p.conns, c.server)
	c.p.mu.Unlock()
}

// run carries one direction until either end goes away or a fault cuts it.
func (c *conn) run(from, to net.Conn, look func([]byte) (*message, error)) {
	defer c.close()
	for {
		frame, err := readFrame(from)
		if err != nil {
			return
		}
		m, err := look(frame)
		if err != nil {
			return // not a client or broker of this protocol: it notices
		}
		switch c.p.judge(m) {
		case withhold:
			continue
		case cut:
			return
		case half:
			to.Write(m.frame[:len(m.frame)/2]) //nolint:errcheck // it is being cut anyway
			return
		}
		n, whole := c.p.spend(len(m.frame))
		if _, err := to.Write(m.frame[:n]); err != nil || !whole {
			return
		}
	}
}

func (p *proxy) judge(m *message) verdict {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.hook(m)
}

// spend takes n bytes off the budget and says how many of them get through.
func (p *proxy) spend(n int) (through int, whole bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.budget < 0:
		return n, true
	case n <= p.budget:
		p.budget -= n
		return n, true
	}
	through = p.budget
	p.budget = -1
	p.cuts++
	return through, false
}

func (c *conn) request(frame []byte) (*message, error) {
	m, err := parseRequest(frame)
	if err != nil {
		return nil, err
	}
	switch m.key {
	case keyProduce, keyEndTxn:
		req, err := m.request()
		if err != nil {
			return nil, err
		}
		switch r := req.(type) {
		case *kmsg.EndTxnRequest:
			m.commit = r.Commit
		case *kmsg.ProduceRequest:
			m.topics, m.tombstones = c.p.topics(r), tombstones(r)
		}
	}
	c.mu.Lock()
	c.asked[m.correlation] = m
	c.mu.Unlock()
	return m, nil
}

// topics names the topics of a Produce, which knows them by their ids alone from version 13 on.
func (p *proxy) topics(r *kmsg.ProduceRequest) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, t := range r.Topics {
		name := t.Topic
		if name == "" {
			name = p.names[t.TopicID]
		}
		out = append(out, name)
	}
	return out
}

var errUnasked = errors.New("an answer that nobody asked for")

func (c *conn) answer(frame []byte) (*message, error) {
	if len(frame) < 8 {
		return nil, errShort
	}
	id := int32(binary.BigEndian.Uint32(frame[4:]))
	c.mu.Lock()
	asked := c.asked[id]
	delete(c.asked, id)
	c.mu.Unlock()
	if asked == nil {
		return nil, errUnasked
	}
	m, err := parseAnswer(frame, asked)
	if err != nil {
		return nil, err
	}
	switch m.key {
	case keyMetadata, keyCoordinator, keyDescribe, keyProduce, keyFetch:
		if err := m.rewrite(func(addr string) (string, bool) { to, ok := c.p.places[addr]; return to, ok }); err != nil {
			return nil, err
		}
	}
	switch m.key {
	case keyMetadata, keyEndTxn, keyInitProducerID:
		return m, c.p.learn(m)
	}
	return m, nil
}

// learn takes out of an answer what the hook, or a later request, needs.
func (p *proxy) learn(m *message) error {
	resp, err := m.response()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		for _, t := range r.Topics {
			if t.Topic != nil {
				p.names[t.TopicID] = *t.Topic
			}
		}
	case *kmsg.EndTxnResponse:
		m.code = r.ErrorCode
	case *kmsg.InitProducerIDResponse:
		m.code = r.ErrorCode
	}
	return nil
}
