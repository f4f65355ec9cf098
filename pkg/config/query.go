package config

import (
	"errors"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// Query is a JSONPath: it leads from a JSON value to any number of values inside it. The zero Query leads nowhere: IsZero.
//
// The dialect is jsonpath-ng's, which dlt uses, as far as it means what RFC 9535 does: names, with or without quotes and
// brackets; indices, slices and wildcards; several of them in one bracket; recursive descent. Filters, functions and the operators
// of jsonpath-ng's own (|, &, where, `parent`) are refused.
type Query struct {
	Text     string // as it is written in the file
	segments []*spec.Segment
}

// String is the query as it is written in the file.
func (q Query) String() string { return q.Text }

// IsZero reports whether there is no query.
func (q Query) IsZero() bool { return q.Text == "" }

// Segments are the steps from value to value: each holds spec.Name, spec.Index, spec.SliceSelector or spec.WildcardSelector, and
// looks for them in the value itself or, where IsDescendant, in all that is in it too. They must not be changed.
func (q Query) Segments() []*spec.Segment { return q.segments }

// Canonical is the query in RFC 9535's notation: what means the same is the same text. "" for the zero Query.
func (q Query) Canonical() string {
	if q.IsZero() {
		return ""
	}
	return spec.Query(true, q.segments...).String()
}

// Singular reports whether the query leads to one value at most.
func (q Query) Singular() bool {
	return spec.Query(true, q.segments...).Singular() != nil
}

// QueryOf is the query that follows names from object to object.
func QueryOf(names ...string) Query {
	q := Query{}
	for _, name := range names {
		q.segments = append(q.segments, spec.Child(spec.Name(name)))
	}
	q.Text = spec.Query(true, q.segments...).String()
	return q
}

// ParseQuery reads a query. Its errors say what is not supported.
func ParseQuery(text string) (Query, error) {
	query, err := rfc9535(text)
	if err != nil {
		return Query{}, err
	}
	p, err := jsonpath.Parse(query)
	if err != nil {
		return Query{}, notRFC9535(text)
	}
	for _, segment := range p.Query().Segments() {
		for _, s := range segment.Selectors() {
			if _, ok := s.(*spec.FilterSelector); ok {
				return Query{}, errFilter
			}
		}
	}
	return Query{Text: text, segments: p.Query().Segments()}, nil
}

// query reads a JSONPath.
func (l *loader) query(n *node) (Query, bool) {
	text, ok := l.text(n)
	if !ok {
		return Query{}, false
	}
	q, err := ParseQuery(text)
	if err != nil {
		l.wrong(n, "is %s: %s; write a JSONPath such as data, data.items, groups[*].items, $..items or ['odd key']", n.got(), err)
		return Query{}, false
	}
	return q, true
}

// innerQuery reads a JSONPath to something inside a page, so not $ alone.
func (l *loader) innerQuery(n *node) *Query {
	q, ok := l.query(n)
	if ok && len(q.segments) == 0 {
		l.wrong(n, "is the whole page; it must lead to a value in it")
		return nil
	}
	if !ok {
		return nil
	}
	return &q
}

// rfc9535 rewrites jsonpath-ng's dialect, which leaves out the leading $ and has names that RFC 9535 wants in brackets (@type,
// row-count, a.'b c').
func rfc9535(text string) (string, error) {
	rest := strings.TrimSpace(text)
	if rest == "$" || strings.HasPrefix(rest, "$.") || strings.HasPrefix(rest, "$[") {
		rest = rest[1:]
	} else if !strings.HasPrefix(rest, "[") {
		rest = "." + rest
	}
	var out strings.Builder
	out.WriteByte('$')
	for rest != "" {
		if rest[0] != '.' { // brackets are the same in both
			end := bracketEnd(rest)
			out.WriteString(rest[:end])
			rest = rest[end:]
			continue
		}
		rest = rest[1:]
		if strings.HasPrefix(rest, ".") {
			out.WriteString("..")
			rest = rest[1:]
		}
		var end int
		switch {
		case rest == "":
			return "", errors.New("it ends with a dot")
		case rest[0] == '[':
			end = bracketEnd(rest)
			out.WriteString(rest[:end])
		case rest[0] == '*':
			end = 1
			out.WriteString("[*]")
		case rest[0] == '\'' || rest[0] == '"':
			end = quotedEnd(rest)
			out.WriteString("[" + rest[:end] + "]")
		default:
			end = len(rest) - len(strings.TrimLeftFunc(rest, isBareRune))
			if end == 0 {
				return "", notRFC9535(text)
			}
			out.WriteString("['" + rest[:end] + "']")
		}
		rest = rest[end:]
	}
	return out.String(), nil
}

var errFilter = errors.New("filters ([?…]) are not supported")

// notRFC9535 names what jsonpath-ng has and RFC 9535 writes in another way, or not at all.
func notRFC9535(text string) error {
	switch {
	case strings.Contains(text, "[?"):
		return errFilter
	case strings.Contains(text, "`"):
		return errors.New("operators in back quotes, such as `parent`, are not supported")
	case strings.ContainsAny(text, ",|&"):
		return errors.New("unions outside of brackets (a, b) are not supported")
	case strings.Contains(text, " where"):
		return errors.New("where is not supported")
	}
	return errors.New("not a JSONPath")
}

// isBareRune is true of what jsonpath-ng lets stand in a name without quotes, and of letters beyond ASCII.
func isBareRune(c rune) bool { return isNameRune(c) || c == '@' || c >= 0x80 }

// bracketEnd is the length of the bracket that s begins with, or 1 where it begins with something else.
func bracketEnd(s string) int {
	if s[0] != '[' {
		return 1
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case ']':
			return i + 1
		case '\'', '"':
			i += quotedEnd(s[i:]) - 1
		}
	}
	return len(s)
}

// quotedEnd is the length of the quoted text that s begins with.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}
