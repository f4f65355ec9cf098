package schema

import (
	"encoding/binary"
	"fmt"
	"math"

	"producer/pkg/record"
)

// appendDefault appends a field's default as Avro. The text is JSON by the specification's table in "Complex Types, Records"; that
// of a union is of the first branch, or (since 1.12) of any other.
func appendDefault(dst []byte, t *typ, text string) ([]byte, error) {
	var tape record.Tape
	if err := tape.Parse([]byte(text), maxSchemaDepth); err != nil {
		return dst, err
	}
	return appendJSON(dst, t, tape.Root(), 0)
}

func appendJSON(dst []byte, t *typ, v record.Value, depth int) (_ []byte, err error) {
	t = t.real()
	bad := func() ([]byte, error) { return dst, fmt.Errorf("%s is no %v", short(v.Raw()), t) }
	if depth > 64 {
		return bad()
	}
	switch t.kind {
	case kUnion:
		for i, b := range t.branches {
			if out, err := appendJSON(appendLong(dst, int64(i)), b, v, depth+1); err == nil {
				return out, nil
			}
		}
		return bad()
	case kNull:
		if v.Kind() != record.Null {
			return bad()
		}
		return dst, nil
	case kBoolean:
		if v.Kind() != record.True && v.Kind() != record.False {
			return bad()
		}
		if v.Kind() == record.True {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case kInt, kLong:
		n, err := v.Int64()
		if err != nil || t.kind == kInt && n != int64(int32(n)) {
			return bad()
		}
		return appendLong(dst, n), nil
	case kFloat, kDouble:
		if v.Kind() != record.Number {
			return bad()
		}
		f, err := v.Float64()
		if err != nil || t.kind == kFloat && math.IsInf(float64(float32(f)), 0) {
			return bad()
		}
		if t.kind == kFloat {
			return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), nil
		}
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
	case kString:
		if v.Kind() != record.String {
			return bad()
		}
		s := v.AppendText(nil)
		return append(appendLong(dst, int64(len(s))), s...), nil
	case kBytes, kFixed:
		if v.Kind() != record.String {
			return bad()
		}
		var raw []byte
		for _, r := range string(v.AppendText(nil)) { // each character is a byte
			if r > 255 {
				return bad()
			}
			raw = append(raw, byte(r))
		}
		if t.kind == kFixed {
			if len(raw) != t.size {
				return bad()
			}
			return append(dst, raw...), nil
		}
		return append(appendLong(dst, int64(len(raw))), raw...), nil
	case kEnum:
		i := -1
		if v.Kind() == record.String {
			i = symbol(t, v)
		}
		if i < 0 {
			return bad()
		}
		return appendLong(dst, int64(i)), nil
	case kArray:
		if v.Kind() != record.Array {
			return bad()
		}
		if v.Len() > 0 {
			dst = appendLong(dst, int64(v.Len()))
			for e := range v.Elements() {
				if dst, err = appendJSON(dst, t.items, e, depth+1); err != nil {
					return dst, err
				}
			}
		}
		return append(dst, 0), nil
	case kMap:
		if v.Kind() != record.Object {
			return bad()
		}
		if v.Len() > 0 {
			dst = appendLong(dst, int64(v.Len()))
			for name, m := range v.Members() {
				s := name.AppendText(nil)
				if dst, err = appendJSON(append(appendLong(dst, int64(len(s))), s...), t.items, m, depth+1); err != nil {
					return dst, err
				}
			}
		}
		return append(dst, 0), nil
	case kRecord:
		if v.Kind() != record.Object {
			return bad()
		}
		for _, f := range t.fields {
			if m, ok := v.Get(f.name); ok {
				dst, err = appendJSON(dst, f.typ, m, depth+1)
			} else if f.def != "" {
				dst, err = appendDefault(dst, f.typ, f.def)
			} else {
				return bad()
			}
			if err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	return bad()
}
