package kafka

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
)

// Reason is what keeps brokers from being talked to, as far as an error tells.
type Reason int

const (
	// Unknown is none of the others: the brokers say why not, or what they owe,
	// as the end of somebody's transaction, did not come in time.
	Unknown Reason = iota
	// Unreached is that no connection came about: no such host, or nobody
	// listens there.
	Unreached
	// Untrusted is that the two sides do not accept each other's certificates
	// or versions of TLS.
	Untrusted
	// HungUp is that the broker ended the connection before it had answered, or
	// answered in another protocol. It does so where TLS or a login is missing,
	// or where TLS is spoken to a listener without it.
	HungUp
	// Silent is that nothing came back, as from a listener that still waits for
	// the rest of what it takes for a request.
	Silent
)

var errNoAnswer = errors.New("no answer")

// Reason tells what the error looks like.
func (e *UnavailableError) Reason() Reason {
	_, resolving := errors.AsType[*net.DNSError](e.Err)
	op, network := errors.AsType[*net.OpError](e.Err)
	switch {
	case resolving || network && op.Op == "dial":
		return Unreached
	case isType[tls.RecordHeaderError](e.Err) || isAny(e.Err, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE):
		return HungUp
	case isTLS(e.Err):
		return Untrusted
	case errors.Is(e.Err, errNoAnswer):
		return Silent
	}
	return Unknown
}
