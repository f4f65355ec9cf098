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
		name, ok := segment.Selectors()[0].(spec.Name)
		if !ok || segment.IsDescendant() || len(segment.Selectors()) != 1 {
			return nil, errors.New("more than one name, or an index, can't stand here")
		}
		names = append(names, string(name))
	}
	return names, nil
}
