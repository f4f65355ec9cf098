// Package e2e runs the built program as its users do: a configuration file, the command line, an API over HTTP, a broker and a
// registry. What it says and what stands in the topics afterwards is checked by other code than wrote it: topics are read with a
// plain consumer, keys placed with a second murmur2, values decoded with another Avro library, and in `make test-kafka` with
// Kafka's and Avro's own Java as well.
//
// Without KAFKA_BROKERS and REGISTRY_URL the suite starts the embedded broker and registry; with both it uses those
// (`go run ./test/kafka go test ./test/e2e` starts real ones). The cases are the same.
package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"producer/pkg/devserver"
)

// environment is what all cases share. Each has a pipeline name of its own, and so topics and subjects of its own.
type environment struct {
	binary      string
	brokers     []string
	registryURL string
	admin       *kadm.Client
	registry    *sr.Client
	compact     func(context.Context) error // has the embedded broker compact now; the real one does by itself
	java        *readBack                   // nil with the embedded broker
}

var env environment

func TestMain(m *testing.M) {
	code, err := runSuite(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (code int, err error) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // the default; cases mostly wait for other processes
		if err := flag.Set("test.parallel", "8"); err != nil {
			return 0, err
		}
	}
	dir, err := os.MkdirTemp("", "producer-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary directory is no failure

	env.binary = filepath.Join(dir, "producer")
	build := exec.Command("go", "build", "-o", env.binary, "producer/cmd/producer")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program: %w: %s", err, out)
	}

	brokers, registry := os.Getenv("KAFKA_BROKERS"), os.Getenv("REGISTRY_URL")
	embedded := brokers == "" && registry == ""
	if embedded {
		server, err := devserver.Start(context.Background(), devserver.Options{Dir: filepath.Join(dir, "dev"), Contacts: 1, Companies: 1, Deals: 1})
		if err != nil {
			return 0, fmt.Errorf("start the embedded broker: %w", err)
		}
		defer server.Close()
		brokers, registry = strings.Join(server.Brokers(), ","), server.RegistryURL()
		env.compact = server.Compact
	}
	env.brokers, env.registryURL = strings.Split(brokers, ","), registry

	client, err := kgo.NewClient(kgo.SeedBrokers(env.brokers...), kgo.MetadataMinAge(10*time.Millisecond)) // topics come and go
	if err != nil {
		return 0, err
	}
	defer client.Close()
	env.admin = kadm.NewClient(client)
	if env.registry, err = sr.NewClient(sr.URLs(registry)); err != nil {
		return 0, err
	}
	if !embedded {
		env.compact = func(context.Context) error { return nil }
		if env.java, err = startReadBack(brokers, registry); err != nil {
			return 0, err
		}
		defer env.java.close()
	}
	return m.Run(), nil
}
