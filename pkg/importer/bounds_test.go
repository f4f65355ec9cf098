package importer_test

import (
	"errors"
	"strings"
	"testing"

	"producer/pkg/importer"
)

// What is shared is small in memory, and must not be written out without end.
func TestSharedValuesAreBounded(t *testing.T) {
	for name, grow := range map[string]string{"lists": "a = [a] * 10\n", "dictionaries": `a = {"a": a, "b": a, "c": a, "d": a}` + "\n"} {
		text := "from dlt.sources.rest_api import rest_api_source\na = [\"x\"]\n" + strings.Repeat(grow, 15) +
			`s = rest_api_source({"client": {"base_url": "https://x.y", "headers": a}, "resources": ["a"]})` + "\n"
		r, err := importer.Import("x.py", []byte(text), importer.Options{})
		var refused *importer.Error
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (len(r.Problems) == 0 || !strings.Contains(r.Problems[0].Text, "100000 values")) {
			t.Errorf("%s: problems %v", name, r.Problems)
		}
	}
}

// One step of Starlark can't take all memory.
func TestLongTextsAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"replace": "x = \"a\" * 100000\nfor i in range(10):\n    x = x.replace(\"a\", x)\n",
		"join":    "x = \"\".join([\"a\" * 100000] * 50000)\n",
	} {
		_, err := importer.Import("x.py", []byte(text), importer.Options{})
		var refused *importer.Error
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "builds too much") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
