package schema

import (
	"encoding/json"
	"strings"
)

// Text decodes a body for a person: JSON with the schema's field names in the schema's order, and values of unions as they are.
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
	if native == nil {
		return append(dst, "null"...), nil
	}
	switch v := native.(type) {
	case map[string]any:
		switch t.kind {
		case kUnion:
			for name, inner := range v {
				return appendNative(dst, t.branch(name), inner)
			}
		case kRecord:
			for i, f := range t.fields {
				dst = append(append(dst, "{,"[min(i, 1)]), quote(f.name)+":"...)
				if dst, err = appendNative(dst, f.typ, v[f.name]); err != nil {
					return dst, err
				}
			}
			if len(t.fields) == 0 {
				dst = append(dst, '{')
			}
			return append(dst, '}'), nil
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
	}
	text, err := json.Marshal(native)
	return append(dst, text...), err
}

// branch returns the type of a union that goavro calls by this name.
func (t *typ) branch(name string) *typ {
	types, _ := t.alternatives()
	for _, b := range types {
		if b.name == name || b.name == "" && strings.HasPrefix(name, b.kind.String()) {
			return b
		}
	}
	return types[0]
}
