package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Text decodes a body for a person: JSON with the schema's field names in the schema's order, values of unions as they are, dates and
// timestamps by RFC 3339 and decimals with their scale.
func (s *Schema) Text(body []byte) ([]byte, error) {
	native, err := s.Decode(body)
	if err != nil {
		return nil, err
	}
	return appendNative(nil, s.root, native)
}

// appendNative writes what goavro decoded by a type.
func appendNative(dst []byte, t *typ, native any) (_ []byte, err error) {
	t = t.real()
	switch v := native.(type) {
	case nil:
		return append(dst, "null"...), nil
	case map[string]any:
		switch t.kind {
		case kUnion:
			for name, inner := range v {
				return appendNative(dst, t.branch(name), inner)
			}
		case kMap:
			return appendMembers(dst, slices.Sorted(maps.Keys(v)), v, func(int) *typ { return t.items })
		case kRecord:
			names := make([]string, len(t.fields))
			for i, f := range t.fields {
				names[i] = f.name
			}
			return appendMembers(dst, names, v, func(i int) *typ { return t.fields[i].typ })
		}
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendNative(dst, t.items, e); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case time.Time:
		layout := time.RFC3339Nano
		if t.logical == "date" {
			layout = time.DateOnly
		}
		return append(dst, quote(v.Format(layout))...), nil
	case *big.Rat:
		return append(dst, v.FloatString(t.scale)...), nil
	case string:
		return append(dst, quote(v)...), nil
	}
	text, err := json.Marshal(native)
	if err != nil {
		return dst, fmt.Errorf("show a value of type %v: %w", t, err)
	}
	return append(dst, text...), nil
}

func appendMembers(dst []byte, names []string, values map[string]any, typeOf func(int) *typ) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, quote(name)...), ':')
		if dst, err = appendNative(dst, typeOf(i), values[name]); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// branch returns the type of a union that goavro calls by this name.
func (t *typ) branch(name string) *typ {
	types, _ := t.alternatives()
	for _, b := range types {
		if b.name == name || b.name == "" && (name == b.kind.String() || strings.HasPrefix(name, b.kind.String()+".")) {
			return b
		}
	}
	return types[0]
}
