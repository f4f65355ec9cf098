package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// LoadTLS is a client configuration of at least TLS 1.2 that trusts the
// certificates in the PEM file ca (the system's without one) and shows the
// certificate of the PEM files cert and key (none without them). An empty name
// is no file. Errors name the file and nothing of what it holds.
func LoadTLS(ca, cert, key string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read tls ca: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read tls ca %s: no certificate in PEM form", ca)
		}
	}
	switch {
	case cert == "" && key == "":
		return cfg, nil
	case cert == "" || key == "":
		return nil, errors.New("tls cert and key go together: one of them is missing")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read tls cert %s and key %s: %w", cert, key, err)
	}
	cfg.Certificates = []tls.Certificate{pair}
	return cfg, nil
}

// secure does the handshake on a fresh connection, which it closes on failure.
func secure(ctx context.Context, conn net.Conn, addr string, cfg *tls.Config) (net.Conn, error) {
	if cfg.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			host = addr
		}
		cfg = cfg.Clone()
		cfg.ServerName = host
	}
	c := tls.Client(conn, cfg)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &tlsError{addr: addr, err: err}
	}
	return c, nil
}

// isTLS reports whether the two sides did not agree, rather than that their
// connection failed. Of a client certificate that the broker wants or refuses
// TLS 1.3 tells only after the handshake, by an alert.
func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return true
	}
	t, ok := errors.AsType[*tlsError](err)
	return ok && !isContext(t.err) && !isAny(t.err, io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, syscall.ECONNRESET, syscall.EPIPE)
}
