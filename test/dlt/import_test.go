//go:build dlt

package dlt

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"producer/pkg/importer"
)

// secrets are the variables that the imported files want.
var secrets = []string{"API_KEY=key", "CRM__TOKEN=token", "CRM_HOST=https://crm.example", "SOURCES__CRM__TOKEN=t2", "CRM__KEY=k2", "ENV=test", "NOTES=n"}

// TestImport runs files with Python itself: what producer import makes of them is what dlt would be given.
func TestImport(t *testing.T) {
	for _, name := range []string{"crm.py", "values.py"} {
		t.Run(name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("../../pkg/importer/testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			theirs := env.dlt.do(t, row{"python": path})
			if len(theirs.Configs) != 1 {
				t.Fatalf("Python calls dlt with %d dictionaries: %s", len(theirs.Configs), theirs.Error)
			}
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r, err := importer.Import(name, src, importer.Options{})
			if err != nil || len(r.Problems) > 0 {
				t.Fatalf("import: %v, %v", err, r)
			}
			var doc struct{ Source row }
			if err := yaml.Unmarshal(r.YAML, &doc); err != nil {
				t.Fatal(err)
			}
			if got, want := plain(t, doc.Source), plain(t, theirs.Configs[0]); !reflect.DeepEqual(got, want) {
				gotText, _ := json.MarshalIndent(got, "", " ")
				wantText, _ := json.MarshalIndent(want, "", " ")
				t.Errorf("got %s\nwant what Python makes of it: %s", gotText, wantText)
			}
		})
	}
}

// plain is a value as JSON has it, with the references in.
func plain(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	all := string(text)
	for _, s := range secrets {
		name, value, _ := strings.Cut(s, "=")
		all = strings.ReplaceAll(all, "${"+name+"}", value)
	}
	all = strings.NewReplacer("${UNSET_1:-d}", "d", "${UNSET_2:-e}", "e", "$${", "${").Replace(all)
	var out any
	if err := json.Unmarshal([]byte(all), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTemplate imports what `dlt init rest_api` writes, as the installed dlt has it: the clock is all that has no form here.
func TestTemplate(t *testing.T) {
	templates, err := filepath.Glob("../../.cache/dlt-1.31/lib/*/site-packages/dlt/_workspace/_templates/_core_source_templates/rest_api_pipeline.py")
	if err != nil || len(templates) != 1 {
		t.Fatalf("got templates %v, %v", templates, err)
	}
	src, err := os.ReadFile(templates[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"rest_api_github", "rest_api_pokemon"} {
		r, err := importer.Import("template.py", src, importer.Options{Source: source, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) > 0 || r.Pipeline != source {
			t.Errorf("%s: got pipeline %s and problems %v, want none", source, r.Pipeline, r.Problems)
		}
	}
}
