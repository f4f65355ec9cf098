package schema

import (
	"strconv"
	"strings"
)

// A writer writes types as JSON: what was read as it was, what was made in a fixed order of properties.
type writer struct {
	strings.Builder
	// goavro makes the text that goavro takes for what the specification says: it panics on the second decimal without a scale, obeys
	// a logical type that stands, wrongly, at a field, and refuses invalid ones, which are to be ignored. Times and micros, which come
	// as numbers, go as numbers.
	goavro bool
}

func (w *writer) typ(t *typ, space string) {
	switch {
	case t.attrs != nil:
		w.object(t)
	case t.of != nil:
		w.WriteString(quote(t.written))
	case t.kind == kUnion:
		for i, b := range t.branches {
			w.WriteByte("[,"[min(i, 1)])
			w.typ(b, space)
		}
		w.WriteByte(']')
	case t.kind == kArray:
		w.WriteString(`{"type":"array","items":`)
		w.typ(t.items, space)
		w.WriteByte('}')
	case t.kind == kRecord:
		w.WriteString(`{"type":"record","name":`)
		w.WriteString(quote(t.name[strings.LastIndexByte(t.name, '.')+1:]))
		if t.space != space {
			w.WriteString(`,"namespace":`)
			w.WriteString(quote(t.space))
		}
		w.WriteString(`,"fields":`)
		w.fields(t)
		w.WriteByte('}')
	case t.json:
		w.WriteString(`{"type":"string","connect.name":` + quote(jsonName) + `}`)
	default:
		w.WriteString(quote(t.kind.String()))
	}
}

// object writes a type that was read as an object: its properties in their order, with the types inside as they are now.
func (w *writer) object(t *typ) {
	hasScale, comma := false, byte('{')
	for _, a := range t.attrs {
		if w.goavro && a.name == "logicalType" && !t.converts() {
			continue
		}
		w.WriteByte(comma)
		comma = ','
		w.WriteString(quote(a.name))
		w.WriteByte(':')
		switch {
		case t.of == nil && a.name == "fields" && t.kind == kRecord:
			w.fields(t)
		case t.of == nil && (a.name == "items" && t.kind == kArray || a.name == "values" && t.kind == kMap):
			w.typ(t.items, t.space)
		case t.of != nil && a.name == "type" && t.written == "":
			w.typ(t.of, t.space)
		default:
			w.WriteString(a.raw)
		}
		hasScale = hasScale || a.name == "scale"
	}
	if w.goavro && t.logical == "decimal" && !hasScale {
		w.WriteString(`,"scale":0`)
	}
	w.WriteByte('}')
}

// converts reports whether values of the logical type are made from what JSON has, and read back for it.
func (t *typ) converts() bool {
	switch t.logical {
	case "date", "timestamp-millis", "decimal", "uuid":
		return true
	}
	return false
}

func (w *writer) fields(t *typ) {
	w.WriteByte('[')
	for i, f := range t.fields {
		if i > 0 {
			w.WriteByte(',')
		}
		w.field(f, t.space)
	}
	w.WriteByte(']')
}

func (w *writer) field(f *field, space string) {
	if !f.fromInput {
		w.WriteString(`{"name":` + quote(f.name) + `,"type":`)
		w.typ(f.typ, space)
		if f.def != "" {
			w.WriteString(`,"default":` + f.def)
		}
		switch {
		case f.variant:
			w.WriteString(`,"variant_of":` + quote(f.source))
		case f.source != f.name:
			w.WriteString(`,"json":` + quote(f.source))
		}
		if f.doc != "" {
			w.WriteString(`,"doc":` + quote(f.doc))
		}
		w.WriteByte('}')
		return
	}
	first := true
	for _, a := range f.attrs {
		if w.goavro && (a.name == "logicalType" || a.name == "namespace") {
			continue
		}
		if first {
			w.WriteByte('{')
		} else {
			w.WriteByte(',')
		}
		first = false
		w.WriteString(quote(a.name) + ":")
		if a.name == "type" {
			w.typ(f.typ, space)
		} else {
			w.WriteString(a.raw)
		}
	}
	w.WriteByte('}')
}

// canonical writes the Parsing Canonical Form of the Avro specification, section "Transforming into Parsing Canonical Form".
func canonical(b *strings.Builder, t *typ, defined map[*typ]bool) {
	t = t.real()
	switch t.kind {
	case kUnion:
		for i, branch := range t.branches {
			b.WriteByte("[,"[min(i, 1)])
			canonical(b, branch, defined)
		}
		b.WriteByte(']')
		return
	case kArray, kMap:
		key := "items"
		if t.kind == kMap {
			key = "values"
		}
		b.WriteString(`{"type":"` + t.kind.String() + `","` + key + `":`)
		canonical(b, t.items, defined)
		b.WriteByte('}')
		return
	case kRecord, kEnum, kFixed:
	default:
		b.WriteString(`"` + t.kind.String() + `"`)
		return
	}
	if defined[t] {
		b.WriteString(quote(t.name))
		return
	}
	defined[t] = true
	b.WriteString(`{"name":` + quote(t.name) + `,"type":"` + t.kind.String() + `"`)
	switch t.kind {
	case kRecord:
		b.WriteString(`,"fields":[`)
		for i, f := range t.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"name":` + quote(f.name) + `,"type":`)
			canonical(b, f.typ, defined)
			b.WriteByte('}')
		}
		b.WriteByte(']')
	case kEnum:
		b.WriteString(`,"symbols":[`)
		for i, s := range t.symbols {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(s))
		}
		b.WriteByte(']')
	case kFixed:
		b.WriteString(`,"size":` + strconv.Itoa(t.size))
	}
	b.WriteByte('}')
}
