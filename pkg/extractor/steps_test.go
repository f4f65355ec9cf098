package extractor_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

func paths(texts ...string) []config.Path {
	var out []config.Path
	for _, t := range texts {
		out = append(out, path(t))
	}
	return out
}

func keep(field, op string, values ...config.Literal) config.Step {
	return config.Step{Filter: &config.Filter{Field: path(field), Tests: []config.Test{{Op: op, Values: values}}}}
}

// read walks rows through steps and returns the records as they come out.
func read(t *testing.T, rows []string, steps ...config.Step) (string, extractor.End, error) {
	t.Helper()
	r := resource(offset())
	r.Steps = steps
	w := extract(t, &api{rows: rows, total: counted}, r).Walk(extractor.Position{}, extractor.WalkOptions{})
	var out []string
	for {
		p, err := w.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return strings.Join(out, " "), w.End(), nil
		}
		if err != nil {
			return "", w.End(), err
		}
		for _, rec := range p.Records {
			out = append(out, string(rec.Raw()))
		}
		p.Release()
	}
}

func TestSteps(t *testing.T) {
	exists := config.Step{Filter: &config.Filter{Field: path("a"), Tests: []config.Test{{Op: "exists", Exists: true}}}}
	matches := config.Step{Filter: &config.Filter{Field: path("a"), Tests: []config.Test{{Op: "matches", Pattern: regexp.MustCompile("^x")}}}}
	include, exclude := config.Step{Include: paths("id", "a.b")}, config.Step{Exclude: paths("id", "a.b")}
	rename := config.Step{Rename: []config.Rename{{From: path("a"), To: "id"}, {From: path("id"), To: "a"}, {From: path("o.p"), To: "q"}}}
	for _, tt := range []struct {
		name string
		step config.Step
		rows string // separated by blanks
		want string
	}{
		{"eq", keep("a", "eq", "1"), `{"a":1} {"a":1.0} {"a":"1"} {"a":2} {"a":null} {}`, `{"a":1} {"a":1.0}`},
		{"ne", keep("a", "ne", `"x"`), `{"a":"x"} {"a":"\u0078"} {"a":1} {"a":null} {}`, `{"a":1} {"a":null} {}`},
		{"in", keep("a.b", "in", `"x"`, "2", "true"), `{"a":{"b":"x"}} {"a":{"b":2}} {"a":{"b":true}} {"a":{"b":[2]}} {"a":2}`, `{"a":{"b":"x"}} {"a":{"b":2}} {"a":{"b":true}}`},
		{"not in", keep("a", "not_in", "1", "2"), `{"a":1} {"a":3} {}`, `{"a":3} {}`},
		{"gt", keep("a", "gt", "9007199254740992"), `{"a":9007199254740992} {"a":9007199254740993} {"a":null}`, `{"a":9007199254740993}`},
		{"gte", keep("a", "gte", `"2024"`), `{"a":"2023-12"} {"a":"2024"} {"a":"2024-01"}`, `{"a":"2024"} {"a":"2024-01"}`},
		{"lt", keep("a", "lt", "0"), `{"a":0} {"a":-1e-9} {}`, `{"a":-1e-9}`},
		{"lte", keep("a", "lte", "0"), `{"a":0} {"a":-1} {"a":1}`, `{"a":0} {"a":-1}`},
		{"exists", exists, `{"a":0} {"a":null} {}`, `{"a":0}`},
		{"matches", matches, `{"a":"xy"} {"a":"yx"} {}`, `{"a":"xy"}`},
		{"include", include, `{"id":1,"a":{"b":[1],"c":2},"z":0} {"a":5} {"a":{"c":1},"id":2}`, `{"id":1,"a":{"b":[1]}} {} {"a":{},"id":2}`},
		{"exclude", exclude, `{"id":1,"a":{"b":[1],"c":2},"z":0} {"a":5}`, `{"a":{"c":2},"z":0} {"a":5}`},
		{"rename", rename, `{"id":1,"a":2,"o":{"p":{"id":3}}} {"o":5}`, `{"a":1,"id":2,"o":{"q":{"id":3}}} {"o":5}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, end, err := read(t, strings.Fields(tt.rows), tt.step)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
			if filtered := tt.step.Filter != nil; end.Bounded != filtered || end.Proven == filtered || end.Rows != int64(len(strings.Fields(tt.rows))) {
				t.Errorf("the end is %+v", end)
			}
		})
	}
}

// Steps are taken in their order, over all pages, and a page of which nothing is left is not the end.
func TestStepsAcrossPages(t *testing.T) {
	rows := people(350, 1)
	got, end, err := read(t, rows, config.Step{Rename: []config.Rename{{From: path("name"), To: "n"}}}, keep("n", "in", `"n5"`, `"n150"`, `"n350"`),
		config.Step{Exclude: paths("n")})
	if want := `{"id":5} {"id":150} {"id":350}`; err != nil || got != want || end.Reason != extractor.Total || end.Rows != 350 {
		t.Errorf("got %s, %v, %+v; want %s", got, err, end, want)
	}
}

func TestStepErrors(t *testing.T) {
	for _, tt := range []struct {
		row  string
		step config.Step
		says string
	}{
		{`{"id":7,"a":"5"}`, keep("a", "gt", "1"), "gt 1 can't be compared: the record has a string"},
		{`{"id":7,"a":{}}`, keep("a", "lt", `"x"`), "the record has an object"},
		{`{"id":7,"a":5}`, config.Step{Filter: &config.Filter{Field: path("a"), Tests: []config.Test{{Op: "matches", Pattern: regexp.MustCompile("x")}}}}, "a number is no text"},
		{`{"id":7,"a":1,"b":2}`, config.Step{Rename: []config.Rename{{From: path("a"), To: "b"}}}, "rename a to b: the record has a field of that name"},
		{`{"id":7,"o":{"x":{"a":1,"b":2}}}`, config.Step{Rename: []config.Rename{{From: path("o.x.a"), To: "b"}}}, "rename a to b"},
	} {
		_, _, err := read(t, append(people(1, 1), tt.row), tt.step)
		e := wantAs[*extractor.RecordError](t, err)
		if e.Index != 1 || e.Key != "7" || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want …%s", tt.row, err, tt.says)
		}
	}
}

func BenchmarkSteps(b *testing.B) {
	rows := make([]string, 100)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"name":"%s","a":{"b":1,"c":"two","d":[1,2,3]},"status":"open"}`, i, strings.Repeat("x", 100))
	}
	for name, steps := range map[string][]config.Step{"none": nil, "filter and exclude": {keep("status", "in", `"open"`), {Exclude: paths("a.c")}}} {
		b.Run(name, func(b *testing.B) {
			r := resource(offset())
			r.Steps = steps
			x := extract(b, &api{rows: rows, total: counted}, r)
			b.ReportAllocs()
			for b.Loop() {
				p, err := x.Walk(extractor.Position{}, extractor.WalkOptions{}).Next(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				p.Release()
			}
		})
	}
}

// OnPage is told of every page as the API listed it, though a filter leaves nothing of it, and of the parent's pages as of pages without
// rows.
func TestOnPageHearsOfWhatIsLeftOut(t *testing.T) {
	nothing := []config.Step{keep("id", "eq", `"none"`)}
	listing := resource(offset())
	listing.Steps = nothing
	family := child(func(_, c *config.Resource) { c.Steps = nothing })
	for name, tt := range map[string]struct {
		x    *extractor.Extractor
		want string
	}{
		"listing":  {extract(t, &api{rows: people(250, 1), total: counted}, listing), "100/250 100/250 50/250"},
		"children": {extract(t, forest(map[int]int{1: 3, 2: 0, 3: 1}), family), "0 2 1 0 0 1"},
	} {
		var told []string
		w := tt.x.Begin(extractor.Position{}, extractor.WalkOptions{OnPage: func(rows int, total *int64) {
			text := fmt.Sprint(rows)
			if total != nil {
				text += fmt.Sprintf("/%d", *total)
			}
			told = append(told, text)
		}})
		if p, err := w.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("%s: got the page %v, %v; want the end", name, p, err)
		}
		if got := strings.Join(told, " "); got != tt.want {
			t.Errorf("%s: told %q, want %q", name, got, tt.want)
		}
	}
}
