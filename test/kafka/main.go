// Command kafka runs a command against a real Apache Kafka and a real schema registry.
//
//	go run ./test/kafka go test ./test/e2e/...
//
// It fetches both from Maven Central once, starts them (with -nodes 3 a cluster of three) on free loopback ports over a temporary
// directory, runs the command with KAFKA_BROKERS, REGISTRY_URL and KAFKA_LIB (the directory of the jars) set, and stops
// them, whatever happens. Its exit code is the command's. Without a command it serves until a signal comes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"producer/test/kafka/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "test/kafka:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("kafka", flag.ContinueOnError)
	nodes := flags.Int("nodes", 1, "brokers to start")
	if err := flags.Parse(args); err != nil {
		return err
	}
	command := flags.Args()
	c, err := cluster.Start(ctx, *nodes)
	if err != nil {
		return err
	}
	defer c.Stop()
	env := []string{"KAFKA_BROKERS=" + strings.Join(c.Brokers(), ","), "REGISTRY_URL=" + c.RegistryURL(), "KAFKA_LIB=" + c.Lib()}
	if len(command) == 0 {
		fmt.Println(strings.Join(env, "\n"))
		<-ctx.Done()
		return nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd.Run()
}
