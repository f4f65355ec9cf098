package config

import (
	"errors"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// Path leads from a JSON value to one value inside it, by names only. The zero Path is the value itself.
type Path struct {
	Text  string   // as it is written in the file
	Names []string // unescaped; empty for $ alone
}

// String is the path as it is written in the file.
func (p Path) String() string { return p.Text }

// namePath reads a path of names.
func (l *loader) namePath(n *node) (Path, bool) {
	text, ok := l.text(n)
	if !ok {
		return Path{}, false
	}
	names, err := parseNames(text)
	if err != nil {
		l.wrong(n, "is %s: %s; write names only, as in data, data.items or ['odd key']", n.got(), err)
		return Path{}, false
	}
	return Path{Text: text, Names: names}, true
}

// fieldPath is a namePath to something inside, so not $ alone.
func (l *loader) fieldPath(n *node) (Path, bool) {
	p, ok := l.namePath(n)
	if ok && len(p.Names) == 0 {
		l.wrong(n, "is the whole value; it must name a field of it")
		return Path{}, false
	}
	return p, ok
}

// parseNames reads a path in the dialect that dlt uses (jsonpath-ng) as far as both it and RFC 9535 mean one value by it.
func parseNames(text string) ([]string, error) {
	query, err := rfc9535(text)
	if err != nil {
		return nil, err
	}
	p, err := jsonpath.Parse(query)
	if err != nil {
		return nil, notRFC9535(text)
	}
	var names []string
	for _, segment := range p.Query().Segments() {
		if segment.IsDescendant() {
			return nil, errors.New("recursive descent (..) is not supported")
		}
		if len(segment.Selectors()) != 1 {
			return nil, errors.New("unions (a, b) are not supported")
		}
		switch s := segment.Selectors()[0].(type) {
		case spec.Name:
			names = append(names, string(s))
		case spec.Index:
			return nil, errors.New("indices ([0]) are not supported")
		case spec.WildcardSelector:
			return nil, errors.New("wildcards (*) are not supported")
		case spec.SliceSelector:
			return nil, errors.New("slices ([0:9]) are not supported")
		default:
			return nil, errors.New("filters ([?…]) are not supported")
		}
	}
	return names, nil
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
		var end int
		switch {
		case rest == "":
			return "", errors.New("it ends with a dot")
		case rest[0] == '.':
			return "", errors.New("recursive descent (..) is not supported")
		case rest[0] == '*':
			return "", errors.New("wildcards (*) are not supported")
		case rest[0] == '[':
			end = bracketEnd(rest)
			out.WriteString(rest[:end])
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

// notRFC9535 names what jsonpath-ng has and RFC 9535 writes in another way.
func notRFC9535(text string) error {
	switch {
	case strings.Contains(text, "[?"):
		return errors.New("filters ([?…]) are not supported")
	case strings.ContainsAny(text, ",|&"):
		return errors.New("unions (a, b) are not supported")
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
