package importer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"producer/pkg/importer"
)

func TestErrors(t *testing.T) {
	two := configured("", `"endpoint": "b"`) + `api.rest_api_source({"client": {}, "resources": []}, name="q")`
	cases := []struct{ name, python, source, want string }{
		{"empty", "", "", "p.py: makes no source"},
		{"imperative", "import requests\nprint(requests.get('x').json())\n", "", "p.py: makes no source"},
		{"two", two, "", "p.py: makes 2 sources: p (line 5), q (line 9); choose one"},
		{"unknown one", two, "r", "p.py: has no source r; it has p (line 5), q (line 9)"},
		{"unknown dictionary", "from dlt.sources.rest_api import rest_api_source\nimport json\nrest_api_source(json.load(open('x')))", "",
			"p.py:3: calls rest_api_source with json.load(), which only Python knows; it must be a dictionary that the file holds"},
		{"open bracket", "x = (1,\n", "", "p.py:2: ends inside brackets"},
		{"closed bracket", "x = 1)\n", "", "p.py:1: closes a bracket that is not open"},
		{"open string", "y = 1\nx = 'a\n", "", "p.py:2: holds a string that is not closed"},
		{"indentation", "if 1:\n    x = 1\n  y = 2\n", "", "p.py:3: is indented like no block around it"},
		{"no Python", "x = 1\ny = $x\n", "", `p.py:2: holds '$', which is no Python`},
		{"walrus", "if (x := 3):\n  pass\n", "", "p.py:1: has an assignment inside an expression (:=)"},
		{"power", "x = 2 ** 3\n", "", "p.py:1: has a power (**)"},
		{"global", "def f():\n  global x\nf()\n", "", "p.py:2: can't be evaluated: it raises the statement global, which the import does not understand"},
		{"raise", "x = 1\nraise ValueError('no')\n", "", "p.py:2: can't be evaluated: it raises ValueError()"},
		{"Python's own", "x = {1, 2}\n", "", "p.py:1: is Python that the import does not understand"},
		{"missing key", "x = {}\n\ny = x['a']\n", "", `p.py:3: can't be evaluated: key "a" not in dict`},
		{"private use", "x = '\U000f0000'\n", "", "p.py:1: holds a character of a private plane of Unicode"},
		{"not UTF-8", "x = '\xff'\n", "", "p.py: is not UTF-8"},
		{"too large", strings.Repeat("#\n", 300<<10), "", "p.py: is larger than 512 KiB"},
		{"endless", "while True:\n  pass\n", "", "p.py:1: can't be evaluated: Starlark computation cancelled: it does not come to its end"},
		{"endless calls", "def f(): f()\nf()\n", "", "p.py:1: can't be evaluated: "},
		{"too much", "x = [1]\nwhile True: x = x + x\n", "", "p.py:2: can't be evaluated: Starlark computation cancelled: it builds too much"},
		{"long range", "x = list(range(1000 * 1000 * 1000))\n", "", "p.py:1: can't be evaluated: range of 1000000000 is too long"},
		{"deep", strings.Repeat("(", 500) + strings.Repeat(")", 500), "", "p.py:1: nests brackets too deep"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := importer.Import("p.py", []byte(c.python), importer.Options{Source: c.source})
			var ours *importer.Error
			if !errors.As(err, &ours) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzImport(f *testing.F) {
	for _, path := range []string{"crm.py", "template.py", "program.py", "refused.py"} {
		data, err := os.ReadFile(filepath.Join("testdata", path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(configured("x = [1]", `"x": f"{x!r:>{3}}{{" '' """a""" `))
	f.Fuzz(func(t *testing.T, src string) {
		r, err := importer.Import("f.py", []byte(src), importer.Options{})
		var ours *importer.Error
		switch {
		case err != nil && !errors.As(err, &ours):
			t.Errorf("got %T", err)
		case err == nil:
			if err := yaml.Unmarshal(r.YAML, new(yaml.Node)); err != nil {
				t.Errorf("the result is no YAML: %v\n%s", err, r.YAML)
			}
		}
	})
}
