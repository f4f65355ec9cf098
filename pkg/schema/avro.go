package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"producer/pkg/record"
)

type kind uint8

const (
	kNull kind = iota
	kBoolean
	kInt
	kLong
	kFloat
	kDouble
	kBytes
	kString
	kRecord
	kEnum
	kFixed
	kArray
	kMap
	kUnion
)

var kindNames = [...]string{"null", "boolean", "int", "long", "float", "double", "bytes", "string", "record", "enum", "fixed", "array", "map", "union"}

func (k kind) String() string { return kindNames[k] }

func primitive(name string) (kind, bool) {
	for k := kNull; k <= kString; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return 0, false
}

// jsonName is Debezium's name for strings that hold JSON; Connect's converters carry it as the schema's name.
const jsonName = "io.debezium.data.Json"

// A typ is an Avro type as it stands at one place of a schema. Everything that was written there is kept, so that a schema that
// was read is written as it was.
type typ struct {
	kind     kind
	name     string // full name of a record, enum or fixed
	space    string // the namespace inside it
	fields   []*field
	symbols  []string
	def      string // an enum's default
	size     int
	items    *typ // of an array; the values of a map
	branches []*typ

	logical          string
	precision, scale int
	json             bool // a string that holds JSON
	seconds          bool // of timestamp-millis: the source's numbers are seconds

	// of is set where the type is defined elsewhere: a name that was defined before, or a type in a wrapper.
	of      *typ
	written string // the name as it was written
	// attrs are the properties of a type that was written as an object.
	attrs []attr
}

type attr struct{ name, raw string }

// A field of a record.
type field struct {
	name      string
	source    string // the JSON name whose values it takes
	variant   bool   // it takes those that the published field can't
	typ       *typ
	def       string // the default's JSON text; empty without one
	doc       string // of a field that was declared
	aliases   []string
	renamed   bool // source is written as a property
	attrs     []attr
	fromInput bool
}

// real follows references.
func (t *typ) real() *typ {
	for t.of != nil {
		t = t.of
	}
	return t
}

// alternatives returns the types, other than null, that a value at this place may have, and whether it may be null.
func (t *typ) alternatives() (types []*typ, nullable bool) {
	t = t.real()
	if t.kind != kUnion {
		return []*typ{t}, t.kind == kNull
	}
	for _, b := range t.branches {
		if b = b.real(); b.kind == kNull {
			nullable = true
		} else {
			types = append(types, b)
		}
	}
	return types, nullable
}

// String describes the type for a person: "long", "array of string", "int (date)".
func (t *typ) String() string {
	t = t.real()
	switch t.kind {
	case kUnion:
		types, _ := t.alternatives()
		names := make([]string, len(types))
		for i, a := range types {
			names[i] = a.String()
		}
		return strings.Join(names, " or ")
	case kArray:
		return "array of " + t.items.String()
	case kMap:
		return "map of " + t.items.String()
	}
	switch {
	case t.json:
		return "string (JSON)"
	case t.logical == "decimal":
		return fmt.Sprintf("decimal(%d,%d)", t.precision, t.scale)
	case t.logical != "":
		return fmt.Sprintf("%v (%s)", t.kind, t.logical)
	}
	return t.kind.String()
}

// A reader makes types of a schema's JSON.
type reader struct {
	named map[string]*typ
}

func readType(text []byte) (*typ, error) {
	var tape record.Tape
	if err := tape.Parse(text, maxSchemaDepth); err != nil {
		return nil, err
	}
	r := reader{named: map[string]*typ{}}
	return r.typ(tape.Root(), "")
}

// maxSchemaDepth bounds the recursion over a schema. A record takes four brackets, and pages nest to 10,000.
const maxSchemaDepth = record.MaxDepth

func (r *reader) typ(v record.Value, space string) (*typ, error) {
	switch v.Kind() {
	case record.String:
		return r.reference(text(v), space)
	case record.Array:
		t := &typ{kind: kUnion}
		for b := range v.Elements() {
			branch, err := r.typ(b, space)
			if err != nil {
				return nil, err
			}
			if branch.real().kind == kUnion {
				return nil, errors.New("a union stands in a union")
			}
			t.branches = append(t.branches, branch)
		}
		if len(t.branches) == 0 {
			return nil, errors.New("a union has no types")
		}
		return t, nil
	case record.Object:
		return r.object(v, space)
	}
	return nil, fmt.Errorf("%s is no Avro type", short(v.Raw()))
}

func (r *reader) reference(name, space string) (*typ, error) {
	if k, ok := primitive(name); ok {
		return &typ{kind: k}, nil
	}
	full := name
	if !strings.Contains(name, ".") && space != "" {
		full = space + "." + name
	}
	t, ok := r.named[full]
	if !ok {
		t, ok = r.named[name]
	}
	if !ok {
		return nil, fmt.Errorf("unknown type name %q", name)
	}
	return &typ{kind: t.kind, of: t, written: name}, nil
}

func (r *reader) object(v record.Value, space string) (*typ, error) {
	t := &typ{}
	for name, value := range v.Members() {
		t.attrs = append(t.attrs, attr{name.String(), string(record.AppendCompact(nil, value))})
	}
	inner, ok := v.Get("type")
	if !ok {
		return nil, errors.New(`a type has no "type"`)
	}
	word := text(inner)
	switch {
	case inner.Kind() != record.String:
		of, err := r.typ(inner, space)
		if err != nil {
			return nil, err
		}
		t.kind, t.of = of.real().kind, of
		return t, nil
	case word == "record":
		return t, r.record(t, v, space)
	case word == "enum":
		t.kind = kEnum
		if err := r.define(t, v, space); err != nil {
			return nil, err
		}
		symbols, _ := v.Get("symbols")
		for s := range symbols.Elements() {
			t.symbols = append(t.symbols, text(s))
		}
		if d, ok := v.Get("default"); ok {
			t.def = text(d)
		}
		return t, nil
	case word == "fixed":
		t.kind = kFixed
		size, _ := v.Get("size")
		n, err := size.Int64()
		if err != nil || n < 0 || n > 1<<30 {
			return nil, fmt.Errorf("a fixed type has the size %s", short(size.Raw()))
		}
		t.size = int(n)
		return t, r.define(t, v, space)
	case word == "array" || word == "map":
		t.kind = kArray
		key := "items"
		if word == "map" {
			t.kind, key = kMap, "values"
		}
		items, ok := v.Get(key)
		if !ok {
			return nil, fmt.Errorf("%s without %q", word, key)
		}
		var err error
		t.items, err = r.typ(items, space)
		return t, err
	}
	of, err := r.reference(word, space)
	if err != nil {
		return nil, err
	}
	t.kind = of.kind
	if of.of != nil {
		t.of, t.written = of.of, of.written
		return t, nil
	}
	t.properties(v)
	return t, nil
}

// properties reads what refines a primitive type. As the specification demands, a logical type that is unknown or invalid is ignored.
func (t *typ) properties(v record.Value) {
	if t.kind == kString {
		name, _ := v.Get("connect.name")
		t.json = name.Kind() == record.String && text(name) == jsonName
	}
	l, _ := v.Get("logicalType")
	switch logical := text(l); {
	case logical == "date" && t.kind == kInt, logical == "time-millis" && t.kind == kInt, logical == "uuid" && t.kind == kString,
		logical == "timestamp-millis" && t.kind == kLong, logical == "timestamp-micros" && t.kind == kLong, logical == "time-micros" && t.kind == kLong:
		t.logical = logical
		unit, _ := v.Get("json_unit")
		t.seconds = logical == "timestamp-millis" && text(unit) == "s"
	case logical == "decimal" && t.kind == kBytes:
		p, _ := v.Get("precision")
		s, hasScale := v.Get("scale")
		precision, err1 := p.Int64()
		scale, err2 := s.Int64()
		if err1 == nil && (err2 == nil || !hasScale) && precision > 0 && precision < 1<<20 && scale >= 0 && scale <= precision {
			t.logical, t.precision, t.scale = logical, int(precision), int(scale)
		}
	}
}

// define names a type and makes the name known.
func (r *reader) define(t *typ, v record.Value, space string) error {
	n, _ := v.Get("name")
	name := text(n)
	if n.Kind() != record.String || name == "" {
		return fmt.Errorf("%v without a name", t.kind)
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		t.name, t.space = name, name[:i]
	} else {
		t.space = space
		if ns, ok := v.Get("namespace"); ok {
			t.space = text(ns)
		}
		t.name = name
		if t.space != "" {
			t.name = t.space + "." + name
		}
	}
	if r.named[t.name] != nil {
		return fmt.Errorf("type %q is defined twice", t.name)
	}
	r.named[t.name] = t
	return nil
}

func (r *reader) record(t *typ, v record.Value, space string) error {
	t.kind = kRecord
	if err := r.define(t, v, space); err != nil {
		return err
	}
	fields, ok := v.Get("fields")
	if !ok || fields.Kind() != record.Array {
		return fmt.Errorf("record %q without fields", t.name)
	}
	for fv := range fields.Elements() {
		f, err := r.field(fv, t.space)
		if err != nil {
			return fmt.Errorf("record %q: %w", t.name, err)
		}
		t.fields = append(t.fields, f)
	}
	return nil
}

func (r *reader) field(v record.Value, space string) (*field, error) {
	f := &field{fromInput: true}
	for name, value := range v.Members() {
		raw := string(record.AppendCompact(nil, value))
		f.attrs = append(f.attrs, attr{name.String(), raw})
		isText := value.Kind() == record.String
		switch word := name.String(); {
		case word == "name" && isText:
			f.name = text(value)
		case word == "json" && isText:
			f.source, f.renamed = text(value), true
		case word == "variant_of" && isText:
			f.source, f.renamed, f.variant = text(value), true, true
		case word == "default":
			f.def = raw
		case word == "aliases":
			for a := range value.Elements() {
				f.aliases = append(f.aliases, text(a))
			}
		}
	}
	if f.variant { // also where a property json stands after it
		of, _ := v.Get("variant_of")
		f.source = text(of)
	}
	if f.name == "" {
		return nil, errors.New("a field without a name")
	}
	if !f.renamed {
		f.source = f.name
	}
	tv, ok := v.Get("type")
	if !ok {
		return nil, fmt.Errorf("field %q without a type", f.name)
	}
	t, err := r.typ(tv, space)
	if err != nil {
		return nil, fmt.Errorf("field %q: %w", f.name, err)
	}
	f.typ = t
	return f, nil
}

func text(v record.Value) string {
	if !v.IsValid() {
		return ""
	}
	return string(v.AppendText(nil))
}

func quote(s string) string {
	// Names come from JSON, so they are valid UTF-8, of which strconv would escape more than JSON knows.
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			b.WriteString(`\u00`)
			if r < 16 {
				b.WriteByte('0')
			}
			b.WriteString(strconv.FormatInt(int64(r), 16))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
