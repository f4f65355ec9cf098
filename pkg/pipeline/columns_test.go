package pipeline_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"producer/pkg/pipeline"
	"producer/pkg/registry"
	"producer/pkg/schema"
)

// typed is the resource rows with columns.
func typed(columns string) string { return resource("rows", "rows", "columns: "+columns+", ") }

// Declared columns are in the first schema, and are added to a published one before its next record.
func TestColumnsAreDeclared(t *testing.T) {
	w := begin(t, rows(10)...)
	w.rows[0] = `{"id":1,"version":1,"born":"1970-01-02"}`
	p := w.must(w.configured(typed("{born: {data_type: date}}"), "", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	if s := w.latestSchema(); !strings.Contains(s, `{"name":"born","type":["null",{"type":"int","logicalType":"date"}],"default":null}`) {
		t.Errorf("the schema is %s", s)
	}
	w.set(func() { w.rows[1] = row(2, 2) })
	p = w.must(w.configured(typed("{born: {data_type: date}, died: {data_type: timestamp}}"), "", pipeline.Options{}))
	if got := w.run(p, pipeline.ExitOK); got.Published != 1 {
		t.Errorf("published %d, want 1", got.Published)
	}
	if s := w.latestSchema(); !strings.Contains(s, `"died"`) || len(w.schemas()) != 2 {
		t.Errorf("%d schemas, the newest is %s", len(w.schemas()), s)
	}
	w.set(func() { w.rows[1] = row(2, 3) })
	w.run(w.must(w.configured(typed("{born: {data_type: date}, died: {data_type: timestamp}}"), "", pipeline.Options{})), pipeline.ExitOK)
	if n := len(w.schemas()); n != 2 {
		t.Errorf("%d schemas, want 2: nothing was new", n)
	}
}

// A declared column that differs from what is published changes nothing, and is said.
func TestColumnsThatDiffer(t *testing.T) {
	w := begin(t, rows(10)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	var log bytes.Buffer
	p := w.must(w.configured(typed("{version: {data_type: text}}"), "", pipeline.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
	w.run(p, pipeline.ExitOK)
	if !strings.Contains(log.String(), "column version is declared as string, the schema has long") {
		t.Errorf("the log is %s", log.String())
	}
	p = w.must(w.configured(typed("{must: {data_type: text, nullable: false}}"), "", pipeline.Options{}))
	if got := w.run(p, pipeline.ExitData); !strings.Contains(got.Error, "must") {
		t.Errorf("%q does not name the column", got.Error)
	}
}

// A pinned file is what is registered: columns may only repeat it.
func TestColumnsBesideAFile(t *testing.T) {
	for columns, want := range map[string]string{
		"{version: {data_type: bigint}}":                  "",
		"{version: {data_type: text}}":                    "version is declared as string",
		"{version: {data_type: bigint, nullable: false}}": "not nullable",
		"{other: {data_type: bigint}}":                    "other is declared, the schema lacks it",
	} {
		w := begin(t)
		pin := w.pin("rows", `{"type":"record","name":"rows","fields":[{"name":"id","type":"long"},{"name":"version","type":["null","long"],"default":null}]}`)
		_, err := w.configured(typed(columns), pin, pipeline.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", columns, err)
		case want != "" && (pipeline.ExitCode(err) != pipeline.ExitUsage || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "rows.avsc")):
			t.Errorf("%s: %v; want exit 2 that says %s", columns, err, want)
		}
	}
}

// schema.names: snake_case names fields as dlt does, and keeps the originals.
func TestSnakeCaseNames(t *testing.T) {
	w := begin(t, `{"id":1,"createdAt":"x"}`)
	w.run(w.must(w.configured(resource("rows", "rows", ""), "}\nschema: {names: snake_case", pipeline.Options{})), pipeline.ExitOK)
	if s := w.latestSchema(); !strings.Contains(s, `{"name":"created_at","type":["null","string"],"default":null,"json":"createdAt"}`) {
		t.Errorf("the schema is %s", s)
	}
}

// One schema is registered for all that the first ten pages hold, and one for all that is new on a later page.
func TestRegistrationsAreFew(t *testing.T) {
	w := begin(t)
	for i := range 400 {
		id := i + 1
		switch page := i / 10; {
		case page == 0:
			w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"a":null,"b":[],"c":{}}`, id))
		case page < 10: // each brings a type of its own
			w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"a":%s,"b":[%d],"c":{"p%d":1},"n%d":true}`, id, []string{"1", "2.5", `"x"`}[page%3], id, page, page))
		case page == 20:
			w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"a":{"odd":%d},"b":"x","new%d":1}`, id, id, id))
		default:
			w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"a":"y","b":[1],"n3":null}`, id))
		}
	}
	p := w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{}))
	if got := w.run(p, pipeline.ExitOK); got.Published != 400 || got.Pages != 40 {
		t.Errorf("published %d on %d pages, want 400 on 40", got.Published, got.Pages)
	}
	if n := len(w.schemas()); n != 2 {
		t.Errorf("%d schemas were registered, want 2", n)
	}
}

// What another instance has added to the schema meanwhile stays, and is not added again.
func TestEvolvingBesideAnotherInstance(t *testing.T) {
	w := begin(t, rows(10)...)
	fake, config, _ := registered(t)
	p := w.must(w.configured(resource("rows", "rows", ""), config, pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	reg, err := registry.Confluent(registry.Options{URL: fake.URL()})
	if err != nil {
		t.Fatal(err)
	}
	other, err := schema.Parse([]byte(`{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"version","type":["null","long"],"default":null},
		{"name":"other","type":["null","string"],"default":null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Register(t.Context(), "p.rows-value", other); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		row      string
		versions int
		has      string // a field of the newest schema
	}{
		{`{"id":1,"version":2,"other":"x"}`, 2, "other"},
		{`{"id":1,"version":2,"other":"x","new":1}`, 3, "new"},
	} {
		w.set(func() { w.rows[0] = step.row })
		w.run(p, pipeline.ExitOK)
		latest, _, err := reg.Latest(t.Context(), "p.rows-value")
		if err != nil {
			t.Fatal(err)
		}
		_, there := fake.GetSchema("p.rows-value", step.versions)
		_, more := fake.GetSchema("p.rows-value", step.versions+1)
		if !there || more || !latest.Extends(other) || !strings.Contains(string(latest.JSON()), `"`+step.has+`"`) {
			t.Errorf("%s: want %d versions, the newest is %s", step.row, step.versions, latest.JSON())
		}
	}
}
