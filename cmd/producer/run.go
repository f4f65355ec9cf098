package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"producer/pkg/config"
	"producer/pkg/pipeline"
	"producer/pkg/telemetry"
)

// runFlags are the flags of `producer run`.
type runFlags struct {
	config    string
	resources []string
	every     string
	reset     bool
	full      bool
	output    string
	metrics   string
	logFormat string
}

func runCommand(stdout, stderr io.Writer) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run -c FILE",
		Short: "Walk the source and publish what is new",
		Long: `Walk the source and publish what is new. What was committed before a run ended stands, and the next run goes on from there.

Exit codes: 0 everything asked for is done, 2 usage or configuration, 3 the source failed, 4 a record or schema can't be published,
5 Kafka or the registry is unavailable, 6 a newer instance took over, 7 not authenticated or not authorised, 8 a safety limit,
130 and 143 interrupted.`,
		Args: cobra.ArbitraryArgs, // check refuses them, with a document
		RunE: func(cmd *cobra.Command, args []string) error {
			every, err := f.check(args)
			if err != nil {
				if werr := f.document(stdout, "", err); werr != nil {
					return werr
				}
				return err
			}
			return f.run(cmd.Context(), every, stdout, stderr)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.config, "config", "c", "", "the configuration `FILE` (YAML or JSON)")
	fs.StringArrayVar(&f.resources, "resource", nil, "run only the resource `NAME`; may be repeated")
	fs.StringVar(&f.every, "every", "", "run again each `DURATION`, start to start")
	fs.BoolVar(&f.reset, "reset", false, "forget the resources' state and adopt the topics as they are")
	fs.BoolVar(&f.full, "full", false, "read the whole listings, also of incremental resources, which can prove deletes")
	fs.StringVar(&f.output, "output", "text", "the result on stdout: `text|json`")
	fs.StringVar(&f.metrics, "metrics", "", "serve /metrics and /healthz on `ADDR`")
	fs.StringVar(&f.logFormat, "log-format", "text", "the log on stderr: `text|json`")
	return cmd
}

// check refuses flags that cannot be; it returns the interval of --every, 0 without it.
func (f *runFlags) check(args []string) (time.Duration, error) {
	if len(args) > 0 {
		return 0, noArguments(nil, args)
	}
	if f.config == "" {
		return 0, errors.New("-c FILE is needed")
	}
	if f.output != "text" && f.output != "json" {
		return 0, fmt.Errorf("--output %s: want text or json", f.output)
	}
	if f.logFormat != "text" && f.logFormat != "json" {
		return 0, fmt.Errorf("--log-format %s: want text or json", f.logFormat)
	}
	if f.every == "" {
		return 0, nil
	}
	d, ok := config.ParseDuration(f.every)
	if !ok || d <= 0 {
		return 0, fmt.Errorf("--every %s: want a duration above zero, like 30s or 1h, or a number of seconds", f.every)
	}
	return d, nil
}

func (f *runFlags) run(ctx context.Context, every time.Duration, stdout, stderr io.Writer) error {
	cfg, err := config.Load(f.config)
	if err != nil {
		return f.refuse(stdout, "", err)
	}
	out := newOutput(cfg, f.output, f.logFormat, stdout, stderr)
	defer out.close()
	for _, w := range cfg.Warnings {
		out.log.Warn(w)
	}
	metrics := telemetry.NewMetrics()
	if f.metrics != "" {
		server, addr, err := metrics.Serve(f.metrics)
		if err != nil {
			return f.refuse(stdout, cfg.Pipeline, fmt.Errorf("--metrics: %w", err))
		}
		defer server.Close() //nolint:errcheck // the process ends
		out.log.Info("metrics are served", "addr", addr)
	}
	pacer := newPacer(telemetry.Tee(metrics, out.progress))
	defer pacer.stop()
	p, err := pipeline.New(cfg, pipeline.Options{
		Resources: f.resources, Reset: f.reset, Full: f.full, Logger: out.log, Redact: out.redactor.String, OnSecret: out.redactor.Add,
		Observer: pacer, UserAgent: "producer/" + version(),
	})
	if err != nil {
		return f.refuse(stdout, cfg.Pipeline, errors.New(out.redactor.String(err.Error())))
	}
	defer p.Close()
	words := farewellOf(ctx)
	for {
		if out.json {
			words.owe(func(why *pipeline.SignalError) {
				failure := pipeline.Failure(cfg.Pipeline, fmt.Errorf("%w again, and ended at once; what was committed stands", why), why.Code)
				failure.Status = pipeline.Interrupted
				_ = json.NewEncoder(stdout).Encode(failure) // the process ends
			})
		}
		began := time.Now()
		sum := p.Run(ctx)
		metrics.Cycle(sum.ExitCode, time.Since(began))
		last := every == 0 || final(sum.ExitCode)
		if last {
			out.close() // bars would be drawn over the result
		}
		if err := words.pay(func() error { return out.print(sum) }); err != nil {
			return &exit{code: max(sum.ExitCode, pipeline.ExitUsage), text: fmt.Sprintf("the run was %s, but its result can't be written: %v", sum.Status, err)}
		}
		if last {
			return &exit{code: sum.ExitCode}
		}
		if why := sleep(ctx, untilTick(began, every)); why != nil {
			return &exit{code: pipeline.ExitCode(why)}
		}
	}
}

// final reports whether a cycle's exit code ends the process under --every.
func final(code int) bool {
	switch code {
	case pipeline.ExitOK, pipeline.ExitSource, pipeline.ExitData, pipeline.ExitUnavailable, pipeline.ExitLimit:
		return false
	}
	return true
}

// untilTick is how long it is to the next tick of a schedule that began with began; ticks that have passed are skipped.
func untilTick(began time.Time, every time.Duration) time.Duration {
	return every - time.Since(began)%every
}

// sleep waits for d, or returns why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// refuse ends a run that could not begin: exit 2, with a summary where JSON is asked for.
func (f *runFlags) refuse(stdout io.Writer, name string, err error) error {
	if werr := f.document(stdout, name, err); werr != nil {
		return werr
	}
	return &exit{code: pipeline.ExitUsage, text: err.Error()}
}

// document prints the summary of a run that could not begin where JSON is asked for.
func (f *runFlags) document(stdout io.Writer, name string, err error) error {
	if f.output != "json" {
		return nil
	}
	if werr := json.NewEncoder(stdout).Encode(pipeline.Failure(name, err, pipeline.ExitUsage)); werr != nil {
		return &exit{code: pipeline.ExitUsage, text: fmt.Sprintf("%v; and its result can't be written: %v", err, werr)}
	}
	return nil
}

// output is where a run's words go: the result to stdout, the log and the progress to stderr, none with a secret.
type output struct {
	json     bool
	stdout   io.Writer
	bars     *telemetry.Bars // nil: there are none, or stdout is not the terminal that they are on
	width    func() int      // columns of the terminal that stdout is; 0: it is none
	stderr   io.Writer
	redactor *telemetry.Redactor
	log      *slog.Logger
	progress telemetry.Observer
	closers  []func()
}

func newOutput(cfg *config.Config, format, logFormat string, stdout, stderr io.Writer) *output {
	var secrets []string
	for _, s := range cfg.Secrets {
		secrets = append(secrets, s.Reveal())
	}
	o := &output{json: format == "json", stdout: stdout, stderr: stderr, redactor: telemetry.NewRedactor(secrets...), width: widthOf(stdout)}
	if f, ok := stderr.(*os.File); ok && logFormat == "text" && term.IsTerminal(int(f.Fd())) {
		bars := telemetry.NewBars(f)
		o.closers = append(o.closers, bars.Close)
		o.progress, o.stderr = bars, bars
		if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			o.bars = bars
		}
	}
	o.log = telemetry.NewLogger(o.stderr, logFormat, o.redactor)
	if o.progress == nil {
		lines := telemetry.NewLines(o.log, 5*time.Second)
		o.closers = append(o.closers, lines.Close)
		o.progress = lines
	}
	return o
}

// widthOf tells the columns of a terminal, 0 for anything else.
func widthOf(w io.Writer) func() int {
	return func() int {
		f, ok := w.(*os.File)
		if !ok || !term.IsTerminal(int(f.Fd())) {
			return 0
		}
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return width
	}
}

func (o *output) close() {
	for _, c := range o.closers {
		c()
	}
	o.closers, o.bars = nil, nil
}

// print writes a cycle's result.
func (o *output) print(sum pipeline.Summary) error {
	var text bytes.Buffer
	err := json.NewEncoder(&text).Encode(sum)
	if !o.json {
		text.Reset()
		err = table(&text, sum, o.width())
	}
	if err != nil {
		return err
	}
	to := o.stdout
	if o.bars != nil {
		o.bars.Clear() // the table says more than the bars of a cycle that is over
		to = o.bars
	}
	if _, err := to.Write(text.Bytes()); err != nil || o.json {
		return err
	}
	o.complain(sum)
	return nil
}

// complain logs why resources failed, the gravest reason, which is the run's, once and last.
func (o *output) complain(sum pipeline.Summary) {
	for _, r := range sum.Resources {
		if r.Status == pipeline.Failed && !strings.Contains(r.Error, sum.Error) { // one that was not begun repeats the run's
			o.log.Error(r.Error)
		}
	}
	if sum.Error != "" {
		o.log.Error(sum.Error, "exit", sum.ExitCode)
	}
}
