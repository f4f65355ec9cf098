package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// A contract that discards every row leaves an empty topic: that is no loss.
func TestAllRowsMayBeDiscarded(t *testing.T) {
	w := begin(t)
	for i := range 20 {
		w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"version":"x"}`, i+1))
	}
	schemas := t.TempDir()
	pin := `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"version","type":["null","long"],"default":null}]}`
	if err := os.WriteFile(filepath.Join(schemas, "rows.avsc"), []byte(pin), 0o600); err != nil {
		t.Fatal(err)
	}
	strict := resource("rows", "rows", "schema_contract: {data_type: discard_row}, ")
	p := w.must(w.configured(strict, "}\nschema: {directory: "+schemas, pipeline.Options{}))
	for range 2 {
		if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 20 || got.Published != 0 {
			t.Errorf("%d dead letters, %d published; want 20, 0", got.DeadLettered, got.Published)
		}
	}
}

// A row that the contract discards is a dead letter, in the transaction of its page; its key keeps what it has.
func TestDiscardedRowsAreDeadLetters(t *testing.T) {
	w := begin(t, rows(30)...)
	frozen := resource("rows", "rows", "schema_contract: {data_type: discard_row, columns: freeze}, ")
	p := w.must(w.configured(frozen, "commit_interval: 10s", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[11] = `{"id":12,"version":"two"}`; w.rows[20] = row(21, 2) })
	got := w.run(p, pipeline.ExitOK)
	if got.DeadLettered != 1 || got.Published != 1 || got.Unchanged != 28 || got.Records != 30 {
		t.Errorf("%+v; want 1 dead letter, 1 published, 28 unchanged", got)
	}
	letters := 0
	err := w.cluster().Scan(t.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		letters++
		if string(r.Key) != "12" || string(r.Value) != `{"id":12,"version":"two"}` || len(r.Headers) != 2 || string(r.Headers[1].Value) != "version" {
			t.Errorf("dead letter %s: %s %v", r.Key, r.Value, r.Headers)
		}
		return nil
	})
	if err != nil || letters != 1 {
		t.Errorf("%d dead letters, %v; want 1", letters, err)
	}
	if keys, _, _ := w.live(); len(keys) != 30 {
		t.Errorf("%d keys, want 30: the dead letter's key keeps what it has", len(keys))
	}
}

// Dead letters and records stand or fall together.
func TestDeadLettersAreAtomic(t *testing.T) {
	w := begin(t, rows(10)...)
	p := w.must(w.configured(resource("rows", "rows", "schema_contract: {data_type: discard_row}, "), "commit_timeout: 5s", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[3], w.rows[4] = `{"id":4,"version":"x"}`, row(5, 2) })
	fault := w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "p.rows.dlq", Err: kerr.InvalidRecord, Count: -1})
	if sum := p.Run(t.Context()); sum.ExitCode != pipeline.ExitData || sum.Resources[0].Published != 0 {
		t.Errorf("exit %d (%s), published %d; want 4, nothing", sum.ExitCode, sum.Error, sum.Resources[0].Published)
	}
	fault.Remove()
	if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 1 || got.Published != 1 {
		t.Errorf("%d dead letters, %d published; want 1, 1", got.DeadLettered, got.Published)
	}
}

// letter is what stands in p.rows.dlq.
type letter struct{ key, value, reason, field string }

func (w *world) letters() (out []letter) {
	w.Helper()
	err := w.cluster().Scan(w.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		l := letter{key: string(r.Key), value: string(r.Value)}
		for _, h := range r.Headers {
			switch h.Key {
			case "reason":
				l.reason = string(h.Value)
			case "field":
				l.field = string(h.Value)
			default:
				w.Errorf("dead letter with the header %s", h.Key)
			}
		}
		out = append(out, l)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// A value that the contract discards is left out of its record, and the record as it came is a dead letter, once for each change.
func TestDiscardedValues(t *testing.T) {
	odd := `{"id":12, "version":"two","deep":{"l":[{"a":1},{"a":"x"}],"new":true},"none":null}`
	for name, tt := range map[string]struct {
		contract, field string
		fields          []string // of the latest schema, in any place
	}{
		"all":                        {"discard_value", "version, deep.l[1].a, deep.new", []string{"version", "deep"}},
		"data_type":                  {"{data_type: discard_value}", "version, deep.l[1].a", []string{"version", "deep", "new"}},
		"columns":                    {"{columns: discard_value}", "deep.new", []string{"version", "version__v_string", "a__v_string"}},
		"both, one of them for rows": {"{columns: discard_value, data_type: discard_row}", "version", []string{"version"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, rows(30)...)
			w.rows[0] = `{"id":1,"version":1,"deep":{"l":[{"a":1}]}}`
			w.run(w.pipeline("merge", ""), pipeline.ExitOK) // the schema stands
			p := w.must(w.configured(resource("rows", "rows", "schema_contract: "+tt.contract+", "), "commit_interval: 10s", pipeline.Options{}))
			w.set(func() { w.rows[11] = odd })
			whole := strings.Contains(tt.contract, "discard_row")
			want := pipeline.Resource{Published: 1}
			if whole {
				want = pipeline.Resource{DeadLettered: 1}
			}
			if got := w.run(p, pipeline.ExitOK); got.Published != want.Published || got.DeadLettered != want.DeadLettered || got.Unchanged != 29 {
				t.Errorf("%+v; want %+v and 29 unchanged", got, want)
			}
			letters := w.letters()
			if len(letters) != 1 || letters[0].key != "12" || letters[0].value != odd || letters[0].field != tt.field || !strings.Contains(letters[0].reason, "field ") {
				t.Errorf("dead letters %q; want one for field %s", letters, tt.field)
			}
			if got := w.run(p, pipeline.ExitOK); !whole && (got.Unchanged != 30 || len(w.letters()) != 1) {
				t.Errorf("again: %d unchanged, letters %q; want 30 and no more", got.Unchanged, w.letters())
			}
			text := w.latestSchema()
			for _, f := range []string{"version", "deep", "new", "version__v_string", "a__v_string"} {
				wanted := slices.Contains(tt.fields, f) || f == "deep"
				if got := strings.Contains(text, `"name":"`+f+`"`); got != wanted {
					t.Errorf("field %s in the schema: %v, want %v", f, got, wanted)
				}
			}
		})
	}
}

// schemas are those of p.rows, in order.
func (w *world) schemas() (texts []string) {
	w.Helper()
	err := w.cluster().Scan(w.Context(), "p.schemas", kafka.ScanOptions{}, func(r kafka.Record) error {
		texts = append(texts, string(r.Value))
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return texts
}

// latestSchema is the newest schema of p.rows, "" where there is none.
func (w *world) latestSchema() string {
	w.Helper()
	all := w.schemas()
	return append([]string{""}, all...)[len(all)]
}

// A value that null can't stand for is not discarded: the field of a reviewed schema must be there.
func TestDiscardedValuesMayBeNeeded(t *testing.T) {
	w := begin(t, rows(20)...)
	w.rows[13] = `{"id":14,"version":"x"}`
	schemas := w.pin("rows", `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"version","type":"long"}]}`)
	p := w.must(w.configured(resource("rows", "rows", "schema_contract: discard_value, "), schemas, pipeline.Options{}))
	if got := w.run(p, pipeline.ExitData); got.Published != 10 || !strings.Contains(got.Error, "14") || !strings.Contains(got.Error, "version") {
		t.Errorf("published %d (%s); want the first page, and the key and the field named", got.Published, got.Error)
	}
}

// pin writes a schema file and returns what follows in a configuration.
func (w *world) pin(name, text string) string {
	w.Helper()
	dir := w.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name+".avsc"), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	return "}\nschema: {directory: " + dir
}

// Of many values in one record the first are named.
func TestDiscardedValuesAreBounded(t *testing.T) {
	w := begin(t, rows(10)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `,"field%d":1`, i)
	}
	w.set(func() { w.rows[3] = `{"id":4,"version":9` + b.String() + `}` })
	p := w.must(w.configured(resource("rows", "rows", "schema_contract: {columns: discard_value}, "), "", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	l := w.letters()
	if len(l) != 1 || len(l[0].reason) > 2000 || !strings.Contains(l[0].reason, "field field0: ") || !strings.HasSuffix(l[0].reason, " more") {
		t.Errorf("%d letters, %.3000q", len(l), l)
	}
}

// A table that does not exist is not made, and its records are dead letters, until it exists.
func TestTablesThatAreNotMade(t *testing.T) {
	for _, mode := range []string{"discard_row", "discard_value"} {
		w := begin(t, rows(25)...)
		strict := resource("rows", "rows", "schema_contract: {tables: "+mode+"}, ")
		for range 2 {
			got := w.run(w.must(w.configured(strict, "", pipeline.Options{})), pipeline.ExitOK)
			if got.DeadLettered != 25 || got.Published != 0 || got.Records != 25 || got.Proof != pipeline.Proven {
				t.Errorf("%s: %+v; want 25 dead letters", mode, got)
			}
		}
		if l := w.letters(); len(l) != 50 || !strings.HasPrefix(l[0].value, `{"id":`) || !strings.Contains(l[0].reason, "tables is "+mode) || l[0].field != "" {
			t.Errorf("%s: %d letters, %q", mode, len(l), l[:1])
		}
		if w.latestSchema() != "" {
			t.Errorf("%s: a schema was made", mode)
		}
		w.run(w.pipeline("merge", ""), pipeline.ExitOK)
		if got := w.run(w.must(w.configured(strict, "", pipeline.Options{})), pipeline.ExitOK); got.DeadLettered != 0 || got.Unchanged != 25 {
			t.Errorf("%s: then %+v; want 25 unchanged", mode, got)
		}
	}
}

// Columns may be added to a new table throughout the first walk, as in dlt; afterwards they are held to the contract.
func TestColumnsOfANewTable(t *testing.T) {
	w := begin(t, rows(150)...)
	w.rows[140] = `{"id":141,"version":1,"late":true}`
	p := w.must(w.configured(resource("rows", "rows", "schema_contract: {columns: freeze}, "), "", pipeline.Options{}))
	if got := w.run(p, pipeline.ExitOK); got.Published != 150 {
		t.Errorf("published %d, want 150", got.Published)
	}
	w.set(func() { w.rows[140] = `{"id":141,"version":1,"later":true}` })
	if got := w.run(p, pipeline.ExitData); !strings.Contains(got.Error, "later") {
		t.Errorf("%q does not name the field", got.Error)
	}
}

// noise is text that doesn't compress.
func noise(n int) string {
	var b strings.Builder
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b.WriteByte('A' + byte(x>>24)%26)
	}
	return b.String()
}

// A record that the brokers refuse for its size is named, and the pages before it are kept: also without a key, and of dead letters.
func TestTooLargeKeepsThePagesBefore(t *testing.T) {
	keyless := "    - {name: rows, write_disposition: append, schema_contract: {data_type: discard_row}, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n"
	for name, tt := range map[string]struct{ resources, policy, row string }{
		"record":            {resource("rows", "rows", ""), "compact", `{"id":26,"text":"%s"}`},
		"keyless":           {keyless, "delete", `{"id":26,"text":"%s"}`},
		"dead letter":       {keyless, "delete", `{"id":26,"version":"%s"}`},
		"letter of a value": {strings.Replace(resource("rows", "rows", ""), "primary_key", "schema_contract: {data_type: discard_value}, primary_key", 1), "compact", `{"id":26,"version":"%s"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, rows(40)...)
			var specs []kafka.TopicSpec
			for topic, policy := range map[string]string{"p.rows": tt.policy, "p.rows.dlq": "delete"} {
				specs = append(specs, kafka.TopicSpec{Name: topic, Partitions: 2, ReplicationFactor: 1,
					Config: map[string]string{"cleanup.policy": policy, "max.message.bytes": "20000"}})
			}
			if err := w.cluster().Create(t.Context(), specs); err != nil {
				t.Fatal(err)
			}
			p := w.must(w.configured(tt.resources, "commit_interval: 10s, compression: none", pipeline.Options{}))
			w.run(p, pipeline.ExitOK) // the schema stands
			w.set(func() {
				for i := range w.rows {
					w.rows[i] = row(i+1, 2)
				}
				w.rows[25] = fmt.Sprintf(tt.row, noise(60_000))
			})
			got := w.run(p, pipeline.ExitData)
			if got.Published != 20 || got.Pages != 2 || got.DeadLettered != 0 || !strings.Contains(got.Error, "offset 20") {
				t.Errorf("published %d, %d pages, %d dead letters (%.200s); want the 20 rows of 2 pages, and offset 20 named", got.Published, got.Pages, got.DeadLettered, got.Error)
			}
			w.set(func() { w.rows[25] = row(26, 2) })
			if got := w.run(p, pipeline.ExitOK); got.Published != 20 {
				t.Errorf("then published %d, want the 20 that were left", got.Published)
			}
		})
	}
}

// A dead letter of a record that has no key has none either.
func TestDeadLettersWithoutAKey(t *testing.T) {
	w := begin(t, rows(10)...)
	p := w.must(w.configured("    - {name: rows, write_disposition: append, schema_contract: {data_type: discard_row}, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n",
		"", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[3] = `{"id":4,"version":"x"}` })
	if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 1 || got.Published != 9 {
		t.Errorf("%d dead letters, %d published; want 1, 9", got.DeadLettered, got.Published)
	}
	err := w.cluster().Scan(t.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		if r.Key != nil {
			t.Errorf("key %q, want none", r.Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
