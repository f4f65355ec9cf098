package config

import (
	"errors"

	"github.com/theory/jsonpath/spec"
)

// Path leads from a JSON value to one value inside it, by names only. The zero Path is the value itself.
type Path struct {
	Text  string   // as it is written in the file
	Names []string // unescaped; empty for $ alone
}

// String is the path as it is written in the file.
func (p Path) String() string { return p.Text }

// fieldPath reads a path of names to something inside, so not $ alone.
func (l *loader) fieldPath(n *node) (Path, bool) {
	text, ok := l.text(n)
	if !ok {
		return Path{}, false
	}
	names, err := parseNames(text)
	switch {
	case err != nil:
		l.wrong(n, "is %s: %s; write names only, as in id, owner.id or ['odd key']", n.got(), err)
		return Path{}, false
	case len(names) == 0:
		l.wrong(n, "is the whole value; it must name a field of it")
		return Path{}, false
	}
	return Path{Text: text, Names: names}, true
}

// parseNames reads a query that is names only.
func parseNames(text string) ([]string, error) {
	q, err := ParseQuery(text)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, segment := range q.segments {
		if segment.IsDescendant() {
			return nil, errors.New("recursive descent (..) can't stand here")
		}
		if len(segment.Selectors()) != 1 {
			return nil, errors.New("unions (a, b) can't stand here")
		}
		switch s := segment.Selectors()[0].(type) {
		case spec.Name:
			names = append(names, string(s))
		case spec.Index:
			return nil, errors.New("indices ([0]) can't stand here")
		case spec.SliceSelector:
			return nil, errors.New("slices ([0:9]) can't stand here")
		default:
			return nil, errors.New("wildcards (*) can't stand here")
		}
	}
	return names, nil
}
