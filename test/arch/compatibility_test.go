package arch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of docs/compatibility.md in a table with a column test names one, and every test that the page names is there.
func TestCompatibilityIsTested(t *testing.T) {
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs", "compatibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	sources := testSources(t, root)
	named := regexp.MustCompile(`\bTest[A-Z]\w*`)
	rows, inside := 0, false
	for line := range strings.Lines(string(page)) {
		tests := named.FindAllString(line, -1)
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case strings.HasSuffix(strings.TrimSpace(line), "| test |"):
			inside = true
		case inside && strings.HasPrefix(line, "| "):
			if rows++; len(tests) == 0 {
				t.Errorf("no test for: %s", line)
			}
		}
		for _, name := range tests {
			if sources[name] == "" {
				t.Errorf("%s is not there", name)
			}
		}
	}
	if rows < 60 {
		t.Errorf("only %d rows are compared", rows)
	}
}
