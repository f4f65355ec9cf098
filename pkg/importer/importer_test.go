package importer_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/importer"
)

var update = flag.Bool("update", false, "write the golden files anew")

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFiles imports whole files; the golden files hold the configuration, whose comments are the problems and notes.
func TestFiles(t *testing.T) {
	cases := map[string]struct{ file, source string }{
		"crm":              {"crm.py", ""},
		"template-tickets": {"template.py", "desk_tickets"},
		"template-plants":  {"template.py", "80"},
		"program":          {"program.py", ""},
		"values":           {"values.py", ""},
		"refused":          {"refused.py", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := importer.Import(c.file, read(t, filepath.Join("testdata", c.file)), importer.Options{Source: c.source})
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".golden.yml")
			if *update {
				if err := os.WriteFile(path, r.YAML, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := string(r.YAML), string(read(t, path)); got != want {
				t.Errorf("differs from %s (go test -update writes it)\ngot:\n%s\nwant:\n%s", path, got, want)
			}
			refused := map[string]bool{}
			for _, p := range problems(t, r.YAML, r.LookupEnv) {
				refused[p.Key] = true
			}
			for _, p := range r.Problems {
				if p.Key != "" && !refusedAt(refused, p.Key) {
					t.Errorf("what line %d could not give is accepted at %s", p.Line, p.Key)
				}
			}
		})
	}
}

// refusedAt is true where the key, or something around it, is refused.
func refusedAt(refused map[string]bool, key string) bool {
	for ; key != ""; key = key[:max(strings.LastIndexAny(key, ".["), 0)] {
		if refused[key] {
			return true
		}
	}
	return false
}

func problems(t *testing.T, yaml []byte, env func(string) (string, bool)) []config.Problem {
	t.Helper()
	_, err := config.Parse("imported.yaml", yaml, env)
	var all *config.Errors
	if err != nil && !errors.As(err, &all) {
		t.Fatal(err)
	}
	if all == nil {
		return nil
	}
	return all.Problems
}

// TestSeed imports the Python that the project began with. It means what examples/crm.yaml means.
func TestSeed(t *testing.T) {
	t.Setenv("API_KEY", "secret")
	for _, name := range []string{"API_URL", "KAFKA_BROKERS", "REGISTRY_URL"} {
		t.Setenv(name, "") // the defaults
	}
	r, err := importer.Import("crm.py", read(t, "testdata/crm.py"), importer.Options{})
	if err != nil || len(r.Problems)+len(r.Notes) > 0 {
		t.Fatalf("got error %v, problems %v, notes %v", err, r.Problems, r.Notes)
	}
	got, err := config.Parse("../../examples/crm.yaml", r.YAML, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Load("../../examples/crm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*config.Config{got, want} {
		for i := range c.Resources {
			c.Resources[i].Line = 0
		}
	}
	if got.Pipeline != want.Pipeline || !reflect.DeepEqual(got.Client, want.Client) || !reflect.DeepEqual(got.Resources, want.Resources) ||
		!reflect.DeepEqual(got.Secrets, want.Secrets) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// configured is a file whose only resource has one more key, written as Python.
// TestUnknown is about what only Python knows: it is found wherever it hides.
// TestLine finds the Python line of a key, also where the key itself has none.
func TestLine(t *testing.T) {
	r, err := importer.Import("refused.py", read(t, "testdata/refused.py"), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{
		"source.client.base_url":                           22,
		"source.resources[0].endpoint.limit":               45,
		"source.resources[0].endpoint.data_selector":       36,
		"source.resources[0].processing_steps[1].map":      34,
		"source.resources[0].endpoint.params.since":        41,
		"source.resources[0].endpoint.params[\"odd key\"]": 40,
		"kafka.brokers": 0,
	} {
		if got := r.Line(key); got != want {
			t.Errorf("%s: got line %d, want %d", key, got, want)
		}
	}
}

// Files that bind no source by a call, and functions that nothing calls.
func TestUncalled(t *testing.T) {
	const config = `{"client": {"base_url": "https://a.example"}, "resources": ["b"]}`
	for name, python := range map[string]string{
		"dictionary": "sales: dict = " + config,
		"function":   "from dlt.sources.rest_api import rest_api_source\ndef sales():\n  return rest_api_source(" + config + ")",
		"decorated": "import dlt\nfrom rest_api import rest_api_resources\ndef helper(): raise ValueError()\n" +
			"@dlt.source(max_table_nesting=2)\ndef sales(key: str = dlt.secrets.value):\n  yield from rest_api_resources(" + config + ")",
		"arguments": "from dlt.sources.rest_api import rest_api\nconfig = " + config + "\n" +
			"def sales():\n  return rest_api(config['client'], resources=config['resources'], resource_defaults=None)",
		"beside a function load": "import dlt\nfrom dlt.sources.rest_api import rest_api_resources\n@dlt.source\ndef sales():\n  yield from rest_api_resources(" + config + ")\n" +
			"def load() -> None:\n  dlt.pipeline().run(sales())\nif __name__ == '__main__':\n  load()",
	} {
		r, err := importer.Import("p.py", []byte(python), importer.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if r.Pipeline != "sales" {
			t.Errorf("%s: got pipeline %s, want sales", name, r.Pipeline)
		} else if all := problems(t, r.YAML, r.LookupEnv); len(all) > 0 {
			t.Errorf("%s: got %v", name, all)
		}
	}
}
