// Package cluster runs a real Apache Kafka, of one node or several, and a real schema registry on loopback.
//
// Both are fetched from Maven Central once (test/kafka/pom.xml says what, .cache/kafka holds it) and need Java and Maven. It works from
// the repository's root only.
package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	minJava = 17
	startUp = 90 * time.Second
	install = "install a JDK of 17 or later and Maven (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless maven; macOS: brew install openjdk@17 maven)"
)

// Cluster is what runs. Its methods may be called by one goroutine at a time.
type Cluster struct {
	cache, dir  string
	nodes       []*node
	registry    *server
	registryURL string
}

// node is one broker, which is a controller too.
type node struct {
	*server
	dir, conf        string
	port, controller int
}

// Start starts so many nodes, and the registry, over a temporary directory, and waits until they answer. Stop it, whatever happens.
func Start(ctx context.Context, nodes int) (_ *Cluster, err error) {
	if err := checkTools(ctx); err != nil {
		return nil, err
	}
	c := &Cluster{}
	if c.cache, err = fetch(ctx); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "producer-kafka-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	ports, err := freePorts(2*nodes + 1)
	if err != nil {
		return nil, err
	}
	c.registryURL = fmt.Sprintf("http://127.0.0.1:%d/apis/ccompat/v7", ports[2*nodes])
	if c.registry, err = startRegistry(c.cache, c.dir, ports[2*nodes]); err != nil {
		return nil, err
	}
	for i := range nodes {
		c.nodes = append(c.nodes, &node{port: ports[2*i], controller: ports[2*i+1], dir: filepath.Join(c.dir, fmt.Sprint("node", i+1))})
	}
	for i := range c.nodes {
		if err := c.format(ctx, i); err != nil {
			return nil, err
		}
		if err := c.start(i); err != nil {
			return nil, err
		}
	}
	for i := range c.nodes {
		if err := c.await(ctx, i); err != nil {
			return nil, err
		}
	}
	return c, c.registry.await(ctx, func() error { return get(c.registryURL + "/subjects") })
}

// Brokers are the addresses of all nodes, also of those that are down.
func (c *Cluster) Brokers() []string {
	var out []string
	for _, n := range c.nodes {
		out = append(out, n.address())
	}
	return out
}

// RegistryURL is the base of the registry's Confluent-compatible API.
func (c *Cluster) RegistryURL() string { return c.registryURL }

// Lib is the directory of Kafka's jars.
func (c *Cluster) Lib() string { return filepath.Join(c.cache, "lib") }

// Kill ends node i with SIGKILL.
func (c *Cluster) Kill(i int) { c.nodes[i].stop() }

// Restart starts node i again, over the data that it had, and waits until it answers.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	if err := c.start(i); err != nil {
		return err
	}
	return c.await(ctx, i)
}

// InSync waits until every replica of every partition is in sync again.
func (c *Cluster) InSync(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...))
	if err != nil {
		return err
	}
	defer client.Close()
	return c.nodes[0].await(ctx, func() error {
		topics, err := kadm.NewClient(client).ListTopicsWithInternal(ctx)
		if err != nil {
			return err
		}
		for _, t := range topics {
			for _, p := range t.Partitions {
				if len(p.ISR) < len(p.Replicas) {
					return fmt.Errorf("partition %d of %s has %d of %d replicas in sync", p.Partition, t.Topic, len(p.ISR), len(p.Replicas))
				}
			}
		}
		return nil
	})
}

// Stop ends everything and removes what it wrote.
func (c *Cluster) Stop() {
	for _, n := range c.nodes {
		if n.server != nil {
			n.stop()
		}
	}
	if c.registry != nil {
		c.registry.stop()
	}
	os.RemoveAll(c.dir) //nolint:errcheck // a leftover in the temporary directory is no failure
}

const properties = `process.roles=broker,controller
node.id=%[1]d
controller.quorum.voters=%[2]s
listeners=PLAINTEXT://%[3]s,CONTROLLER://127.0.0.1:%[4]d
advertised.listeners=PLAINTEXT://%[3]s
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[5]s/data
auto.create.topics.enable=false
default.replication.factor=%[6]d
min.insync.replicas=%[7]d
offsets.topic.replication.factor=%[6]d
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=%[6]d
transaction.state.log.min.isr=%[7]d
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=%[6]d
share.coordinator.state.topic.min.isr=%[7]d
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
replica.lag.time.max.ms=5000
log.cleaner.backoff.ms=500
log.cleaner.dedupe.buffer.size=16777216
log.initial.task.delay.ms=500
`

func (n *node) address() string { return fmt.Sprintf("127.0.0.1:%d", n.port) }

// format writes node i's properties and formats its data directory.
func (c *Cluster) format(ctx context.Context, i int) error {
	n, replicas := c.nodes[i], min(3, len(c.nodes))
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	n.conf = filepath.Join(n.dir, "server.properties")
	var voters []string
	for i, v := range c.nodes {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", i+1, v.controller))
	}
	text := fmt.Appendf(nil, properties, i+1, strings.Join(voters, ","), n.address(), n.controller, n.dir, replicas, max(1, replicas-1))
	if err := os.WriteFile(n.conf, text, 0o600); err != nil {
		return err
	}
	const clusterID = "cHJvZHVjZXItZTJlLXRlc3" // any 16 bytes in base64url
	format := exec.CommandContext(ctx, "java", append(c.classes(), "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", n.conf)...)
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("format Kafka's directory: %w: %s", err, out)
	}
	return nil
}

func (c *Cluster) classes() []string {
	return []string{"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(c.Lib(), "*")}
}

func (c *Cluster) start(i int) (err error) {
	n := c.nodes[i]
	n.server, err = start(fmt.Sprint("kafka", i+1), n.dir, append([]string{"-Xmx512m"}, append(c.classes(), "kafka.Kafka", n.conf)...)...)
	return err
}

func (c *Cluster) await(ctx context.Context, i int) error {
	return c.nodes[i].await(ctx, func() error { return dial(c.nodes[i].address()) })
}

// checkTools says what to install where java or mvn is missing or too old.
func checkTools(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("java: %w; %s", err, install)
	}
	m := regexp.MustCompile(`version "(\d+)`).FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("java -version answered %q; %s", out, install)
	}
	if v, _ := strconv.Atoi(string(m[1])); v < minJava {
		return fmt.Errorf("java is version %d; %s", v, install)
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return fmt.Errorf("mvn: %w; %s", err, install)
	}
	return nil
}

// fetch fills the cache and returns its directory. A copy of the pom marks a full cache, so a changed pom fetches again.
func fetch(ctx context.Context) (string, error) {
	cache, err := filepath.Abs(".cache/kafka")
	if err != nil {
		return "", err
	}
	pom, err := os.ReadFile("test/kafka/pom.xml")
	if err != nil {
		return "", fmt.Errorf("run it from the repository's root: %w", err)
	}
	mark := filepath.Join(cache, "pom.xml")
	if had, err := os.ReadFile(mark); err == nil && bytes.Equal(had, pom) {
		return cache, nil
	}
	fmt.Println("fetching Kafka and the registry from Maven Central (about 170 MB, once)")
	if err := os.RemoveAll(cache); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "mvn", "--quiet", "--batch-mode", "--file", "test/kafka/pom.xml", "validate", "-Dcache="+cache)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mvn: %w: %s", err, out)
	}
	return cache, os.WriteFile(mark, pom, 0o600)
}

// freePorts asks the kernel for n loopback ports that nobody listens on.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // only its number was wanted
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func startRegistry(cache, dir string, port int) (*server, error) {
	jars, err := filepath.Glob(filepath.Join(cache, "apicurio", "*-runner.jar"))
	if err != nil || len(jars) != 1 {
		return nil, fmt.Errorf("no registry in %s (remove the directory to fetch it again)", cache)
	}
	return start("registry", dir, "-Xmx512m", "-Dquarkus.http.host=127.0.0.1", fmt.Sprintf("-Dquarkus.http.port=%d", port),
		"-Dapicurio.storage.kind=sql", "-Dapicurio.storage.sql.kind=h2", "-jar", jars[0])
}

// server is a Java process that logs to a file.
type server struct {
	name, log string
	cmd       *exec.Cmd
	ended     chan struct{}
}

func start(name, dir string, args ...string) (*server, error) {
	s := &server{name: name, log: filepath.Join(dir, name+".log"), cmd: exec.Command("java", args...), ended: make(chan struct{})}
	out, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the process has its own handle
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, out, out
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		s.cmd.Wait() //nolint:errcheck // await and stop say what it means that it ended
		close(s.ended)
	}()
	return s, nil
}

// await asks ready again and again until it is content, the process ends or the time for starting is up.
func (s *server) await(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startUp)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-s.ended:
			return fmt.Errorf("%s ended: %s", s.name, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not up: %w: %s", s.name, err, s.tail())
		}
	}
}

func (s *server) stop() {
	s.cmd.Process.Kill() //nolint:errcheck // it has ended already, then
	<-s.ended
}

// tail is the end of the server's log.
func (s *server) tail() string {
	b, _ := os.ReadFile(s.log)
	return string(b[max(0, len(b)-4000):])
}

func dial(addr string) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		err = c.Close()
	}
	return err
}

func get(url string) error {
	r, err := (&http.Client{Timeout: 2 * time.Second}).Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close() //nolint:errcheck // only the status was wanted
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, r.Status)
	}
	return nil
}
