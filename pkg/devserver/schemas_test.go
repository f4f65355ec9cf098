package devserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
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
	var named avro
	unmarshal(t, text, &named)
	switch named.Type {
	case "record":
		checkRecord(t, named, name, nil)
	case "array":
		checkType(t, named.Items, name)
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
		root, seen := nodeOf(t, text), map[*member]bool{}
		for _, rec := range all(t, s, resource) {
			var source any
			d := json.NewDecoder(bytes.NewReader(rec))
			d.UseNumber()
			if err := d.Decode(&source); err != nil {
				t.Fatal(err)
			}
			native, err := root.native(source, resource, seen)
			if err != nil {
				t.Fatalf("%v in %s", err, rec)
			}
			body, err := codec.BinaryFromNative(nil, native)
			if err != nil {
				t.Fatalf("%s: encode: %v in %s", resource, err, rec)
			}
			back, rest, err := codec.NativeFromBinary(body)
			if err != nil || len(rest) > 0 {
				t.Fatalf("%s: decode: %v, %d bytes left", resource, err, len(rest))
			}
			if !reflect.DeepEqual(back, native) {
				t.Fatalf("%s: got %v, want %v", resource, back, native)
			}
		}
		root.unseen(t, resource, seen)
	}
}

// node is a parsed type.
type node struct {
	kind   string // boolean, long, double, string, record, array
	branch string // its name in a union
	fields []member
	items  *node
}

type member struct {
	name, json string
	nullable   bool
	typ        *node
}

func nodeOf(t *testing.T, text json.RawMessage) *node {
	t.Helper()
	var simple string
	if json.Unmarshal(text, &simple) == nil {
		return &node{kind: simple, branch: simple}
	}
	var typ avro
	unmarshal(t, text, &typ)
	if typ.Type == "array" {
		return &node{kind: "array", branch: "array", items: nodeOf(t, typ.Items)}
	}
	n := &node{kind: "record", branch: "crm." + typ.Name}
	for _, f := range typ.Fields {
		m := member{name: f.Name, json: f.JSON}
		if m.json == "" {
			m.json = f.Name
		}
		var union []json.RawMessage
		if json.Unmarshal(f.Type, &union) == nil {
			m.nullable, m.typ = true, nodeOf(t, union[1])
		} else {
			m.typ = nodeOf(t, f.Type)
		}
		n.fields = append(n.fields, m)
	}
	return n
}

// native makes of a JSON value what goavro takes. It notes the fields that are not null in seen.
func (n *node) native(v any, at string, seen map[*member]bool) (any, error) {
	switch x := v.(type) {
	case bool:
		if n.kind == "boolean" {
			return x, nil
		}
	case string:
		if n.kind == "string" {
			return x, nil
		}
	case json.Number:
		switch n.kind {
		case "long":
			return x.Int64()
		case "double":
			return x.Float64()
		}
	case []any:
		if n.kind != "array" {
			break
		}
		out := []any{}
		for _, e := range x {
			item, err := n.items.native(e, at, seen)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		return out, nil
	case map[string]any:
		if n.kind != "record" {
			break
		}
		out := map[string]any{}
		for i := range n.fields {
			m := &n.fields[i]
			value, present := x[m.json]
			switch {
			case !present:
				return nil, fmt.Errorf("%s.%s: not in the record", at, m.json)
			case value == nil && m.nullable:
				out[m.name] = nil
				continue
			}
			seen[m] = true
			native, err := m.typ.native(value, at+"."+m.json, seen)
			if err != nil {
				return nil, err
			}
			if m.nullable {
				native = map[string]any{m.typ.branch: native}
			}
			out[m.name] = native
		}
		if len(x) != len(n.fields) {
			return nil, fmt.Errorf("%s: %d fields, of which the schema knows %d", at, len(x), len(n.fields))
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s: %v is no %s", at, v, n.kind)
}

// unseen complains of fields that no record had.
func (n *node) unseen(t *testing.T, at string, seen map[*member]bool) {
	t.Helper()
	if n.items != nil {
		n.items.unseen(t, at, seen)
	}
	for i := range n.fields {
		m := &n.fields[i]
		if !seen[m] {
			t.Errorf("%s.%s: no record of the sample has it", at, m.json)
		}
		m.typ.unseen(t, at+"."+m.json, seen)
	}
}

func unmarshal(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
