package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	contacts = "/v1/contacts" // the path of the one listing that most cases need
	deadline = time.Minute    // of one run of the program
)

type object = map[string]any

// scenario is one case: a pipeline name, a directory and an api key of its own. The key is a canary: it may stand in no output.
type scenario struct {
	*testing.T
	pipeline, dir, key string
	secrets            []string // that no output may hold either
	n                  int      // config files written
	environ            []string // variables that the program gets beside API_KEY
	apis               []*api
}

// begin starts a case that may run beside the others.
func begin(t *testing.T) *scenario {
	t.Helper()
	t.Parallel()
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), "-")
	return &scenario{T: t, dir: t.TempDir(), pipeline: fmt.Sprintf("%s-%04x", name, rand.N(1<<16)),
		key: fmt.Sprintf("canary %012x/+&", rand.Uint64()>>16)}
}

// each runs f once a name, each time as a scenario of its own.
func each[V any](t *testing.T, cases map[string]V, f func(s *scenario, v V)) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { f(begin(t), cases[name]) })
	}
}

func (s *scenario) topic(resource string) string { return s.pipeline + "." + resource }

// api serves one listing at /v1/contacts.
func (s *scenario) api(l *listing) *api {
	return s.serve(s.key, map[string]*listing{contacts: l})
}

// edits change a configuration: values by dotted path, list items by number; gone removes the key.
type edits map[string]any

var gone = new(int)

// config writes the configuration of the resource contacts, with the edits, and returns its path. Retries wait 50 ms.
func (s *scenario) config(a *api, changes ...edits) string {
	doc := object{
		"pipeline": s.pipeline,
		"source": object{
			"client": object{
				"base_url": a.URL,
				"auth":     object{"type": "api_key", "name": "api_key", "api_key": "${API_KEY}", "location": "query"},
				"retry":    object{"initial_interval": "50ms"},
			},
			"resource_defaults": object{"primary_key": "id", "write_disposition": "merge"},
			"resources":         []any{resource("contacts", contacts)},
		},
		"kafka":  object{"brokers": env.brokers, "partitions": 2},
		"schema": object{"registry": object{"url": env.registryURL}},
	}
	for _, c := range changes {
		for _, path := range slices.Sorted(maps.Keys(c)) {
			change(doc, strings.Split(path, "."), c[path])
		}
	}
	text, err := json.MarshalIndent(doc, "", "  ") // which is YAML, too
	if err != nil {
		s.Fatal(err)
	}
	return s.write(string(text))
}

func change(in any, path []string, value any) {
	switch in := in.(type) {
	case []any:
		i, _ := strconv.Atoi(path[0])
		change(in[i], path[1:], value)
	case object:
		switch {
		case len(path) == 1 && value == gone:
			delete(in, path[0])
		case len(path) == 1:
			in[path[0]] = value
		default:
			if in[path[0]] == nil {
				in[path[0]] = object{}
			}
			change(in[path[0]], path[1:], value)
		}
	}
}

func resource(name, path string) object {
	return object{"name": name, "endpoint": object{"path": path, "data_selector": "data",
		"paginator": object{"type": "offset", "limit": 100}}}
}

// withoutRegistry selects Avro's single-object encoding; a page is a batch with eachPage.
var (
	withoutRegistry = edits{"schema": gone}
	eachPage        = edits{"kafka.commit_interval": "0s"}
)

func (s *scenario) write(text string) string {
	s.n++
	return s.file(fmt.Sprintf("config%d.yaml", s.n), text)
}

func (s *scenario) file(name, text string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// process is the program at work.
type process struct {
	s              *scenario
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// start starts the program with the case's key in API_KEY. It is killed after the deadline.
func (s *scenario) start(args ...string) *process {
	s.Helper()
	return s.startTo(nil, args...)
}

// startTo also hands its stdout, as it comes, to w.
func (s *scenario) startTo(w io.Writer, args ...string) *process {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	s.Cleanup(cancel)
	p := &process{s: s, cmd: exec.CommandContext(ctx, env.binary, args...)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = s.dir, &p.stdout, &p.stderr
	if w != nil {
		p.cmd.Stdout = io.MultiWriter(&p.stdout, w)
	}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "API_KEY=" + s.key}, s.environ...)
	s.barrier()
	if err := p.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	return p
}

func (s *scenario) barrier() {
	for _, a := range s.apis {
		a.barrier()
	}
}

func (s *scenario) startRun(config string, args ...string) *process {
	s.Helper()
	return s.start(append([]string{"run", "-c", config, "--output", "json"}, args...)...)
}

// watch notes the most memory that the process has held, as long as it lives. (The rusage of a child counts what its parent held when it
// forked.)
func (p *process) watch() (peakMiB func() int) {
	var peak atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
			_, hwm, ok := strings.Cut(string(status), "VmHWM:")
			if err != nil || !ok { // it is gone
				return
			}
			var kib int64
			if _, err := fmt.Sscan(hwm, &kib); err == nil {
				peak.Store(kib)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() int {
		<-done
		return int(peak.Load() >> 10)
	}
}

func (p *process) signal(sig syscall.Signal) {
	p.s.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.s.Fatal(err)
	}
}

// outcome is what a run left: its exit code, its output and the summary in it.
type outcome struct {
	s              *scenario
	code           int
	stdout, stderr string
	summary        summary
}

type summary struct {
	Pipeline  string   `json:"pipeline"`
	Status    string   `json:"status"`
	ExitCode  int      `json:"exit_code"`
	Error     string   `json:"error"`
	Resources []object `json:"resources"`
}

// wait waits for the end, which must be the exit code want, and looks for the canary in all that was said.
func (p *process) wait(want int) *outcome {
	p.s.Helper()
	err := p.cmd.Wait()
	p.s.barrier()
	o := &outcome{s: p.s, code: p.cmd.ProcessState.ExitCode(), stdout: p.stdout.String(), stderr: p.stderr.String()}
	for _, secret := range append([]string{p.s.key}, p.s.secrets...) {
		for _, form := range encodings(secret) {
			if strings.Contains(o.stdout+o.stderr, form) {
				p.s.Errorf("the secret %q stands in the output, as %q:\n%s", secret, form, o.said())
			}
		}
	}
	if o.code != want {
		p.s.Fatalf("exit code %d (%v), want %d\n%s", o.code, err, want, o.said())
	}
	return o
}

// run is one `producer run`: the exit code must be want, the summary whole and without contradiction.
func (s *scenario) run(config string, want int, args ...string) *outcome {
	s.Helper()
	return s.startRun(config, args...).finish(want)
}

func (p *process) finish(want int) *outcome {
	p.s.Helper()
	o := p.wait(want)
	o.summary = p.s.summary(o.stdout)
	if o.summary.ExitCode != want {
		p.s.Errorf("the summary says exit code %d, the process ended with %d", o.summary.ExitCode, want)
	}
	return o
}

func (o *outcome) said() string { return fmt.Sprintf("stdout: %s\nstderr: %s", o.stdout, o.stderr) }

// summary decodes one document of stdout and checks what holds of each.
func (s *scenario) summary(text string) summary {
	s.Helper()
	var sum summary
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&sum); err != nil || d.More() {
		s.Fatalf("stdout is not one summary: %v: %q", err, text)
	}
	if sum.ExitCode != 2 && sum.Pipeline != s.pipeline {
		s.Errorf("the summary is of pipeline %q", sum.Pipeline)
	}
	if good := sum.Status == "complete" || sum.Status == "incomplete"; good != (sum.ExitCode == 0) || good != (sum.Error == "") {
		s.Errorf("status %q, exit code %d and error %q contradict each other", sum.Status, sum.ExitCode, sum.Error)
	}
	for _, r := range sum.Resources {
		count := func(name string) int {
			n, err := strconv.Atoi(fmt.Sprint(r[name]))
			if err != nil || n < 0 {
				s.Errorf("%v: %s is %v", r["resource"], name, r[name])
			}
			return n
		}
		parts := count("published") + count("unchanged") + count("duplicates") + count("dead_lettered")
		if count("records") != parts {
			s.Errorf("%v: records are not the sum of their parts: %v", r["resource"], r)
		}
		if count("retries") > count("requests") || r["proof"] == "proven" && r["status"] != "complete" {
			s.Errorf("%v contradicts itself: %v", r["resource"], r)
		}
		for _, name := range []string{"topic", "status", "proof", "error", "pages", "tombstones", "total", "schema_id", "duration_ms"} {
			if _, ok := r[name]; !ok {
				s.Errorf("%v lacks %s", r["resource"], name)
			}
		}
	}
	return sum
}

// expect compares what the summary says of a resource.
func (o *outcome) expect(resource string, want object) {
	o.s.Helper()
	got := o.resource(resource)
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if fmt.Sprint(got[k]) != fmt.Sprint(want[k]) {
			o.s.Errorf("%s: %s is %v, want %v (%v)", resource, k, got[k], want[k], got)
		}
	}
}

func (o *outcome) resource(name string) object {
	o.s.Helper()
	for _, r := range o.summary.Resources {
		if r["resource"] == name {
			return r
		}
	}
	o.s.Fatalf("no %s in the summary\n%s", name, o.said())
	return nil
}

func (o *outcome) count(resource, name string) int {
	o.s.Helper()
	n, err := strconv.Atoi(fmt.Sprint(o.resource(resource)[name]))
	if err != nil {
		o.s.Fatal(err)
	}
	return n
}

// mentions checks that the run said each of the words, on either output.
func (o *outcome) mentions(words ...string) {
	o.s.Helper()
	for _, w := range words {
		if !strings.Contains(o.stdout+o.stderr, w) {
			o.s.Errorf("nothing said holds %q\n%s", w, o.said())
		}
	}
}

// encodings are the forms in which a secret could leak.
func encodings(secret string) []string {
	quoted, _ := json.Marshal(secret)
	b := []byte(secret)
	forms := []string{secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(b),
		base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(b), secret[:len(secret)-4]}
	slices.Sort(forms)
	return slices.Compact(forms)
}
