package schema

import (
	"slices"
	"sort"
	"strings"
)

// ChangeKind says what a [Change] added.
type ChangeKind uint8

// The only two changes that are ever made to a published schema; both are new nullable fields.
const (
	Added   ChangeKind = iota // a field for a name that was unknown
	Variant                   // a field for values that the published one of that name does not take
)

// Change is one field that [Evolve] added. Fields inside an added record are part of it and not told apart.
type Change struct {
	Kind   ChangeKind
	Path   string // of source names, "address.zip", "items[].sku"
	Source string // the field's JSON name
	Avro   string // its name in the schema
	Type   string // in words: "long", "array of string"

	typ   *typ
	large bool // an integer beyond what a double holds exactly was seen
}

// Evolve returns base with what obs holds beyond it, and what was added. Without a base it infers the first schema. The result
// depends on the contents of obs alone, not on the order in which they came; where there is nothing to add it is base itself. base
// is not changed. Columns that base lacks are added, whatever was seen. Fields of the primary key have no variants; one that a base lacks is added as nullable as any other. A first
// schema without a field of the key is a [*ValueError], and so is a Column that a published schema would get but that must not be null.
func Evolve(base *Schema, obs *Observation, o Options) (*Schema, []Change, error) {
	b := &builder{json: o.Nested == JSON, records: map[string]bool{}, published: base != nil, keepNames: base != nil && o.KeepNames, keepTypes: o.KeepTypes,
		convention: valid, columns: o.Columns}
	if o.SnakeCase {
		b.convention = snakeCase
	}
	var root *typ
	if base == nil {
		name, space := valid(o.Name), valid(o.Namespace)
		root = &typ{kind: kRecord, name: space + "." + name, space: space}
		b.records[name] = true
	} else {
		var err error
		if root, err = readType(base.json); err != nil { // a copy of our own
			return nil, nil, err
		}
		b.note(root, map[*typ]bool{})
	}
	b.root = root.real()
	if base == nil {
		for _, key := range o.Key {
			if !obs.root.holds(key) {
				return nil, nil, &ValueError{Path: strings.Join(key, "."), Why: "a field of the primary key is in no record"}
			}
		}
	}
	if err := b.extend(root.real(), &obs.root, "", o.Key); err != nil {
		return nil, nil, err
	}
	if base != nil && len(b.changes) == 0 {
		return base, nil, nil
	}
	s, err := newSchema(root)
	return s, b.changes, err
}

// builder makes types of what was seen, and puts them into a schema.
type builder struct {
	json       bool                // nested values become JSON text
	published  bool                // there is a base: every new field is nullable
	keepNames  bool                // no field for an unknown name
	keepTypes  bool                // no variant
	convention func(string) string // makes a field's name of its source's
	columns    []Column            // of the root
	root       *typ
	records    map[string]bool // names of records, without namespace, that are taken
	changes    []Change
	quiet      int // above 0 inside a type that is new as a whole
}

func simple(fullName string) string { return fullName[strings.LastIndexByte(fullName, '.')+1:] }

// note takes the names of all records below t.
func (b *builder) note(t *typ, done map[*typ]bool) {
	t = t.real()
	if done[t] {
		return
	}
	done[t] = true
	if t.name != "" {
		b.records[simple(t.name)] = true
	}
	for _, f := range t.fields {
		b.note(f.typ, done)
	}
	for _, branch := range t.branches {
		b.note(branch, done)
	}
	if t.items != nil {
		b.note(t.items, done)
	}
}

// keyOf returns what is left of the key paths that begin with source, and the place of the first; -1 where none does.
func keyOf(keys [][]string, source string) (rest [][]string, place int) {
	place = -1
	for i, k := range keys {
		if len(k) > 0 && k[0] == source {
			if place < 0 {
				place = i
			}
			rest = append(rest, k[1:])
		}
	}
	return rest, place
}

// extend adds to record t what s, an object, holds beyond it.
func (b *builder) extend(t *typ, s *seen, path string, keys [][]string) error {
	groups, err := groupsOf(t)
	if err != nil {
		return err
	}
	known := map[string]*group{}
	for _, g := range groups {
		known[g.source] = g
	}
	names := s.names()
	declared := b.declared(t, known)
	for n := range declared {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	ordered := inOrder(t.fields, keys)
	var fresh []string
	for _, n := range names {
		if known[n] == nil {
			fresh = append(fresh, n)
		}
	}
	used := takenBy(t.fields)
	assigned := used.assign(fresh, b.convention)
	var added []*field
	for _, n := range names {
		m, at := s.object[n], join(n, "")
		if path != "" {
			at = path + "." + n
		}
		rest, place := keyOf(keys, n)
		if c := declared[n]; c != nil {
			more, err := b.declare(t, c, m, assigned[n], rest, place >= 0, used)
			if err != nil {
				return err
			}
			added = append(added, more...)
		} else if g := known[n]; g == nil {
			if b.keepNames && b.quiet == 0 {
				continue
			}
			added = append(added, b.fresh(t, m, n, assigned[n], at, rest, place >= 0 && !b.published, used)...)
		} else if place < 0 || len(rest[0]) > 0 {
			more, err := b.widen(t, g, m, at, rest, used)
			if err != nil {
				return err
			}
			added = append(added, more...)
		}
	}
	if len(added) == 0 {
		return nil
	}
	if ordered {
		t.fields = append(t.fields, added...)
		order(t.fields, keys)
	} else {
		order(added, keys)
		t.fields = append(t.fields, added...)
	}
	return nil
}

// order sorts fields: the key's first, then by source name, variants after what they are variants of.
func order(fields []*field, keys [][]string) { sort.SliceStable(fields, before(fields, keys)) }

func inOrder(fields []*field, keys [][]string) bool {
	return sort.SliceIsSorted(fields, before(fields, keys))
}

func before(fields []*field, keys [][]string) func(i, j int) bool {
	rank := func(f *field) int {
		if _, place := keyOf(keys, f.source); place >= 0 && !f.variant {
			return place
		}
		return len(keys)
	}
	return func(i, j int) bool {
		a, b := fields[i], fields[j]
		if ra, rb := rank(a), rank(b); ra != rb {
			return ra < rb
		}
		if a.source != b.source {
			return a.source < b.source
		}
		if a.variant != b.variant {
			return b.variant
		}
		return a.name < b.name
	}
}

// fresh makes the fields of a name that record t lacks: one, or, where values of unlike shapes came together, the first and its
// variants. Arrays come before records before scalars. A field of the key is not nullable and has one type.
func (b *builder) fresh(t *typ, s *seen, source, name, path string, rest [][]string, key bool, used taken) []*field {
	b.quiet++
	types := b.types(t, s, name, path, rest, key)
	b.quiet--
	var out []*field
	for i, alt := range types {
		f := &field{name: name, source: source, typ: alt}
		if i > 0 {
			f = b.variant(name, source, alt, used)
		}
		if !key {
			f.typ, f.def = nullable(alt), "null"
		}
		out = append(out, f)
		b.tell(ChangeKind(min(i, 1)), path, f, alt, s)
	}
	return out
}

func (b *builder) tell(kind ChangeKind, path string, f *field, t *typ, s *seen) {
	if b.quiet == 0 {
		large := t.kind == kLong && s != nil && s.numbers.inexact
		b.changes = append(b.changes, Change{Kind: kind, Path: path, Source: f.source, Avro: f.name, Type: t.String(), typ: t.real(), large: large})
	}
}

func (b *builder) variant(name, source string, t *typ, used taken) *field {
	return &field{name: used.free(name + "__v_" + word(t)), source: source, variant: true, typ: nullable(t), def: "null"}
}

// word names a type in a variant's name.
func word(t *typ) string {
	switch {
	case t.kind == kArray:
		items, _ := t.items.alternatives()
		return "array_" + word(items[0])
	case t.json:
		return "string"
	}
	return t.kind.String()
}

func nullable(t *typ) *typ { return &typ{kind: kUnion, branches: []*typ{{kind: kNull}, t}} }

// types are the types that what was seen needs, in the order array, record, scalar.
func (b *builder) types(outer *typ, s *seen, name, path string, rest [][]string, key bool) []*typ {
	var out []*typ
	if key {
		switch {
		case len(rest[0]) > 0 && b.json:
			return []*typ{{kind: kString, json: true}}
		case len(rest[0]) > 0 && s.typedObject():
			return []*typ{b.record(outer, s, name, path, rest)}
		case len(rest[0]) == 0 && s.scalars != 0:
			return []*typ{{kind: s.scalar()}}
		}
		return nil
	}
	if b.json && !s.scalarOnly() {
		return []*typ{{kind: kString, json: true}}
	}
	for kind, list := range s.lists {
		if list != nil {
			out = append(out, b.array(outer, list, listKind(kind), name, path))
		}
	}
	if s.typedObject() {
		out = append(out, b.record(outer, s, name, path, nil))
	}
	if s.scalars != 0 {
		out = append(out, &typ{kind: s.scalar()})
	}
	return out
}

// scalar is the one type for scalars that were seen together before the first publication.
func (s *seen) scalar() kind {
	switch s.scalars {
	case sBoolean:
		return kBoolean
	case sLong:
		return kLong
	case sDouble:
		return kDouble
	case sLong | sDouble:
		if !s.numbers.inexact {
			return kDouble
		}
	}
	return kString
}

// array makes the type of arrays of one kind. Elements of unlike shapes become JSON text, each as a whole: a union would say it
// better, but stock consumers can't read one.
func (b *builder) array(outer *typ, list *seen, kind listKind, name, path string) *typ {
	t := &typ{kind: kString, json: true}
	switch kind {
	case ofScalars:
		t = &typ{kind: list.scalar()}
	case ofObjects:
		t = b.record(outer, list, name, path+"[]", nil)
	case ofArrays:
		if inner, one := list.onlyList(); one {
			t = b.array(outer, list.lists[inner], inner, name, path+"[]")
		}
	}
	return &typ{kind: kArray, items: nullable(t)}
}

// onlyList returns the one kind of arrays that was seen; false where there are several.
func (s *seen) onlyList() (kind listKind, one bool) {
	for k, list := range s.lists {
		if list != nil {
			if one {
				return 0, false
			}
			kind, one = listKind(k), true
		}
	}
	return kind, one
}

// holds reports whether scalars stand at the path.
func (s *seen) holds(path []string) bool {
	for _, name := range path {
		if s = s.object[name]; s == nil {
			return false
		}
	}
	return s.scalars != 0
}

func (b *builder) record(outer *typ, s *seen, name, path string, keys [][]string) *typ {
	n := simple(outer.name) + "_" + name
	for b.records[n] {
		n += "_"
	}
	b.records[n] = true
	t := &typ{kind: kRecord, space: outer.space, name: n}
	if t.space != "" {
		t.name = t.space + "." + n
	}
	b.quiet++
	_ = b.extend(t, s, path, keys) // groups of an empty record are always good
	b.quiet--
	return t
}

// widen makes the variants of a known name that are needed for what was seen, and extends the records inside its types.
func (b *builder) widen(t *typ, g *group, s *seen, path string, rest [][]string, used taken) ([]*field, error) {
	alts := g.alternatives()
	name := g.fields[0].name
	var out []*field
	add := func(alt *typ) {
		f := b.variant(name, g.source, alt, used)
		out = append(out, f)
		b.tell(Variant, path, f, alt, s)
	}
	for _, one := range []struct {
		bit  scalars
		kind kind
	}{{sBoolean, kBoolean}, {sLong, kLong}, {sDouble, kDouble}, {sString, kString}} {
		if s.scalars&one.bit != 0 && !anyTakes(alts, one.bit, s) && !(b.keepTypes && b.quiet == 0) {
			add(&typ{kind: one.kind})
		}
	}
	inner := b.inside(t)
	for _, alt := range alts {
		if err := b.grow(alt, s, path, rest); err != nil {
			return nil, err
		}
	}
	if b.keepTypes && b.quiet == 0 {
		return nil, nil
	}
	if s.typedObject() && !coversObject(alts, s) {
		if b.json {
			add(&typ{kind: kString, json: true})
			alts = append(alts, out[len(out)-1].typ.branches[1])
		} else {
			add(inner.record(t, s, used.peek(name+"__v_record"), path, nil))
		}
	}
	for k, list := range s.lists {
		switch kind := listKind(k); {
		case list == nil || coversList(alts, list):
		case b.json && !s.scalarOnly():
			add(&typ{kind: kString, json: true})
			alts = append(alts, out[len(out)-1].typ.branches[1])
		default:
			// The item's type names the variant, so the type comes first; a record in it is named after the field of this record.
			add(inner.array(t, list, kind, name+"__v_array", path))
		}
	}
	return out, nil
}

// grow extends every record that a value of what was seen may be written by: the encoder picks a type by a value's shape alone.
func (b *builder) grow(t *typ, s *seen, path string, keys [][]string) error {
	switch t.kind {
	case kRecord:
		if s.typedObject() {
			return b.extend(t, s, path, keys)
		}
	case kMap:
		for _, name := range s.names() {
			if err := b.growAll(t.items, s.object[name], path+"."+name); err != nil {
				return err
			}
		}
	case kArray:
		for _, kind := range []listKind{ofObjects, ofArrays} {
			if list := s.lists[kind]; list != nil {
				if err := b.growAll(t.items, list, path+"[]"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *builder) growAll(t *typ, s *seen, path string) error {
	alts, _ := t.alternatives()
	for _, alt := range alts {
		if err := b.grow(alt, s, path, nil); err != nil {
			return err
		}
	}
	return nil
}

// inside is the builder that makes types which are new as a whole.
func (b *builder) inside(*typ) *builder {
	return &builder{json: b.json, records: b.records, quiet: 1, convention: b.convention}
}

// peek is what free would return.
func (t taken) peek(name string) string {
	got := t.free(name)
	delete(t, strings.ToLower(got))
	return got
}

// alternatives are the types, other than null, of all the group's fields.
func (g *group) alternatives() (out []*typ) {
	for _, f := range g.fields {
		types, _ := f.typ.alternatives()
		out = append(out, types...)
	}
	return out
}

// sort puts a group's fields in the order in which they are tried: the published one, then its variants, the exact ones before
// those that take more.
func (g *group) sort() {
	rank := func(f *field) int {
		if !f.variant {
			return -1
		}
		types, _ := f.typ.alternatives()
		if len(types) == 0 {
			return 99
		}
		switch t := types[0]; {
		case t.json:
			return 98
		case t.kind == kString:
			return 97
		default:
			return int(t.kind)
		}
	}
	sort.SliceStable(g.fields, func(i, j int) bool {
		a, b := rank(g.fields[i]), rank(g.fields[j])
		return a < b || a == b && g.fields[i].name < g.fields[j].name
	})
}
