package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/avro"

	"producer/pkg/schema"
)

// back maps what a decoder made of a body to the JSON that it was made of, by the schema's text alone: source names by the property
// "json", variants by "variant_of". It shares no code with the package. tagged says that the values of unions are in a map.
func back(node, datum any, tagged bool) any {
	switch n := node.(type) {
	case []any:
		if datum == nil {
			return nil
		}
		if tagged {
			for _, inner := range datum.(map[string]any) {
				datum = inner
			}
		}
		return back(n[1], datum, tagged) // inferred unions are ["null", T]
	case map[string]any:
		switch n["type"] {
		case "record":
			out := map[string]any{}
			for _, f := range n["fields"].([]any) {
				f := f.(map[string]any)
				name := f["name"].(string)
				value, ok := datum.(map[string]any)[name]
				if !ok {
					panic(fmt.Sprintf("the decoder gave no %q", name))
				}
				value = back(f["type"], value, tagged)
				source := name
				if v, ok := f["json"].(string); ok {
					source = v
				}
				if v, ok := f["variant_of"].(string); ok {
					if source = v; value == nil {
						continue
					}
					if out[source] != nil {
						panic(fmt.Sprintf("two fields of %q have values", source))
					}
				} else if out[source] != nil && value == nil {
					continue
				}
				out[source] = value
			}
			return out
		case "array":
			out := []any{}
			for _, e := range datum.([]any) {
				out = append(out, back(n["items"], e, tagged))
			}
			return out
		}
		if n["connect.name"] != nil {
			return text(datum.(string))
		}
	}
	return datum
}

// text is JSON text of a value that must be the value's, to the letter of its numbers.
type text string

// native is JSON with numbers as they are written.
func native(t testing.TB, in string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(in))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", in, err)
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, m := range v {
			if !empty(m) {
				return false
			}
		}
		return true
	case []any:
		for _, e := range v {
			if !empty(e) {
				return false
			}
		}
		return true
	}
	return v == nil
}

// differs says where got is not what the source has. Null and absent are one, and what gives a field no type may be null.
func differs(src, got any, path string) string {
	bad := func() string { return fmt.Sprintf("%s: %v (%T) became %v (%T)", path, src, src, got, got) }
	if got == nil {
		if empty(src) {
			return ""
		}
		return bad()
	}
	if js, ok := got.(text); ok {
		d := json.NewDecoder(strings.NewReader(string(js)))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil || !reflect.DeepEqual(v, src) || bytes.ContainsAny([]byte(js), "\n") {
			return bad()
		}
		return ""
	}
	switch s := src.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return bad()
		}
		for k := range g {
			if d := differs(s[k], g[k], path+"."+k); d != "" {
				return d
			}
		}
		for k := range s {
			if _, ok := g[k]; !ok && !empty(s[k]) {
				return fmt.Sprintf("%s.%s is lost", path, k)
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(s) {
			return bad()
		}
		for i := range s {
			if d := differs(s[i], g[i], fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
		return ""
	case json.Number:
		ok := false
		switch g := got.(type) {
		case string:
			ok = g == string(s)
		case int64:
			n, err := strconv.ParseInt(string(s), 10, 64)
			ok = err == nil && g == n
		case float64:
			f, err := strconv.ParseFloat(string(s), 64)
			ok = err == nil && g == f
			if !strings.ContainsAny(string(s), ".eE") { // an integer is never rounded
				exact, _ := new(big.Float).SetPrec(2000).SetString(string(s))
				ok = ok && exact.Cmp(big.NewFloat(g)) == 0
			}
		}
		if !ok {
			return bad()
		}
		return ""
	case bool:
		if g, isText := got.(string); isText && g == strconv.FormatBool(s) {
			return ""
		}
	case nil: // a record of nulls for null
		if g, ok := got.(map[string]any); ok && empty(g) {
			return ""
		}
		return bad()
	}
	if !reflect.DeepEqual(src, got) {
		return bad()
	}
	return ""
}

// readers decode the bodies of one schema, by two libraries that know nothing of this package.
type readers struct {
	node   any
	goavro *goavro.Codec
	twmb   *avro.Schema
}

func readersOf(t testing.TB, s *schema.Schema) readers {
	t.Helper()
	var r readers
	err := json.Unmarshal(s.JSON(), &r.node)
	if err != nil {
		t.Fatal(err)
	}
	if r.goavro, err = goavro.NewCodec(string(s.JSON())); err != nil {
		t.Fatalf("%v: %s", err, s.JSON())
	}
	if r.twmb, err = avro.Parse(string(s.JSON())); err != nil {
		t.Fatalf("%v: %s", err, s.JSON())
	}
	return r
}

// check decodes a body with both and compares every value with the source.
func (r readers) check(t testing.TB, source string, body []byte) {
	t.Helper()
	want := native(t, source)
	v, rest, err := r.goavro.NativeFromBinary(body)
	if err != nil || len(rest) > 0 {
		t.Fatalf("goavro: %s: %v, %d bytes left over", source, err, len(rest))
	}
	if d := differs(want, back(r.node, v, true), ""); d != "" {
		t.Fatalf("goavro: %s: %s", source, d)
	}
	r.resolved(t, r.twmb, source, body)
}

// resolved decodes by a schema that was resolved to r's.
func (r readers) resolved(t testing.TB, by *avro.Schema, source string, body []byte) {
	t.Helper()
	var v any
	if rest, err := by.Decode(body, &v); err != nil || len(rest) > 0 {
		t.Fatalf("twmb/avro: %s: %v, %d bytes left over", source, err, len(rest))
	}
	if d := differs(native(t, source), back(r.node, v, false), ""); d != "" {
		t.Fatalf("twmb/avro: %s: %s", source, d)
	}
}
