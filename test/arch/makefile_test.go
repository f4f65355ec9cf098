package arch_test

import (
	"os/exec"
	"strings"
	"testing"
)

// `make help` fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "help")
	cmd.Dir = "../.."
	help, err := cmd.Output()
	if err != nil || !strings.Contains(string(help), "  bench ") {
		t.Fatalf("%v: %q", err, help)
	}
	for line := range strings.Lines(string(help)) {
		if n := len(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// Go's cache of test results does not see the binary that test/e2e builds: without -count=1 a changed program would pass unseen.
func TestMakeTestRunsTheProgram(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-n", "test")
	cmd.Dir = "../.."
	commands, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rest, suite bool
	for line := range strings.Lines(string(commands)) {
		suite = suite || strings.Contains(line, "-count=1") && strings.Contains(line, "./test/e2e")
		rest = rest || strings.Contains(line, "./...") && !strings.Contains(line, "-count=1")
	}
	if !rest || !suite {
		t.Errorf("the suite with -count=1: %t, the rest without: %t:\n%s", suite, rest, commands)
	}
}
