package extractor

import (
	"fmt"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
)

// filter passes the records whose field passes all tests.
type filter struct {
	field config.Path
	tests []test
}

type test struct {
	config.Test
	values []record.Value
}

func newFilter(f config.Filter) (filter, error) {
	out := filter{field: f.Field}
	for _, t := range f.Tests {
		one := test{Test: t}
		for _, v := range t.Values {
			value, err := literal(v)
			if err != nil {
				return out, fmt.Errorf("processing_steps: filter %s: %w", f.Field, err)
			}
			one.values = append(one.values, value)
		}
		out.tests = append(out.tests, one)
	}
	return out, nil
}

// literal is a scalar of the configuration, or of a state, as a value.
func literal(text config.Literal) (record.Value, error) {
	var tape record.Tape
	err := tape.Parse([]byte(text), 1)
	return tape.Root(), err
}

func (f filter) apply(_ *record.Builder, rec record.Value) (record.Value, bool, error) {
	v, _ := rec.Lookup(f.field.Names)
	for _, t := range f.tests {
		if ok, err := t.passes(v); err != nil || !ok {
			if err != nil {
				err = fmt.Errorf("processing_steps: filter %s: %w", f.field, err)
			}
			return rec, false, err
		}
	}
	return rec, true, nil
}

// passes tests a field's value. Values of two kinds are never equal, and have no order: that is an error, so that no record gets lost
// for a number that came as text.
func (t test) passes(v record.Value) (bool, error) {
	absent := !v.IsValid() || v.Kind() == record.Null
	switch t.Op {
	case "exists":
		return !absent == t.Exists, nil
	case "eq", "in":
		return !absent && t.any(v), nil
	case "ne", "not_in":
		return absent || !t.any(v), nil
	case "matches":
		if !absent && v.Kind() != record.String {
			return false, fmt.Errorf("%s is no text to match", article(v.Kind()))
		}
		return !absent && t.Pattern.Match(v.AppendText(nil)), nil
	}
	if absent {
		return false, nil
	}
	order, ok := record.Compare(v, t.values[0])
	if !ok {
		return false, fmt.Errorf("%s %s can't be compared: the record has %s", t.Op, t.Values[0], article(v.Kind()))
	}
	return strings.HasPrefix(t.Op, "g") && order > 0 || strings.HasPrefix(t.Op, "l") && order < 0 || strings.HasSuffix(t.Op, "e") && order == 0, nil
}

func (t test) any(v record.Value) bool {
	for _, want := range t.values {
		if order, ok := record.Compare(v, want); ok && order == 0 {
			return true
		}
	}
	return false
}
