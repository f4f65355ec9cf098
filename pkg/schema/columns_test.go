package schema_test

import (
	"errors"
	"strings"
	"testing"

	"producer/pkg/schema"
)

// declared are columns by name and Avro type, in that order; a name with an exclamation mark is required.
func declared(namesAndTypes ...string) schema.Options {
	o := byID
	for i := 0; i < len(namesAndTypes); i += 2 {
		name, required := strings.CutSuffix(namesAndTypes[i], "!")
		o.Columns = append(o.Columns, schema.Column{Source: name, Type: namesAndTypes[i+1], Required: required})
	}
	return o
}

// TestColumns: a column that is declared has its type from the start, be there values or not; what doesn't fit goes to a variant.
func TestColumns(t *testing.T) {
	dec := decimalType(10, 2)
	for name, c := range map[string]struct {
		o    schema.Options
		page []string
		want string
	}{
		"seen and not": {declared("at", timestampType, "price", dec, "day", dateType, "none", `"boolean"`),
			[]string{`{"id":1,"at":"2024-02-29T00:00:00Z","price":"1.50","day":"2024-02-29","z":1}`},
			`id:long at:timestamp-millis? day:date? none:boolean? price:decimal? z:long?`},
		"what does not fit": {declared("at", timestampType, "n", `"long"`),
			[]string{`{"id":1,"at":"yesterday","n":1.5}`, `{"id":2,"at":{"a":1},"n":[1]}`},
			`id:long at:timestamp-millis? at__v_record:r_at__v_record{a:long?}?~at at__v_string:string?~at n:long? n__v_array_long:[long?]?~n n__v_double:double?~n`},
		"text takes numbers":   {declared("n", `"string"`), []string{`{"id":1,"n":1}`, `{"id":2,"n":true}`}, `id:long n:string?`},
		"json takes all":       {declared("n", jsonType), []string{`{"id":1,"n":1}`, `{"id":2,"n":{"a":[]}}`}, `id:long n:json?`},
		"required":             {declared("n!", `"long"`), []string{`{"id":1,"n":1}`}, `id:long n:long`},
		"the key":              {declared("id", `"string"`), []string{`{"id":1}`}, `id:string`},
		"names are still ours": {declared("a-b", `"long"`), []string{`{"id":1,"a_b":true,"a-b":1}`}, `id:long a_b_2:long?="a-b" a_b:boolean?`},
	} {
		s, _ := settle(t, nil, c.o, c.page...)
		if got := fields(t, s); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// TestColumnsInSeconds: numbers of a column that says so are seconds, as dlt takes them; text is the same instant in any case. What 64 bits
// of milliseconds don't hold is a variant, as is a fraction. The schema keeps the unit, whatever the columns say later.
func TestColumnsInSeconds(t *testing.T) {
	const seconds = `{"type":"long","logicalType":"timestamp-millis","json_unit":"s"}`
	o := declared("at", seconds)
	page := []string{`{"id":1,"at":1700000000}`, `{"id":2,"at":"2023-11-14T22:13:20.5Z"}`, `{"id":3,"at":-1}`, `{"id":4,"at":9223372036854775}`,
		`{"id":5,"at":9223372036854776}`, `{"id":6,"at":1.5}`, `{"id":7,"at":null}`}
	s, _ := settle(t, nil, o, page...)
	if got, want := fields(t, s), `id:long at:timestamp-millis? at__v_double:double?~at at__v_long:long?~at`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	for _, o := range []schema.Options{o, byID} {
		s, err := schema.Parse(s.JSON())
		if err != nil {
			t.Fatal(err)
		}
		_, bodies := settle(t, s, o, page...)
		for i, want := range []string{`"at":"2023-11-14T22:13:20Z"`, `"at":"2023-11-14T22:13:20.5Z"`, `"at":"1969-12-31T23:59:59Z"`, `"at":"292278994-08-17T07:12:55Z"`,
			`"at":null,"at__v_double":null,"at__v_long":9223372036854776`, `"at":null,"at__v_double":1.5`, `"at":null,"at__v_double":null,"at__v_long":null`} {
			if text, err := s.Text(bodies[i]); err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s: got %s, %v, want %s", page[i], text, err, want)
			}
		}
	}
}

const jsonType = `{"type":"string","connect.name":"io.debezium.data.Json"}`

// TestColumnsOfAPublishedSchema: they are added to it as nullable, and what is published stays.
func TestColumnsOfAPublishedSchema(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"n":1}`)
	o := declared("n", `"string"`, "new", dateType)
	o.KeepNames, o.KeepTypes = true, true // no contract forbids what is declared
	o.Columns[1].Doc = "The \"day\"."
	next, changes, err := schema.Evolve(s, schema.NewObservation(o), o)
	if err != nil || len(changes) != 1 || changes[0].Avro != "new" {
		t.Fatalf("got %v %v", changes, err)
	}
	if got, want := fields(t, next), `id:long n:long? new:date?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !strings.Contains(string(next.JSON()), `"doc":"The \"day\"."`) {
		t.Errorf("no description in %s", next.JSON())
	}
	if again, _, err := schema.Evolve(next, schema.NewObservation(o), o); err != nil || again != next {
		t.Errorf("a second time: %v", err)
	}
	texts, err := next.CheckColumns(o.Columns)
	if err != nil || len(texts) != 1 || texts[0] != "column n is declared as string, the schema has long" {
		t.Errorf("got %q %v", texts, err)
	}
	o = declared("must!", `"long"`)
	var v *schema.ValueError
	if _, _, err := schema.Evolve(s, schema.NewObservation(o), o); !errors.As(err, &v) || v.Path != "must" {
		t.Errorf("a required column of a published schema: %v", err)
	}
	if texts, err = s.CheckColumns(declared("n!", `"long"`).Columns); err != nil || len(texts) != 1 || !strings.Contains(texts[0], "nullable") {
		t.Errorf("got %q %v", texts, err)
	}
}

// TestColumnsKeepTheirTypes: a contract over types holds a declared column from the first record on.
func TestColumnsKeepTheirTypes(t *testing.T) {
	o := declared("n", `"long"`)
	o.KeepTypes = true
	s, _, err := schema.Evolve(nil, observe(t, o, `{"id":1,"n":"x","free":true}`), o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fields(t, s), `id:long free:boolean? n:long?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSnakeCaseNames: each is what dlt 1.31.0 answered for it.
func TestSnakeCaseNames(t *testing.T) {
	o := byID
	o.SnakeCase = true
	for in, want := range map[string]string{"createdAt": "created_at", "HTTPStatusCode": "http_status_code", "a__b": "a_b", "tail__": "tailxx", "ABcDe": "a_bc_de",
		"a.b c": "a_b_c", "_x": "_x", "__x": "_x", "__": "xx", "A": "a", "aB1C2d": "a_b1_c2d", "@odata.type": "aodata_type", "a  b": "a_b", "URLs": "ur_ls",
		"XMLHttpRequest": "xml_http_request", "v2API": "v2_api", "$ref": "_ref", " pad ": "pad", "a=b|c:d": "a_blc_d", "x*y": "xxy"} {
		s, _ := settle(t, nil, o, `{"id":1,"`+in+`":1}`)
		if text := string(s.JSON()); !strings.Contains(text, `{"name":"`+want+`","type":["null","long"]`) {
			t.Errorf("%q: want %s in %s", in, want, text)
		}
	}
}

// TestSnakeCase: names as dlt gives them, different for different sources, which are kept.
func TestSnakeCase(t *testing.T) {
	o := byID
	o.SnakeCase = true
	o.Nested = schema.Record
	s, _ := settle(t, nil, o, `{"id":1,"createdAt":1,"HTTPStatusCode":1,"e-mail":1,"a__b":1,"1st":1,"tail_":1,"Ünïcödé":1,"x+y":1,"ID2Name":1,"createdat":1,"created_at":1,"":1,
		"outerOne":{"innerTwo":[{"deepThree":1}]}}`)
	want := `id:long x:long?="" _1st:long?="1st" http_status_code:long?="HTTPStatusCode" id2_name:long?="ID2Name" a_b:long?="a__b" created_at_2:long?="createdAt" ` +
		`created_at:long? createdat:long? e_mail:long?="e-mail" outer_one:r_outer_one{inner_two:[r_outer_one_inner_two{deep_three:long?="deepThree"}?]?="innerTwo"}?="outerOne" ` +
		`tailx:long?="tail_" xxy:long?="x+y" _n_c_dx:long?="Ünïcödé"`
	if got := fields(t, s); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	s, bodies := settle(t, s, o, `{"id":2,"createdAt":"x","outerOne":{"innerTwo":[{"deepThree":1.5}]}}`)
	text, err := s.Text(bodies[0])
	if err != nil || !strings.Contains(string(text), `"created_at_2":null,"created_at_2__v_string":"x"`) || !strings.Contains(string(text), `"deep_three__v_double":1.5`) {
		t.Errorf("got %s %v", text, err)
	}
}
