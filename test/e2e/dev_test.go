package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// dev says where its three servers are, they answer there, and it leaves with 0.
func TestDev(t *testing.T) {
	each(t, map[string]syscall.Signal{"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM}, func(s *scenario, sig syscall.Signal) {
		r, w := io.Pipe()
		s.Cleanup(func() { w.Close() })
		p := s.startTo(w, "dev")
		lines, at := bufio.NewScanner(r), map[string]string{}
		for len(at) < 3 && lines.Scan() {
			name, address, _ := strings.Cut(lines.Text(), " ")
			at[name] = address
		}
		go io.Copy(io.Discard, r) //nolint:errcheck // nothing more is wanted
		broker, err := net.Dial("tcp", at["broker"])
		if err != nil {
			s.Fatalf("the servers are %v: %v", at, err)
		}
		broker.Close()
		for _, url := range []string{at["registry"] + "/subjects", at["api"]} {
			resp, err := http.Get(url)
			if err != nil {
				s.Fatal(err)
			}
			resp.Body.Close()
			if !strings.HasPrefix(url, "http://127.0.0.1:") || resp.StatusCode != http.StatusOK {
				s.Errorf("%s answers %s", url, resp.Status)
			}
		}
		p.signal(sig)
		p.wait(0)
	})
}

// demo walks the sample API into the topics, changes a handful of records and publishes only those.
func TestDemo(t *testing.T) {
	s := begin(t)
	example, err := filepath.Abs("../../examples/crm.yaml")
	if err != nil {
		s.Fatal(err)
	}
	o := s.start("demo", "-c", example).wait(0)
	o.mentions("crm.contacts", "crm.companies", "crm.deals", "proven", fmt.Sprint(10000), "published")
}
