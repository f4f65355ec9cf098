// Command producer reads a dlt-shaped REST source and keeps it in compacted Kafka topics.
//
// This package is flags, wiring, signals and exit codes; what a run does is in pkg/pipeline.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"producer/pkg/pipeline"
)

func main() {
	ctx, stop := signals(context.Background(), os.Exit)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// signals cancels ctx at the first SIGINT or SIGTERM, with an [*pipeline.SignalError] as its cause. The second one ends the
// process at once, but for the document that a run owes (see [farewell]).
func signals(ctx context.Context, end func(code int)) (context.Context, func()) {
	words := &farewell{}
	ctx, cancel := context.WithCancelCause(withFarewell(ctx, words))
	c := make(chan os.Signal, 2)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		why := &pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"}
		if s := <-c; s == syscall.SIGTERM {
			why = &pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"}
		}
		cancel(why)
		<-c
		words.speak(why)
		end(why.Code)
	}()
	return ctx, func() { signal.Stop(c) }
}

// exit carries an exit code out of a cobra command. Its text, if any, was not yet printed.
type exit struct {
	code int
	text string
}

func (e *exit) Error() string { return e.text }

// run is the whole program but for the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "producer",
		Short: "From a REST API to compacted Kafka topics, exactly right",
		Long: `From a REST API to compacted Kafka topics, exactly right.

See it at work with "producer demo", which needs nothing else. Then write a configuration, or take a dlt source's along with
"producer import"; check it with "producer validate -c FILE", and run it with "producer run -c FILE".`,
		Version:       version(),
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q", args[0])
			}
			return fmt.Errorf("a command is needed")
		},
	}
	root.SetArgs(args)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(runCommand(stdout, stderr), validateCommand(stdout, stderr), importCommand(stdout, stderr), schemaCommand(stdout, stderr), devCommand(stdout, stderr), demoCommand(stdout, stderr), versionCommand(stdout))
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return pipeline.ExitOK
	}
	if e := (*exit)(nil); errors.As(err, &e) {
		if e.text != "" {
			fmt.Fprintln(stderr, "error:", strings.ReplaceAll(e.text, "\n", "\nerror: "))
		}
		return e.code
	}
	fmt.Fprintf(stderr, "error: %v\n\n%s", err, cmd.UsageString())
	return pipeline.ExitUsage
}

func versionCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(stdout, "producer", version())
		return err
	}}
}

// version is the module's version, the commit that the binary was built from, as far as the build knows them, and Go's version.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	words := []string{info.Main.Version}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && !strings.Contains(words[0], s.Value[:min(12, len(s.Value))]): // a pseudo-version has it
			words = append(words, s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			words = append(words, "modified")
		}
	}
	return strings.Join(append(words, info.GoVersion), " ")
}

// noArguments refuses what stands behind a command that takes its configuration as -c FILE.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q; the configuration is given as -c %s", args[0], args[0])
	}
	return nil
}
