package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// summary is the part of a run's document that is looked at.
type summary struct {
	ExitCode  int    `json:"exit_code"`
	Error     string `json:"error"`
	Resources []struct {
		Proof      string `json:"proof"`
		Published  int64  `json:"published"`
		Tombstones int64  `json:"tombstones"`
	} `json:"resources"`
}

// all reports whether every resource has come to this proof.
func (s summary) all(proof string) bool {
	for _, r := range s.Resources {
		if r.Proof != proof {
			return false
		}
	}
	return len(s.Resources) > 0
}

// child is one process of the program behind a proxy of its own.
type child struct {
	t     *track
	name  string
	cmd   *exec.Cmd
	proxy *proxy
	ended chan struct{}
	code  int // -1: by a signal
	began time.Time

	stdout, stderr bytes.Buffer

	mu      sync.Mutex
	point   func(*message) verdict // the fault of this child, nil: none
	commits int                    // confirmed ones that this child was told of
	fenced  chan struct{}          // closed at its first answered InitProducerId: whoever was before it is fenced
	hung    bool
}

// childOptions say how a child differs from the usual one.
type childOptions struct {
	every         string
	commitTimeout time.Duration
	point         func(*message) verdict
	gate          func(request int)
	resetAfter    int           // bytes; 0: none
	deadline      time.Duration // 0: the usual one
}

// start starts a child. It is watched: when it outlives its deadline it is made to print its goroutines and killed.
func (t *track) start(o childOptions) (*child, error) {
	t.children++
	c := &child{t: t, name: fmt.Sprintf("%s-%d", t.pipeline, t.children), ended: make(chan struct{}), point: o.point, fenced: make(chan struct{}), began: time.Now()}
	var err error
	if c.proxy, err = newProxy(t.w.brokers.addrs(), c.look); err != nil {
		return nil, err
	}
	if o.resetAfter > 0 {
		c.proxy.resetAfter(o.resetAfter)
	}
	if o.deadline == 0 {
		o.deadline = t.w.deadline
	}
	if o.commitTimeout == 0 {
		o.commitTimeout = t.w.patience
	}
	t.w.source.gate(c.name, o.gate)
	config, err := t.config(c, o.commitTimeout)
	if err != nil {
		c.proxy.close()
		return nil, err
	}
	args := []string{"run", "-c", config, "--output", "json"}
	if o.every != "" {
		args = append(args, "--every", o.every)
	}
	c.cmd = exec.CommandContext(context.Background(), t.w.binary, args...)
	c.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.dir}
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	if err := c.cmd.Start(); err != nil {
		c.proxy.close()
		return nil, err
	}
	t.living = append(slices.DeleteFunc(t.living, (*child).dead), c)
	go c.watch(o.deadline)
	return c, nil
}

func (c *child) watch(after time.Duration) {
	deadline := time.AfterFunc(after, func() {
		c.mu.Lock()
		c.hung = true
		c.mu.Unlock()
		c.signal(syscall.SIGCONT)
		c.signal(syscall.SIGQUIT)
		time.AfterFunc(2*time.Second, func() { c.signal(syscall.SIGKILL) })
	})
	c.cmd.Wait() //nolint:errcheck // the exit code says it
	deadline.Stop()
	c.code = c.cmd.ProcessState.ExitCode()
	close(c.ended)
	c.proxy.close()
	c.t.w.source.gate(c.name, nil)
}

func (c *child) signal(s syscall.Signal) {
	c.cmd.Process.Signal(s) //nolint:errcheck // it has ended, then
}

func (c *child) dead() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// kill ends the child at once and waits until it is gone. It reports whether the child was still alive.
func (c *child) kill() bool {
	if c.dead() {
		return false
	}
	c.t.killed()
	c.signal(syscall.SIGKILL)
	c.wait()
	return c.code == -1
}

// wait waits for the end and returns the exit code.
func (c *child) wait() int {
	<-c.ended
	return c.code
}

// look is the proxy's hook: it keeps count, and passes on to the child's fault.
func (c *child) look(m *message) verdict {
	c.mu.Lock()
	point := c.point
	c.mu.Unlock()
	v := pass
	if point != nil {
		v = point(m)
	}
	if v != pass || !m.answer || m.code != 0 {
		return v
	}
	switch {
	case m.key == keyInitProducerID:
		select {
		case <-c.fenced:
		default:
			close(c.fenced)
		}
	case m.key == keyEndTxn && m.commit:
		c.mu.Lock()
		c.commits++
		c.mu.Unlock()
		c.t.committed()
	}
	return v
}

func (c *child) committed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commits
}

// summaries are the documents that the child printed.
func (c *child) summaries() []summary {
	var out []summary
	for d := json.NewDecoder(&c.stdout); d.More(); {
		var s summary
		if d.Decode(&s) != nil {
			break
		}
		out = append(out, s)
	}
	return out
}

// words is the end of what the child said.
func (c *child) words() string {
	b := c.stderr.Bytes()
	if i := bytes.Index(b, []byte("SIGQUIT")); c.hung && i > 0 { // of the goroutines, only where they stand in this program
		var own [][]byte
		for _, line := range bytes.Split(b[i:], []byte("\n")) {
			if bytes.HasPrefix(line, []byte("producer/")) || bytes.HasPrefix(line, []byte("goroutine ")) {
				own = append(own, line)
			}
		}
		b = append(b[:i:i], bytes.Join(own, []byte("\n"))...)
	}
	last := ""
	for _, s := range c.summaries() {
		last = s.Error
	}
	return fmt.Sprintf("%s ended with %d after %v: %s; stderr:\n%s", c.name, c.code, time.Since(c.began).Round(time.Millisecond), last, b[max(0, len(b)-6000):])
}

// config writes the configuration of a child. Its brokers are its proxy's places.
func (t *track) config(c *child, commitTimeout time.Duration) (string, error) {
	type object = map[string]any
	kafka := object{"brokers": c.proxy.brokers(), "partitions": t.kind.partitions, "publish": t.kind.publish, "commit_interval": t.kind.interval,
		"commit_timeout": commitTimeout.String(), "timeout": t.w.patience.String(), "replication_factor": t.w.brokers.replicas()}
	if t.kind.deletes != nil {
		kafka["deletes"], kafka["max_deletes"] = t.kind.deletes, t.kind.maxDeletes
	} else if t.kind.disposition == "replace" {
		kafka["max_deletes"] = t.kind.maxDeletes
	}
	paginator, params := object{"type": "offset", "limit": t.kind.limit}, object{}
	switch t.kind.paging {
	case "page_number":
		paginator, params = object{"type": "page_number", "base_page": 1, "total_path": "pages"}, object{"limit": t.kind.limit}
	case "cursor":
		paginator, params = object{"type": "cursor", "cursor_path": "next", "cursor_param": "after"}, object{"limit": t.kind.limit}
	}
	resource := func(name string, paginator, params object) object {
		return object{"name": name, "primary_key": "id", "write_disposition": t.kind.disposition,
			"endpoint": object{"path": name, "data_selector": "data", "paginator": paginator, "params": params}}
	}
	resources := []object{resource("rows", paginator, params)}
	if t.beside != nil {
		resources = append(resources, resource("others", object{"type": "offset", "limit": t.kind.limit}, object{}))
	}
	doc := object{
		"pipeline": t.pipeline,
		"source": object{
			"client":    object{"base_url": t.w.source.server.URL + "/" + t.pipeline, "headers": object{childHeader: c.name}, "concurrency": 2},
			"resources": resources,
		},
		"kafka": kafka,
	}
	if t.kind.registry {
		doc["schema"] = object{"registry": object{"url": t.w.brokers.registry()}}
	}
	text, err := json.MarshalIndent(doc, "", " ") // which is YAML, too
	if err != nil {
		return "", err
	}
	path := filepath.Join(t.dir, c.name+".yaml")
	return path, os.WriteFile(path, text, 0o600)
}
