package devserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/devserver"
)

func createTopic(t *testing.T, s *devserver.Server) {
	t.Helper()
	policy := "compact"
	_, err := kadm.NewClient(client(t, s)).CreateTopic(t.Context(), 1, -1, map[string]*string{"cleanup.policy": &policy}, "t")
	if err != nil {
		t.Fatal(err)
	}
}

// TestBroker shows transactions, compaction and that an open transaction is not compacted into.
func TestBroker(t *testing.T) {
	s := start(t, small)
	createTopic(t, s)
	c := client(t, s, kgo.TransactionalID("producer.t"))
	transact(t, c, "a", "1", "b", "1")
	end(t, c, kgo.TryCommit)
	transact(t, c, "a", "2")
	end(t, c, kgo.TryCommit)
	transact(t, c, "b", "aborted", "x", "aborted")
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	end(t, c, kgo.TryAbort)
	transact(t, c, "end", "")
	end(t, c, kgo.TryCommit)
	if got, want := read(t, s), "a=1 b=1 a=2"; got != want {
		t.Errorf("with a transaction open: got %s, want %s", got, want)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, s), "b=1 a=2"; got != want {
		t.Errorf("compacted: got %s, want %s", got, want)
	}
}

// TestRestart shows that a directory keeps topics, transactions' ends, schemas with their ids, and settings.
func TestRestart(t *testing.T) {
	o := small
	o.Dir = filepath.Join(t.TempDir(), "new", "dir")
	s := start(t, o)
	createTopic(t, s)
	c := client(t, s, kgo.TransactionalID("producer.t"))
	transact(t, c, "a", "1")
	end(t, c, kgo.TryCommit)
	transact(t, c, "end", "")
	end(t, c, kgo.TryCommit)
	for i, subject := range []string{"one", "two", "one", "three"} {
		if got := register(t, s, subject, i); got != i+1 {
			t.Errorf("schema %d has id %d", i, got)
		}
	}
	register(t, s, "two", 0) // shares id 1
	fetch(t, http.MethodPut, s.RegistryURL()+"/config/one", `{"compatibility":"BACKWARD_TRANSITIVE"}`)
	fetch(t, http.MethodDelete, s.RegistryURL()+"/subjects/three", "")
	before := registryState(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(o.Dir, "registry.jsonl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, `{"method":"POST","uri":"/subj`...), 0o600); err != nil { // killed while it wrote
		t.Fatal(err)
	}

	s = start(t, o)
	if got, want := read(t, s), "a=1"; got != want {
		t.Errorf("topic: got %s, want %s", got, want)
	}
	if got := registryState(t, s); got != before {
		t.Errorf("registry: got\n%s\nwant\n%s", got, before)
	}
	if got := register(t, s, "four", 4); got != 5 {
		t.Errorf("the next schema has id %d, want 5", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := devserver.Start(t.Context(), o); err == nil {
		t.Errorf("a broken registry file: got no error, close: %v", s.Close())
	} else if !strings.Contains(err.Error(), "registry.jsonl") {
		t.Errorf("a broken registry file is not named: %v", err)
	}
}

func schemaText(n int) string {
	return fmt.Sprintf(`{"type":"record","name":"r","fields":[{"name":"f%d","type":"long"}]}`, n)
}

func register(t *testing.T, s *devserver.Server, subject string, n int) int {
	t.Helper()
	body, err := json.Marshal(map[string]string{"schema": schemaText(n)})
	if err != nil {
		t.Fatal(err)
	}
	resp, text := fetch(t, http.MethodPost, s.RegistryURL()+"/subjects/"+subject+"/versions", string(body))
	var got struct{ ID int }
	if err := json.Unmarshal([]byte(text), &got); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("register: %s: %s", resp.Status, text)
	}
	return got.ID
}

func registryState(t *testing.T, s *devserver.Server) string {
	t.Helper()
	var out strings.Builder
	for _, path := range []string{"/subjects", "/subjects/one/versions", "/subjects/two/versions", "/subjects/one/versions/latest",
		"/subjects/two/versions/latest", "/config/one", "/config/two?defaultToGlobal=false", "/schemas/ids/1", "/schemas/ids/4"} {
		resp, text := fetch(t, http.MethodGet, s.RegistryURL()+path, "")
		fmt.Fprintf(&out, "%s: %d %s\n", path, resp.StatusCode, text)
	}
	return out.String()
}

// TestRegistry shows which of the Confluent API's calls the registry answers, and how.
func TestRegistry(t *testing.T) {
	s := start(t, small)
	schema := func(n int) string { return fmt.Sprintf(`{"schema":%q}`, schemaText(n)) }
	for _, test := range []struct {
		method, path, body string
		status             int
		contains           string
	}{
		{"GET", "/subjects", "", 200, "[]"},
		{"GET", "/subjects/s/versions/latest", "", 404, "40401"},
		{"GET", "/config/s?defaultToGlobal=false", "", 404, "40401"},
		{"PUT", "/config/s", `{"compatibility":"BACKWARD_TRANSITIVE"}`, 200, "BACKWARD_TRANSITIVE"},
		{"GET", "/config/s?defaultToGlobal=false", "", 200, "BACKWARD_TRANSITIVE"},
		{"GET", "/subjects/s/versions/latest", "", 404, "4040"}, // a configured subject without versions
		{"POST", "/subjects/s/versions", schema(1), 200, `"id":1`},
		{"POST", "/subjects/s/versions", schema(1), 200, `"id":1`},
		{"POST", "/subjects/s", schema(1), 200, `"version":1`},
		{"POST", "/compatibility/subjects/s/versions/latest", schema(2), 200, "true"}, // it always says yes
		{"POST", "/subjects/s/versions", schema(2), 200, `"id":2`},                    // and registers what is incompatible
		{"GET", "/subjects/s/versions", "", 200, "[1,2]"},
		{"GET", "/schemas/ids/2", "", 200, "f2"},
		{"GET", "/schemas/ids/3", "", 404, "40403"},
		{"POST", "/subjects/s/versions", `{"schema":"not json"}`, 422, "42201"},
		{"POST", "/subjects/s/versions", strings.Repeat("x", 2<<20), 413, "too large"},
		{"PUT", "/config/s", `{"compatibility":"WRONG"}`, 400, "42203"},
	} {
		resp, text := fetch(t, test.method, s.RegistryURL()+test.path, test.body)
		if resp.StatusCode != test.status || !strings.Contains(text, test.contains) {
			t.Errorf("%s %s: got %d %s, want %d with %s", test.method, test.path, resp.StatusCode, text, test.status, test.contains)
		}
	}
}

func TestPorts(t *testing.T) {
	s := start(t, small)
	port := func(addr string) (n int) {
		if _, err := fmt.Sscanf(addr[strings.LastIndexByte(addr, ':')+1:], "%d", &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	o := small
	o.BrokerPort, o.RegistryPort, o.APIPort = port(s.Brokers()[0]), port(s.RegistryURL()), port(s.APIURL())
	for _, taken := range []devserver.Options{
		{BrokerPort: o.BrokerPort}, {RegistryPort: o.RegistryPort}, {APIPort: o.APIPort},
	} {
		taken.Contacts, taken.Companies, taken.Deals = 1, 1, 1
		if s, err := devserver.Start(t.Context(), taken); err == nil {
			t.Errorf("%+v: got no error, close: %v", taken, s.Close())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, o)
	if got, want := again.APIURL(), s.APIURL(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, addr := range []string{again.Brokers()[0], again.APIURL(), again.RegistryURL()} {
		if !strings.HasPrefix(strings.TrimPrefix(addr, "http://"), "127.0.0.1:") {
			t.Errorf("%s is not on loopback", addr)
		}
	}
}

// TestClose shows that nothing is left running, also with connections open, and no file of a temporary directory.
func TestClose(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	before := runtime.NumGoroutine()
	for range 3 {
		s, err := devserver.Start(t.Context(), small)
		if err != nil {
			t.Fatal(err)
		}
		c, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers()...))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		fetch(t, http.MethodGet, s.APIURL()+"/", "")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal("the second time:", err)
		}
		c.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for runtime.NumGoroutine() > before { // connections end after their listeners
		if ctx.Err() != nil {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
