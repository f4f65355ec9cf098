package schema

import (
	"sort"
	"strings"
)

// What is here makes room beside what is published.

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
	return &builder{json: b.json, records: b.records, quiet: 1, convention: b.convention, added: b.added}
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
