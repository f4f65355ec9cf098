package schema

import (
	"producer/pkg/record"
)

// check finds the first member of rec, in its own order, that no field takes. What its members lack is not looked at.
func (p *recordPlan) check(rec record.Value) error {
	n := 0
	for name, v := range rec.Members() {
		if _, err := p.place(p.group(n, name), name.String(), v); err != nil {
			return err
		}
		n++
	}
	return nil
}

// place finds the type that a member of group g is written by: neither where it is null.
func (p *recordPlan) place(g int32, source string, v record.Value) (*alt, error) {
	if v.Kind() == record.Null {
		return nil, nil
	}
	if g < 0 {
		g := groupPlan{source: source}
		if hollow(v) {
			return nil, nil
		}
		return nil, p.misfit(&g, v)
	}
	group := &p.groups[g]
	if f, i, _ := p.choose(group, v, v.Kind()); f >= 0 {
		return &p.fields[f].plan.alts[i], nil
	}
	if hollow(v) {
		return nil, nil
	}
	return nil, p.misfit(group, v)
}

// misfit says why no field of the group takes v.
func (p *recordPlan) misfit(g *groupPlan, v record.Value) error {
	if !p.text || !becomesText(v) {
		if err := outOfRange(v); err != nil {
			return within(g.source, err)
		}
	}
	if len(g.fields) == 0 {
		return &Misfit{Path: g.source, Got: kindWord(v)}
	}
	want := p.fields[g.fields[0]].plan.typ.String()
	if g.key {
		return &ValueError{Path: g.source, Why: "a field of the primary key keeps its type, " + want + ", got " + kindWord(v) + " " + short(v.Raw())}
	}
	return &Misfit{Path: g.source, Want: want, Got: kindWord(v), Why: short(v.Raw()), Final: p.fields[g.fields[0]].fallback == nil}
}

// becomesText reports whether v, by itself, is made JSON text where nested values are: it takes numbers of any size.
func becomesText(v record.Value) bool {
	if v.Kind() == record.Object {
		return true
	}
	kind, typed := kindOf(v)
	if !typed || kind == ofScalars {
		return false
	}
	text := kind != ofArrays
	for e := range v.Elements() {
		text = text || becomesText(e)
	}
	return text
}

// outOfRange finds the number in v that no inferred type could hold. Elements of unlike shapes are JSON text, which could.
func outOfRange(v record.Value) error {
	switch v.Kind() {
	case record.Number:
		r := &RangeError{Number: short(v.Raw()), Limit: "64 bits"}
		if v.IsIntegerText() {
			if _, err := v.Int64(); err == nil {
				return nil
			}
		} else if _, err := v.Float64(); err == nil {
			return nil
		} else {
			r.Limit = "a double"
		}
		return &ValueError{Why: r.Error(), Err: r}
	case record.Array:
		if kind, _ := kindOf(v); kind == mixed {
			return nil
		}
		i := 0
		for e := range v.Elements() {
			if err := outOfRange(e); err != nil {
				return within(index(i), err)
			}
			i++
		}
	case record.Object:
		for name, m := range v.Members() {
			if err := outOfRange(m); err != nil {
				return within(name.String(), err)
			}
		}
	}
	return nil
}

func kindWord(v record.Value) string {
	switch v.Kind() {
	case record.True, record.False:
		return "boolean"
	case record.Number:
		if v.IsIntegerText() {
			return "long"
		}
		return "double"
	case record.String:
		return "string"
	case record.Object:
		return "record"
	case record.Array:
		return "array"
	}
	return "null"
}
