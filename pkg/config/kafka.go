package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Kafka is the cluster and how it is written to.
type Kafka struct {
	Brokers        []string      // host:port
	TLS            *TLS          // nil: none
	SASL           *SASL         // nil: none
	Timeout        time.Duration // how long the start may wait for brokers
	CommitInterval time.Duration // 0: a batch a page
	CommitTimeout  time.Duration
	ResumeWithin   time.Duration // how old a walk's position may be and still be gone on from; 0: a walk always starts over
	Compression    string        // "none", "gzip", "snappy", "zstd" or "lz4"
	IndexMaxBytes  int64
	// ReplicationFactor is that of the topics that belong to no resource: states and schemas. -1: the broker's default.
	ReplicationFactor int16
}

// TLS holds paths, resolved; "" means the system's authorities, and no certificate of our own.
type TLS struct {
	CA, Cert, Key string
}

// SASL is how the cluster is logged in to.
type SASL struct {
	Mechanism string // "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
	Username  string
	Password  Secret
}

// kafka reads the kafka block; n is nil where there is none.
func (l *loader) kafka(n, root *node) (Kafka, topicBlock) {
	k := Kafka{Timeout: 30 * time.Second, CommitInterval: time.Second, CommitTimeout: 60 * time.Second,
		ResumeWithin: 15 * time.Minute, Compression: "snappy", IndexMaxBytes: 1 << 30, ReplicationFactor: defaultTopic().ReplicationFactor}
	const brokers = `give the addresses of the brokers, as in ["localhost:9092"]`
	if n == nil {
		l.problem(root.line, "kafka.brokers", "is missing; "+brokers)
		return k, defaultTopic()
	}
	o := l.object(n)
	if b := o.want("brokers", brokers); b != nil {
		k.Brokers = l.brokers(b)
	}
	if t := o.get("tls"); given(t) {
		k.TLS = l.tls(t)
	}
	if s := o.get("sasl"); given(s) {
		k.SASL = l.sasl(s)
		if k.TLS == nil && k.SASL != nil && !allLoopback(k.Brokers) {
			l.wrong(s, "would send the password readable over the network; add tls: true (only brokers on loopback may do without)")
		}
	}
	o.setDuration("timeout", &k.Timeout, 1)
	o.setDuration("commit_interval", &k.CommitInterval, 0)
	o.setDuration("commit_timeout", &k.CommitTimeout, 1)
	o.setDuration("resume_within", &k.ResumeWithin, 0)
	o.setWord("compression", &k.Compression, "none", "gzip", "snappy", "zstd", "lz4")
	if v := o.get("index"); v != nil {
		inner := l.object(v)
		if m := inner.get("max_bytes"); m != nil {
			i, ok := l.size(m)
			assign(&k.IndexMaxBytes, i, ok)
		}
		inner.done()
	}
	t := l.topic(o, defaultTopic())
	k.ReplicationFactor = t.ReplicationFactor
	o.done()
	return k, t
}

// brokers reads a list of addresses. A text may hold several, with commas between them, so that one variable can name a cluster.
func (l *loader) brokers(n *node) []string {
	items := n.items
	if n.kind == scalarKind {
		items = []*node{n}
	}
	if len(items) == 0 {
		l.wrong(n, `names no broker; give their addresses, as in ["localhost:9092"]`)
	}
	var brokers []string
	for _, item := range items {
		text, ok := l.text(item)
		if !ok {
			continue
		}
		for address := range strings.SplitSeq(text, ",") {
			address = strings.TrimSpace(address)
			host, port, err := net.SplitHostPort(address)
			if err != nil || !isHost(host) || !isPort(port) {
				l.wrong(item, "is %s; it must be host:port, as in localhost:9092", item.got())
				break
			}
			brokers = append(brokers, address)
		}
	}
	return brokers
}

func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && !strings.ContainsFunc(host, func(c rune) bool { return c != '.' && !isNameRune(c) })
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func allLoopback(brokers []string) bool {
	for _, b := range brokers {
		if host, _, err := net.SplitHostPort(b); err != nil || !isLoopback(host) {
			return false
		}
	}
	return true
}

// tls reads true, false or a mapping of files.
func (l *loader) tls(n *node) *TLS {
	if n.kind != mappingKind {
		on, ok := l.boolean(n)
		if !ok || !on {
			return nil
		}
		return &TLS{}
	}
	o := l.object(n)
	t := &TLS{CA: o.file("ca"), Cert: o.file("cert"), Key: o.file("key")}
	if (o.at.get("cert") == nil) != (o.at.get("key") == nil) {
		l.wrong(n, "has only one of cert and key; a certificate of our own needs both")
	}
	o.done()
	return t
}

// file reads the path of a file that must be readable.
func (o *object) file(name string) string {
	n := o.get(name)
	if n == nil {
		return ""
	}
	text, ok := o.text(n)
	if !ok {
		return ""
	}
	p := o.path(text)
	if _, err := readFile(p, maxReferenced); err != nil {
		o.wrong(n, "is the file %s, which can't be read: %s", quote(n.text), err)
		return ""
	}
	return p
}

func (l *loader) sasl(n *node) *SASL {
	o := l.object(n)
	s := &SASL{}
	if m := o.want("mechanism", "it must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"); m != nil {
		w, ok := l.word(m, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
		assign(&s.Mechanism, w, ok)
	}
	if u := o.want("username", "give the name to log in with"); u != nil {
		t, ok := l.text(u)
		assign(&s.Username, t, ok)
	}
	s.Password = o.wantSecret("password")
	o.done()
	return s
}
