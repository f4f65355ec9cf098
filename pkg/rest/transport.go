package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"
)

func newTransport(concurrency int, resolver *net.Resolver, roots *x509.CertPool) *http.Transport {
	guard := &guard{resolver: resolver, public: make(map[string]bool)}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            guard.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    15 * time.Second,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // decoded by ourselves, where the limit counts
		MaxIdleConnsPerHost:    concurrency + 1,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// guard is what stands against a name that is pointed to the inside of a network, after it was looked up and before
// anything is sent: link-local addresses, where clouds keep their credentials, are reached only when the URL spells them,
// and a host that was at a public address is not followed to a private one. A host that is private from the start is
// where the user wants to go.
type guard struct {
	resolver *net.Resolver
	mu       sync.Mutex
	public   map[string]bool // by host: its first address was a public one
}

func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, Resolver: g.resolver}
	if _, err := netip.ParseAddr(host); err != nil {
		d.ControlContext = func(_ context.Context, _, to string, _ syscall.RawConn) error {
			return g.check(strings.ToLower(host), to)
		}
	}
	return d.DialContext(ctx, network, address)
}

func (g *guard) check(host, to string) error {
	at, err := netip.ParseAddrPort(to)
	if err != nil {
		return fmt.Errorf("address of %s: %w", host, err)
	}
	ip := at.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
		return fmt.Errorf("%s is at %s, an address that no API has; it was not asked", host, ip)
	}
	public := !ip.IsPrivate() && !ip.IsLoopback() && !carrierNAT.Contains(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	was, known := g.public[host]
	if !known {
		g.public[host] = public
	}
	if known && was && !public {
		return fmt.Errorf("%s was at a public address and is now at %s; it was not asked", host, ip)
	}
	return nil
}

// carrierNAT is RFC 6598's shared address space: inside somebody's network, though netip doesn't call it private.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")
