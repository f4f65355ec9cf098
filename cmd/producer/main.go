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
	"syscall"

	"github.com/spf13/cobra"

	"producer/pkg/pipeline"
)

func main() {
	ctx, stop := signals(context.Background())
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// signals cancels ctx at the first SIGINT or SIGTERM, with an [*pipeline.SignalError] as its cause. The second one ends the
// process at once.
func signals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := make(chan os.Signal, 2)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		why := &pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"}
		if s := <-c; s == syscall.SIGTERM {
			why = &pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"}
		}
		cancel(why)
		<-c
		os.Exit(why.Code)
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
		Use:           "producer",
		Short:         "From a REST API to compacted Kafka topics, exactly right",
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
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(runCommand(stdout, stderr), validateCommand(stdout, stderr), importCommand(stdout, stderr), schemaCommand(stdout, stderr), devCommand(stdout, stderr), demoCommand(stdout, stderr), versionCommand(stdout))
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return pipeline.ExitOK
	}
	if e := (*exit)(nil); errors.As(err, &e) {
		if e.text != "" {
			fmt.Fprintln(stderr, "error:", e.text)
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

// version is the module's version, or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "(devel)" {
			v = s.Value
		}
	}
	return fmt.Sprintf("%s %s", v, info.GoVersion)
}
