package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"producer/pkg/config"
)

// stepped parses a resource with these processing_steps.
func stepped(key, steps string) (*config.Config, error) {
	text := fmt.Sprintf(`pipeline: crm
source:
  client: {base_url: "https://api.example.com"}
  resources:
    - name: contacts
      primary_key: %s
      write_disposition: merge
      endpoint: {path: /v1/contacts%s}
      processing_steps: %s
kafka: {brokers: ["localhost:9092"]}
`, key, listing, steps)
	return config.Parse("x.yaml", []byte(text), environ)
}

func TestSteps(t *testing.T) {
	c, err := stepped("id", `[{filter: {field: owner.id, in: [open, 5, 1.50, true, "${LIMIT}"], not_in: ["\""], lt: 0x10, exists: true, matches: "^a"}},
        {include: [id, a.b]}, {exclude: [a]}, {rename: {x: y, "y": x}}]`)
	if err != nil {
		t.Fatal(err)
	}
	steps := c.Resources[0].Steps
	got := fmt.Sprintf("%v %v", steps[0].Filter.Field.Names, steps[0].Filter.Tests)
	if want := `[owner id] [{lt [16] false <nil>} {in ["open" 5 1.50 true 40] false <nil>} {not_in ["\""] false <nil>} {exists [] true <nil>} {matches [] false ^a}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := fmt.Sprint(steps[1].Include, steps[2].Exclude, steps[3].Rename); got != "[id a.b] [a] [{x y} {y x}]" {
		t.Errorf("got %s", got)
	}
}

func TestStepMistakes(t *testing.T) {
	for _, test := range []struct{ key, steps, at, text string }{
		{"id", "[{map: \"lambda x: x\"}]", "processing_steps[0].map", "Python"},
		{"id", "[{yield_map: f}]", "processing_steps[0].yield_map", "Python"},
		{"id", "[{filter: \"lambda x: x\"}]", "processing_steps[0].filter", "Python"},
		{"id", "[{filtre: {}}]", "processing_steps[0].filtre", "filter?"},
		{"id", "{include: [id]}", "processing_steps", "list"},
		{"id", "[{include: [id], exclude: [a]}]", "processing_steps[0]", "2 names"},
		{"id", "[{}]", "processing_steps[0]", "0 names"},
		{"id", "[{filter: {field: a}}]", "processing_steps[0].filter", "tests nothing"},
		{"id", "[{filter: {in: [1]}}]", "filter.field", "missing"},
		{"id", "[{filter: {field: a, in: []}}]", "filter.in", "empty"},
		{"id", "[{filter: {field: a, eq: [1]}}]", "filter.eq", "list"},
		{"id", "[{filter: {field: a, eq: null}}]", "filter.eq", "empty"},
		{"id", "[{filter: {field: a, matches: \"(\"}}]", "filter.matches", "RE2"},
		{"id", "[{filter: {field: \"a[0]\", eq: 1}}]", "filter.field", "names only"},
		{"id", "[{rename: {a: b, c: b}}]", "rename.c", "two fields"},
		{"id", "[{rename: {\"a[*]\": b}}]", `rename["a[*]"]`, "names only"},
		{"id", "[{rename: {}}]", "processing_steps[0].rename", "empty"},
		{"id", "[{exclude: [id]}]", "processing_steps[0]", "leaves out id"},
		{"a.id", "[{exclude: [a]}]", "processing_steps[0]", "leaves out a.id"},
		{"id", "[{include: [name]}]", "processing_steps[0]", "leaves out id"},
		{"id", "[{rename: {id: key}}]", "processing_steps[0]", "renames id"},
		{"id", "[{exclude: [hs_id]}, {rename: {hs_id: id}}]", "processing_steps[1]", "makes id, a field of primary_key, of hs_id, which processing_steps[0] leaves out"},
		{"[id, b]", "[{exclude: [x]}, {rename: {id: b, x: id}}]", "processing_steps[1]", "of x, which processing_steps[0] leaves out"},
		{"id", "[{include: [id, name]}, {exclude: [name]}, {rename: {hs_id: id}}]", "processing_steps[2]", "of hs_id, which processing_steps[0] leaves out"},
		{"id", "[{rename: {id: key}}, {include: [key, name]}]", "processing_steps[0]", "renames id"},
		{"id", "[{rename: {id: key}}, {rename: {x: id}}, {include: [key]}]", "processing_steps[2]", "leaves out id"},
	} {
		_, err := stepped(test.key, test.steps)
		if err == nil || !strings.Contains(err.Error(), test.at+": ") || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v, want %s: …%s…", test.steps, err, test.at, test.text)
		}
		var all *config.Errors
		if errors.As(err, &all) && strings.Contains(test.text, "id") && len(all.Problems) != 1 {
			t.Errorf("%s: got %v, want the step to be mended alone", test.steps, err)
		}
	}
	for key, steps := range map[string]string{
		"id":    "[{include: [hs_id, name]}, {rename: {hs_id: id}}, {exclude: [name]}]",
		"a.id":  "[{include: [b]}, {rename: {b: a}}]",
		"b.key": "[{rename: {b.id: key}}]",
		"x":     "[{rename: {x: y, \"y\": x}}]",
	} {
		if _, err := stepped(key, steps); err != nil {
			t.Errorf("%s: %v", steps, err)
		}
	}
}
