package schema

import (
	"bytes"
	"fmt"
	"slices"
)

// CanRead reports whether this schema, as the reader's, decodes all that writer's can have written: the Avro specification's
// "Schema Resolution". The error is an [*IncompatibleError] for the first field that it can't.
func (s *Schema) CanRead(writer *Schema) error {
	return resolver{}.resolve(s.root, writer.root)
}

// resolver knows the pairs of reader's and writer's types that are good, or being looked at, as types may refer to themselves.
type resolver map[[2]*typ]bool

func (o resolver) resolve(r, w *typ) error {
	pair := [2]*typ{r.real(), w.real()}
	if o[pair] {
		return nil
	}
	o[pair] = true
	err := o.compare(pair[0], pair[1])
	if err != nil {
		delete(o, pair)
	}
	return err
}

func (o resolver) compare(r, w *typ) error {
	switch {
	case w.kind == kUnion:
		for _, b := range w.branches {
			if err := o.resolve(r, b); err != nil {
				return err
			}
		}
		return nil
	case r.kind == kUnion:
		var first error
		for _, b := range r.branches {
			err := o.resolve(b, w)
			if err == nil {
				return nil
			}
			if b.real().kind == w.kind || first == nil {
				first = err
			}
		}
		return first
	case r.kind != w.kind:
		if promotes(w.kind, r.kind) {
			return nil
		}
		return &IncompatibleError{Why: fmt.Sprintf("type %v can't read %v", r, w)}
	}
	switch r.kind {
	case kArray, kMap:
		if err := o.resolve(r.items, w.items); err != nil {
			return within("[]", err)
		}
	case kFixed:
		if r.size != w.size || simple(r.name) != simple(w.name) {
			return &IncompatibleError{Why: fmt.Sprintf("fixed %s of %d bytes can't read %s of %d", r.name, r.size, w.name, w.size)}
		}
	case kEnum:
		if simple(r.name) != simple(w.name) {
			return &IncompatibleError{Why: fmt.Sprintf("enum %s can't read enum %s", r.name, w.name)}
		}
		for _, sym := range w.symbols {
			if r.def == "" && !slices.Contains(r.symbols, sym) {
				return &IncompatibleError{Why: fmt.Sprintf("enum %s lacks the symbol %q", r.name, sym)}
			}
		}
	case kRecord:
		return o.record(r, w)
	}
	return nil
}

func (o resolver) record(r, w *typ) error {
	if simple(r.name) != simple(w.name) {
		return &IncompatibleError{Why: fmt.Sprintf("record %s can't read record %s", r.name, w.name)}
	}
	byName := map[string]*field{}
	for _, f := range w.fields {
		byName[f.name] = f
	}
	for _, f := range r.fields {
		from := byName[f.name]
		for _, a := range f.aliases {
			if from == nil {
				from = byName[a]
			}
		}
		switch {
		case from != nil:
			if err := o.resolve(f.typ, from.typ); err != nil {
				return within(f.name, err)
			}
		case f.def == "":
			return &IncompatibleError{Path: f.name, Why: "it is new and has no default, so what was written without it can't be read"}
		}
	}
	return nil
}

func promotes(from, to kind) bool {
	switch from {
	case kInt:
		return to == kLong || to == kFloat || to == kDouble
	case kLong:
		return to == kFloat || to == kDouble
	case kFloat:
		return to == kDouble
	case kString:
		return to == kBytes
	case kBytes:
		return to == kString
	}
	return false
}

// Extends reports whether this schema has every field of o with the same type, in its records too: that it is o, or an evolution
// of it.
func (s *Schema) Extends(o *Schema) bool { return newKeeper().keeps(s.root, o.root) == nil }

// Keeps is nil where this schema may follow o in a subject: it Extends o, and every field that it adds is nullable. Else it is an
// [*IncompatibleError] for the first field that is in the way. It asks for more than CanRead, which a field that is taken away, a long
// that became a double, or a new field with any default satisfies.
func (s *Schema) Keeps(o *Schema) error {
	k := newKeeper()
	k.growth = true
	return k.keeps(s.root, o.root)
}

// keeper compares a schema with what is published.
type keeper struct {
	open   map[[2]*typ]bool // pairs of types that are the same, or being looked at
	growth bool             // fields that are new must be nullable
}

func newKeeper() keeper { return keeper{open: map[[2]*typ]bool{}} }

// keeps compares a type with the published b.
func (k keeper) keeps(a, b *typ) error {
	a, b = a.real(), b.real()
	if k.open[[2]*typ{a, b}] {
		return nil
	}
	k.open[[2]*typ{a, b}] = true
	if a.kind != b.kind || a.name != b.name || a.logical != b.logical || a.precision != b.precision || a.scale != b.scale ||
		a.json != b.json || a.size != b.size || !slices.Equal(a.symbols, b.symbols) || len(a.branches) != len(b.branches) {
		return &IncompatibleError{Why: fmt.Sprintf("it is published as %s and would become %s", described(b), described(a))}
	}
	for i := range a.branches {
		if err := k.keeps(a.branches[i], b.branches[i]); err != nil {
			return err
		}
	}
	if a.items != nil {
		if err := k.keeps(a.items, b.items); err != nil {
			return within("[]", err)
		}
	}
	for _, f := range b.fields {
		i := slices.IndexFunc(a.fields, func(g *field) bool { return g.name == f.name })
		if i < 0 {
			return &IncompatibleError{Path: f.name, Why: "it is published and would be taken away"}
		}
		if a.fields[i].source != f.source || a.fields[i].variant != f.variant || !sameDefault(a.fields[i], f) {
			return &IncompatibleError{Path: f.name, Why: "its default, or the name that it stands for, is published and would change"}
		}
		if err := k.keeps(a.fields[i].typ, f.typ); err != nil {
			return within(f.name, err)
		}
	}
	for _, f := range a.fields {
		_, null := f.typ.alternatives()
		if k.growth && !null && !slices.ContainsFunc(b.fields, func(g *field) bool { return g.name == f.name }) {
			return &IncompatibleError{Path: f.name, Why: "it is new and not nullable: make its type a union with null, and null its default"}
		}
	}
	return nil
}

// sameDefault compares what the defaults stand for: a registry may write 1e3 as 1000.0.
func sameDefault(a, b *field) bool {
	if a.def == b.def {
		return true
	}
	x, xerr := appendDefault(nil, a.typ, a.def)
	y, yerr := appendDefault(nil, b.typ, b.def)
	return xerr == nil && yerr == nil && bytes.Equal(x, y)
}

// described tells types apart that String doesn't.
func described(t *typ) string {
	switch t.kind {
	case kRecord:
		return "record " + t.name
	case kUnion:
		if slices.ContainsFunc(t.branches, func(b *typ) bool { return b.kind == kNull }) {
			return "nullable " + t.String()
		}
	}
	return t.String()
}
