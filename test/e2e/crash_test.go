package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A process that is killed leaves whole pages, and the next one goes on behind them: nothing is lost, nothing is there twice.
func TestKilled(t *testing.T) {
	for _, publish := range []string{"all", "changed"} {
		for _, page := range []int{1, 2, 4, 9} { // the request in which it happens
			t.Run(fmt.Sprint(publish, " ", page), func(t *testing.T) {
				s := begin(t)
				l := &listing{rows: plain(850)}
				a := s.api(l)
				release := s.hold(l, page)
				config := s.config(a, eachPage, edits{"kafka.publish": publish})
				p := s.startRun(config)
				a.await(s.T, contacts, page)
				p.signal(syscall.SIGKILL)
				if o := p.wait(-1); o.stdout != "" {
					s.Errorf("a killed process said %q", o.stdout)
				}
				release()
				s.start("validate", "-c", config).wait(0)
				o := s.run(config, 0) // ends what transaction the other may have left open
				kept := 850 - o.count("contacts", "published")
				if kept%100 != 0 || kept > 100*(page-1) {
					s.Errorf("%d records were kept of the %d pages before, want whole pages", kept, page-1)
				}
				proof := "proven"
				if kept > 0 {
					proof = "resumed"
				}
				o.expect("contacts", object{"status": "complete", "proof": proof})
				s.times(s.table("contacts", l.rows), 1)
			})
		}
	}
}

// A process that was stopped while a newer one took over writes nothing once it goes on, and ends with 6.
func TestZombie(t *testing.T) {
	s := begin(t)
	l := &listing{rows: plain(600)}
	a := s.api(l)
	release := s.hold(l, 3)
	config := s.config(a, eachPage, edits{"kafka.publish": "all"})
	zombie := s.startRun(config)
	a.await(s.T, contacts, 3)
	zombie.signal(syscall.SIGSTOP)
	s.run(config, 0)
	before, state := len(s.read(s.topic("contacts"))), len(s.read(s.pipeline+".state"))
	release()
	zombie.signal(syscall.SIGCONT)
	o := zombie.finish(6)
	o.mentions("newer instance", "producer."+s.topic("contacts"), "writes nothing more")
	if got := len(s.read(s.topic("contacts"))); got != before {
		s.Errorf("%d records, there were %d: the zombie wrote", got, before)
	}
	if got := len(s.read(s.pipeline + ".state")); got != state {
		s.Errorf("%d states, there were %d: the zombie wrote", got, state)
	}
	s.times(s.table("contacts", l.rows), 1)
	s.run(config, 0).expect("contacts", object{"status": "complete", "proof": "proven"})
}

// The second signal ends a process that is still busy with the first one: its brokers have fallen silent in mid-commit.
func TestSecondSignal(t *testing.T) {
	s := begin(t)
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(broker.Close)
	hung := make(chan struct{}, 100)
	broker.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		hung <- struct{}{}
		return nil, nil, true
	})
	p := s.startRun(s.config(s.api(&listing{rows: plain(10)}), edits{"kafka.brokers": broker.ListenAddrs(), "kafka.replication_factor": 1}))
	<-hung
	ended := make(chan struct{})
	go func() {
		for { // one that comes while the same is pending is lost
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Millisecond):
				_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			}
		}
	}()
	o := p.finish(143)
	close(ended)
	if o.summary.Status != "interrupted" || !strings.Contains(o.summary.Error, "ended at once") || strings.Count(o.stdout, "\n") != 1 {
		s.Errorf("it says %s; want one document, of a process that was ended", o.stdout)
	}
}

// registry stands before the real one and may be down or refuse.
type registry struct {
	url  string
	mode atomic.Value // "", "down" or "409"
}

func (s *scenario) frontRegistry() *registry {
	to, err := url.Parse(env.registryURL)
	if err != nil {
		s.Fatal(err)
	}
	r := &registry{}
	r.mode.Store("")
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch mode := r.mode.Load(); {
		case mode == "down":
			http.Error(w, `{"error_code":50003,"message":"leader unknown"}`, http.StatusServiceUnavailable)
		case mode == "409" && req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/versions"):
			answer(http.StatusConflict, `{"error_code":409,"message":"READER_FIELD_MISSING_DEFAULT_VALUE: extra"}`)(w, req)
		default:
			req.Host = to.Host
			proxy.ServeHTTP(w, req)
		}
	}))
	s.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// fronted is a scenario whose registry is behind r, and whose API lists rows.
func fronted(t *testing.T, rows []string) (s *scenario, r *registry, l *listing, config string) {
	t.Helper()
	s = begin(t)
	r = s.frontRegistry()
	l = &listing{rows: rows}
	return s, r, l, s.config(s.api(l), eachPage, edits{"schema.registry.url": r.url})
}

// Without its registry a run ends with 5 before anything is published; what it already knows it goes on using; a schema that the
// registry refuses is 4, with its reason. The next run goes on.
func TestRegistryFaults(t *testing.T) {
	t.Run("down", func(t *testing.T) {
		s, r, _, config := fronted(t, plain(50))
		r.mode.Store("down")
		s.run(config, 5).mentions("registry", "503", "contacts")
		s.table("contacts", nil)
		r.mode.Store("")
		s.run(config, 0).expect("contacts", object{"published": 50, "proof": "proven"})
		s.times(s.table("contacts", plain(50)), 1)
	})
	t.Run("down in the middle", func(t *testing.T) {
		s, r, l, config := fronted(t, plain(500))
		s.run(config, 0)
		l.rows = plain(600)
		for i := range l.rows {
			l.rows[i] = strings.Replace(l.rows[i], `"name":"n`, `"name":"m`, 1)
		}
		l.at = func(_ http.ResponseWriter, req *http.Request) bool {
			if req.URL.Query().Get("offset") == "200" {
				r.mode.Store("down")
			}
			return false
		}
		s.run(config, 0).expect("contacts", object{"published": 600})
		s.table("contacts", l.rows)

		// A schema that has to grow needs it, though.
		r.mode.Store("")
		l.rows[250] = `{"id":251,"name":"n","v":1,"more":true}`
		o := s.run(config, 5)
		o.mentions("registry", "503", "committed in this run")
		r.mode.Store("")
		l.at = nil
		s.run(config, 0)
		s.table("contacts", l.rows)
	})
	t.Run("refuses", func(t *testing.T) {
		s, r, l, config := fronted(t, plain(300))
		s.run(config, 0)
		l.rows[250] = `{"id":251,"name":"n","v":1,"extra":true}`
		l.rows[10] = `{"id":11,"name":"changed","v":1}`
		r.mode.Store("409")
		o := s.run(config, 4)
		o.mentions("READER_FIELD_MISSING_DEFAULT_VALUE", s.topic("contacts")+"-value", "committed in this run: 2 pages")
		o.expect("contacts", object{"published": 1, "unchanged": 199})
		if got := len(s.versions("contacts")); got != 1 {
			s.Errorf("%d versions", got)
		}
		r.mode.Store("")
		s.run(config, 0).expect("contacts", object{"published": 1})
		s.table("contacts", l.rows)
	})
}

// Memory stays bounded whatever a walk reads: pages wait for the batch, batches for the commit.
func TestMemoryIsBounded(t *testing.T) {
	const pages, rows = 60, 20
	s := begin(t)
	text := strings.Repeat("memory is money; ", 6000) // 100 kB
	a := s.api(&listing{page: func(q url.Values) string {
		offset := number(q, "offset", 0)
		var b strings.Builder
		fmt.Fprint(&b, `{"data":[`)
		for i := range min(rows, max(0, pages*rows-offset)) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"id":%d,"text":%q}`, offset+i, text)
		}
		fmt.Fprintf(&b, `],"total":%d}`, pages*rows)
		return b.String()
	}})
	p := s.startRun(s.config(a))
	peak := p.watch()
	p.finish(0).expect("contacts", object{"published": pages * rows, "proof": "proven"}) // 120 MB
	if held := peak(); held > 256 || held == 0 {
		s.Errorf("the process held %d MiB, want at most 256", held)
	}
	s.Logf("the process held %d MiB", peak())
}
