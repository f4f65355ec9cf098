package schema_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"testing"

	"producer/pkg/record"
	"producer/pkg/schema"
)

// goavroNative turns what encoding/json made of a record into what goavro encodes, by the schema's text alone: a program without a
// compiled plan. ok is false where that takes more than the type of the field: variants, and numbers that a type does not hold.
func goavroNative(node, datum any, namespace string) (native any, ok bool) {
	switch n := node.(type) {
	case []any: // inferred unions are ["null", T]
		if datum == nil {
			return nil, true
		}
		native, ok = goavroNative(n[1], datum, namespace)
		return map[string]any{branch(n[1], namespace): native}, ok
	case map[string]any:
		switch n["type"] {
		case "record":
			source, isObject := datum.(map[string]any)
			if !isObject {
				return nil, false
			}
			out := map[string]any{}
			for _, f := range n["fields"].([]any) {
				f := f.(map[string]any)
				name := f["name"].(string)
				if f["variant_of"] != nil {
					return nil, false
				}
				from := name
				if original, renamed := f["json"].(string); renamed {
					from = original
				}
				if out[name], ok = goavroNative(f["type"], source[from], namespace); !ok {
					return nil, false
				}
			}
			return out, true
		case "array":
			source, isArray := datum.([]any)
			if !isArray {
				return nil, false
			}
			out := []any{}
			for _, e := range source {
				item, ok := goavroNative(n["items"], e, namespace)
				if !ok {
					return nil, false
				}
				out = append(out, item)
			}
			return out, true
		}
		return nil, false // JSON text: its white space and escapes are ours to choose
	}
	switch v := datum.(type) {
	case bool:
		if node == "string" {
			return strconv.FormatBool(v), true
		}
		return v, node == "boolean"
	case string:
		return v, node == "string"
	case json.Number:
		switch node {
		case "string":
			return v.String(), true
		case "long":
			i, err := v.Int64()
			return i, err == nil
		case "double":
			f, err := v.Float64()
			return f, err == nil
		}
	}
	return nil, false
}

// branch is what goavro calls a union's type.
func branch(node any, namespace string) string {
	if n, ok := node.(map[string]any); ok {
		if n["type"] == "record" {
			return namespace + "." + n["name"].(string)
		}
		return n["type"].(string)
	}
	return node.(string)
}

// checkGoavro encodes text by a schema of its own with goavro, from maps, and compares the bytes. It reports whether it could.
func checkGoavro(t *testing.T, text string) bool {
	t.Helper()
	o := byID
	s, _, err := schema.Evolve(nil, observe(t, o, text), o)
	if refused(t, err) {
		return false
	}
	r := readersOf(t, s)
	native, ok := goavroNative(r.node, native(t, text), o.Namespace)
	if !ok {
		return false
	}
	got, err := appended(t, s, o, text)
	if refused(t, err) {
		return false
	}
	want, err := r.goavro.BinaryFromNative(nil, native)
	if err != nil {
		t.Fatalf("goavro: %s by %s: %v", text, s.JSON(), err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s by %s: got %x, goavro makes %x", text, s.JSON(), got, want)
	}
	return true
}

// From one record both encoders make the same bytes.
func TestEncodesAsGoavro(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	compared := 0
	for range 2000 {
		for _, text := range randomPage(r, false) {
			if checkGoavro(t, text) {
				compared++
			}
		}
	}
	if compared < 1000 {
		t.Errorf("%d records were compared", compared)
	}
}

// FuzzGoavro compares the encoder with goavro's from maps, byte for byte.
func FuzzGoavro(f *testing.F) {
	f.Add(contact)
	f.Add(`{"id":1,"a":[1,2],"b":{"c":"\u00e9","d":[{"e":true}]},"f-g":-0.0,"h":null}`)
	f.Add(`{"id":"x","n":-1.5e300,"m":[[],[1.0]],"o":["1",1,true]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var tape record.Tape
		if tape.Parse([]byte(text), 100) == nil && tape.Root().Kind() == record.Object {
			checkGoavro(t, text)
		}
	})
}
