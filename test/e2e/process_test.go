package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSignals(t *testing.T) {
	cases := map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT}
	exits := map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130}
	each(t, cases, func(s *scenario, sig syscall.Signal) {
		l := &listing{rows: plain(900)}
		a := s.api(l)
		release := s.hold(l, 5) // the fifth page is never answered
		config := s.config(a, eachPage)
		p := s.startRun(config)
		a.await(s.T, contacts, 5)
		sent := time.Now()
		p.signal(sig)
		o := p.finish(exits[sig])
		release()
		if took := time.Since(sent); took > 12*time.Second {
			s.Errorf("it took %v to stop", took)
		}
		n := o.count("contacts", "published")
		o.expect("contacts", object{"status": "interrupted", "records": n, "pages": n / 100})
		if n%100 != 0 || n < 100 {
			s.Errorf("%d records are committed, want whole pages", n)
		}
		s.table("contacts", l.rows[:n])

		s.run(config, 0).expect("contacts", object{"status": "complete", "proof": "resumed", "published": 900 - n})
		s.times(s.table("contacts", l.rows), 1)
	})
	t.Run("while it backs off", func(t *testing.T) {
		s := begin(t)
		a := s.api(&listing{rows: plain(5), always: after(503, "60")})
		p := s.startRun(s.config(a))
		a.await(s.T, contacts, 1)
		p.signal(syscall.SIGTERM)
		p.finish(143)
	})
}

func TestEvery(t *testing.T) {
	s := begin(t)
	l := &listing{rows: plain(20)}
	a := s.api(l)
	config := s.config(a, edits{"source.client.retry": object{"max_retries": 0}})
	p := s.startRun(config, "--every", "500ms")
	a.await(s.T, contacts, 1)
	a.edit(contacts, func(l *listing) {
		l.faults = map[int]http.HandlerFunc{2: status(500)}
		l.rows[3] = `{"id":4,"name":"changed","v":9}`
	})
	a.await(s.T, contacts, 4) // the failed cycle and one that went well after it are over
	p.signal(syscall.SIGINT)
	o := p.wait(130)
	var codes []string
	for line := range strings.Lines(o.stdout) {
		sum := s.summary(line)
		codes = append(codes, fmt.Sprint(sum.ExitCode))
	}
	if got := strings.Join(codes, " "); !strings.HasPrefix(got, "0 3 0") {
		s.Errorf("the cycles ended with %s", got)
	}
	s.table("contacts", l.rows)

	s.drop(s.topic("contacts")) // exit 2 ends the process
	s.startRun(config, "--every", "0.5").wait(2)
}

func TestMetricsEndpoint(t *testing.T) {
	s := begin(t)
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	addr := probe.Addr().String()
	probe.Close()
	a := s.api(&listing{rows: plain(20)})
	p := s.startRun(s.config(a), "--every", "300ms", "--metrics", addr)
	a.await(s.T, contacts, 2)
	get := func(path string) string {
		r, err := http.Get("http://" + addr + path)
		if err != nil {
			s.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			s.Errorf("GET %s: %s, %v", path, r.Status, err)
		}
		for _, form := range encodings(s.key) {
			if strings.Contains(string(body), form) {
				s.Errorf("the api key stands in %s", path)
			}
		}
		return string(body)
	}
	if got := get("/metrics"); !strings.Contains(got, "# TYPE") || !strings.Contains(got, `resource="contacts"`) {
		s.Errorf("/metrics: %s", got)
	}
	get("/healthz")
	p.signal(syscall.SIGTERM)
	p.wait(143)
}

func TestOutput(t *testing.T) {
	s := begin(t)
	a := s.api(&listing{rows: plain(150), faults: map[int]http.HandlerFunc{2: status(503)}})
	config := s.config(a)
	o := s.run(config, 0, "--log-format", "json")
	if o.stderr == "" {
		s.Error("a retry, and not a word of it on stderr")
	}
	for line := range strings.Lines(o.stderr) {
		if !json.Valid([]byte(line)) {
			s.Errorf("no JSON: %s", line)
		}
	}
	table := s.start("run", "-c", config).wait(0)
	for _, word := range []string{"contacts", s.topic("contacts"), "150", "proven"} {
		if !strings.Contains(table.stdout, word) {
			s.Errorf("%q is not in the result: %s", word, table.stdout)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"nonsense"}, {"run"}, {"run", "--nonsense"}, {"run", "-c", "nothere.yaml"}, {"run", "-c", "x", "--output", "xml"},
		{"validate"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if o := begin(t).start(args...).wait(2); o.stderr == "" {
				t.Error("nothing on stderr")
			}
		})
	}
	t.Run("version", func(t *testing.T) {
		if o := begin(t).start("version").wait(0); strings.TrimSpace(o.stdout) == "" {
			t.Error("no version")
		}
	})
	t.Run("summary of exit 2", func(t *testing.T) {
		s := begin(t)
		s.run("nothere.yaml", 2)
		for _, flags := range [][]string{{"--every", "soon"}, {"--every", "-1s"}, {"--log-format", "xml"}, {"extra"}} {
			s.run("nothere.yaml", 2, flags...)
		}
	})
}

func TestValidate(t *testing.T) {
	s := begin(t)
	a := s.api(&listing{})
	good := strings.Replace(s.seed(a), text(env.brokers), `["127.0.0.1:1"]`, 1)
	o := s.start("validate", "-c", s.write(good)).wait(0)
	if !strings.Contains(o.stdout, "differs from dlt: offset goes on by the rows that came") || o.stderr != "" {
		s.Errorf("got %s", o.said())
	}
	bad := strings.NewReplacer("type: offset", "type: ofset", "write_disposition: merge", "write_disposition: upsert",
		"data_selector: data", "data_selecter: data").Replace(good) + "kafkaa: {}\n"
	path := s.write(bad)
	o = s.start("validate", "-c", path).wait(2)
	for _, word := range []string{"ofset", "upsert", "data_selecter", "kafkaa"} { // every mistake at once, each with its line
		o.mentions(word)
		line := 1 + strings.Count(bad[:strings.Index(bad, word)], "\n")
		o.mentions(fmt.Sprintf(":%d:", line))
	}
	s.run(path, 2)
	if got := len(a.requests(contacts)); got != 0 {
		s.Errorf("%d requests", got)
	}
}

// What the API says may hold the key in any form; nothing of it may come out.
func TestSecretsStayInside(t *testing.T) {
	each(t, map[string]int{"400": 3, "401": 7, "503": 3, "200": 3}, func(s *scenario, exit int) {
		var code int
		fmt.Sscan(s.Name()[strings.LastIndexByte(s.Name(), '/')+1:], &code) //nolint:errcheck // the names are numbers
		echo := func(w http.ResponseWriter, r *http.Request) {
			answer(code, text(object{"error": fmt.Sprintf("the key %s of %s is bad", s.key, r.URL)}))(w, r)
		}
		config := s.config(s.api(&listing{always: echo}), edits{"source.client.headers": object{"X-Trace": "${API_KEY}"}})
		s.run(config, exit, "--log-format", "json")
		s.start("run", "-c", config).wait(exit)
		for _, r := range s.read(s.pipeline + ".state") {
			if strings.Contains(string(r.Value), s.key) {
				s.Error("the api key stands in the state")
			}
		}
	})
	t.Run("redirect to another host", func(t *testing.T) {
		s := begin(t)
		other := s.serve("", map[string]*listing{contacts: {rows: plain(1)}})
		a := s.api(&listing{always: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.RequestURI(), http.StatusFound)
		}})
		s.run(s.config(a), 3)
		if got := other.requests(contacts); len(got) != 0 {
			s.Errorf("%d requests to the other host", len(got))
		}
	})
}
