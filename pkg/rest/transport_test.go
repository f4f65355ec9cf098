package rest_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"producer/pkg/rest"
)

// quick retries three times without much of a wait.
var quick = rest.Retry{MaxRetries: 3, InitialInterval: time.Millisecond}

// rawServer answers each request, counted from 1 over all connections, by writing to the connection; false closes it.
func rawServer(t *testing.T, answer func(n int, c net.Conn) bool) (url string, requests *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	requests = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				r := bufio.NewReader(c)
				for {
					if _, err := http.ReadRequest(r); err != nil || !answer(int(requests.Add(1)), c) {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), requests
}

func write(c net.Conn, text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

func fine(c net.Conn) bool {
	return write(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]")
}

func TestBrokenConnections(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(c net.Conn) bool
	}{
		{"closed without an answer", func(net.Conn) bool { return false }},
		{"reset without an answer", func(c net.Conn) bool { return c.(*net.TCPConn).SetLinger(0) != nil }},
		{"reset in the body", func(c net.Conn) bool {
			_ = c.(*net.TCPConn).SetLinger(0)
			return write(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2") && false
		}},
		{"short body", func(c net.Conn) bool { return write(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2]") && false }},
		{"short chunk", func(c net.Conn) bool {
			return write(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2]\r\n") && false
		}},
		{"no HTTP", func(c net.Conn) bool { return write(c, "SSH-2.0-OpenSSH_9.6\r\n") && false }},
		{"half a header", func(c net.Conn) bool { return write(c, "HTTP/1.1 200 OK\r\nContent-Le") && false }},
		{"headers of 1 MiB", func(c net.Conn) bool {
			return write(c, "HTTP/1.1 200 OK\r\nX-Long: "+strings.Repeat("x", 1<<20)+"\r\n\r\n") && false
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// One request over each kind of connection, a fresh one and a kept one, is broken once and then mended.
			url, requests := rawServer(t, func(n int, c net.Conn) bool {
				if n == 1 || n == 4 {
					return tt.fault(c)
				}
				return fine(c)
			})
			c := newClient(t, url, rest.Options{Retry: quick, Timeout: 20 * time.Second})
			for i, want := range []int{2, 1, 2} {
				resp, err := c.Do(t.Context(), rest.Request{URL: url + "/x"})
				if err != nil || string(resp.Body) != "[1]" || resp.Attempts != want {
					t.Errorf("request %d: got %q after %d attempts (want %d), %v", i, resp.Body, resp.Attempts, want, err)
				}
			}
			if requests.Load() != 5 {
				t.Errorf("the server saw %d requests, want 5", requests.Load())
			}

			// At most 3 retries are 4 requests, also where net/http would have repeated one by itself.
			url, requests = rawServer(t, func(n int, c net.Conn) bool {
				if n == 1 {
					return fine(c)
				}
				return tt.fault(c)
			})
			c = newClient(t, url, rest.Options{Retry: quick, Timeout: 20 * time.Second})
			if _, err := c.Do(t.Context(), rest.Request{URL: url}); err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(t.Context(), rest.Request{URL: url})
			wantAs[*rest.TransportError](t, err)
			if got := requests.Load() - 1; got != 4 || resp.Attempts != 4 {
				t.Errorf("the server saw %d requests of %d attempts, want 4", got, resp.Attempts)
			}
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	c := newClient(t, url, rest.Options{Retry: quick})
	resp, err := c.Do(t.Context(), rest.Request{URL: url + "/v1?api_key=" + canary})
	if !errors.Is(err, syscall.ECONNREFUSED) || resp.Attempts != 4 || resp.Requests != 4 {
		t.Errorf("got %v after %d attempts, %d requests", err, resp.Attempts, resp.Requests)
	}
	silent(t, err, canary, "api_key")
}

func TestSlowAnswersTimeOut(t *testing.T) {
	for _, tt := range []struct {
		name string
		slow func(w http.ResponseWriter, r *http.Request)
	}{
		{"no header", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"a drip", func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := io.WriteString(w, " "); err != nil || r.Context().Err() != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 1 {
					tt.slow(w, r)
					return
				}
				_, _ = io.WriteString(w, `[1]`)
			}))
			defer server.Close()
			c := newClient(t, server.URL, rest.Options{Timeout: 200 * time.Millisecond, Retry: quick, MaxBody: 1 << 40})
			resp, err := c.Do(t.Context(), rest.Request{URL: server.URL})
			if err != nil || resp.Attempts != 2 {
				t.Errorf("got %d attempts, %v", resp.Attempts, err)
			}
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var conns atomic.Int32
	var n atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 0 { // also after a status that is retried, and a body that nobody wanted
			w.WriteHeader(503)
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			return
		}
		_, _ = io.WriteString(w, `[1]`)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := newClient(t, server.URL, rest.Options{Retry: quick})
	for range 20 {
		if _, err := c.Do(t.Context(), rest.Request{URL: server.URL}); err != nil {
			t.Fatal(err)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("got %d connections for %d requests, want 1", conns.Load(), n.Load())
	}
}

func TestHTTP2(t *testing.T) {
	var proto atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		_, _ = io.WriteString(w, `[1]`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := newClient(t, server.URL, rest.Options{RootCAs: pool(server.Certificate())})
	resp, err := c.Do(t.Context(), rest.Request{URL: server.URL})
	if err != nil || string(resp.Body) != `[1]` || proto.Load() != "HTTP/2.0" {
		t.Errorf("got %q by %v, %v", resp.Body, proto.Load(), err)
	}
}

func pool(certs ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// certificate signs itself for 127.0.0.1, or for a name.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-48 * time.Hour),
		NotAfter: until, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, cert
}

func TestTLSIsVerified(t *testing.T) {
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	for _, tt := range []struct {
		name    string
		host    string
		until   time.Time
		trusted bool
		max     uint16
		ok      bool
	}{
		{"good", "127.0.0.1", tomorrow, true, 0, true},
		{"TLS 1.2", "127.0.0.1", tomorrow, true, tls.VersionTLS12, true},
		{"self-signed", "127.0.0.1", tomorrow, false, 0, false},
		{"expired", "127.0.0.1", yesterday, true, 0, false},
		{"another host", "example.com", tomorrow, true, 0, false},
		{"TLS 1.1", "127.0.0.1", tomorrow, true, tls.VersionTLS11, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				_, _ = io.WriteString(w, `[1]`)
			}))
			cert, parsed := certificate(t, tt.host, tt.until)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tt.max}
			server.Config.ErrorLog = discardLog()
			server.StartTLS()
			defer server.Close()
			roots := pool()
			if tt.trusted {
				roots = pool(parsed)
			}
			c := newClient(t, server.URL, rest.Options{RootCAs: roots})
			_, err := c.Do(t.Context(), rest.Request{URL: server.URL + "/?api_key=" + canary, Auth: rest.Bearer{Token: canary}})
			if (err == nil) != tt.ok || (asked.Load() == 1) != tt.ok {
				t.Errorf("asked %d times, %v", asked.Load(), err)
			}
			if !tt.ok {
				wantAs[*rest.TransportError](t, err)
				silent(t, err, canary, "api_key")
			}
		})
	}
}

func TestRedirectToAnotherServerLeaksNothing(t *testing.T) {
	var foreign atomic.Int32
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { foreign.Add(1) }))
	defer evil.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, evil.URL+"/?"+r.URL.RawQuery, http.StatusFound)
	}))
	defer api.Close()
	for _, auth := range []rest.Auth{rest.APIKey{Name: "k", Location: "query", Value: canary}, rest.APIKey{Name: "X-Api-Key", Value: canary}, rest.Bearer{Token: canary}} {
		c := newClient(t, api.URL, rest.Options{Retry: quick})
		_, err := c.Do(t.Context(), rest.Request{URL: api.URL, Auth: auth})
		e := wantAs[*rest.RedirectError](t, err)
		if e.Target != evil.URL || foreign.Load() != 0 {
			t.Errorf("target %q, %d requests there", e.Target, foreign.Load())
		}
		silent(t, err, canary)
	}
}

// nameServer answers the n-th address query (from 0) with the n-th address, the last one for ever.
func nameServer(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for n := 0; ; {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			question := buf[12:]
			end := strings.IndexByte(string(question), 0) + 5
			answer := append([]byte{buf[0], buf[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[:end]...) // RFC 1035 section 4.1
			if question[end-3] == 1 && size > 12 {                                                          // A
				answer[7] = 1
				answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				answer = append(answer, net.ParseIP(addresses[min(n, len(addresses)-1)]).To4()...)
				n++
			}
			_, _ = conn.WriteTo(answer, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestNamesDoNotLeadInside(t *testing.T) {
	for _, tt := range []struct {
		name      string
		addresses []string
		ok        []bool
	}{
		{"inside from the start", []string{"127.0.0.1"}, []bool{true, true}},
		{"rebound from a public address", []string{"224.0.0.1", "127.0.0.1"}, []bool{false, false}}, // a multicast address: no TCP ever leaves for it
		{"where clouds keep their credentials", []string{"169.254.169.254"}, []bool{false}},
		{"nowhere", []string{"0.0.0.0"}, []bool{false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				w.Header().Set("Connection", "close")
				_, _ = io.WriteString(w, `[1]`)
			}))
			defer server.Close()
			_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
			url := fmt.Sprintf("http://api.example.com:%s/", port)
			c := newClient(t, url, rest.Options{Resolver: nameServer(t, tt.addresses...), Timeout: 5 * time.Second})
			for i, ok := range tt.ok {
				_, err := c.Do(t.Context(), rest.Request{URL: url})
				if (err == nil) != ok {
					t.Errorf("request %d: %v, want one that succeeds: %v", i, err, ok)
				}
				if !ok && i == len(tt.ok)-1 && !strings.Contains(err.Error(), "it was not asked") {
					t.Errorf("request %d: %v", i, err)
				}
			}
			if asked.Load() > 0 != tt.ok[len(tt.ok)-1] {
				t.Errorf("the server was asked %d times", asked.Load())
			}
		})
	}
}
