package config

import (
	"encoding/json"
	"strconv"
)

// Literal is a scalar of the file as JSON text, so that it compares with what the API sends: "open" with its quotes, 5, true. The zero
// Literal is none.
type Literal string

// literal reads text, a number or a boolean.
func (l *loader) literal(n *node) (Literal, bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return "", false
	}
	switch tag {
	case "!!str":
		quoted, err := json.Marshal(text)
		return Literal(quoted), err == nil
	case "!!bool":
		if text == "true" || text == "false" {
			return Literal(text), true
		}
	case "!!int":
		if json.Valid([]byte(text)) { // of any size
			return Literal(text), true
		}
		if i, ok := parseInt(text, tag); ok {
			return Literal(strconv.FormatInt(i, 10)), true
		}
	case "!!float":
		if json.Valid([]byte(text)) {
			return Literal(text), true
		}
		if f, ok := parseNumber(text, tag); ok {
			return Literal(strconv.FormatFloat(f, 'g', -1, 64)), true
		}
	}
	l.wrong(n, "is %s; it must be text, a number or a boolean", n.what())
	return "", false
}

// some reads a list of at least one, of what is named by what ("fields, as in [id, name]"), each by read, which reports its own mistakes.
func some[T any](l *loader, n *node, what string, read func(*node) (T, bool)) []T {
	if n.kind != listKind || len(n.items) == 0 {
		l.wrong(n, "is %s; it must be a list of %s", emptyOr(n), what)
		return nil
	}
	var out []T
	for _, item := range n.items {
		if v, ok := read(item); ok {
			out = append(out, v)
		}
	}
	return out
}
