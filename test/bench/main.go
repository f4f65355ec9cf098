// Command bench measures the whole pipeline, from an API on loopback to an embedded broker, beside the same way of the data with the
// encoder that most programs would have: encoding/json into maps, and goavro (alternative.go).
//
// Both are processes of their own, asked for the same pages, with the same schema and batches of the same size. A round runs the
// program, the program again (the A/A control: how far its ratio is from 1 is what the others' may be off by) and the alternative, in
// rotating order. What arrived is counted at the broker, and both topics must hold the same values, byte for byte.
//
//	go run ./test/bench -records 100000 -page 100 -rounds 3
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/devserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var b bench
	var alternative bool
	flag.IntVar(&b.records, "records", 100_000, "records of about 600 bytes")
	flag.IntVar(&b.page, "page", 100, "records a page")
	flag.IntVar(&b.rounds, "rounds", 3, "rounds of all three")
	flag.BoolVar(&alternative, "alternative", false, "be the alternative: API BROKER TOPIC PAGE")
	flag.Parse()
	err := func() error {
		if alternative {
			return runAlternative(ctx, flag.Args())
		}
		return b.run(ctx, os.Stdout)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	records, page, rounds int

	dir     string
	api     *httptest.Server
	server  *devserver.Server
	results map[string][]result
}

// result is one run of one of the three.
type result struct {
	wall, cpu time.Duration
	peak      int64 // bytes of resident memory
	records   int   // counted at the broker
	sum       uint64
}

const (
	program = "producer"
	control = "producer again"
	maps    = "json maps + goavro"
)

func (b *bench) run(ctx context.Context, out io.Writer) (err error) {
	if b.dir, err = os.MkdirTemp("", "producer-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir) //nolint:errcheck // a leftover in the temporary directory is no failure
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.dir, "./cmd/producer")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w: %s", err, said)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "contacts.avsc"), []byte(schema), 0o600); err != nil {
		return err
	}
	pages := newPages(b.records, b.page)
	b.api = httptest.NewServer(pages)
	defer b.api.Close()
	if b.server, err = devserver.Start(ctx, devserver.Options{Dir: filepath.Join(b.dir, "broker"), Contacts: -1, Companies: -1, Deals: -1}); err != nil {
		return err
	}
	defer b.server.Close() //nolint:errcheck // everything has been counted

	fmt.Fprintf(out, "%d records of %d bytes in %d pages, %d rounds\n\n", b.records, pages.bytes/b.records, len(pages.bodies), b.rounds)
	b.results = map[string][]result{}
	names := []string{program, control, maps}
	for round := range b.rounds {
		for i := range names {
			name := names[(round+i)%len(names)]
			if err := b.one(ctx, name, round); err != nil {
				return fmt.Errorf("%s, round %d: %w", name, round+1, err)
			}
		}
	}
	return b.report(out, names)
}

// one runs one of the three into a topic of its own.
func (b *bench) one(ctx context.Context, name string, round int) error {
	pipeline := fmt.Sprintf("bench-%s-%d", strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return '-'
		}
		return r
	}, name), round)
	topic := pipeline + ".contacts"
	var cmd *exec.Cmd
	if name == maps {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if err := b.createTopic(ctx, topic); err != nil {
			return err
		}
		cmd = exec.CommandContext(ctx, self, "-alternative", b.api.URL, b.server.Brokers()[0], topic, fmt.Sprint(b.page))
	} else {
		config := filepath.Join(b.dir, pipeline+".yaml")
		text := fmt.Sprintf(configuration, pipeline, b.api.URL, b.page, b.server.Brokers()[0])
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return err
		}
		cmd = exec.CommandContext(ctx, filepath.Join(b.dir, "producer"), "run", "-c", config, "--output", "json")
	}
	r, err := measure(cmd)
	if err != nil {
		return err
	}
	if r.records, r.sum, err = b.count(ctx, topic); err != nil {
		return err
	}
	if r.records != b.records {
		return fmt.Errorf("%d records are in %s, want %d", r.records, topic, b.records)
	}
	b.results[name] = append(b.results[name], r)
	return nil
}

const configuration = `pipeline: %s
source:
  client: {base_url: %q}
  resource_defaults: {primary_key: id, write_disposition: merge}
  resources:
    - name: contacts
      endpoint: {path: /v1/contacts, data_selector: data, paginator: {type: offset, limit: %d}}
kafka: {brokers: [%q], partitions: 6}
schema: {directory: .}
`

// measure runs the command and takes its CPU time from the kernel, and its peak of memory where /proc tells it: what wait4 says of
// memory would count this process before it became the other.
func measure(cmd *exec.Cmd) (r result, err error) {
	var said strings.Builder
	cmd.Stderr = &said
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	status := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-tick.C:
			r.peak = max(r.peak, peakOf(status))
			continue
		case err = <-done:
			tick.Stop()
		}
		r.wall = time.Since(start)
		r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, said.String())
		}
		return r, err
	}
}

// peakOf is 0 where there is no /proc.
func peakOf(status string) (bytes int64) {
	text, _ := os.ReadFile(status)
	if _, peak, ok := strings.Cut(string(text), "VmHWM:"); ok {
		fmt.Sscan(peak, &bytes) //nolint:errcheck // 0 then
	}
	return bytes << 10
}

func (b *bench) createTopic(ctx context.Context, topic string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.server.Brokers()...))
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = kadm.NewClient(client).CreateTopic(ctx, 6, 1, map[string]*string{"cleanup.policy": kadm.StringPtr("compact")}, topic)
	return err
}

// count reads the topic to its end, read_committed; the sum over keys and values does not depend on their order.
func (b *bench) count(ctx context.Context, topic string) (n int, sum uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.server.Brokers()...), kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		return 0, 0, err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	left := 0
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left++
		}
	})
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return 0, 0, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if end, _ := ends.Lookup(topic, r.Partition); r.Offset+1 == end.Offset {
				left--
			}
			if r.Attrs.IsControl() {
				return
			}
			n++
			h := fnv.New64a()
			h.Write(r.Key)
			h.Write(r.Value)
			sum += h.Sum64()
		})
	}
	return n, sum, nil
}

func (b *bench) report(out io.Writer, names []string) error {
	median := map[string]result{}
	for _, name := range names {
		median[name] = medianOf(b.results[name])
	}
	base := median[program]
	fmt.Fprintln(out, "| medians            | records |  wall s |   CPU s | peak MiB | records/s | wall : | CPU : | peak : |")
	fmt.Fprintln(out, "|--------------------|--------:|--------:|--------:|---------:|----------:|-------:|------:|-------:|")
	for _, name := range names {
		m := median[name]
		fmt.Fprintf(out, "| %-18s | %7d | %7.2f | %7.2f | %8.1f | %9.0f | %6.2f | %5.2f | %6.2f |\n", name, m.records, m.wall.Seconds(), m.cpu.Seconds(),
			float64(m.peak)/(1<<20), float64(m.records)/m.wall.Seconds(), ratio(m.wall, base.wall), ratio(m.cpu, base.cpu), ratio(m.peak, base.peak))
	}
	for _, name := range names {
		for _, r := range b.results[name] {
			if r.sum != base.sum {
				return errors.New("the topics do not hold the same values")
			}
		}
	}
	fmt.Fprintln(out, "\nAll topics hold the same keys and values, byte for byte.")
	return nil
}

func ratio[N time.Duration | int64](a, b N) float64 { return float64(a) / float64(max(b, 1)) }

// medianOf takes the median of each number by itself.
func medianOf(rs []result) result {
	m := rs[0]
	wall, cpu, peak := make([]time.Duration, len(rs)), make([]time.Duration, len(rs)), make([]int64, len(rs))
	for i, r := range rs {
		wall[i], cpu[i], peak[i] = r.wall, r.cpu, r.peak
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	slices.Sort(peak)
	m.wall, m.cpu, m.peak = wall[len(rs)/2], cpu[len(rs)/2], peak[len(rs)/2]
	return m
}
