package extractor

import (
	"fmt"
	"slices"

	"producer/pkg/config"
	"producer/pkg/record"
	"producer/pkg/rest"
)

// step is one of the resource's processing_steps, compiled. A record that it writes anew is built in b.
type step interface {
	// apply returns the record that takes rec's place; false: none does.
	apply(b *record.Builder, rec record.Value) (record.Value, bool, error)
}

var (
	_ step = filter{}
	_ step = projection{}
)

func newSteps(steps []config.Step) ([]step, error) {
	var out []step
	for _, s := range steps {
		switch {
		case s.Filter != nil:
			f, err := newFilter(*s.Filter)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		case s.Include != nil:
			out = append(out, projection{include, pick(s.Include)})
		case s.Exclude != nil:
			out = append(out, projection{exclude, pick(s.Exclude)})
		default:
			root := &field{}
			for _, r := range s.Rename {
				root.at(r.From.Names).to = r.To
			}
			out = append(out, projection{rename, root})
		}
	}
	return out, nil
}

// filters reports whether a step may leave records out.
func (x *Extractor) filters() bool {
	return slices.ContainsFunc(x.steps, func(s step) bool { _, ok := s.(filter); return ok })
}

// process gives the page's records the fields of their parent and takes them through the steps. It comes after the count: what a
// filter leaves out was on the page.
func (p *Page) process(k *kin) error {
	include := k != nil && len(p.x.resource.FromParent) > 0
	if len(p.x.steps) == 0 && !include {
		return nil
	}
	for len(p.built) <= len(p.x.steps) {
		p.built = append(p.built, record.Builder{})
	}
	for i := range p.built {
		p.built[i].Reset()
	}
	kept := p.Records[:0]
	for i, rec := range p.Records {
		if include {
			rec = k.join(&p.built[len(p.x.steps)], rec)
		}
		rec, keep, err := p.step(rec)
		if err != nil {
			return p.x.recordError(i, p.Records[i], err)
		}
		for b := range p.built {
			if limit := p.x.config.Limits.Body; limit > 0 && int64(p.built[b].Len()) > 2*limit {
				return &rest.BodyTooLargeError{Method: "GET", URL: p.Label, Limit: 2 * limit}
			}
		}
		if keep {
			kept = append(kept, rec)
		}
	}
	p.Records = kept
	return nil
}

// alone is one record that was asked for by itself, taken through the steps; false: a filter leaves it out.
func (x *Extractor) alone(rec record.Value) (record.Value, bool) {
	p := &Page{x: x, Records: []record.Value{rec}, memory: new(memory)}
	if err := p.process(nil); err != nil || len(p.Records) == 0 {
		return record.Value{}, false
	}
	return p.Records[0], true
}

func (p *Page) step(rec record.Value) (record.Value, bool, error) {
	for i, s := range p.x.steps {
		var keep bool
		var err error
		if rec, keep, err = s.apply(&p.built[i], rec); err != nil || !keep {
			return rec, false, err
		}
	}
	return rec, true, nil
}

// recordError names the record of a page that err is about.
func (x *Extractor) recordError(i int, rec record.Value, err error) error {
	e := &RecordError{Index: i, Err: err}
	if key, keyErr := x.AppendKey(nil, rec); keyErr == nil && len(x.resource.PrimaryKey) > 0 {
		e.Key = string(key)
	}
	return e
}

type mode uint8

const (
	include mode = iota
	exclude
	rename
)

// projection writes a record anew with other fields.
type projection struct {
	mode mode
	root *field
}

// field is a node of the paths that a projection names.
type field struct {
	name   string
	whole  bool   // a path ends here
	to     string // its new name
	fields []*field
}

func pick(paths []config.Path) *field {
	root := &field{}
	for _, p := range paths {
		root.at(p.Names).whole = true
	}
	return root
}

// at is the node at the end of names, made where it isn't there yet.
func (f *field) at(names []string) *field {
	for _, name := range names {
		i := slices.IndexFunc(f.fields, func(c *field) bool { return c.name == name })
		if i < 0 {
			i = len(f.fields)
			f.fields = append(f.fields, &field{name: name})
		}
		f = f.fields[i]
	}
	return f
}

// of finds the node of a member's name; nil: no path leads there.
func (f *field) of(name record.Name) *field {
	for _, c := range f.fields {
		if name.Is(c.name) {
			return c
		}
	}
	return nil
}

func (p projection) apply(b *record.Builder, rec record.Value) (record.Value, bool, error) {
	err := p.object(b, rec, p.root)
	return b.End(), true, err
}

// object writes what the projection leaves of v, up to its closing brace.
func (p projection) object(b *record.Builder, v record.Value, f *field) error {
	b.Begin()
	c := v.Cursor()
	for name, value, ok := c.Member(); ok; name, value, ok = c.Member() {
		n := f.of(name)
		inner := n != nil && !n.whole && len(n.fields) > 0 && value.Kind() == record.Object
		switch {
		case p.mode == include && (n == nil || !n.whole && !inner), p.mode == exclude && n != nil && n.whole:
			continue
		case n != nil && n.to != "":
			if err := f.free(v, n); err != nil {
				return err
			}
			b.Name(n.to)
		default:
			b.NameOf(name)
		}
		if !inner {
			b.Value(value)
			continue
		}
		err := p.object(b, value, n)
		b.End()
		if err != nil {
			return err
		}
	}
	return nil
}

// free reports whether n's new name is to be had in the object v.
func (f *field) free(v record.Value, n *field) error {
	for other := range v.Members() {
		o := f.of(other)
		if text := other.AppendText(nil); string(text) == n.to && o != n && (o == nil || o.to == "") {
			return fmt.Errorf("processing_steps: rename %s to %s: the record has a field of that name", n.name, n.to)
		}
	}
	return nil
}
