package config

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func isIncremental(n *node) bool {
	t := n.get("type")
	return n.kind == mappingKind && t != nil && t.text == "incremental"
}

// paramMapping reads a parameter that is a mapping: the start of an incremental, or a field of a parent's record for the path. It
// returns the parameter that is left to send.
func (l *loader) paramMapping(name string, n *node, e *Endpoint, f *format) *Param {
	t := n.get("type")
	switch {
	case e == nil:
		l.wrong(n, "is a mapping; in a form it must be text, a number or a list of them")
	case t != nil && t.text == "incremental":
		if e.Incremental != nil {
			l.wrong(n, "is a second incremental; an endpoint has one")
			return nil
		}
		e.Incremental = l.incremental(n, name)
	case t != nil && t.text == "resolve":
		return l.resolve(name, n, f)
	default:
		l.wrong(n, "is a mapping; it must be text, a number, a list of them, or of type: resolve or type: incremental")
	}
	return nil
}

// resolve reads a parameter that a field of the parent's record fills; the path must name it.
func (l *loader) resolve(name string, n *node, f *format) *Param {
	o := l.object(n)
	o.get("type")
	var h Hole
	if v := o.want("resource", "name the parent resource"); v != nil {
		h.Resource, _ = l.text(v)
	}
	if v := o.want("field", "name the field of its records, as in id"); v != nil {
		h.Field, _ = l.fieldPath(v)
	}
	o.done()
	if h.Resource == "" || len(h.Field.Names) == 0 {
		return nil
	}
	f.resolved = append(f.resolved, name)
	return &Param{Name: name, Values: []string{f.mark(h, "")}}
}

// slots turns marked texts into the endpoint's Slots. What stays in their places is the text as it was written.
func (l *loader) slots(at *node, e *Endpoint, f *format) {
	e.Path = l.bareNames(at, e, f)
	for _, name := range f.resolved {
		if slices.ContainsFunc(e.Params, func(p Param) bool { return p.Name == name }) {
			l.wrong(at.within("params").within(name), "is of type: resolve, but no {%s} stands in the path; write the placeholder {resources.PARENT.FIELD} to send it as a parameter", name)
		}
	}
	add := func(marked string, s Slot) string {
		if t, ok := f.template(marked); ok {
			s.Template = t
			e.Slots = append(e.Slots, s)
		}
		return f.written(marked)
	}
	e.Path = add(e.Path, Slot{In: "path"})
	for in, params := range map[string][]Param{"query": e.Params, "form": e.Form} {
		for i, p := range params {
			for j, v := range p.Values {
				p.Values[j] = add(v, Slot{In: in, Name: p.Name, Index: i, Value: j})
			}
		}
	}
	e.Data = add(e.Data, Slot{In: "data"})
	for _, name := range sortedKeys(e.Headers) {
		e.Headers[name] = add(e.Headers[name], Slot{In: "header", Name: name})
	}
	for _, h := range f.holes {
		if h.Resource != "" && !slices.ContainsFunc(e.Holes, func(o Hole) bool { return o.String() == h.String() }) {
			e.Holes = append(e.Holes, h)
		}
	}
	l.checkHoles(at, e, f)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// bareNames puts the parameters that the path names, as in /users/{id}, into it. They are then not sent as parameters.
func (l *loader) bareNames(at *node, e *Endpoint, f *format) string {
	path := e.Path
	used := map[string]bool{}
	for i, name := range f.bare {
		if name == "" {
			continue
		}
		at := at.within("path")
		k := slices.IndexFunc(e.Params, func(p Param) bool { return p.Name == name })
		if k < 0 || len(e.Params[k].Values) != 1 {
			l.wrong(at, "has the placeholder {%s}, but params has no single value %s; write braces that are meant themselves twice: {{ and }}", name, name)
			continue
		}
		used[name] = true
		t, ok := f.template(e.Params[k].Values[0])
		switch {
		case !ok:
			path = strings.ReplaceAll(path, markOpen+strconv.Itoa(i)+markClose, url.PathEscape(t.Texts[0]))
		case len(t.Holes) == 1 && t.Texts[0] == "" && t.Texts[1] == "":
			f.holes[i] = t.Holes[0]
		default:
			l.wrong(at, "has {%s}, which is text around a placeholder; write the text into the path", name)
		}
	}
	e.Params = slices.DeleteFunc(e.Params, func(p Param) bool { return used[p.Name] })
	return path
}
