package schema

import (
	"strconv"

	"producer/pkg/record"
)

// Without returns rec as JSON without the values that the schema has no place for and that drop agrees to leave out, and what these
// are, in the order of rec. What drop keeps, and what is wrong with a value in any other way, is left for [Encoder.Append] to say.
// A Misfit that is Final is never dropped, as null could not stand for it. It takes one pass and is for the record that Append refused.
func (e *Encoder) Without(rec record.Value, drop func(*Misfit) bool) (text []byte, dropped []*Misfit) {
	if rec.Kind() != record.Object {
		return rec.Raw(), nil
	}
	w := without{drop: drop}
	w.record(e.root, rec, "")
	return w.out, w.dropped
}

type without struct {
	drop    func(*Misfit) bool
	out     []byte
	dropped []*Misfit
}

func (w *without) record(p *recordPlan, rec record.Value, path string) {
	open := len(w.out)
	w.out = append(w.out, '{')
	n := 0
	for name, v := range rec.Members() {
		g := p.group(n, name)
		n++
		source := name.String()
		at := source
		if path != "" {
			at = path + "." + source
		}
		a, err := p.place(g, source, v)
		m, _ := err.(*Misfit) //nolint:errorlint // the errors of this package are not wrapped before they leave it
		if m != nil && !m.Final {
			if m.Path = at; w.drop(m) {
				w.dropped = append(w.dropped, m)
				continue
			}
		}
		if len(w.out) > open+1 {
			w.out = append(w.out, ',')
		}
		w.out = append(append(w.out, name.Raw()...), ':')
		w.value(a, v, at)
	}
	w.out = append(w.out, '}')
}

// value writes what a type accepts, or, where it is nil, v as it is.
func (w *without) value(a *alt, v record.Value, path string) {
	switch {
	case a == nil:
	case a.op == opRecord:
		w.record(a.record, v, path)
		return
	case a.op == opArray && v.Len() > 0:
		open := byte('[')
		i := 0
		for el := range v.Elements() {
			w.out = append(w.out, open)
			open = ','
			w.item(a.items, el, path+"["+strconv.Itoa(i)+"]")
			i++
		}
		w.out = append(w.out, ']')
		return
	case a.op == opMap && v.Len() > 0:
		open := byte('{')
		for name, m := range v.Members() {
			w.out = append(w.out, open)
			open = ','
			w.out = append(append(w.out, name.Raw()...), ':')
			w.item(a.items, m, path+"."+name.String())
		}
		w.out = append(w.out, '}')
		return
	}
	w.out = record.AppendCompact(w.out, v)
}

func (w *without) item(p *plan, v record.Value, path string) {
	var a *alt
	if i := p.find(v); v.Kind() != record.Null && i >= 0 {
		a = &p.alts[i]
	}
	w.value(a, v, path)
}
