package config

import (
	"slices"
	"strings"
)

// Column is what dlt's columns say of a field at the top of a resource's records.
type Column struct {
	Name             string // of the field, as the API has it
	DataType         string // "text", "double", "bool", "bigint", "timestamp", "date", "decimal" or "json"
	Required         bool   // nullable: false
	Precision, Scale int    // of a decimal
	Description      string // "": none
}

// dlt's decimal, where columns don't say otherwise.
const (
	defaultPrecision = 38
	defaultScale     = 9
)

// columns reads dlt's columns: a mapping by name, or a list of columns with their names. What is partial may be completed elsewhere.
func (l *loader) columns(n *node, keys []Path, partial bool) []Column {
	var all []Column
	switch n.kind {
	case mappingKind:
		for _, m := range n.members {
			if m.value.kind != nullKind {
				all = l.column(all, m.value, m.name, keys, partial)
			}
		}
	case listKind:
		for _, item := range n.items {
			all = l.column(all, item, "", keys, partial)
		}
	default:
		l.wrong(n, "is %s; it must be a mapping of fields to their data_type, or a list of columns", n.what())
	}
	slices.SortFunc(all, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// byName is columns as a mapping, so that defaults merge with it field by field.
func byName(n *node) *node {
	if n == nil || n.kind != listKind {
		return n
	}
	mapping := *n
	mapping.kind, mapping.items, mapping.members = mappingKind, nil, nil
	for _, item := range n.items {
		name := item.get("name")
		if name == nil || name.kind != scalarKind || mapping.get(name.text) != nil {
			return n // column says what is wrong
		}
		mapping.members = append(mapping.members, member{name.text, item.line, item})
	}
	return &mapping
}

// column reads one and adds it to all. key is its name in a mapping.
func (l *loader) column(all []Column, n *node, key string, keys []Path, partial bool) []Column {
	o := l.object(n)
	c := Column{Name: key}
	if key == "" {
		if name := o.want("name", "it must be the field's"); name != nil {
			t, ok := l.text(name)
			assign(&c.Name, t, ok)
		}
	} else if name := o.get("name"); given(name) && name.text != key {
		l.wrong(name, "is %s, but the column is called %s", name.got(), quote(key))
	}
	if slices.ContainsFunc(all, func(other Column) bool { return other.Name == c.Name }) && c.Name != "" {
		l.wrong(n, "is a second column %s; remove one", quote(c.Name))
	}
	if strings.Contains(strings.Trim(c.Name, "_"), "__") {
		l.wrong(n, "is a field inside another, as dlt flattens it; objects stay objects here: the types inside them come from the data, or from <resource>.avsc in schema.directory")
	}
	l.columnType(o, &c, partial)
	inKey := slices.ContainsFunc(keys, func(p Path) bool { return len(p.Names) > 0 && p.Names[0] == c.Name })
	if v := o.get("nullable"); given(v) {
		nullable, ok := l.boolean(v)
		switch {
		case ok && nullable && inKey:
			l.wrong(v, "is true, but a field of primary_key is never null; leave it out")
		case ok && !nullable && c.DataType == "" && !inKey && !partial:
			l.wrong(v, "is false, which needs a data_type: a field that must be there must have a type before the first record")
		}
		assign(&c.Required, !nullable, ok)
	}
	if d := o.get("description"); given(d) {
		t, ok := l.text(d)
		assign(&c.Description, t, ok)
	}
	refused := map[string]string{
		"primary_key": "list the fields under the resource's own primary_key",
		"merge_key":   "primary_key alone identifies a record",
		"hard_delete": "a record is deleted when it is gone at the source: write_disposition: replace, or kafka.deletes",
		"incremental": "it belongs to endpoint.incremental",
		"variant":     "variants come by themselves, as <name>__v_<type>",
		"dedup_sort":  "of one key, the record that the source shows last stays",
	}
	for _, hint := range []string{"unique", "sort", "partition", "cluster", "row_key", "parent_key", "root_key"} {
		refused[hint] = warehouse
	}
	o.refuse(refused)
	o.done()
	if c.DataType == "" {
		return all // it has said nothing that matters
	}
	return append(all, c)
}

// columnType reads the data type and what refines it.
func (l *loader) columnType(o *object, c *Column, partial bool) {
	if v := o.get("data_type"); given(v) {
		known := []string{"text", "double", "bool", "bigint", "timestamp", "date", "decimal", "json"}
		instead := map[string]string{
			"binary": "JSON has no bytes; use text, and decode it in the consumer",
			"wei":    "use decimal with a precision, up to 78, and scale 0",
			"time":   "use text: what is sent is published as it is",
		}
		if advice, refused := instead[v.text]; refused && v.kind == scalarKind {
			l.wrong(v, "is %s, which is not supported; %s", v.text, advice)
		} else if w, ok := l.word(v, known...); ok {
			c.DataType = w
		}
	}
	precision, scale := o.get("precision"), o.get("scale")
	if c.DataType == "decimal" {
		c.Precision, c.Scale = defaultPrecision, defaultScale
		if given(precision) {
			p, ok := l.integer(precision, 1, 1000)
			assign(&c.Precision, int(p), ok)
		}
		if given(scale) {
			s, ok := l.integer(scale, 0, 1000)
			assign(&c.Scale, int(s), ok)
		}
		if c.Scale > c.Precision && !partial {
			l.wrong(o.at, "has a scale of %d, more than its precision of %d; give a scale (dlt's default is %d)", c.Scale, c.Precision, defaultScale)
		}
	} else {
		for _, v := range []*node{precision, scale} {
			if given(v) {
				l.wrong(v, "means something for data_type decimal only; leave it out")
			}
		}
	}
	if v := o.get("timezone"); given(v) {
		if aware, ok := l.boolean(v); ok && (!aware || c.DataType != "timestamp") {
			l.wrong(v, "can only be true, and of a timestamp: timestamps are in UTC; use text for times without a zone")
		}
	}
}
