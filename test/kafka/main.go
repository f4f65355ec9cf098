// Command kafka runs a command against a real Apache Kafka and a real schema registry.
//
//	go run ./test/kafka go test ./test/e2e/...
//
// It fetches both from Maven Central once (pom.xml says what, .cache/kafka holds it), starts them on free loopback ports over a
// temporary directory, runs the command with KAFKA_BROKERS, REGISTRY_URL and KAFKA_LIB (the directory of the jars) set, and stops
// them, whatever happens. Its exit code is the command's. Without a command it serves until a signal comes.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	minJava = 17
	startUp = 90 * time.Second
	install = "install a JDK of 17 or later and Maven (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless maven; macOS: brew install openjdk@17 maven)"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "test/kafka:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) error {
	if err := checkTools(ctx); err != nil {
		return err
	}
	cache, err := fetch(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "producer-kafka-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary directory is no failure
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	broker, registry := fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d/apis/ccompat/v7", ports[2])

	apicurio, err := startRegistry(cache, dir, ports[2])
	if err != nil {
		return err
	}
	defer apicurio.stop()
	kafka, err := startKafka(ctx, cache, dir, ports[0], ports[1])
	if err != nil {
		return err
	}
	defer kafka.stop()
	if err := kafka.await(ctx, func() error { return dial(broker) }); err != nil {
		return err
	}
	if err := apicurio.await(ctx, func() error { return get(registry + "/subjects") }); err != nil {
		return err
	}

	env := []string{"KAFKA_BROKERS=" + broker, "REGISTRY_URL=" + registry, "KAFKA_LIB=" + filepath.Join(cache, "lib")}
	if len(command) == 0 {
		fmt.Println(strings.Join(env, "\n"))
		<-ctx.Done()
		return nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd.Run()
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

const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s/data
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.backoff.ms=500
log.cleaner.dedupe.buffer.size=16777216
log.initial.task.delay.ms=500
`

// startKafka formats a data directory and starts one node that is broker and controller.
func startKafka(ctx context.Context, cache, dir string, port, controller int) (*server, error) {
	conf := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(conf, fmt.Appendf(nil, properties, port, controller, dir), 0o600); err != nil {
		return nil, err
	}
	const clusterID = "cHJvZHVjZXItZTJlLXRlc3" // any 16 bytes in base64url
	classes := []string{"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(cache, "lib", "*")}
	format := exec.CommandContext(ctx, "java", append(classes, "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", conf)...)
	if out, err := format.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("format Kafka's directory: %w: %s", err, out)
	}
	return start("kafka", dir, append([]string{"-Xmx512m"}, append(classes, "kafka.Kafka", conf)...)...)
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
