package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
)

func TestOpenOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		o    kafka.Options
		says string
	}{
		"no brokers":  {kafka.Options{}, "no brokers"},
		"compression": {kafka.Options{Brokers: []string{"127.0.0.1:1"}, Compression: "brotli"}, `compression "brotli"`},
		"mechanism":   {kafka.Options{Brokers: []string{"127.0.0.1:1"}, SASL: &kafka.SASL{Mechanism: "GSSAPI"}}, `mechanism "GSSAPI"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kafka.Open(t.Context(), tt.o)
			wantError[error](t, err, tt.says)
		})
	}
}

// listen gives a port to a function that serves one connection after the other.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
		}
	}()
	return l.Addr().String()
}

// wantReason looks for an UnavailableError of a reason.
func wantReason(t *testing.T, err error, want kafka.Reason) {
	t.Helper()
	var e *kafka.UnavailableError
	if errors.As(err, &e) && e.Reason() != want {
		t.Errorf("%v: reason %d, want %d", err, e.Reason(), want)
	}
}

func TestOpenUnavailable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody listens on any more
	if err != nil {
		t.Fatal(err)
	}
	refused := l.Addr().String()
	l.Close()
	tests := map[string]struct {
		addr, says string
		reason     kafka.Reason
	}{
		"refused":    {refused, "connection refused", kafka.Unreached},
		"black hole": {listen(t, func(c net.Conn) { t.Cleanup(func() { c.Close() }) }), "1s", kafka.Silent},
		"hangs up":   {listen(t, func(c net.Conn) { c.Close() }), "", kafka.HungUp},
		"no name":    {"no-such-host.invalid:9092", "no-such-host.invalid", kafka.Unreached},
		"not kafka":  {listen(t, func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); c.Close() }), "HTTP", kafka.Unknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := kafka.Open(t.Context(), kafka.Options{Brokers: []string{tt.addr}, Timeout: time.Second})
			wantError[*kafka.UnavailableError](t, err, tt.addr, tt.says, "gave up after 1s")
			wantReason(t, err, tt.reason)
			if took := time.Since(began); took > 3*time.Second || took < time.Second/2 {
				t.Errorf("took %v", took)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		cause := errors.New("told to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if _, err := kafka.Open(ctx, kafka.Options{Brokers: []string{refused}}); !errors.Is(err, cause) {
			t.Errorf("got %v, want the cause", err)
		}
	})
}

func TestOpenWaitsForBrokers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, port := l.Addr().String(), l.Addr().(*net.TCPAddr).Port
	l.Close()
	tries := make(chan struct{}, 100)
	opened := make(chan error)
	go func() {
		c, err := kafka.Open(t.Context(), kafka.Options{Brokers: []string{addr}, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			tries <- struct{}{}
			return new(net.Dialer).DialContext(ctx, network, addr)
		}})
		if err == nil {
			c.Close()
		}
		opened <- err
	}()
	for range 3 {
		<-tries
	}
	fake(t, kfake.Ports(port))
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestSASL(t *testing.T) {
	t.Parallel()
	const password = "s3cr3t-canary"
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			broker := fake(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "good", password))
			login := func(user, password string) func(*kafka.Options) {
				return func(o *kafka.Options) {
					o.SASL = &kafka.SASL{Mechanism: mechanism, Username: user, Password: password}
				}
			}
			c := open(t, broker.ListenAddrs(), login("good", password))
			topic := create(t, c, 1, nil)
			commit(t, openProducer(t, c, topic), rec(topic, "a"))
			wantKeys(t, c, topic, "a")
			// The embedded broker hangs up on a wrong password, a real one says so (KIP-152).
			broker.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
				resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
				return resp, nil, true
			})
			o := kafka.Options{Brokers: broker.ListenAddrs()}
			login("good", password+"-wrong")(&o)
			began := time.Now()
			_, err := kafka.Open(t.Context(), o)
			wantError[*kafka.AuthError](t, err, "not authenticated")
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), password) || time.Since(began) > 5*time.Second {
				t.Errorf("after %v: %+v", time.Since(began), err)
			}
			broker.ControlKey(int16(kmsg.SASLHandshake), func(req kmsg.Request) (kmsg.Response, error, bool) {
				resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
				resp.ErrorCode, resp.SupportedMechanisms = kerr.UnsupportedSaslMechanism.Code, []string{"OAUTHBEARER"}
				return resp, nil, true
			})
			_, err = kafka.Open(t.Context(), o)
			wantError[*kafka.AuthError](t, err, "not authenticated")
			_, err = kafka.Open(t.Context(), kafka.Options{Brokers: broker.ListenAddrs(), Timeout: time.Second})
			wantError[*kafka.UnavailableError](t, err, "SASL")
			wantReason(t, err, kafka.HungUp)
		})
	}
	s := kafka.SASL{Mechanism: "PLAIN", Username: "user", Password: password}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprint(&s), fmt.Sprintf("%+v %#v %q", s, s, &s)} {
		if strings.Contains(text, password) {
			t.Errorf("the password is in %s", text)
		}
	}
}

// far is a connection to a broker that pretends to be elsewhere.
type far struct{ net.Conn }

func (far) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9092} }

func TestPasswordNeedsTLS(t *testing.T) {
	t.Parallel()
	broker := fake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "p"))
	_, err := kafka.Open(t.Context(), kafka.Options{Brokers: broker.ListenAddrs(),
		SASL: &kafka.SASL{Mechanism: "PLAIN", Username: "u", Password: "p"},
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return far{c}, err
		}})
	wantError[*kafka.AuthError](t, err, "without tls")
}

func allow(resource kmsg.ACLResourceType, name string, ops ...kmsg.ACLOperation) []kfake.ACL {
	var out []kfake.ACL
	for _, op := range ops {
		out = append(out, kfake.ACL{Resource: resource, Name: name, Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: op, Allow: true})
	}
	return out
}

func TestRights(t *testing.T) {
	t.Parallel()
	const (
		read, write, describe = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe
		configs, creation     = kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationCreate
	)
	topic := func(ops ...kmsg.ACLOperation) []kfake.ACL { return allow(kmsg.ACLResourceTypeTopic, "crm.", ops...) }
	txn := func(ops ...kmsg.ACLOperation) []kfake.ACL {
		return allow(kmsg.ACLResourceTypeTransactionalId, "producer.crm.", ops...)
	}
	tests := map[string]struct {
		rights []kfake.ACL
		says   string // of the AuthError, empty for none
	}{
		"all":                      {append(topic(read, write, describe, configs, creation), txn(write, describe)...), ""},
		"no Describe":              {nil, `Describe on topic "crm.old"`},
		"no DescribeConfigs":       {topic(read, write), `DescribeConfigs on topic "crm.old"`},
		"no Create":                {topic(read, write, configs), `Create on topic "crm.new"`},
		"no Write on the id":       {topic(read, write, describe, configs, creation), `Write on transactional id "producer.crm.old"`},
		"no Write on the topic":    {append(topic(read, describe, configs, creation), txn(write)...), `Write on topic "crm.old"`},
		"no Read on the topic":     {append(topic(write, describe, configs, creation), txn(write)...), `Read on topic "crm.old"`},
		"Describe only on the ids": {append(topic(read, write, configs, creation), txn(describe)...), `Write on transactional id "producer.crm.old"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := fake(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "root"), kfake.User("PLAIN", "u", "u", tt.rights...))
			user := func(name string) *kafka.Cluster {
				return open(t, broker.ListenAddrs(), func(o *kafka.Options) {
					o.SASL = &kafka.SASL{Mechanism: "PLAIN", Username: name, Password: name}
				})
			}
			if err := user("root").Create(t.Context(), []kafka.TopicSpec{{Name: "crm.old", Partitions: 1}}); err != nil {
				t.Fatal(err)
			}
			c := user("u")
			err := func() error {
				infos, err := c.Describe(t.Context(), "crm.old")
				if err != nil {
					return err
				}
				info := infos["crm.old"]
				if got, want := info.CanRead, !strings.Contains(name, "no Read"); got != want {
					t.Errorf("CanRead: got %v, want %v", got, want)
				}
				if got, want := info.CanWrite, name != "no Write on the topic"; got != want {
					t.Errorf("CanWrite: got %v, want %v", got, want)
				}
				if err := c.Create(t.Context(), []kafka.TopicSpec{{Name: "crm.new"}, {Name: "crm.old"}}); err != nil {
					return err
				}
				p, err := c.OpenProducer(t.Context(), "producer.crm.old")
				if err != nil {
					return err
				}
				defer p.Close()
				if err := p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec("crm.old", "a")}}); err != nil {
					return err
				}
				return c.Scan(t.Context(), "crm.old", kafka.ScanOptions{}, func(kafka.Record) error { return nil })
			}()
			if tt.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError[*kafka.AuthError](t, err, tt.says)
		})
	}
}

// certificate makes a self-signed one and writes both parts of it to files.
func certificate(t *testing.T, host string, until time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bytes}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestTLS(t *testing.T) {
	t.Parallel()
	const host = "127.0.0.1"
	good, goodKey := certificate(t, host, time.Now().Add(24*time.Hour))
	old, oldKey := certificate(t, host, time.Now().Add(-time.Hour))
	elsewhere, elsewhereKey := certificate(t, "broker.example.com", time.Now().Add(24*time.Hour))
	client, clientKey := certificate(t, "client", time.Now().Add(24*time.Hour))
	serve := func(cert, key string, change func(*tls.Config)) []string {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
		if change != nil {
			change(cfg)
		}
		return fake(t, kfake.TLS(cfg)).ListenAddrs()
	}
	pool := x509.NewCertPool()
	clientPEM, err := os.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(clientPEM)
	mutual := func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, pool }
	tests := map[string]struct {
		brokers       []string
		ca, cert, key string
		says          string // empty: it works
		reason        kafka.Reason
	}{
		"good":              {serve(good, goodKey, nil), good, "", "", "", 0},
		"with a client's":   {serve(good, goodKey, mutual), good, client, clientKey, "", 0},
		"without one":       {serve(good, goodKey, mutual), good, "", "", "certificate required", kafka.Untrusted},
		"authority unknown": {serve(good, goodKey, nil), client, "", "", "unknown authority", kafka.Untrusted},
		"expired":           {serve(old, oldKey, nil), old, "", "", "expired", kafka.Untrusted},
		"another host":      {serve(elsewhere, elsewhereKey, nil), elsewhere, "", "", "127.0.0.1", kafka.Untrusted},
		"too old":           {serve(good, goodKey, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }), good, "", "", "version", kafka.Untrusted},
		"no tls there":      {fake(t).ListenAddrs(), good, "", "", "", kafka.Silent},
		"http there":        {[]string{listen(t, func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); c.Close() })}, good, "", "", "handshake", kafka.HungUp},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := kafka.LoadTLS(tt.ca, tt.cert, tt.key)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			c, err := kafka.Open(t.Context(), kafka.Options{Brokers: tt.brokers, TLS: cfg, Timeout: 3 * time.Second})
			if tt.says == "" && name != "no tls there" {
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				topic := create(t, c, 1, nil)
				commit(t, openProducer(t, c, topic), rec(topic, "a"))
				wantKeys(t, c, topic, "a")
				return
			}
			wantError[*kafka.UnavailableError](t, err, tt.says)
			wantReason(t, err, tt.reason)
			if took := time.Since(began); name != "no tls there" && took > 2*time.Second {
				t.Errorf("took %v: no waiting mends this", took)
			}
		})
	}
	t.Run("plain to tls", func(t *testing.T) {
		_, err := kafka.Open(t.Context(), kafka.Options{Brokers: tests["good"].brokers, Timeout: time.Second})
		wantError[*kafka.UnavailableError](t, err, "TLS")
		wantReason(t, err, kafka.HungUp)
	})
}

func TestLoadTLSErrors(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t, "a", time.Now().Add(time.Hour))
	otherCert, _ := certificate(t, "b", time.Now().Add(time.Hour))
	tests := map[string]struct{ ca, cert, key, says string }{
		"missing ca":      {cert + ".no", "", "", "cert.pem.no"},
		"ca without one":  {key, "", "", "key.pem"},
		"cert without":    {"", cert, "", "go together"},
		"key without":     {"", "", key, "go together"},
		"missing cert":    {"", cert + ".no", key, "cert.pem.no"},
		"of another pair": {"", otherCert, key, "match"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := kafka.LoadTLS(tt.ca, tt.cert, tt.key)
			wantError[error](t, err, tt.says)
			secret, _ := os.ReadFile(key)
			if strings.Contains(err.Error(), string(secret[40:60])) {
				t.Errorf("the key is in %q", err)
			}
		})
	}
	cfg, err := kafka.LoadTLS("", "", "")
	if err != nil || cfg.MinVersion != tls.VersionTLS12 || cfg.RootCAs != nil {
		t.Errorf("got %+v, %v", cfg, err)
	}
}
