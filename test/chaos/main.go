// Command chaos kills, stops, cuts off and starts twice what `producer run` is, while its source changes, and checks that a
// read_committed consumer finds exactly what the source held: no record lost, none twice, none resurrected, none falsely deleted.
//
//	go run ./test/chaos -duration 5m -seed 1
//
// The program runs as a child process behind a proxy of its own that understands Kafka's protocol, so that it can be killed at every
// point of a transaction without knowing of it. The source is a model that knows every version of every record that it ever showed.
// A reader follows the topics while this goes on, the checker replays their transactions against the model after each round, and a
// second reader must find the same in the end. What happens is decided by the seed; a violation prints it with what was done last.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "chaos:", err)
		}
		if errors.As(err, new(*violation)) {
			os.Exit(1)
		}
		os.Exit(2) // the chaos itself could not go on
	}
}

// world is what all tracks share.
type world struct {
	seed     uint64
	publish  string // "": a mix
	action   string // "": all
	binary   string
	dir      string
	source   *source
	brokers  brokers
	stats    *stats
	patience time.Duration // commit_timeout of a child
	short    time.Duration // that of a child whose answers are lost
	deadline time.Duration // of a child
}

func run(ctx context.Context, args []string) (err error) {
	w := &world{stats: newStats()}
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	duration := flags.Duration("duration", time.Minute, "how long to go on; rounds that have begun are finished")
	flags.Uint64Var(&w.seed, "seed", 1, "decides what happens")
	kafka := flags.String("kafka", "embedded", "embedded, real (one broker) or cluster (three, which are killed, too)")
	flags.StringVar(&w.publish, "publish", "", "all or changed; both without it")
	flags.StringVar(&w.action, "only", "", "one action alone, by its name")
	flags.StringVar(&w.binary, "binary", "", "the program; built from ./cmd/producer without it")
	parallel := flags.Int("parallel", 4, "pipelines at once")
	flags.DurationVar(&w.deadline, "deadline", 0, "of a child; default 30s, 3m with a cluster")
	first := flags.Int("first", 0, fmt.Sprintf("number of the first pipeline; from %d on children are stopped for longer than brokers keep transactions", longTracks))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if w.dir, err = os.MkdirTemp("", "chaos-"); err != nil {
		return err
	}
	defer os.RemoveAll(w.dir) //nolint:errcheck // a leftover in the temporary directory is no failure
	if w.binary == "" {
		w.binary = filepath.Join(w.dir, "producer")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "./cmd/producer").CombinedOutput(); err != nil {
			return fmt.Errorf("build the program: %w: %s", err, out)
		}
	}
	if err := w.startKafka(ctx, *kafka); err != nil {
		return err
	}
	defer w.brokers.close()
	w.source = startSource()
	defer w.source.server.Close()

	began := time.Now()
	err = w.tracks(ctx, *duration, *parallel, *first)
	w.stats.print(os.Stdout, w.seed, time.Since(began))
	return err
}

// startKafka starts brokers and registry.
func (w *world) startKafka(ctx context.Context, which string) (err error) {
	deadline := 30 * time.Second
	w.patience, w.short = 10*time.Second, 3*time.Second
	switch which {
	case "embedded":
		w.brokers, err = startEmbedded()
	case "real":
		w.brokers, err = startApache(ctx, 1, w.seed)
	case "cluster":
		w.patience, w.short, deadline = 20*time.Second, 10*time.Second, 3*time.Minute
		w.brokers, err = startApache(ctx, 3, w.seed)
	default:
		return fmt.Errorf("-kafka %s: want embedded, real or cluster", which)
	}
	if w.deadline == 0 {
		w.deadline = deadline
	}
	return err
}

// longTracks is the number from which on a pipeline is one of those whose children are stopped for minutes. Where there is time for
// that, some of them, which do next to nothing, run beside the others.
const longTracks, longAtOnce = 1_000_000, 4

// tracks runs pipelines, some at once, until the time is up or one finds a violation.
func (w *world) tracks(ctx context.Context, duration time.Duration, parallel, first int) error {
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	var next atomic.Int64
	next.Store(int64(first))
	lanes := parallel
	if w.action == "" && first < longTracks && duration > 2*outlived {
		lanes += longAtOnce
	}
	errs := make([]error, lanes+1)
	var wg sync.WaitGroup
	wg.Go(func() {
		if errs[lanes] = w.brokers.run(ctx, w.stats); errs[lanes] != nil {
			cancel()
		}
	})
	for i := range lanes {
		wg.Go(func() {
			for errs[i] == nil && ctx.Err() == nil {
				n := int(next.Add(1) - 1)
				if i >= parallel {
					n += longTracks
				}
				if errs[i] = w.track(ctx, n); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// track runs pipeline number n.
func (w *world) track(ctx context.Context, n int) error {
	t, err := w.newTrack(n)
	if err != nil {
		return err
	}
	err = t.run(ctx)
	var v *violation
	if errors.As(err, &v) {
		w.stats.broke(v.what)
	}
	return err
}
