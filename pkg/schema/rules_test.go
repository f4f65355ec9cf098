package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"producer/pkg/record"
	"producer/pkg/schema"
)

// parse returns a value of its own tape.
func parse(t testing.TB, text string) record.Value {
	t.Helper()
	var tape record.Tape
	if err := tape.Parse([]byte(text), 0); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tape.Root()
}

func observe(t testing.TB, o schema.Options, records ...string) *schema.Observation {
	t.Helper()
	obs := schema.NewObservation(o)
	for _, r := range records {
		if err := obs.Add(parse(t, r)); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
	}
	return obs
}

// settle brings a page into a schema as the pipeline does: encode, and evolve once at a misfit. It returns the schema and the bodies.
func settle(t testing.TB, s *schema.Schema, o schema.Options, page ...string) (*schema.Schema, [][]byte) {
	t.Helper()
	for try := 0; ; try++ {
		var misfit *schema.Misfit
		if s != nil {
			enc, err := schema.Compile(s, o)
			if err != nil {
				t.Fatal(err)
			}
			bodies := make([][]byte, 0, len(page))
			for _, r := range page {
				body, err := enc.Append(nil, parse(t, r))
				if errors.As(err, &misfit) && try < 2 {
					break
				} else if err != nil {
					t.Fatalf("%s does not fit %s after one evolution: %v", r, s.JSON(), err)
				}
				bodies = append(bodies, body)
			}
			if len(bodies) == len(page) {
				return s, bodies
			}
		}
		next, changes, err := schema.Evolve(s, observe(t, o, page...), o)
		if err != nil {
			t.Fatal(err)
		}
		if s != nil {
			if next == s || len(changes) == 0 {
				t.Fatalf("%v, but nothing is added for %v", misfit, page)
			}
			if err := next.CanRead(s); err != nil {
				t.Fatalf("%s can't read %s: %v", next.JSON(), s.JSON(), err)
			}
			if !next.Extends(s) {
				t.Fatalf("%s doesn't extend %s", next.JSON(), s.JSON())
			}
		}
		s, try = next, try+1
	}
}

// fields renders a schema's fields as "name:type", nullable types with a question mark.
func fields(t testing.TB, s *schema.Schema) string {
	t.Helper()
	var root struct{ Fields []any }
	if err := json.Unmarshal(s.JSON(), &root); err != nil {
		t.Fatal(err)
	}
	return render(root.Fields)
}

func render(list []any) string {
	var out []string
	for _, f := range list {
		m := f.(map[string]any)
		text := fmt.Sprintf("%s:%s", m["name"], renderType(m["type"]))
		if j, ok := m["json"]; ok {
			text += fmt.Sprintf("=%q", j)
		}
		if v, ok := m["variant_of"]; ok {
			text += fmt.Sprintf("~%s", v)
		}
		if d, ok := m["default"]; ok && d != nil {
			text += fmt.Sprintf("!%v", d)
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func renderType(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		if len(v) == 2 && v[0] == "null" {
			return renderType(v[1]) + "?"
		}
		var parts []string
		for _, b := range v {
			parts = append(parts, renderType(b))
		}
		return strings.Join(parts, "|")
	case map[string]any:
		switch v["type"] {
		case "record":
			return fmt.Sprintf("%s{%s}", v["name"], render(v["fields"].([]any)))
		case "array":
			return "[" + renderType(v["items"]) + "]"
		}
		if v["connect.name"] != nil {
			return "json"
		}
		if v["logicalType"] != nil {
			return fmt.Sprint(v["logicalType"])
		}
		return fmt.Sprint(v["type"])
	}
	return fmt.Sprint(v)
}

var byID = schema.Options{Namespace: "crm", Name: "r", Key: [][]string{{"id"}}}

// TestInference is the contract's section "Schemas", a rule a case.
func TestInference(t *testing.T) {
	nested := byID
	nested.Nested = schema.JSON
	deepKey := byID
	deepKey.Key = [][]string{{"meta", "id"}, {"at"}}
	cases := []struct {
		name string
		o    schema.Options
		page []string
		want string
	}{
		{"the key's fields first and not null, then by name", byID, []string{`{"z":1,"a":"x","id":7}`}, `id:long a:string? z:long?`},
		{"nothing is guessed from strings", byID, []string{`{"id":"1","d":"2024-01-01","n":"5"}`}, `id:string d:string? n:string?`},
		{"1.0 is a double, 1 a long", byID, []string{`{"id":1,"a":1.0,"b":1}`}, `id:long a:double? b:long?`},
		{"long and double are double", byID, []string{`{"id":1,"a":1}`, `{"id":1,"a":1.5}`}, `id:long a:double?`},
		{"but not where an integer is not exact in it", byID, []string{`{"id":1,"a":9007199254740993}`, `{"id":1,"a":1.5}`}, `id:long a:string?`},
		{"any other mixture of scalars is string", byID, []string{`{"id":1,"a":true}`, `{"id":"x","a":1}`}, `id:string a:string?`},
		{"null, [] and {} give no type", byID, []string{`{"id":1,"a":null,"b":[],"c":{},"d":[null,{}],"e":{"f":[]}}`}, `id:long`},
		{"records are named after where they stand", byID, []string{`{"id":1,"a":{"b":{"c":1}},"a_b":{"d":1}}`},
			`id:long a:r_a{b:r_a_b{c:long?}?}? a_b:r_a_b_{d:long?}?`},
		{"elements of arrays are nullable", byID, []string{`{"id":1,"a":[1,null],"b":[{"x":1}],"c":[[true]]}`},
			`id:long a:[long?]? b:[r_b{x:long?}?]? c:[[boolean?]?]?`},
		{"mixed elements are JSON text", byID, []string{`{"id":1,"a":[1,{"x":1}]}`}, `id:long a:[json?]?`},
		{"shapes that come together", byID, []string{`{"id":1,"a":1}`, `{"id":2,"a":{"x":1}}`, `{"id":3,"a":[1]}`},
			`id:long a:[long?]? a__v_long:long?~a a__v_record:r_a{x:long?}?~a`},
		{"arrays of two kinds", byID, []string{`{"id":1,"a":[1]}`, `{"id":2,"a":[{"x":1}]}`}, `id:long a:[long?]? a__v_array_record:[r_a{x:long?}?]?~a`},
		{"names are made valid, valid ones first", byID, []string{`{"id":1,"a-b":1,"a_b":2,"a.b":3,"1st":4,"":5}`},
			`id:long _:long?="" _1st:long?="1st" a_b_2:long?="a-b" a_b_3:long?="a.b" a_b:long?`},
		{"names are compared in lower case", byID, []string{`{"id":1,"Name":1,"name":2,"ID":3}`}, `id_2:long="id" ID:long? Name:long? name_2:long?="name"`},
		{"nested as JSON text", nested, []string{`{"id":1,"o":{"a":1},"l":[{"a":1}],"s":["x"],"m":5}`}, `id:long l:json? m:long? o:json? s:[string?]?`},
		{"a key on a path", deepKey, []string{`{"at":5,"meta":{"b":1,"id":"x"},"c":1}`}, `meta:r_meta{id:string b:long?} at:long c:long?`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := settle(t, nil, c.o, c.page...)
			if got := fields(t, s); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			reversed := slices.Clone(c.page)
			slices.Reverse(reversed)
			if again, _ := settle(t, nil, c.o, reversed...); string(again.JSON()) != string(s.JSON()) {
				t.Errorf("in reverse: %s\nforward:    %s", again.JSON(), s.JSON())
			}
		})
	}
}

// TestEvolution: the only change ever made to a published schema is a new nullable field.
func TestEvolution(t *testing.T) {
	cases := []struct {
		name          string
		first, second string
		want          string
	}{
		{"a new field", `{"id":1}`, `{"id":1,"a":1}`, `id:long a:long?`},
		{"a field inside a record", `{"id":1,"o":{"a":1}}`, `{"id":1,"o":{"b":"x"}}`, `id:long o:r_o{a:long? b:string?}?`},
		{"a field inside an array's records", `{"id":1,"l":[{"a":1}]}`, `{"id":1,"l":[{"b":2}]}`, `id:long l:[r_l{a:long? b:long?}?]?`},
		{"a long meets a fraction", `{"id":1,"n":1}`, `{"id":1,"n":118.1}`, `id:long n:long? n__v_double:double?~n`},
		{"a double meets an integer that it can't hold", `{"id":1,"n":1.5}`, `{"id":1,"n":9007199254740993}`, `id:long n:double? n__v_long:long?~n`},
		{"a string takes any scalar", `{"id":1,"s":"x"}`, `{"id":1,"s":[true]}`, `id:long s:string? s__v_array_boolean:[boolean?]?~s`},
		{"a record variant", `{"id":1,"n":1}`, `{"id":1,"n":{"o":1}}`, `id:long n:long? n__v_record:r_n__v_record{o:long?}?~n`},
		{"another element type", `{"id":1,"l":[1]}`, `{"id":1,"l":["x"]}`, `id:long l:[long?]? l__v_array_string:[string?]?~l`},
		{"records grow beside a new variant", `{"id":1,"x":[{"a":1}]}`, `{"id":1,"x":[[{"b":1}]]}`,
			`id:long x:[r_x{a:long?}?]? x__v_array_array_record:[[r_x__v_array{b:long?}?]?]?~x`},
		{"the key's field where a foreign schema lacks it", ``, `{"id":1,"v":1}`, `id:long? v:long?`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s *schema.Schema
			if c.first != "" {
				s, _ = settle(t, nil, byID, c.first)
			} else {
				var err error
				if s, err = schema.Parse([]byte(`{"type":"record","name":"r","namespace":"crm","fields":[{"name":"v","type":["null","long"],"default":null}]}`)); err != nil {
					t.Fatal(err)
				}
			}
			s, _ = settle(t, s, byID, c.second)
			if got := fields(t, s); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestFingerprint has the contract's vector: goavro's own fingerprint of this schema is another one.
func TestFingerprint(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"int","logicalType":"date"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", s.Fingerprint()); got != "b8f59c87571748bc" {
		t.Errorf("got %s, want b8f59c87571748bc", got)
	}
}

// TestPinned encodes by a reviewed file: defaults, logical types, and what does not fit exactly.
func TestPinned(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"id","type":"long"},{"name":"age","type":["null","int"],"default":null},
		{"name":"vip","type":"boolean","default":true},{"name":"must","type":"string","json":"mu-st"},
		{"name":"day","type":["null",{"type":"int","logicalType":"date"}],"default":null},
		{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},
		{"name":"sum","type":["null",{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}],"default":null},
		{"name":"uid","type":["null",{"type":"string","logicalType":"uuid"}],"default":null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{
		`{"id":1,"mu-st":"x"}`: `{"id":1,"age":null,"vip":true,"must":"x","day":null,"at":null,"sum":null,"uid":null}`,
		`{"id":1,"mu-st":"x","age":-3,"vip":false,"day":"1969-12-31","at":"2024-02-29T01:02:03.004Z","sum":"-12.5","uid":"00000000-0000-0000-0000-00000000000f"}`: `{"id":1,"age":-3,"vip":false,"must":"x","day":"1969-12-31","at":"2024-02-29T01:02:03.004Z","sum":-12.50,"uid":"00000000-0000-0000-0000-00000000000f"}`,
		`{"id":1,"mu-st":5,"day":-1,"sum":1234.56}`: `{"id":1,"age":null,"vip":true,"must":"5","day":"1969-12-31","at":null,"sum":1234.56,"uid":null}`,
	}
	for in, want := range good {
		body, err := enc.Append(nil, parse(t, in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got, err := s.Text(body); err != nil || string(got) != want {
			t.Errorf("%s\ngot  %s %v\nwant %s", in, got, err, want)
		}
	}
	for _, bad := range []string{`"age":2147483648`, `"age":1.5`, `"vip":"yes"`, `"day":"2023-02-29"`, `"day":"2024-1-1"`, `"at":"2024-01-01T00:00:00.0001Z"`,
		`"at":"2024-01-01T02:00:00+02:00"`, `"at":"2024-01-01 00:00:00"`, `"sum":12.345`, `"sum":"12345"`, `"sum":"x"`, `"uid":"g0000000-0000-0000-0000-00000000000f"`, `"more":1`} {
		in := `{"id":1,"mu-st":"x",` + bad + `}`
		var m *schema.Misfit
		if _, err := enc.Append(nil, parse(t, in)); !errors.As(err, &m) || m.Final {
			t.Errorf("%s: got %v, want a Misfit that evolution helps", in, err)
			continue
		}
		settle(t, s, byID, in)
	}
	for _, in := range []string{`{"id":1}`, `{"id":1,"mu-st":null}`, `{"id":"x","mu-st":"x"}`, `{"mu-st":"x"}`} {
		var v *schema.ValueError
		if _, err := enc.Append(nil, parse(t, in)); !errors.As(err, &v) {
			t.Errorf("%s: got %v, want a ValueError", in, err)
		}
	}
	var m *schema.Misfit
	if _, err := enc.Append(nil, parse(t, `{"id":1,"mu-st":{"a":1}}`)); !errors.As(err, &m) || !m.Final {
		t.Errorf("got %v, want a final Misfit: the field takes no null", err)
	}
}

// TestNumbers: integers are never rounded, and what Avro can't hold is refused with its field.
func TestNumbers(t *testing.T) {
	s, bodies := settle(t, nil, byID, `{"id":-9223372036854775808,"n":9223372036854775807,"f":0.1}`, `{"id":9007199254740993,"n":9007199254740993,"f":5e-324}`)
	for i, want := range []string{`{"id":-9223372036854775808,"f":0.1,"n":9223372036854775807}`, `{"id":9007199254740993,"f":5e-324,"n":9007199254740993}`} {
		if got, err := s.Text(bodies[i]); err != nil || string(got) != want {
			t.Errorf("got %s %v, want %s", got, err, want)
		}
	}
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`"n":9223372036854775808`, `"new":-9223372036854775809`, `"f":1e400`, `"l":[{"a":18446744073709551616}]`} {
		var v *schema.ValueError
		var r *schema.RangeError
		if _, err := enc.Append(nil, parse(t, `{"id":1,`+bad+`}`)); !errors.As(err, &v) || !errors.As(err, &r) || !strings.Contains(err.Error(), bad[1:2]) {
			t.Errorf("%s: got %v, want a ValueError that names the field", bad, err)
		}
	}
	o := byID
	o.Nested = schema.JSON
	s, bodies = settle(t, nil, o, `{"id":1,"o":{"n":18446744073709551616,"f":1.10}}`)
	if got, err := s.Text(bodies[0]); err != nil || string(got) != `{"id":1,"o":"{\"n\":18446744073709551616,\"f\":1.10}"}` {
		t.Errorf("inner numbers are not verbatim: %s %v", got, err)
	}
}

func TestFirstSchemaNeedsTheKey(t *testing.T) {
	var v *schema.ValueError
	if _, _, err := schema.Evolve(nil, observe(t, byID, `{"a":1}`), byID); !errors.As(err, &v) || v.Path != "id" {
		t.Errorf("got %v, want a ValueError for id", err)
	}
}

// TestContractHoldsWhileAPageGrows: what another misfit of the page adds does not let in what the contract refuses.
func TestContractHoldsWhileAPageGrows(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"n":1,"o":{"a":1}}`)
	page := []string{`{"id":2,"new":1,"o":{"b":2}}`, `{"id":3,"n":"x"}`}
	names, types := byID, byID
	names.KeepNames, types.KeepTypes = true, true
	for want, o := range map[string]schema.Options{
		`id:long n:long? n__v_string:string?~n o:r_o{a:long?}?`: names,
		`id:long n:long? new:long? o:r_o{a:long? b:long?}?`:     types,
	} {
		next, _, err := schema.Evolve(s, observe(t, o, page...), o)
		if err != nil {
			t.Fatal(err)
		}
		if got := fields(t, next); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// JSON text takes numbers of any size, also in a field that a published schema gets later, and in a variant.
func TestNumbersInLaterJSONText(t *testing.T) {
	nested := byID
	nested.Nested = schema.JSON
	for _, tt := range []struct {
		o     schema.Options
		value string
		taken bool
	}{
		{nested, `{"n":18446744073709551616}`, true},
		{nested, `[{"n":1e400}]`, true},
		{nested, `[[[{"n":18446744073709551616}]]]`, true},
		{nested, `[18446744073709551616]`, false},
		{nested, `[[18446744073709551616]]`, false},
		{nested, `18446744073709551616`, false},
		{byID, `[1,{"n":18446744073709551616}]`, true},
		{byID, `{"n":18446744073709551616}`, false},
		{byID, `[{"n":18446744073709551616}]`, false},
	} {
		for _, first := range []string{`{"id":1}`, `{"id":1,"v":true}`} {
			s, _ := settle(t, nil, tt.o, first)
			page := `{"id":2,"v":` + tt.value + `}`
			if tt.taken {
				next, bodies := settle(t, s, tt.o, page)
				readersOf(t, next).check(t, page, bodies[0])
			} else if _, err := appended(t, s, tt.o, page); !refused(t, err) {
				t.Errorf("%s after %s was taken", page, first)
			}
		}
	}
}
