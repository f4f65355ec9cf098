package extractor

import (
	"fmt"
	"iter"
	"slices"

	"github.com/theory/jsonpath/spec"

	"producer/pkg/config"
	"producer/pkg/record"
)

// Select yields the values that q leads to in root, in the order in which jsonpath-ng finds them: an array's and an object's in
// source order, and with recursive descent a value's own before those further inside. A wildcard over what is neither object nor
// array finds nothing, as does an index or slice over what is no array.
func Select(root record.Value, q config.Query) iter.Seq[record.Value] {
	return func(yield func(record.Value) bool) {
		s := search{yield: yield}
		if !q.IsZero() && root.IsValid() {
			s.follow(root, q.Segments())
		}
	}
}

// first is the first value that q leads to, or no value. Of a query that is names only, as most are, it allocates nothing.
func first(root record.Value, q config.Query) record.Value {
	if q.IsZero() {
		return record.Value{}
	}
	v := root
	for i, segment := range q.Segments() {
		name, ok := segment.Selectors()[0].(spec.Name)
		if !ok || segment.IsDescendant() || len(segment.Selectors()) != 1 {
			var found record.Value
			s := search{yield: func(v record.Value) bool { found = v; return false }}
			s.follow(v, q.Segments()[i:])
			return found
		}
		v, _ = v.Get(string(name))
	}
	return v
}

// misread is an error where a path that found nothing is, letter for letter, the name of a member: as @odata.nextLink, which is two names
// to JSONPath. Taken as the end of a listing it would lose the rest in silence.
func misread(option string, root record.Value, q config.Query) error {
	if v, ok := root.Get(q.Text); !ok || v.Kind() == record.Null {
		return nil
	}
	return &PathError{Option: option, Path: q.Text,
		Why: fmt.Sprintf(`finds nothing, but the answer has a member of just that name: write "['%s']"`, q.Text)}
}

// search follows one query.
type search struct {
	yield func(record.Value) bool
	// reached says that a wildcard or a slice was put to an array, so that finding nothing means that there is nothing.
	reached bool
}

// follow yields what segments lead to from v. False: yield wants no more.
func (s *search) follow(v record.Value, segments []*spec.Segment) bool {
	if len(segments) == 0 {
		return s.yield(v)
	}
	for _, selector := range segments[0].Selectors() {
		if !s.pick(v, selector, segments[1:]) {
			return false
		}
	}
	if segments[0].IsDescendant() {
		for child := range children(v) {
			if !s.follow(child, segments) {
				return false
			}
		}
	}
	return true
}

// pick goes on with what one selector finds in v itself.
func (s *search) pick(v record.Value, selector spec.Selector, rest []*spec.Segment) bool {
	switch selector := selector.(type) {
	case spec.Name:
		if member, ok := v.Get(string(selector)); ok {
			return s.follow(member, rest)
		}
	case spec.Index:
		at := int(selector)
		if at < 0 {
			at += v.Len()
		}
		if v.Kind() == record.Array && at >= 0 && at < v.Len() {
			return s.follow(element(v, at), rest)
		}
	case spec.SliceSelector:
		return s.slice(v, selector, rest)
	case spec.WildcardSelector:
		s.reached = s.reached || v.Kind() == record.Array
		for child := range children(v) {
			if !s.follow(child, rest) {
				return false
			}
		}
	}
	return true
}

func (s *search) slice(v record.Value, slice spec.SliceSelector, rest []*spec.Segment) bool {
	if v.Kind() != record.Array {
		return true
	}
	s.reached = true
	lower, upper := slice.Bounds(v.Len())
	if slice.Step() > 0 {
		at := 0
		for e := range v.Elements() {
			if at >= lower && at < upper && (at-lower)%slice.Step() == 0 && !s.follow(e, rest) {
				return false
			}
			at++
		}
		return true
	}
	all := slices.Collect(v.Elements())
	for at := upper; slice.Step() < 0 && at > lower; at += slice.Step() {
		if !s.follow(all[at], rest) {
			return false
		}
	}
	return true
}

// children yields the elements of an array or the values of an object's members.
func children(v record.Value) iter.Seq[record.Value] {
	return func(yield func(record.Value) bool) {
		c := v.Cursor()
		if v.Kind() == record.Array {
			for e, ok := c.Element(); ok && yield(e); e, ok = c.Element() {
			}
			return
		}
		for _, member, ok := c.Member(); ok && yield(member); _, member, ok = c.Member() {
		}
	}
}

// element is the n-th of an array, from 0; n must be one of its indices.
func element(v record.Value, n int) record.Value {
	c := v.Cursor()
	e, _ := c.Element()
	for range n {
		e, _ = c.Element()
	}
	return e
}
