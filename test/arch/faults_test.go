package arch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test that docs/faults.md names is there: the function, and the name of its case. A page without tests, or a row that names none,
// fails as well.
func TestFaultsAreTested(t *testing.T) {
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	sources := testSources(t, root)
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)(?:/([^`]*))?`")
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		tests := named.FindAllStringSubmatch(line, -1)
		head := strings.Contains(line, "| test |")
		if len(tests) == 0 && !head && !strings.Contains(line, "`.ci/run`") {
			t.Errorf("no test for: %s", line)
		}
		for _, m := range tests {
			if source, ok := sources[m[1]]; !ok || m[2] != "" && !strings.Contains(source, `"`+m[2]+`"`) {
				t.Errorf("%s is not there", m[0])
			}
		}
	}
}

// testSources are the texts of all test files, by the tests in them.
func testSources(t *testing.T, root string) map[string]string {
	t.Helper()
	sources := map[string]string{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			sources[m[1]] += string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}
