package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// findings is the document of `producer schema diff --output json`, as far as the cases look at it.
type findings struct {
	ExitCode  int `json:"exit_code"`
	Resources []struct {
		Against, Verdict, Words string
		SchemaID                *int `json:"schema_id"`
		Refused                 bool
		Findings                []struct{ Kind, Field, Avro, Type string }
	}
}

// diff runs `producer schema diff`; the exit code must be want, and the document's too.
func (s *scenario) diff(config string, want int) (doc findings) {
	s.Helper()
	o := s.start("schema", "diff", "-c", config, "--output", "json").wait(want)
	if err := json.Unmarshal([]byte(o.stdout), &doc); err != nil || doc.ExitCode != want || len(doc.Resources) != 1 {
		s.Fatalf("%v: exit code %d in %s", err, doc.ExitCode, o.said())
	}
	return doc
}

func (f findings) kinds() string {
	var out []string
	for _, x := range f.Resources[0].Findings {
		out = append(out, x.Kind+" "+x.Field)
	}
	return strings.Join(out, ", ")
}

// Infer writes what the first run registers; diff says what has changed since, and who feels it. Neither registers nor publishes.
func TestSchemaCommands(t *testing.T) {
	each(t, map[string][]edits{"registry": nil, "single object": {{"schema.registry": gone}}}, func(s *scenario, more []edits) {
		l := &listing{rows: plain(150)}
		config := s.config(s.api(l), append(more, edits{"schema.directory": "schemas"})...)
		o := s.start("schema", "infer", "-c", config).wait(0)
		o.mentions(filepath.Join("schemas", "contacts.avsc"), "150 records")
		if !strings.Contains(o.stderr, "status=complete pages_read=") { // it proves nothing, and does not say so
			s.Errorf("stderr: %s", o.stderr)
		}
		file, err := os.ReadFile(filepath.Join(s.dir, "schemas", "contacts.avsc"))
		if err != nil || !strings.Contains(string(file), `"name": "contacts"`) {
			s.Fatalf("%v: %s", err, file)
		}
		s.start("schema", "infer", "-c", config).wait(2).mentions("contacts.avsc", "--force")

		if d := s.diff(config, 0); d.Resources[0].Against != "pinned" || d.Resources[0].Verdict != "new" || len(d.Resources[0].Findings) > 0 {
			s.Errorf("before the first run: %+v", d)
		}
		s.run(config, 0).expect("contacts", object{"published": 150})
		if d := s.diff(config, 0); d.Resources[0].Against != "registered" || d.Resources[0].Verdict != "unchanged" || (d.Resources[0].SchemaID == nil) != (more != nil) {
			s.Errorf("after it: %+v", d)
		}

		l.rows[3] = `{"id":4,"name":["n4"],"v":12,"address":{"city":"Ulm"}}`
		d := s.diff(config, 0)
		if got, want := d.kinds(), "variant name, added address"; got != want || d.Resources[0].Verdict != "compatible" {
			s.Errorf("got %s (%+v), want %s", got, d, want)
		}
		s.start("schema", "diff", "-c", config).wait(0).mentions("name__v_array_string", "compatible", "JDBC", "1 of 150 records")
		frozen := s.config(s.apis[0], append(more, edits{"schema.directory": "schemas", "source.resources.0.schema_contract": "freeze"})...)
		if got := s.diff(frozen, 4).kinds(); got != "conflicting name, conflicting address" {
			s.Errorf("under freeze: %s", got)
		}
		s.times(s.table("contacts", append(l.rows[:3:3], append([]string{plain(4)[3]}, l.rows[4:]...)...)), 1)
		if more == nil {
			if got := s.versions("contacts"); len(got) != 1 {
				s.Errorf("%d versions are registered, want 1", len(got))
			}
		}

		s.file("schemas/contacts.avsc", strings.Replace(strings.ReplaceAll(string(file), `"string"`, `"long"`), `"json"`, `"doc"`, 1))
		d = s.diff(config, 4)
		if d.Resources[0].Verdict != "incompatible" || !d.Resources[0].Refused || !strings.Contains(d.Resources[0].Words, "name") {
			s.Errorf("a file that the registry would refuse: %+v", d)
		}
		s.run(config, 4).mentions("name")
	})
}

func TestSchemaCommandMistakes(t *testing.T) {
	s := begin(t)
	config := s.config(s.api(&listing{rows: plain(1)}))
	for _, args := range [][]string{{"schema"}, {"schema", "dif"}, {"schema", "diff"}, {"schema", "diff", "-c", config, "--output", "xml"}, {"schema", "infer", "-c", config},
		{"schema", "diff", "-c", config, "--resource", "none"}, {"schema", "infer", "-c", config, "--output", "json"}} {
		if o := s.start(args...).wait(2); o.stdout != "" || o.stderr == "" {
			s.Errorf("%v: %s", args, o.said())
		}
	}
}

// What a contract discards: values leave their record, which is published without them, or the record is left out.
func TestDiscardedByContract(t *testing.T) {
	s := begin(t)
	s.file("schemas/contacts.avsc", pinned)
	l := &listing{rows: plain(50)}
	l.rows[6] = `{"id":7,"name":{"odd":1},"v":18}`
	l.rows[7] = `{"id":8,"name":"n8","v":21,"odd":1}`
	config := s.config(s.api(l), edits{"schema.directory": "schemas", "source.resources.0.schema_contract": object{"columns": "discard_row", "data_type": "discard_value"}})
	s.run(config, 0).expect("contacts", object{"records": 50, "published": 49, "dead_lettered": 1})
	rows := append([]string{}, l.rows...)
	rows[6] = `{"id":7,"v":18}`
	s.table("contacts", append(rows[:7:7], rows[8:]...))
	letters := map[string]string{}
	for _, r := range s.read(s.topic("contacts") + ".dlq") {
		for _, h := range r.Headers {
			if h.Key == "field" {
				letters[string(r.Key)] = string(h.Value) + " " + string(r.Value)
			}
		}
	}
	if len(letters) != 2 || letters["7"] != "name "+l.rows[6] || letters["8"] != "odd "+l.rows[7] {
		s.Errorf("dead letters %q", letters)
	}
}

// A pinned file that is edited may add to what is published, which the source has grown meanwhile, and no more.
func TestEditedSchemaFile(t *testing.T) {
	const file = "schemas/contacts.avsc"
	with := func(fields string) string {
		return `{"type":"record","name":"contacts","fields":[{"name":"id","type":"long"}` + fields + `]}`
	}
	const name, v = `,{"name":"name","type":["null","string"],"default":null}`, `,{"name":"v","type":["null","long"],"default":null}`
	for kind, more := range map[string]edits{"registry": {}, "without a registry": withoutRegistry} {
		t.Run(kind, func(t *testing.T) {
			s := begin(t)
			s.file(file, with(name))
			l := &listing{rows: plain(20)}
			config := s.config(s.api(l), more, edits{"schema.directory": "schemas"})
			s.run(config, 0).mentions("a field that the pinned schema lacks was added", "contacts.avsc") // v
			for lost, edited := range map[string]string{
				"field v: it is published and would be taken away":                       with(name + `,{"name":"new","type":["null","string"],"default":null}`),
				"field v: it is published as long and would become double":               with(name + strings.Replace(v, "long", "double", 1)),
				"field new: it is new and not nullable: make its type a union with null": with(name + v + `,{"name":"new","type":"string","default":""}`),
				"would become record elsewhere.contacts":                                 strings.Replace(with(name+v), `"fields"`, `"namespace":"elsewhere","fields"`, 1),
			} {
				s.file(file, edited)
				s.run(config, 4).mentions(lost, "contacts.avsc: subject ")
			}
			s.file(file, with(name+v+`,{"name":"new","type":["null","string"],"default":null}`))
			l.rows[3] = `{"id":4,"name":"n4","v":9,"new":"x"}`
			s.run(config, 0).expect("contacts", object{"published": 1, "unchanged": 19})
			s.table("contacts", l.rows)
		})
	}
}
