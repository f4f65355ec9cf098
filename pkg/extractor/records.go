package extractor

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"producer/pkg/record"
)

// collect finds the page's records. What data_selector leads to is their list, or each of them where it has a wildcard; of several
// lists the elements of all are records.
func (p *Page) collect(body []byte) error {
	found := 0
	var err error
	s := search{yield: func(v record.Value) bool {
		found++
		err = p.add(body, v)
		return err == nil
	}}
	root := p.tape.Root()
	if root.IsValid() && !p.selector.IsZero() {
		s.follow(root, p.selector.Segments())
	}
	if err == nil && found == 0 && !s.reached {
		return p.selectorError(body, "finds nothing in the answer")
	}
	return err
}

// add takes one match of the selector: a record, or a list of them.
func (p *Page) add(body []byte, v record.Value) error {
	plural := !p.selector.Singular()
	switch kind := v.Kind(); {
	case kind == record.Array:
		for rec := range v.Elements() {
			if rec.Kind() != record.Object {
				return p.selectorError(body, fmt.Sprintf("finds %s where a record is expected, as number %d of the list", article(rec.Kind()), len(p.Records)+1))
			}
			p.Records = append(p.Records, rec)
		}
	case kind == record.Object && (plural || p.entity):
		p.Records = append(p.Records, v)
	case kind == record.Null && !plural:
		p.null = true
	case plural:
		return p.selectorError(body, fmt.Sprintf("finds %s where a record is expected, as number %d", article(kind), len(p.Records)+1))
	default:
		hint := ""
		if kind == record.Object {
			hint = ", which is a record under paginator: single_page alone"
		}
		return p.selectorError(body, "finds no list, but "+article(kind)+hint)
	}
	return nil
}

func article(k record.Kind) string {
	switch k {
	case record.Null:
		return "null"
	case record.Object, record.Array:
		return "an " + k.String()
	}
	return "a " + k.String()
}

func (p *Page) selectorError(body []byte, why string) error {
	return &SelectorError{Selector: p.selector.Text, Why: why, Excerpt: p.x.client.Excerpt(body)}
}

// blame turns a syntax error into that of one record where it is one: a name that stands twice, or half a surrogate pair,
// inside a record. After those the tape can be read, so that the record can be named.
func (p *Page) blame(err error) error {
	var syntax *record.SyntaxError
	if errors.As(err, &syntax) && syntax.Kind == record.TooDeep {
		return fmt.Errorf("%w (source.client.limits.depth is %d)", err, p.x.config.Limits.Depth)
	}
	if !errors.As(err, &syntax) || (syntax.Kind != record.DuplicateName && syntax.Kind != record.LoneSurrogate) {
		return err
	}
	index := slices.IndexFunc(p.Records, func(rec record.Value) bool {
		from, to := rec.Span()
		return syntax.Offset >= int64(from) && syntax.Offset < int64(to)
	})
	if index < 0 {
		return err
	}
	rec := p.Records[index]
	e := &RecordError{Index: index, Err: err, Field: fieldIn(p.tape.Root(), rec, syntax.Pointer)}
	if key, keyErr := p.x.AppendKey(nil, rec); keyErr == nil && len(p.x.resource.PrimaryKey) > 0 {
		e.Key = string(key)
	}
	return e
}

// fieldIn is what a JSON Pointer (RFC 6901) from root says of the inside of rec, names joined by dots.
func fieldIn(root, rec record.Value, pointer string) string {
	steps := strings.Split(pointer, "/")[1:]
	for i, s := range steps {
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	v := root
	for v != rec && len(steps) > 0 {
		if v.Kind() == record.Array {
			n, _ := strconv.Atoi(steps[0])
			v = element(v, min(n, v.Len()-1))
		} else {
			v, _ = v.Get(steps[0])
		}
		steps = steps[1:]
	}
	return strings.Join(steps, ".")
}

// Find looks for the record with the key in an answer for one record, as the whole answer or where the listing has its records, and takes
// it through processing_steps.
func (x *Extractor) Find(root record.Value, key string) (record.Value, bool) {
	places := []record.Value{root}
	for v := range Select(root, x.resource.Endpoint.Selector) {
		places = append(places, v)
		if v.Kind() == record.Array && v.Len() == 1 {
			places = append(places, element(v, 0))
		}
	}
	for _, v := range places {
		if v.Kind() != record.Object {
			continue
		}
		v, ok := x.alone(v)
		if !ok {
			continue
		}
		if got, err := x.AppendKey(nil, v); err == nil && string(got) == key {
			return v, true
		}
	}
	return record.Value{}, false
}
