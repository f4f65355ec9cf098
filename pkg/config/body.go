package config

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Match tells answers by their status and content. Zero fields match all; not both are zero.
type Match struct {
	Status  int
	Content string // stands in the body
}

// requestBody reads method, json and data.
func (l *loader) requestBody(o *object, e *Endpoint, f *format) {
	e.Method = "GET"
	o.setWord("method", &e.Method, "GET", "POST")
	object, data := o.get("json"), o.get("data")
	if given(object) {
		if object.kind != mappingKind {
			l.wrong(object, "is %s; it must be a mapping, the JSON object that is sent", object.what())
		} else {
			e.JSON, _ = l.value(object, "json", f).(map[string]any)
		}
	}
	switch {
	case !given(data):
	case given(object):
		l.wrong(data, "excludes json; a request has one body")
	case len(e.Paginator.bodyPaths()) > 0:
		l.wrong(data, "is no place for what the paginator puts into the body; use json, or the paginator's parameters")
	case data.kind == mappingKind:
		e.Form = l.params(data, nil, f)
	case data.kind == scalarKind && data.tag == "!!str":
		v, ok := l.plain(data, f.literal)
		assign(&e.Data, v, ok)
		if strings.Contains(data.text, "${") && len(v) >= minSecretName {
			l.secret(v)
		}
	default:
		l.wrong(data, "is %s; it must be a mapping, which is sent as a form, or the text of the body", data.what())
	}
	for _, path := range e.Paginator.bodyPaths() {
		l.bodyPlace(o, e.JSON, path)
	}
}

// bodyPlace checks that the paginator can put a value at a path of the body.
func (l *loader) bodyPlace(o *object, object map[string]any, path []string) {
	for i, name := range path[:len(path)-1] {
		inner, ok := object[name].(map[string]any)
		if !ok && object[name] != nil {
			l.problem(o.at.line, o.at.keyOf("json"), "has something else than a mapping at "+quote(strings.Join(path[:i+1], "."))+
				", where the paginator has to put "+quote(strings.Join(path, ".")))
			return
		}
		object = inner
	}
}

// value reads a JSON value: map[string]any, []any, string, Template, json.Number, bool or nil. name is that of the member around it.
func (l *loader) value(n *node, name string, f *format) any {
	switch n.kind {
	case nullKind:
		return nil
	case mappingKind:
		object := make(map[string]any, len(n.members))
		for _, m := range n.members {
			if strings.Contains(m.name, "${") {
				l.problem(m.line, m.value.key(), "is no name; references such as ${NAME} stand in values only")
				continue
			}
			object[m.name] = l.value(m.value, m.name, f)
		}
		return object
	case listKind:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = l.value(item, name, f)
		}
		return list
	case scalarKind:
	}
	return l.scalarValue(n, name, f)
}

func (l *loader) scalarValue(n *node, name string, f *format) any {
	text, tag := n.text, n.tag
	if tag == "!!str" {
		whole := strings.HasPrefix(text, "${") && strings.IndexByte(text, '}') == len(text)-1
		s, ok := l.plain(n, f.literal)
		if !ok {
			return nil
		}
		if t, ok := f.template(s); ok {
			return t
		}
		if hides(name, n, s) {
			l.secret(s)
		}
		if !whole || looksSecret(name) {
			return s
		}
		if text, tag, ok = l.typed(n); !ok {
			return nil
		}
	}
	switch tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(text, "true")
	case "!!int", "!!float":
		if json.Valid([]byte(text)) {
			return json.Number(text) // as it is written: an integer of any size, 1.0 as 1.0
		}
		if i, ok := new(big.Int).SetString(text, 0); ok && tag == "!!int" {
			return json.Number(i.String()) // 0x10, 1_000
		}
		if f, ok := parseNumber(text, tag); ok {
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
		}
	default:
		return text
	}
	l.wrong(n, "is %s, which JSON can't hold", n.what())
	return nil
}

// responseActions reads dlt's response_actions as far as they are no Python: what ends a walk in place of an error.
func (l *loader) responseActions(n *node) []Match {
	if n.kind != listKind {
		l.wrong(n, "is %s; it must be a list, as in [{status_code: 404, action: ignore}]", n.what())
		return nil
	}
	const python = "a Python callable has no YAML form; ignore is the only action"
	var all []Match
	for _, item := range n.items {
		if item.kind != mappingKind {
			l.wrong(item, "is %s; it must be a mapping, as in {status_code: 404, action: ignore}: %s", item.what(), python)
			continue
		}
		o := l.object(item)
		var m Match
		status, content := o.get("status_code"), o.get("content")
		if given(status) {
			i, ok := l.integer(status, 100, 599)
			assign(&m.Status, int(i), ok)
		}
		if given(content) {
			v, ok := l.text(content)
			assign(&m.Content, v, ok)
		}
		if !given(status) && !given(content) {
			o.missing("status_code", "an action needs status_code, content or both to know its answers by")
		}
		if a := o.want("action", "write action: ignore"); a != nil && (a.kind != scalarKind || a.text != "ignore") {
			l.wrong(a, "is %s; %s, and dlt does nothing for other words", a.got(), python)
		}
		o.done()
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}
