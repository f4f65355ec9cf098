package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"producer/pkg/schema"
)

// TestChanges: each field that is added is told once, with its path; what is inside it is part of it.
func TestChanges(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"n":1,"o":{"a":1},"l":[{"a":1}],"e-mail":"x"}`)
	_, changes, err := schema.Evolve(s, observe(t, byID, `{"id":1,"n":1.5,"o":{"a":"x","b-c":{"d":1}},"l":[{"z":[true]}],"e-mail":["y"],"fresh":{"in":{"deep":1}}}`), byID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprintf("%d %s %s %s %s", c.Kind, c.Path, c.Source, c.Avro, c.Type))
	}
	want := []string{
		"1 e-mail e-mail e_mail__v_array_string array of string",
		"0 fresh fresh fresh record",
		"0 l[].z z z array of boolean",
		"1 n n n__v_double double",
		"1 o.a a a__v_string string",
		"0 o.b-c b-c b_c record",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestKeep: where a contract forbids new names, or variants, the rest still evolves.
func TestKeep(t *testing.T) {
	base, _ := settle(t, nil, byID, `{"id":1,"n":1,"o":{"a":1},"l":[1]}`)
	page := `{"id":1,"n":1.5,"o":{"a":true,"b":1},"l":["x"],"new":{"x":1}}`
	cases := []struct {
		names, types bool
		want         string
	}{
		{false, true, `id:long l:[long?]? n:long? new:r_new{x:long?}? o:r_o{a:long? b:long?}?`},
		{true, false, `id:long l:[long?]? l__v_array_string:[string?]?~l n:long? n__v_double:double?~n o:r_o{a:long? a__v_boolean:boolean?~a}?`},
		{true, true, `id:long l:[long?]? n:long? o:r_o{a:long?}?`},
	}
	for _, c := range cases {
		o := byID
		o.KeepNames, o.KeepTypes = c.names, c.types
		s, changes, err := schema.Evolve(base, observe(t, o, page), o)
		if err != nil {
			t.Fatal(err)
		}
		if got := fields(t, s); got != c.want {
			t.Errorf("names %v types %v:\ngot  %s\nwant %s", c.names, c.types, got, c.want)
		}
		if s == base != (len(changes) == 0) {
			t.Errorf("names %v types %v: %d changes", c.names, c.types, len(changes))
		}
		if first, _, err := schema.Evolve(nil, observe(t, o, page), o); err != nil || !strings.Contains(fields(t, first), "new:") {
			t.Errorf("a first schema has no names to keep: %v", err)
		}
	}
}

// TestKey: the fields of the primary key are not null, have one type for good, and no variants.
func TestKey(t *testing.T) {
	o := schema.Options{Namespace: "crm", Name: "r", Key: [][]string{{"meta", "id"}, {"at"}}}
	s, _ := settle(t, nil, o, `{"meta":{"id":1,"x":true},"at":"a"}`)
	s, _ = settle(t, s, o, `{"meta":{"id":2,"x":5,"y":1},"at":"b"}`) // a record on the way may evolve
	if got, want := fields(t, s), `meta:r_meta{id:long x:boolean? x__v_long:long?~x y:long?} at:string`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	enc, err := schema.Compile(s, o)
	if err != nil {
		t.Fatal(err)
	}
	for in, path := range map[string]string{
		`{"meta":{"id":"x"},"at":"b"}`:     "meta.id",
		`{"meta":{"id":1.5},"at":"b"}`:     "meta.id",
		`{"meta":{"id":null},"at":"b"}`:    "meta.id",
		`{"meta":{"x":true},"at":"b"}`:     "meta.id",
		`{"at":"b"}`:                       "meta",
		`{"meta":{"id":1}}`:                "at",
		`{"meta":{"id":1},"at":["b"]}`:     "at",
		`{"meta":{"id":1},"at":{"b":"c"}}`: "at",
	} {
		var v *schema.ValueError
		if _, err := enc.Append(nil, parse(t, in)); !errors.As(err, &v) || v.Path != path {
			t.Errorf("%s: got %v, want a ValueError for %s", in, err, path)
		}
		if next, changes, err := schema.Evolve(s, observe(t, o, in), o); err != nil || next != s {
			t.Errorf("%s: a key got %v %v", in, changes, err)
		}
	}
}

// TestUnions: a pinned union is tried from its exact types to those that take more.
func TestUnions(t *testing.T) {
	s, enc := pin(t, `["string","double","long",{"type":"array","items":["null","string","long"]},"null"],"default":"x"`, "")
	for in, want := range map[string]string{
		`5`:                `5`,
		`9007199254740993`: `9007199254740993`,
		`5.0`:              `5`,
		`"5"`:              `"5"`,
		`true`:             `"true"`,
		`[1,"1",null]`:     `[1,"1",null]`,
		`[]`:               `[]`,
	} {
		body, err := enc.Append(nil, parse(t, `{"id":1,"x":`+in+`}`))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got, err := s.Text(body); err != nil || string(got) != `{"id":1,"x":`+want+`}` {
			t.Errorf("%s: got %s %v, want %s", in, got, err, want)
		}
	}
}

// TestErrors: messages name the field by its source's names, the place in an array, and both types.
func TestErrors(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"n":1,"o":{"l":[{"a-b":true}]},"z":[[1]]}`)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`{"id":1,"n":"x"}`: `field n: the schema has long, got string, "x"`,
		`{"id":1,"o":{"l":[{"a-b":true},{"a-b":1.5}]}}`:  `field o.l[1].a-b: the schema has boolean, got double, 1.5`,
		`{"id":1,"o":{"l":[{"c":{"d":1}}]}}`:             `field o.l[0].c: not in the schema, got a value of type record`,
		`{"id":1,"z":[["x"]]}`:                           `field z: the schema has array of array of long, got array, [["x"]]`,
		`{"id":"1"}`:                                     `field id: a field of the primary key keeps its type, long, got string "1"`,
		`{}`:                                             `field id: it is null or absent, but the schema has long, not nullable and without a default`,
		`{"id":1,"o":{"l":[{},{"a-b":1e999}]}}`:          `field o.l[1].a-b: 1e999 is beyond a double`,
		`{"id":1,"new":[{"a":9223372036854775808}]}`:     `field new[0].a: 9223372036854775808 is beyond 64 bits`,
		`{"id":1,"n":"` + strings.Repeat("é", 30) + `"}`: `field n: the schema has long, got string, "` + strings.Repeat("é", 19) + `...`,
		`[1]`: `the record is no JSON object`,
	} {
		before := []byte("kept")
		out, err := enc.Append(before, parse(t, in))
		if err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", in, err, want)
		}
		if string(out) != "kept" {
			t.Errorf("%s: the buffer became %q", in, out)
		}
	}
	if err := schema.NewObservation(byID).Add(parse(t, `[1]`)); err == nil {
		t.Error("a record that is no object was observed")
	}
}

// TestLearning: names that have no type yet are passed over, and found in any order; a plan learns only so many.
func TestLearning(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"a":1,"b":2}`)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		in := fmt.Sprintf(`{"none%d":null,"b":2,"u":[],"\u0061":1,"id":%d,"v":{"w":[null]}}`, i, i)
		body, err := enc.Append(nil, parse(t, in))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Text(body); err != nil || string(got) != fmt.Sprintf(`{"id":%d,"a":1,"b":2}`, i) {
			t.Fatalf("%s: got %s %v", in, got, err)
		}
	}
	var m *schema.Misfit
	if _, err := enc.Append(nil, parse(t, `{"id":1,"u":[1]}`)); !errors.As(err, &m) || m.Path != "u" {
		t.Errorf("got %v, want a Misfit for u", err)
	}
}
