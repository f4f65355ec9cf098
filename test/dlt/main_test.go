//go:build dlt

// Package dlt runs dlt and the program on the same scripted API with the same dictionary, and compares dlt's tables with what the
// topics fold to: equal over a matrix of paginators, authentications, selectors, dispositions, cursors and parents
// (TestEqual), and different where that is on purpose, each in a case of its own (TestDifferences).
//
// make test-dlt runs it. It installs dlt from PyPI into .cache once; PYTHON names the interpreter (python3).
package dlt

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"producer/pkg/devserver"
)

// version of dlt that the configuration is compatible with.
const version = "1.31.*"

// environment is what all cases share.
type environment struct {
	binary   string
	brokers  []string
	registry *sr.Client
	url      string // the registry's
	dlt      *runner
}

var env environment

func TestMain(m *testing.M) {
	code, err := runSuite(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "dlt:", err)
		code = 1
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "producer-dlt-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary directory is no failure
	python, err := install()
	if err != nil {
		return 0, fmt.Errorf("install dlt %s: %w", version, err)
	}
	env.binary = filepath.Join(dir, "producer")
	if out, err := exec.Command("go", "build", "-o", env.binary, "producer/cmd/producer").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program: %w: %s", err, out)
	}
	server, err := devserver.Start(context.Background(), devserver.Options{Dir: filepath.Join(dir, "dev"), Contacts: -1, Companies: -1, Deals: -1})
	if err != nil {
		return 0, err
	}
	defer server.Close()
	env.brokers, env.url = server.Brokers(), server.RegistryURL()
	if env.registry, err = sr.NewClient(sr.URLs(env.url)); err != nil {
		return 0, err
	}
	if env.dlt, err = startRunner(python, dir); err != nil {
		return 0, err
	}
	defer env.dlt.close()
	return m.Run(), nil
}

// install makes a virtual environment with dlt in the repository's cache, unless it is there, and returns its interpreter.
func install() (python string, err error) {
	venv, err := filepath.Abs("../../.cache/dlt-1.31")
	if err != nil {
		return "", err
	}
	python = filepath.Join(venv, "bin", "python")
	done := filepath.Join(venv, "installed")
	if _, err := os.Stat(done); err == nil {
		return python, nil
	}
	interpreter := os.Getenv("PYTHON")
	if interpreter == "" {
		interpreter = "python3"
	}
	for _, args := range [][]string{
		{interpreter, "-m", "venv", "--clear", venv},
		{python, "-m", "pip", "install", "--quiet", "dlt[duckdb]==" + version},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("%v: %w", args, err)
		}
	}
	return python, os.WriteFile(done, nil, 0o600)
}

// consumer reads a topic as any consumer would.
func consumer(t *testing.T, topic string) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(env.brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords()) // they show where the topic ends
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}
