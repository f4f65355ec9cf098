package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"producer/pkg/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// canary is a value that must not appear in any message.
const canary = "canary-7f3a"

// environ is what the files in testdata refer to.
func environ(name string) (string, bool) {
	v, ok := map[string]string{
		"API_KEY":  "key-" + canary,
		"TOKEN":    "token-" + canary,
		"PASSWORD": "password-" + canary,
		"USER":     "user",
		"NAME":     "{kept} 'as it' is: ${X}",
		"LIMIT":    "40",
		"EMPTY":    "",
	}[name]
	return v, ok
}

func parseFile(t *testing.T, path string) (*config.Config, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return config.Parse(path, data, environ)
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (go test -update writes it)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return paths
}

func TestGoodFiles(t *testing.T) {
	for _, path := range files(t, "*.good.yml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := parseFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(c, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(path, "yml")+"golden", string(got)+"\n")
		})
	}
}

func TestBadFiles(t *testing.T) {
	for _, path := range files(t, "*.bad.yml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := parseFile(t, path)
			var all *config.Errors
			if !errors.As(err, &all) || len(all.Problems) == 0 {
				t.Fatalf("got %v, want *config.Errors with problems", err)
			}
			got := err.Error()
			for _, secret := range []string{canary, "hunter2"} {
				if strings.Contains(got, secret) {
					t.Errorf("the messages show %q:\n%s", secret, got)
				}
			}
			for _, p := range all.Problems {
				if p.File != path || p.Line < 1 || p.Text == "" {
					t.Errorf("got problem %+v, want file, line and text", p)
				}
			}
			golden(t, strings.TrimSuffix(path, "yml")+"golden", strings.ReplaceAll(got, "testdata/", "")+"\n")
		})
	}
}
