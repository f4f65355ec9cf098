// Command mutants breaks the protocol in every way that somebody could, one at a time, and shows that the suite notices.
//
//	go run ./test/mutants
//
// A mutant is a textual replacement in the code, applied with `go build -overlay`: nothing in the tree changes. Each is built and given
// to the piece of the suite that should kill it: named tests, or the chaos with a fixed seed. The program as it is must pass the
// same pieces. It exits with 1 when a mutant survives or a replacement does not match exactly once.
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
	"strings"
	"syscall"
	"time"

	"producer/test/overlay"
)

// limit is how long one piece of the suite may take; one that hangs is a kill as well.
const limit = 3 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	only := flags.String("run", "", "only mutants whose name holds this")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary directory is no failure
	l := &lab{dir: dir, chaos: filepath.Join(dir, "chaos")}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", l.chaos, "./test/chaos").CombinedOutput(); err != nil {
		return fmt.Errorf("build the chaos: %w: %s", err, out)
	}
	var chosen []mutant
	for _, m := range mutants() {
		if strings.Contains(m.name, *only) {
			chosen = append(chosen, m)
		}
	}
	if err := l.control(ctx, chosen); err != nil {
		return err
	}
	var survivors []string
	for _, m := range chosen {
		began := time.Now()
		by, err := l.try(ctx, m)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", m.name, err)
		case by == "":
			survivors = append(survivors, m.name)
			by = "SURVIVED"
		}
		fmt.Printf("%-48s %4.0fs  %s\n", m.name, time.Since(began).Seconds(), by)
	}
	fmt.Printf("caught / all: %d / %d\n", len(chosen)-len(survivors), len(chosen))
	if len(survivors) > 0 {
		return fmt.Errorf("survived: %s", strings.Join(survivors, "; "))
	}
	return nil
}

// lab builds and tries mutants.
type lab struct{ dir, chaos string }

func (l *lab) binary() string { return filepath.Join(l.dir, "producer") }

// control gives the program as it is to every test that is used, and to the chaos: it must pass.
func (l *lab) control(ctx context.Context, chosen []mutant) error {
	changed, err := overlay.Build(ctx, l.dir, l.binary(), nil)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, m := range chosen {
		for _, k := range m.killers {
			if k.pkg == "" {
				k = killer{args: []string{"-duration", "20s", "-seed", "1"}}
			}
			if id := fmt.Sprint(k); !done[id] {
				done[id] = true
				how, err := l.kills(ctx, k, changed)
				if err != nil {
					return err
				} else if how != "" {
					return fmt.Errorf("the program as it is does not pass %s: %s", k, how)
				}
			}
		}
	}
	return ctx.Err()
}

func (l *lab) try(ctx context.Context, m mutant) (by string, err error) {
	changed, err := overlay.Build(ctx, l.dir, l.binary(), m.overlay())
	if err != nil {
		return "", err
	}
	for _, k := range m.killers {
		how, err := l.kills(ctx, k, changed)
		if how != "" || err != nil {
			return fmt.Sprintf("killed by %s: %s", k, how), err
		}
	}
	return "", ctx.Err()
}

func (k killer) String() string {
	if k.pkg == "" {
		return "chaos " + strings.Join(k.args, " ")
	}
	return "go test -run " + k.run + " " + k.pkg
}

// kills runs a piece of the suite against the program that was built last, or with go's overlay changed, and returns what it noticed,
// "" if nothing. An error is what kept it from looking.
func (l *lab) kills(parent context.Context, k killer, changed string) (how string, err error) {
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.chaos, append([]string{"-binary", l.binary()}, k.args...)...)
	if k.pkg != "" {
		cmd = exec.CommandContext(ctx, "go", "test", "-overlay", changed, "-count=1", "-run", k.run, "-timeout", limit.String(), k.pkg)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil || parent.Err() != nil:
		return "", parent.Err()
	case ctx.Err() != nil:
		return "it hung", nil
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		for line := range strings.Lines(string(out)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "chaos: ") || strings.HasPrefix(line, "--- FAIL: ") || strings.HasPrefix(line, "panic: ") {
				return line[:min(len(line), 120)], nil
			}
		}
	}
	return "", fmt.Errorf("%s: %w: %s", k, err, out)
}
