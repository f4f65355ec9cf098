package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/avro"

	"producer/pkg/schema"
)

// TestFingerprints compares with another implementation: properties, defaults, aliases and white space make no difference, the
// namespace and the order of fields do.
func TestFingerprints(t *testing.T) {
	same := map[[8]byte]string{}
	for _, text := range []string{
		`{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"int","logicalType":"date"}}]}`,
		`{"fields":[{"type":{"type":"int"},"doc":"x","name":"e"}],"doc":"é","name":"R","aliases":["Q"],"type":"record"}`,
		`{"type":"record","name":"R","namespace":"a.b","fields":[{"name":"e","type":"int","default":5,"json":"E"}]}`,
		`{"type":"record","name":"a.c.R","namespace":"ignored","fields":[{"name":"e","type":["null",{"type":"string","connect.name":"io.debezium.data.Json"}],"default":null}]}`,
		`{"type":"record","name":"R","namespace":"n","fields":[{"name":"m","type":{"type":"record","name":"M","fields":[{"name":"r","type":["null","R"]}]}},{"name":"m2","type":["null","M"]}]}`,
		`{"type":"record","name":"R","namespace":"n","fields":[{"name":"m","type":{"type":"record","name":"M","namespace":"","fields":[{"name":"r","type":{"type":"fixed","name":"F","size":16}}]}},{"name":"f","type":"F"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}},{"name":"a","type":{"type":"array","items":{"type":"map","values":["null","E"]}}}]}`,
		`{"type":"record","name":"R","fields":[{"name":"p","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},{"name":"q","type":{"type":"bytes","logicalType":"decimal","precision":9}}]}`,
		`{"type":"record","name":"R","fields":[]}`,
	} {
		s, err := schema.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		other, err := avro.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(s.Canonical()), string(other.Canonical()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		fingerprint := s.Fingerprint()
		if got, want := fmt.Sprintf("%x", fingerprint), fmt.Sprintf("%x", reversed(other.Fingerprint(avro.NewRabin()))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if same[fingerprint] != "" {
			t.Errorf("%s and %s have one fingerprint", same[fingerprint], text)
		}
		same[fingerprint] = text
	}
}

func record1(fieldType string) string {
	return `{"type":"record","name":"R","namespace":"n","fields":[{"name":"x","type":` + fieldType + `}]}`
}

// TestCanRead has each pair checked by another implementation too. An empty path means that it can.
func TestCanRead(t *testing.T) {
	cases := []struct{ reader, writer, path string }{
		{`"long"`, `"int"`, ""},
		{`"int"`, `"long"`, "x"},
		{`"double"`, `"long"`, ""},
		{`"float"`, `"double"`, "x"},
		{`"string"`, `"bytes"`, ""},
		{`"string"`, `"long"`, "x"},
		{`["null","long"]`, `"long"`, ""},
		{`["null","long"]`, `"null"`, ""},
		{`"long"`, `["null","long"]`, "x"},
		{`"long"`, `["int","long"]`, ""},
		{`["null","double"]`, `["null","int"]`, ""},
		{`["null","string"]`, `["null","long"]`, "x"},
		{`{"type":"array","items":["null","long"]}`, `{"type":"array","items":"int"}`, ""},
		{`{"type":"array","items":"long"}`, `{"type":"array","items":["null","long"]}`, "x[]"},
		{`{"type":"map","values":"long"}`, `{"type":"array","items":"long"}`, "x"},
		{`{"type":"enum","name":"E","symbols":["A","B"]}`, `{"type":"enum","name":"E","symbols":["A"]}`, ""},
		{`{"type":"enum","name":"E","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["A","B"]}`, "x"},
		{`{"type":"enum","name":"E","symbols":["A"],"default":"A"}`, `{"type":"enum","name":"E","symbols":["A","B"]}`, ""},
		{`{"type":"enum","name":"F","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["A"]}`, "x"},
		{`{"type":"fixed","name":"F","size":4}`, `{"type":"fixed","name":"F","size":4}`, ""},
		{`{"type":"fixed","name":"F","size":4}`, `{"type":"fixed","name":"F","size":5}`, "x"},
		{`{"type":"record","name":"M","fields":[]}`, `{"type":"record","name":"M","fields":[{"name":"a","type":"long"}]}`, ""},
		{`{"type":"record","name":"M","fields":[{"name":"a","type":"long"}]}`, `{"type":"record","name":"M","fields":[]}`, "x.a"},
		{`{"type":"record","name":"M","fields":[{"name":"a","type":["null","long"],"default":null}]}`, `{"type":"record","name":"M","fields":[]}`, ""},
		{`{"type":"record","name":"M","fields":[{"name":"b","type":"long","aliases":["a"]}]}`, `{"type":"record","name":"M","fields":[{"name":"a","type":"long"}]}`, ""},
		{`{"type":"record","name":"N","fields":[]}`, `{"type":"record","name":"M","fields":[]}`, "x"},
		{`["null","R"]`, `["null","R"]`, ""},
		{`["null","R","string"]`, `["null","R","long"]`, "x"},
		{timestampType, `"long"`, ""},
	}
	for _, c := range cases {
		r, err1 := schema.Parse([]byte(record1(c.reader)))
		w, err2 := schema.Parse([]byte(record1(c.writer)))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		err := r.CanRead(w)
		var in *schema.IncompatibleError
		switch {
		case c.path == "" && err != nil:
			t.Errorf("%s should read %s: %v", c.reader, c.writer, err)
		case c.path != "" && (!errors.As(err, &in) || in.Path != c.path):
			t.Errorf("%s should not read %s for %s: %v", c.reader, c.writer, c.path, err)
		}
		other := avro.CheckCompatibility(avro.MustParse(record1(c.writer)), avro.MustParse(record1(c.reader)))
		if (other == nil) != (c.path == "") {
			t.Errorf("another implementation: %s reads %s: %v", c.reader, c.writer, other)
		}
	}
}

// TestCanReadShared: types that are shared by many fields are compared once, not once a path, of which there are 2^60.
func TestCanReadShared(t *testing.T) {
	text := `"long"`
	for i := range 60 {
		text = fmt.Sprintf(`{"type":"record","name":"R%d","fields":[{"name":"a","type":%s},{"name":"b","type":%s}]}`, i, text, strings.ReplaceAll(fmt.Sprintf(`"R%d"`, i-1), `"R-1"`, `"long"`))
	}
	a, err1 := schema.Parse([]byte(text))
	b, err2 := schema.Parse([]byte(text))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := a.CanRead(b); err != nil || !a.Extends(b) {
		t.Errorf("it is the same schema: %v", err)
	}
}

// TestExtends: an evolution has every field of what it came from as it was, and nothing else counts as one.
func TestExtends(t *testing.T) {
	base := `{"name":"id","type":"long"},{"name":"x","type":["null","long"],"default":null}`
	cases := []struct {
		fields string
		want   bool
	}{
		{base, true},
		{`{"name":"x","type":["null","long"],"default":null},{"name":"id","type":"long"}`, true},
		{base + `,{"name":"y","type":["null","long"],"default":null}`, true},
		{`{"name":"id","type":"long"}`, false},
		{`{"name":"id","type":"long"},{"name":"x","type":["null","double"],"default":null}`, false},
		{`{"name":"id","type":"long"},{"name":"x","type":["long","null"],"default":5}`, false},
		{`{"name":"id","type":"long"},{"name":"x","type":["null","long"],"default":null,"json":"X"}`, false},
		{`{"name":"id","type":"long"},{"name":"x","type":["null","long"],"default":null,"variant_of":"id"}`, false},
		{`{"name":"id","type":"long"},{"name":"x","type":["null",` + timestampType + `],"default":null}`, false},
		{`{"name":"id","type":"long"},{"name":"x","type":["null","long"]}`, false},
	}
	whole := func(fields string) *schema.Schema {
		s, err := schema.Parse([]byte(`{"type":"record","name":"R","fields":[` + fields + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range cases {
		if got := whole(c.fields).Extends(whole(base)); got != c.want {
			t.Errorf("%s: got %v", c.fields, got)
		}
	}
	// A default is what it stands for, not its text, which registries may write anew.
	for _, c := range []struct {
		typ, published, now string
		want                bool
	}{
		{`"double"`, `1e3`, `1000.0`, true},
		{`"double"`, `0`, `0.0`, true},
		{`"string"`, `"\u0061"`, `"a"`, true},
		{`{"type":"record","name":"P","fields":[{"name":"a","type":"long"},{"name":"b","type":"long"}]}`, `{"a":1,"b":2}`, `{ "b":2, "a":1 }`, true},
		{`"double"`, `1e3`, `1001`, false},
		{`"string"`, `"a"`, `"b"`, false},
		{`["long","null"]`, `0`, `1`, false},
	} {
		field := `{"name":"x","type":` + c.typ + `,"default":`
		if got := whole(field + c.now + "}").Extends(whole(field + c.published + "}")); got != c.want {
			t.Errorf("default %s of %s after %s: got %v", c.now, c.typ, c.published, got)
		}
	}
	// What follows in a subject adds nullable fields only, at any depth; what a new field holds itself is free.
	for added, path := range map[string]string{
		`{"name":"y","type":["null","long"],"default":null}`:                                                             "",
		`{"name":"y","type":["long","null"],"default":0}`:                                                                "",
		`{"name":"y","type":"long","default":0}`:                                                                         "y",
		`{"name":"y","type":["null",{"type":"record","name":"Y","fields":[{"name":"z","type":"long"}]}],"default":null}`: "",
	} {
		inner := func(more string) *schema.Schema {
			return whole(base + `,{"name":"o","type":["null",{"type":"array","items":{"type":"record","name":"O","fields":[{"name":"a","type":"long"}` + more + `]}}],"default":null}`)
		}
		for at, pair := range map[string][2]*schema.Schema{"": {whole(base + "," + added), whole(base)}, "o[].": {inner("," + added), inner("")}} {
			err := pair[0].Keeps(pair[1])
			var in *schema.IncompatibleError
			if !pair[0].Extends(pair[1]) || (err != nil) != (path != "") || err != nil && (!errors.As(err, &in) || in.Path != at+path || !strings.Contains(err.Error(), "new and not nullable")) {
				t.Errorf("%s at %q: got %v", added, at, err)
			}
		}
	}
	// Only a union with null is called nullable.
	for typ, want := range map[string]string{`["null","long"]`: "nullable long", `["long","string"]`: "published as long or string"} {
		err := whole(`{"name":"x","type":"long"}`).Keeps(whole(`{"name":"x","type":` + typ + `}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", typ, err, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	cases := []struct{ typ, want string }{
		{`["null","long"]`, ``},
		{timestampType, ``},
		{decimalType(9, 2), ``},
		{`{"type":"long","logicalType":"timestamp-micros"}`, `field x is a timestamp-micros: Flink`},
		{`["null",{"type":"long","logicalType":"time-micros"}]`, `field x is a time-micros: Flink`},
		{`{"type":"enum","name":"E","symbols":["A"]}`, `field x is an enum: Flink`},
		{`{"type":"array","items":{"type":"map","values":"long"}}`, `field x[] is a map: JDBC sinks`},
		{`["null","long","string"]`, `field x is a union of long or string: Flink and Debezium's JDBC sink`},
		{`{"type":"record","name":"M","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"r","type":["null","R"]}]}`, `field x.e is an enum`},
	}
	for _, c := range cases {
		s, err := schema.Parse([]byte(record1(c.typ)))
		if err != nil {
			t.Fatal(err)
		}
		got := schema.Warnings(s)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: got %q, want %q", c.typ, got, c.want)
		}
	}
}

// TestParse refuses what is no schema for records of JSON, and says where.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		``:                                     "ends early",
		`"long"`:                               "no record",
		`["null"]`:                             "no record",
		`{}`:                                   `no "type"`,
		`{"type":"record","fields":[]}`:        "without a name",
		`{"type":"record","name":"R"}`:         "without fields",
		record1(`"X"`):                         `unknown type name "X"`,
		record1(`["null",["null"]]`):           "union",
		record1(`[]`):                          "no types",
		record1(`5`):                           "no Avro type",
		record1(`{"type":"array"}`):            `array without "items"`,
		record1(`{"type":"map"}`):              `map without "values"`,
		record1(`{"type":"fixed","name":"F"}`): "size",
		record1(`{"type":"record","name":"R","fields":[]}`):                                                       "defined twice",
		`{"type":"record","name":"R","fields":[{"name":"a-b","type":"long"}]}`:                                    "goavro",
		`{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"a","type":"int"}]}`:            "a",
		`{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"int","json":"a"}]}`: `both take the member "a"`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":"long","name":"b"}]}`:                           "name",
	} {
		if _, err := schema.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "parse schema: ") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
