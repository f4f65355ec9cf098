package devserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/linkedin/goavro/v2"

	"producer/pkg/devserver"
)

// avro is a schema or a type within one, as its JSON gives it.
type avro struct {
	Type      any    `json:"type"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Doc       string `json:"doc"`
	Fields    []struct {
		Name    string          `json:"name"`
		JSON    string          `json:"json"`
		Doc     string          `json:"doc"`
		Type    json.RawMessage `json:"type"`
		Default json.RawMessage `json:"default"`
	} `json:"fields"`
	Items json.RawMessage `json:"items"`
}

func readSchema(t *testing.T, resource string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "schemas", resource+".avsc"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSchemas checks the pinned schemas against the rules that inferred ones follow.
func TestSchemas(t *testing.T) {
	for _, resource := range []string{"contacts", "companies", "deals"} {
		text := readSchema(t, resource)
		if _, err := goavro.NewCodec(string(text)); err != nil {
			t.Errorf("%s: %v", resource, err)
		}
		var root avro
		unmarshal(t, text, &root)
		if root.Name != resource || root.Namespace != "crm" {
			t.Errorf("%s: it is called %s.%s", resource, root.Namespace, root.Name)
		}
		checkRecord(t, root, root.Name, []string{"id"})
	}
}

func checkRecord(t *testing.T, r avro, name string, key []string) {
	t.Helper()
	if r.Name != name {
		t.Errorf("%s: a nested record is called %s", name, r.Name)
	}
	if r.Doc == "" {
		t.Errorf("%s: no doc", name)
	}
	var names []string
	for i, f := range r.Fields {
		at := name + "." + f.Name
		if f.Doc == "" {
			t.Errorf("%s: no doc", at)
		}
		typ := f.Type
		if i < len(key) {
			if f.Name != key[i] || f.Default != nil {
				t.Errorf("%s: want the key field %s, without a default", at, key[i])
			}
		} else {
			names = append(names, f.Name)
			var union []json.RawMessage
			if json.Unmarshal(f.Type, &union) != nil || len(union) != 2 || string(union[0]) != `"null"` || string(f.Default) != "null" {
				t.Errorf(`%s: want ["null", T] with the default null, got %s`, at, f.Type)
				continue
			}
			typ = union[1]
		}
		checkType(t, typ, name+"_"+f.Name)
	}
	if !slices.IsSorted(names) {
		t.Errorf("%s: fields are not sorted: %v", name, names)
	}
}

func checkType(t *testing.T, text json.RawMessage, name string) {
	t.Helper()
	var simple string
	if json.Unmarshal(text, &simple) == nil {
		if !slices.Contains([]string{"boolean", "long", "double", "string"}, simple) {
			t.Errorf("%s: type %s", name, simple)
		}
		return
	}
	var complex avro
	unmarshal(t, text, &complex)
	switch complex.Type {
	case "record":
		checkRecord(t, complex, name, nil)
	case "array":
		checkType(t, complex.Items, name)
	default:
		t.Errorf("%s: type %s", name, text)
	}
}

// TestSchemasDescribeSample shows that every record of the API can be encoded, that no field of one is unknown to the
// schema and none of the schema's never occurs, and that reading gives back what was written.
func TestSchemasDescribeSample(t *testing.T) {
	s := start(t, devserver.Options{})
	s.Mutate(20)
	for _, resource := range []string{"contacts", "companies", "deals"} {
		text := readSchema(t, resource)
		codec, err := goavro.NewCodec(string(text))
		if err != nil {
			t.Fatal(err)
		}
		var root avro
		unmarshal(t, text, &root)
		seen := map[string]bool{}
		for _, rec := range all(t, s, resource) {
			var source map[string]any
			d := json.NewDecoder(bytes.NewReader(rec))
			d.UseNumber()
			if err := d.Decode(&source); err != nil {
				t.Fatal(err)
			}
			native, err := nativeOf(root, source, resource, seen)
			if err != nil {
				t.Fatalf("%s: %v in %s", resource, err, rec)
			}
			body, err := codec.BinaryFromNative(nil, native)
			if err != nil {
				t.Fatalf("%s: encode: %v in %s", resource, err, rec)
			}
			back, rest, err := codec.NativeFromBinary(body)
			if err != nil || len(rest) > 0 {
				t.Fatalf("%s: decode: %v, %d bytes left", resource, err, len(rest))
			}
			if got, want := fmt.Sprint(back), fmt.Sprint(native); got != want {
				t.Fatalf("%s: got %s, want %s", resource, got, want)
			}
		}
		unseen(t, root, resource, seen)
	}
}

// nativeOf makes of a JSON object what goavro takes for a record.
func nativeOf(r avro, source map[string]any, at string, seen map[string]bool) (map[string]any, error) {
	known := map[string]bool{}
	out := map[string]any{}
	namespace := "crm."
	for _, f := range r.Fields {
		name := f.Name
		if f.JSON != "" {
			name = f.JSON
		}
		known[name] = true
		v, present := source[name]
		if !present {
			return nil, fmt.Errorf("%s.%s: not in the record", at, name)
		}
		typ, nullable := f.Type, false
		var union []json.RawMessage
		if json.Unmarshal(f.Type, &union) == nil {
			typ, nullable = union[1], true
		}
		if v == nil && nullable {
			out[f.Name] = nil
			continue
		}
		seen[at+"."+f.Name] = true
		native, branch, err := valueOf(typ, v, at+"."+f.Name, namespace, seen)
		if err != nil {
			return nil, err
		}
		if nullable {
			native = map[string]any{branch: native}
		}
		out[f.Name] = native
	}
	for name := range source {
		if !known[name] {
			return nil, fmt.Errorf("%s.%s: not in the schema", at, name)
		}
	}
	return out, nil
}

// valueOf makes of a JSON value what goavro takes, and names its branch of a union.
func valueOf(text json.RawMessage, v any, at, namespace string, seen map[string]bool) (native any, branch string, err error) {
	var simple string
	if json.Unmarshal(text, &simple) == nil {
		switch x := v.(type) {
		case bool:
			if simple == "boolean" {
				return x, simple, nil
			}
		case string:
			if simple == "string" {
				return x, simple, nil
			}
		case json.Number:
			if simple == "long" {
				n, err := x.Int64()
				return n, simple, err
			}
			if simple == "double" {
				f, err := x.Float64()
				return f, simple, err
			}
		}
		return nil, "", fmt.Errorf("%s: %v is no %s", at, v, simple)
	}
	var typ avro
	if err := json.Unmarshal(text, &typ); err != nil {
		return nil, "", err
	}
	if typ.Type == "record" {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, "", fmt.Errorf("%s: %v is no record", at, v)
		}
		native, err := nativeOf(typ, m, at, seen)
		return native, namespace + typ.Name, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, "", fmt.Errorf("%s: %v is no array", at, v)
	}
	out := []any{}
	for _, e := range list {
		n, _, err := valueOf(typ.Items, e, at, namespace, seen)
		if err != nil {
			return nil, "", err
		}
		out = append(out, n)
	}
	return out, "array", nil
}

// unseen complains of fields that no record had.
func unseen(t *testing.T, r avro, at string, seen map[string]bool) {
	t.Helper()
	for _, f := range r.Fields {
		path := at + "." + f.Name
		if !seen[path] {
			t.Errorf("%s: no record of the sample has it", path)
		}
		var union []json.RawMessage
		if json.Unmarshal(f.Type, &union) != nil {
			continue
		}
		var typ avro
		if json.Unmarshal(union[1], &typ) == nil {
			if typ.Type == "array" {
				items := avro{}
				if json.Unmarshal(typ.Items, &items) == nil {
					typ = items
				}
			}
			unseen(t, typ, path, seen)
		}
	}
}

func unmarshal(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
