package schema

import (
	"fmt"
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
// schema without a field of the key is a [*ValueError], and so are more than 50,000 new fields, and a Column that a published schema would get but that must not be null.
func Evolve(base *Schema, obs *Observation, o Options) (*Schema, []Change, error) {
	b := &builder{json: o.Nested == JSON, records: map[string]bool{}, published: base != nil, keepNames: base != nil && o.KeepNames, keepTypes: o.KeepTypes,
		convention: valid, columns: o.Columns, added: &tally{}}
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
	if b.added.fields > maxFields {
		return nil, nil, &ValueError{Path: b.added.path, Why: fmt.Sprintf("the schema would get more than %d new fields; where names are ids, make JSON text of "+
			"what they are in: nested: json, or columns: {NAME: {data_type: json}}", maxFields)}
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
	added      *tally
}

// maxFields is how many fields a schema gets at once: of a page that has a million names no registry takes the schema.
const maxFields = 50_000

// A tally counts fields that are new, and knows the record with the first one too many.
type tally struct {
	fields int
	path   string
}

// add reports whether there is room for n more.
func (t *tally) add(n int, path string) bool {
	if t.fields <= maxFields {
		t.fields += n
		t.path = path
	}
	return t.fields <= maxFields
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
	if kept := b.keepNames && b.quiet == 0; !kept && !b.added.add(len(fresh), path) {
		return nil // which Evolve tells
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

func (b *builder) tell(kind ChangeKind, path string, f *field, t *typ, s *seen) {
	if b.quiet == 0 {
		large := t.kind == kLong && s != nil && s.numbers.inexact
		b.changes = append(b.changes, Change{Kind: kind, Path: path, Source: f.source, Avro: f.name, Type: t.String(), typ: t.real(), large: large})
	}
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
