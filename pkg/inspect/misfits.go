package inspect

import (
	"errors"
	"regexp"
	"strings"

	"producer/pkg/pipeline"
	"producer/pkg/record"
	"producer/pkg/schema"
)

// misfits are what of the sample does not fit a schema, by field and by what becomes of it, in the order in which they came.
type misfits struct {
	mode  func(*schema.Misfit) string
	left  record.Tape // scratch
	all   []*Finding
	index map[place]*Finding
	seen  map[*Finding]bool // in the record that is looked at
}

// A place is what a finding is about: a field, or its values of one type alone.
type place struct{ kind, field, got string }

var elements = regexp.MustCompile(`\[\d+\]`)

func (m *misfits) add(kind, field, got string, err error) {
	why := strings.TrimPrefix(err.Error(), "field "+field+": ")
	field = elements.ReplaceAllString(field, "[]")
	at := place{kind, field, got}
	f := m.index[at]
	if f == nil {
		f = &Finding{Kind: kind, Field: field, Why: why}
		m.index[at] = f
		m.all = append(m.all, f)
	}
	if !m.seen[f] {
		m.seen[f] = true
		f.Records++
	}
}

// evolves marks what a change of the schema makes room for.
const evolves = "evolves"

// take returns what was found of a field that the schema gets: of a variant, among the values of its type.
func (m *misfits) take(ch schema.Change) *Finding {
	got, _, _ := strings.Cut(ch.Type, " ") // an "array of long" is an array
	if f := m.index[place{evolves, ch.Path, got}]; f != nil && ch.Kind == schema.Variant {
		return f
	}
	return m.index[place{evolves, ch.Path, ""}]
}

// rest are the findings that no change of the schema helps.
func (m *misfits) rest() (out []Finding) {
	for _, f := range m.all {
		if f.Kind != evolves {
			out = append(out, *f)
		}
	}
	return out
}

// findMisfits encodes the sample as the next run would: by base, where there is one, and what base has no place for by next.
func findMisfits(v *pipeline.Preview, s *pipeline.Sample, base, next *schema.Schema) (*misfits, error) {
	m := &misfits{mode: v.Mode, index: map[place]*Finding{}}
	grown, err := schema.Compile(next, v.Options())
	if err != nil {
		return nil, err
	}
	old := grown
	if base != nil {
		if old, err = schema.Compile(base, v.Options()); err != nil {
			return nil, err
		}
	}
	return m, s.Each(func(rec record.Value) error {
		m.seen = map[*Finding]bool{}
		return m.fit(old, grown, rec)
	})
}

// fit notes what is wrong with one record.
func (m *misfits) fit(old, grown *schema.Encoder, rec record.Value) error {
	old.Without(rec, func(x *schema.Misfit) bool {
		switch m.mode(x) {
		case "evolve":
			m.add(evolves, x.Path, "", x)
			m.add(evolves, x.Path, x.Got, x)
		case "freeze":
			m.add(FindingConflicting, x.Path, "", x)
		default:
			m.add(FindingDiscarded, x.Path, "", x)
		}
		return true
	})
	text, _ := grown.Without(rec, func(*schema.Misfit) bool { return true }) // all of these were noted
	if err := m.left.Parse(text, record.MaxDepth); err != nil {
		return err
	}
	_, err := grown.Append(nil, m.left.Root())
	var final *schema.Misfit
	var value *schema.ValueError
	switch {
	case errors.As(err, &final) && m.mode(final) == "discard_row":
		m.add(FindingDiscarded, final.Path, "", err)
	case errors.As(err, &final):
		m.add(FindingConflicting, final.Path, "", err)
	case errors.As(err, &value):
		m.add(FindingConflicting, value.Path, "", err)
	default:
		return err
	}
	return nil
}
