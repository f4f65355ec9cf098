package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"producer/pkg/inspect"
	"producer/pkg/pipeline"
)

// good is a configuration that nothing answers to.
func good(t *testing.T, broker, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "crm.yaml")
	text := fmt.Sprintf("pipeline: crm\nsource: {client: {base_url: \"http://127.0.0.1:1\"}, resources: [{name: rows, primary_key: id, write_disposition: merge, "+
		"endpoint: {path: rows, data_selector: data, paginator: single_page}}%s]}\nkafka: {brokers: [%q]}\n", more, broker)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// What stands behind a command by mistake is answered with what was meant.
func TestStrayArguments(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.yaml")
	python := filepath.Join(t.TempDir(), "crm.py")
	source := `from dlt.sources.rest_api import rest_api_source
source = rest_api_source({"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "rows", "primary_key": "id", "write_disposition": "merge"}]})
`
	for file, text := range map[string]string{kept: "kept", python: source} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]string{
		"validate bad.yaml":                "-c bad.yaml",
		"run bad.yaml":                     "-c bad.yaml",
		"schema infer bad.yaml":            "-c bad.yaml",
		"schema diff bad.yaml":             "-c bad.yaml",
		"import":                           "import needs one FILE.py",
		"import a.py b.py":                 "import needs one FILE.py",
		"import " + python + " -o " + kept: kept + ": the file exists and is kept as it is; name another one",
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), &stdout, &stderr); code != pipeline.ExitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit %d, %q; want %d and %q", args, code, &stderr, pipeline.ExitUsage, want)
		}
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "kept" {
		t.Errorf("%s holds %q, %v", kept, text, err)
	}
}

func TestVersion(t *testing.T) {
	var flag, command, stderr bytes.Buffer
	if run(t.Context(), []string{"--version"}, &flag, &stderr) != 0 || run(t.Context(), []string{"version"}, &command, &stderr) != 0 ||
		flag.String() != command.String() || !strings.HasPrefix(flag.String(), "producer ") || !strings.Contains(flag.String(), "go1.") {
		t.Errorf("--version says %q, version %q (%s)", &flag, &command, &stderr)
	}
}

// What validate says of an ordinary configuration is short.
func TestValidateIsShort(t *testing.T) {
	t.Setenv("API_KEY", "secret")
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"validate", "-c", "../../examples/seed.yaml"}, &stdout, &stderr); code != 0 || stderr.Len() > 0 || strings.Count(stdout.String(), "\n") != 4 {
		t.Errorf("exit %d, %s%s; want the verdict, what offset brings about in two lines, and what every configuration has in one", code, &stdout, &stderr)
	}
}

func TestValidateCounts(t *testing.T) {
	for more, want := range map[string]string{"": "1 resource: good", ", {name: more, primary_key: id, write_disposition: merge}": "2 resources: good"} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"validate", "-c", good(t, "127.0.0.1:1", more)}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), ", "+want) {
			t.Errorf("exit %d, %q (%s); want %q", code, &stdout, &stderr, want)
		}
	}
}

// The second signal ends the process at once; the document of --output json is printed all the same, once.
func TestSecondSignal(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // brokers that take connections and say nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		ended := make(chan int, 1)
		ctx, stop := signals(t.Context(), func(code int) { ended <- code })
		hold, release := context.WithCancel(t.Context()) // a run that does not end by the first signal
		var stdout safeBuffer
		over := make(chan int, 1)
		go func() {
			running := withFarewell(hold, farewellOf(ctx))
			over <- run(running, []string{"run", "-c", good(t, l.Addr().String(), ""), "--output", "json"}, &stdout, &safeBuffer{})
		}()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		kill := func() {
			if err := syscall.Kill(os.Getpid(), sig); err != nil {
				t.Fatal(err)
			}
		}
		kill()
		<-ctx.Done()
		if got := stdout.String(); got != "" {
			t.Errorf("after the first %v: %q", sig, got)
		}
		kill()
		code := <-ended
		var doc pipeline.Summary
		if err := json.Unmarshal([]byte(stdout.String()), &doc); err != nil {
			t.Fatalf("%v: %q is no document: %v", sig, stdout.String(), err)
		}
		if want := 128 + int(sig); code != want || doc.ExitCode != want || doc.Status != pipeline.Interrupted || doc.Pipeline != "crm" || doc.Error == "" {
			t.Errorf("%v: exit %d, %+v", sig, code, doc)
		}
		release()
		<-over
		if n := strings.Count(stdout.String(), "\n"); n != 1 {
			t.Errorf("%v: %d documents: %s", sig, n, stdout.String())
		}
		stop()
	}
}

// Where nobody reads, the process ends all the same.
func TestFarewellIsBounded(t *testing.T) {
	f, stuck := &farewell{}, make(chan struct{})
	defer close(stuck)
	f.owe(func(*pipeline.SignalError) { <-stuck })
	f.speak(&pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"}) // returns, or the test times out
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Who waits for brokers that are not there is told so before they are given up.
func TestNoBroker(t *testing.T) {
	var stdout, stderr bytes.Buffer
	file := good(t, "127.0.0.1:1", "")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("kafka: {"), []byte("kafka: {timeout: 200ms, "), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	code := run(t.Context(), []string{"run", "-c", file}, &stdout, &stderr)
	waiting := strings.Index(stderr.String(), "no broker has answered yet brokers=127.0.0.1:1 waits_for=200ms")
	if gone := strings.Index(stderr.String(), "gave up after 200ms"); code != pipeline.ExitUnavailable || waiting < 0 || gone < waiting {
		t.Errorf("exit %d, %s", code, &stderr)
	}
}

// Each mistake is a line with its own mark.
func TestEachMistakeIsMarked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(file, []byte("pipeline: s p\nsource: {client: {base_url: x}, resources: [a]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	run(t.Context(), []string{"validate", "-c", file}, &stdout, &stderr)
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	for _, line := range lines {
		if !strings.HasPrefix(line, "error: "+file) {
			t.Errorf("%q has no mark", line)
		}
	}
	if len(lines) < 2 || strings.Contains(stderr.String(), "{pipeline}") {
		t.Errorf("got %s", &stderr)
	}
}

// A secret that the document's own numbers hold too is taken out of its texts only.
func TestSchemaDiffWithASecretOfDigits(t *testing.T) {
	const secret = "123456"
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"data":[{"id":1,"f_%s":true}]}`, secret)
	}))
	defer api.Close()
	registry := srfake.New()
	defer registry.Close()
	registry.SeedSchema("crm.rows-value", 1, 123456, sr.Schema{Schema: `{"type":"record","name":"rows","namespace":"crm","fields":[{"name":"id","type":"long"}]}`})
	file := filepath.Join(t.TempDir(), "crm.yaml")
	text := fmt.Sprintf("pipeline: crm\nsource:\n  client: {base_url: %q, auth: {type: bearer, token: %q}}\n  resources: [{name: rows, primary_key: id, "+
		"write_disposition: merge, endpoint: {path: rows, data_selector: data, paginator: single_page}}]\nkafka: {brokers: ['127.0.0.1:1']}\nschema: {registry: {url: %q}}\n",
		api.URL, secret, registry.URL())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"schema", "diff", "-c", file, "--output", "json"}, &stdout, &stderr); code != pipeline.ExitOK {
		t.Fatalf("exit %d: %s %s", code, &stdout, &stderr)
	}
	var d inspect.Diff
	if err := json.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Fatalf("%v in %s", err, &stdout)
	}
	r := d.Resources[0]
	if r.SchemaID == nil || *r.SchemaID != 123456 || len(r.Findings) != 1 || !strings.HasPrefix(r.Findings[0].Field, "f_") {
		t.Errorf("got %s", &stdout)
	}
	if strings.Count(stdout.String(), secret) != 1 { // the id
		t.Errorf("the secret is in %s", &stdout)
	}
}
