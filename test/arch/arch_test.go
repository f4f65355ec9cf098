// Package arch holds the code to the project's layering: which package may import which, and which of them may use what the others
// must not know of.
package arch_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "producer/"

// mayImport is the import column of the architecture: what of ours a package may import, tests aside. Packages import downward only.
var mayImport = map[string][]string{
	"pkg/config":     nil,
	"pkg/rest":       nil,
	"pkg/record":     nil,
	"pkg/kafka":      nil,
	"pkg/devserver":  nil,
	"pkg/telemetry":  nil,
	"pkg/importer":   nil,
	"pkg/extractor":  {"pkg/config", "pkg/rest", "pkg/record"},
	"pkg/schema":     {"pkg/record"},
	"pkg/registry":   {"pkg/schema"},
	"pkg/table":      {"pkg/kafka"},
	"pkg/checkpoint": {"pkg/kafka", "pkg/table"},
	"pkg/pipeline": {"pkg/config", "pkg/rest", "pkg/record", "pkg/extractor", "pkg/schema", "pkg/registry", "pkg/kafka", "pkg/table",
		"pkg/checkpoint"},
	"pkg/inspect":  {"pkg/record", "pkg/schema", "pkg/pipeline"},
	"pkg/replay":   {"pkg/kafka", "pkg/registry", "pkg/schema"},
	"cmd/producer": {"pkg/"},
}

// onlyIn says who may import a module of others, by the beginning of its path.
var onlyIn = map[string][]string{
	"github.com/twmb/franz-go/pkg/kgo":   {"pkg/kafka", "pkg/devserver"},
	"github.com/twmb/franz-go/pkg/kadm":  {"pkg/kafka", "pkg/devserver"},
	"github.com/twmb/franz-go/pkg/kmsg":  {"pkg/kafka", "pkg/devserver"},
	"github.com/twmb/franz-go/pkg/kfake": {"pkg/devserver"},
	"github.com/twmb/franz-go/pkg/sr":    {"pkg/registry", "pkg/devserver"},
	"github.com/linkedin/goavro":         {"pkg/schema", "pkg/registry"},
	"github.com/twmb/avro":               {},
	"github.com/cenkalti/backoff":        {"pkg/rest", "pkg/kafka", "pkg/registry"},
	"github.com/spf13/cobra":             {"cmd/producer"},
	"github.com/prometheus/":             {"pkg/telemetry"},
	"github.com/vbauerster/mpb":          {"pkg/telemetry"},
	"go.yaml.in/yaml":                    {"pkg/config", "pkg/importer"},
	"go.starlark.net":                    {"pkg/importer"},
	"unsafe":                             {},
	"os/exec":                            {},
	"plugin":                             {},
}

// startsGoroutines are the packages that may hold a go statement. Everything else leaves concurrency to its caller.
var startsGoroutines = []string{"pkg/pipeline", "pkg/kafka", "pkg/telemetry", "pkg/devserver", "cmd/producer"}

// goPackage is what `go list` says of a package; Imports are those of its code, not of its tests.
type goPackage struct {
	ImportPath, Dir, Doc string
	GoFiles, Imports     []string
}

// packages lists pkg/ and cmd/.
func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports", module+"pkg/...", module+"cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		all = append(all, p)
	}
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		allowed, known := mayImport[p.ImportPath]
		if !known {
			t.Errorf("%s is not in the table: give it its place", p.ImportPath)
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, module); ok && !slices.ContainsFunc(allowed, func(a string) bool {
				return ours == a || strings.HasSuffix(a, "/") && strings.HasPrefix(ours, a)
			}) {
				t.Errorf("%s imports %s", p.ImportPath, ours)
			}
			for of, users := range onlyIn {
				if strings.HasPrefix(imported, of) && !slices.Contains(users, p.ImportPath) {
					t.Errorf("%s imports %s, which only %v may", p.ImportPath, imported, users)
				}
			}
		}
	}
}

func TestGoroutines(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(startsGoroutines, p.ImportPath) {
			continue
		}
		for _, name := range p.GoFiles {
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if g, ok := n.(*ast.GoStmt); ok {
					t.Errorf("%s starts a goroutine", files.Position(g.Pos()))
				}
				return true
			})
		}
	}
}
