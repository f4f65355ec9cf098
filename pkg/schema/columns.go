package schema

import "fmt"

// declared returns, by name, the columns that record t, if it is the root, has no field for yet.
func (b *builder) declared(t *typ, known map[string]*group) map[string]*Column {
	if t != b.root {
		return nil
	}
	out := map[string]*Column{}
	for i := range b.columns {
		if c := &b.columns[i]; known[c.Source] == nil {
			out[c.Source] = c
		}
	}
	return out
}

// declare makes the field of a column, and the variants for what was seen of it and does not fit. s is nil where nothing was.
func (b *builder) declare(t *typ, c *Column, s *seen, name string, rest [][]string, key bool, used taken) ([]*field, error) {
	declared, err := readType([]byte(c.Type))
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", c.Source, err)
	}
	f := &field{name: name, source: c.Source, typ: declared, doc: c.Doc}
	switch {
	case b.published && (c.Required || key):
		return nil, &ValueError{Path: c.Source, Why: "it is declared as not nullable, but a published schema only gets nullable fields: leave nullable out"}
	case !c.Required && !key:
		f.typ, f.def = nullable(declared), "null"
	}
	b.tell(Added, c.Source, f, declared, s)
	out := []*field{f}
	if s == nil || key {
		return out, nil
	}
	more, err := b.widen(t, &group{source: c.Source, fields: out}, s, c.Source, rest, used)
	return append(out, more...), err
}

// CheckColumns compares the columns that are declared with what s has published: a text for each that differs in type, or that must
// not be null and may be.
func (s *Schema) CheckColumns(columns []Column) (differences []string, err error) {
	groups, err := groupsOf(s.root.real())
	if err != nil {
		return nil, err
	}
	published := map[string]*field{}
	for _, g := range groups {
		published[g.source] = g.fields[0]
	}
	for _, c := range columns {
		f := published[c.Source]
		if f == nil {
			continue
		}
		want, err := readType([]byte(c.Type))
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Source, err)
		}
		types, null := f.typ.alternatives()
		switch {
		case len(types) != 1 || newKeeper().keeps(types[0], want) != nil:
			differences = append(differences, fmt.Sprintf("column %s is declared as %v, the schema has %v", c.Source, want, f.typ))
		case c.Required && null:
			differences = append(differences, fmt.Sprintf("column %s is declared as not nullable, in the schema it is nullable", c.Source))
		}
	}
	return differences, nil
}
