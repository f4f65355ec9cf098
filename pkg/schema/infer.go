package schema

// What is here makes types of what was seen, where nothing is published yet.

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
