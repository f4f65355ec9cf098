package extractor_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"producer/pkg/extractor"
	"producer/pkg/record"
)

// Queries find what jsonpath-ng finds, in its order.
func TestSelectAsJSONPathNG(t *testing.T) {
	text, err := os.ReadFile("testdata/jsonpath.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Document json.RawMessage
		Cases    []struct {
			Query string
			Finds json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil || len(golden.Cases) < 40 {
		t.Fatalf("%d cases, %v", len(golden.Cases), err)
	}
	var tape record.Tape
	if err := tape.Parse(golden.Document, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Cases {
		var want []any
		if err := json.Unmarshal(c.Finds, &want); err != nil {
			t.Fatal(err)
		}
		var got []any
		for v := range extractor.Select(tape.Root(), query(c.Query)) {
			var one any
			if err := json.Unmarshal(v.Raw(), &one); err != nil {
				t.Fatal(err)
			}
			got = append(got, one)
		}
		if a, b := fmt.Sprintf("%#v", got), fmt.Sprintf("%#v", want); a != b && len(got)+len(want) > 0 {
			t.Errorf("%s finds %v, want %v", c.Query, got, want)
		}
		for v := range extractor.Select(tape.Root(), query(c.Query)) { // whoever stops is not told more
			if n, _ := json.Marshal(want[0]); len(n) == 0 || !v.IsValid() {
				t.Errorf("%s: first %s", c.Query, v.Raw())
			}
			break
		}
	}
	for v := range extractor.Select(record.Value{}, query("$")) {
		t.Errorf("found %v in nothing", v)
	}
}

// What a data_selector with wildcards finds are the records, or lists of them.
func TestSelectorsWithManyMatches(t *testing.T) {
	const groups = `{"groups":[{"items":[{"id":1},{"id":2}]},{"items":[]},{"name":"x"},{"items":[{"id":3}]}],"rows":[{"id":1},{"id":2}],"none":[],` +
		`"one":[{"id":9}],"edges":[{"node":{"id":4}},{"node":{"id":5}}],"bad":[{"id":1},7],"nulls":[{"id":1},null],"by":{"a":{"id":1},"b":{"id":2}}}`
	for _, tt := range []struct{ selector, want string }{
		{"rows[*]", "1 2"}, {"rows", "1 2"}, {"rows[1:]", "2"}, {"rows[0,1]", "1 2"}, {"one[*]", "9"},
		{"groups[*].items", "1 2 3"}, {"groups[*].items[*]", "1 2 3"}, {"$..items", "1 2 3"}, {"edges[*].node", "4 5"}, {"$..node", "4 5"}, {"by.*", "1 2"},
		{"none[*]", ""}, {"none", ""}, {"none[*].node", ""}, {"rows[5:]", ""},
		{"nothing", "!finds nothing"}, {"nothing[*]", "!finds nothing"}, {"$..nothing", "!finds nothing"},
		{"bad[*]", "!finds a number where a record is expected, as number 2"}, {"nulls[*]", "!finds null where a record is expected, as number 2"},
		{"rows[*].id", "!finds a number where a record is expected, as number 1"},
		{"rows[0]", "!finds no list, but an object"}, {"$", "!finds no list, but an object"},
	} {
		a := &api{instead: always(groups)}
		res := resource(offset())
		res.Endpoint.Selector = query(tt.selector)
		res.Endpoint.Paginator.TotalPath, res.Endpoint.Paginator.Maximum = nil, new(int64)
		*res.Endpoint.Paginator.Maximum = 1
		r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
		if why, bad := strings.CutPrefix(tt.want, "!"); bad {
			if e := wantAs[*extractor.SelectorError](t, r.err); !strings.HasPrefix(e.Why, why) {
				t.Errorf("%s: %v, want %q", tt.selector, r.err, why)
			}
			continue
		}
		if got := strings.Join(r.ids, " "); got != tt.want || r.err != nil {
			t.Errorf("%s: got %q, want %q (%v)", tt.selector, got, tt.want, r.err)
		}
	}
}

// A record at fault is named wherever the selector found it.
func TestBlameThroughWildcards(t *testing.T) {
	for _, tt := range []struct{ selector, body, field string }{
		{"groups[*].items", `{"groups":[{"items":[{"id":7}]},{"items":[{"id":8,"a":{"b~/":1,"b~/":2}}]}]}`, "a.b~/"},
		{"$..items[*]", `{"x":{"items":[{"id":7},{"id":8,"s":"\ud800"}]}}`, "s"},
	} {
		res := resource(offset())
		res.Endpoint.Selector = query(tt.selector)
		r := walk(t, extract(t, &api{instead: always(tt.body)}, res), extractor.Position{}, extractor.WalkOptions{})
		if e := wantAs[*extractor.RecordError](t, r.err); e.Index != 1 || e.Key != "8" || e.Field != tt.field {
			t.Errorf("%s: %+v", tt.selector, e)
		}
	}
}

// Totals and flags are found by queries too.
func TestTotalByQuery(t *testing.T) {
	p := offset()
	p.TotalPath, p.TotalGiven, p.HasMorePath = pathTo("$..info[0].count"), true, pathTo("page[-1].more")
	a := &api{instead: always(`{"data":[{"id":1}],"info":"x","deep":{"info":[{"count":1}]},"page":[{},{"more":false}]}`)}
	r := walk(t, extract(t, a, resource(p)), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || !r.end.Proven || *r.end.LastTotal != 1 {
		t.Errorf("%v", r)
	}
}
