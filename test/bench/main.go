// Command bench measures the whole pipeline, from an API on loopback to an embedded broker, beside the same way of the data with the
// encoder that most programs would have: encoding/json into maps, and goavro (alternative.go).
//
// Both are processes of their own, asked for the same pages, with the same schema and batches of the same size. A round runs the
// program, the program again (the A/A control: how far its ratio is from 1 is what the others' may be off by), the program without its
// transactions (plain.go: what exactly once costs) and without JSON (without.go), and the alternative, in rotating order. What arrived
// is counted at the broker, and all topics must hold the same values, byte for byte. Before that, encoders are compared alone (micro.go),
// with -encoders nothing else.
//
// Among those, the bare scan (scan.go) is no encoder and no competitor but a floor: one pass over the same bytes, by the same means as our
// tokeniser's (8 bytes at a time, no assembly), that only tells JSON from what isn't. It keeps no token, compares no names, converts no
// number, copies and hashes nothing.
//
//	go run ./test/bench -records 100000 -page 100 -rounds 3 -interval 1s -kafka embedded
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/devserver"
	"producer/test/kafka/cluster"
	"producer/test/overlay"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var b bench
	var alternative, bare, index, parallel, memory, encoders bool
	flag.IntVar(&b.records, "records", 100_000, "records of about 600 bytes")
	flag.IntVar(&b.page, "page", 100, "records a page")
	flag.IntVar(&b.rounds, "rounds", 3, "rounds of all five")
	flag.StringVar(&b.interval, "interval", "1s", "the program's commit_interval; 0s is a transaction a page")
	flag.StringVar(&b.kafka, "kafka", "embedded", "embedded, or real: one broker, which needs Java and Maven")
	flag.BoolVar(&alternative, "alternative", false, "be the alternative: API BROKER TOPIC PAGE")
	flag.BoolVar(&bare, "without-json", false, "be the program without JSON: API BROKER TOPIC PAGE RECORDS FILE")
	flag.BoolVar(&index, "index", false, "measure the index of what a topic holds instead")
	flag.BoolVar(&parallel, "parallel", false, "measure one walk with 1 to 16 requests at a time instead, at 20 ms each")
	flag.BoolVar(&memory, "memory", false, "measure the peak of memory at 100,000 and 1,000,000 records instead")
	flag.BoolVar(&encoders, "encoders", false, "compare the encoders alone")
	flag.Parse()
	err := func() error {
		if alternative {
			return runAlternative(ctx, flag.Args())
		}
		if bare {
			return runWithout(ctx, flag.Args())
		}
		if index {
			return runIndex(ctx, os.Stdout)
		}
		if encoders {
			return micro(os.Stdout, newPages(b.records, b.page), microRounds)
		}
		if parallel {
			return b.runParallel(ctx, os.Stdout)
		}
		if memory {
			return b.runMemory(ctx, os.Stdout)
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
	interval, kafka       string

	dir     string
	api     *httptest.Server
	brokers []string
	results map[string][]result
}

const (
	program = "producer"
	control = "producer again"
	plain   = "no transactions"
	noJSON  = "no JSON work"
	maps    = "json maps + goavro"
)

// prepare builds the program and its variants, and starts the API and a broker, which stop ends.
func (b *bench) prepare(ctx context.Context, api http.Handler) (stop func(), err error) {
	if b.dir, err = os.MkdirTemp("", "producer-bench-"); err != nil {
		return nil, err
	}
	clean := func() { os.RemoveAll(b.dir) } //nolint:errcheck // a leftover in the temporary directory is no failure
	defer func() {
		if err != nil {
			clean()
		}
	}()
	for binary, edits := range map[string][]overlay.Edit{"producer": nil, "plain": withoutTransactions()} {
		if _, err := overlay.Build(ctx, b.dir, filepath.Join(b.dir, binary), edits); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(b.dir, "contacts.avsc"), []byte(contactsSchema), 0o600); err != nil {
		return nil, err
	}
	stopKafka, err := b.startKafka(ctx)
	if err != nil {
		return nil, err
	}
	b.api = httptest.NewServer(api)
	return func() { b.api.Close(); stopKafka(); clean() }, nil
}

func (b *bench) run(ctx context.Context, out io.Writer) error {
	pages := newPages(b.records, b.page)
	stop, err := b.prepare(ctx, pages)
	if err != nil {
		return err
	}
	defer stop()

	if err := writeEncoded(b.encoded(), pages); err != nil {
		return err
	}
	if err := micro(out, pages, microRounds); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d records of %d bytes in %d pages, commit_interval %s, %s broker, %d rounds\n\n", b.records, pages.bytes/b.records, len(pages.bodies), b.interval, b.kafka, b.rounds)
	b.results = map[string][]result{}
	names := []string{program, control, plain, noJSON, maps}
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

// encoded is the file of what the program makes of the pages.
func (b *bench) encoded() string { return filepath.Join(b.dir, "encoded") }

// startKafka starts a broker, which stop ends.
func (b *bench) startKafka(ctx context.Context) (stop func(), err error) {
	switch b.kafka {
	case "embedded":
		s, err := devserver.Start(ctx, devserver.Options{Dir: filepath.Join(b.dir, "broker"), Contacts: -1, Companies: -1, Deals: -1})
		if err != nil {
			return nil, err
		}
		b.brokers = s.Brokers()
		return func() { s.Close() }, nil //nolint:errcheck // everything has been counted
	case "real":
		c, err := cluster.Start(ctx, 1)
		if err != nil {
			return nil, err
		}
		b.brokers = c.Brokers()
		return c.Stop, nil
	}
	return nil, fmt.Errorf("-kafka %s: want embedded or real", b.kafka)
}

// one runs one of the five into a topic of its own.
func (b *bench) one(ctx context.Context, name string, round int) error {
	pipeline := fmt.Sprintf("bench-%s-%d", strings.Map(letters, name), round)
	topic := pipeline + ".contacts"
	var cmd *exec.Cmd
	if name == maps || name == noJSON {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if err := b.createTopic(ctx, topic); err != nil {
			return err
		}
		args := []string{"-alternative", b.api.URL, b.brokers[0], topic, fmt.Sprint(b.page)}
		if name == noJSON {
			args = []string{"-without-json", b.api.URL, b.brokers[0], topic, fmt.Sprint(b.page), fmt.Sprint(b.records), b.encoded()}
		}
		cmd = exec.CommandContext(ctx, self, args...)
	} else {
		binary := "producer"
		if name == plain {
			binary = "plain"
		}
		var err error
		if cmd, err = b.command(ctx, binary, pipeline, fmt.Sprintf(configuration, pipeline, b.api.URL, b.page, b.brokers[0], b.interval)); err != nil {
			return err
		}
	}
	r, err := b.counted(ctx, cmd, topic, b.records)
	b.results[name] = append(b.results[name], r)
	return err
}

// command is a run of the binary with the configuration.
func (b *bench) command(ctx context.Context, binary, pipeline, configuration string) (*exec.Cmd, error) {
	config := filepath.Join(b.dir, pipeline+".yaml")
	if err := os.WriteFile(config, []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, filepath.Join(b.dir, binary), "run", "-c", config, "--output", "json"), nil
}

// walk runs the program into the pipeline's topic of contacts, in which it must leave the records.
func (b *bench) walk(ctx context.Context, pipeline string, records int, configuration string) (result, error) {
	cmd, err := b.command(ctx, "producer", pipeline, configuration)
	if err != nil {
		return result{}, err
	}
	return b.counted(ctx, cmd, pipeline+".contacts", records)
}

// counted measures the command and counts what it left in the topic.
func (b *bench) counted(ctx context.Context, cmd *exec.Cmd, topic string, records int) (result, error) {
	r, err := measure(cmd)
	if err != nil {
		return r, err
	}
	if r.records, r.sum, err = b.count(ctx, topic); err == nil && r.records != records {
		err = fmt.Errorf("%d records are in %s, want %d", r.records, topic, records)
	}
	return r, err
}

const configuration = `pipeline: %s
source:
  client: {base_url: %q}
  resource_defaults: {primary_key: id, write_disposition: merge}
  resources:
    - name: contacts
      endpoint: {path: /v1/contacts, data_selector: data, paginator: {type: offset, limit: %d}}
kafka: {brokers: [%q], partitions: 6, replication_factor: 1, commit_interval: %s}
schema: {directory: .}
`

func (b *bench) createTopic(ctx context.Context, topic string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...))
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
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.ConsumeTopics(topic),
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
