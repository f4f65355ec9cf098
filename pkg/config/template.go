package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Template is text with holes in it, in Python's format syntax as dlt has it: Texts[0], Holes[0], Texts[1], and so on, so that there is
// one more of Texts.
type Template struct {
	Texts []string
	Holes []Hole
}

// Hole is one placeholder of a Template: a field of the parent's record, or a value of the endpoint's incremental.
type Hole struct {
	Resource string // the parent; "": Cursor
	Field    Path   // in its record
	Cursor   string // "start_value", "initial_value", "last_value" or "end_value"
}

// Slot is where an endpoint has a Template. What stands in the endpoint itself is the template as it was written.
type Slot struct {
	In    string // "path", "query", "header", "form" or "data"
	Name  string // of the parameter or header
	Index int    // of the parameter among Endpoint.Params or Form
	Value int    // and among its values
	Template
}

// String is the hole as it is written.
func (h Hole) String() string {
	if h.Resource == "" {
		return "{incremental." + h.Cursor + "}"
	}
	return "{resources." + h.Resource + "." + h.Field.Text + "}"
}

// String is the template as it is written.
func (t Template) String() string {
	s, _ := t.Fill(func(h Hole) (string, error) { return h.String(), nil }) // never fails
	return s
}

// MarshalText is for those who print an endpoint.
func (t Template) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Value is what goes into a hole: as text, and as JSON.
type Value struct{ Text, JSON string }

// Fill puts values into the holes.
func (t Template) Fill(value func(Hole) (string, error)) (string, error) {
	var b strings.Builder
	for i, text := range t.Texts {
		b.WriteString(text)
		if i < len(t.Holes) {
			v, err := value(t.Holes[i])
			if err != nil {
				return "", err
			}
			b.WriteString(v)
		}
	}
	return b.String(), nil
}

// Bind is the endpoint with values in its holes. In the path each value is escaped, so that it stays within its step; one that can't is
// an error, as is one that can't stand in a header. A text of the JSON body that is one hole alone becomes the value itself, with its
// type. The errors of value come back as they are.
func (e Endpoint) Bind(value func(Hole) (Value, error)) (Endpoint, error) {
	text := func(h Hole) (string, error) {
		v, err := value(h)
		return v.Text, err
	}
	object, err := bindJSON(e.JSON, value)
	if err != nil {
		return e, err
	}
	e.JSON, _ = object.(map[string]any)
	e.Params, e.Form, e.Headers = cloneParams(e.Params), cloneParams(e.Form), maps.Clone(e.Headers)
	for _, s := range e.Slots {
		if s.In == "path" {
			if e.Path, err = s.Fill(step(text)); err != nil {
				return e, err
			}
			continue
		}
		v, err := s.Fill(text)
		if err != nil {
			return e, err
		}
		switch s.In {
		case "query":
			e.Params[s.Index].Values[s.Value] = v
		case "form":
			e.Form[s.Index].Values[s.Value] = v
		case "data":
			e.Data = v
		case "header":
			if hasControl(v) {
				return e, fmt.Errorf("header %s gets a value with a control character", s.Name)
			}
			e.Headers[s.Name] = v
		}
	}
	e.Slots = nil
	return e, nil
}

// Fixed reports whether every walk asks for the same: the endpoint has no hole and no incremental.
func (e Endpoint) Fixed() bool {
	return len(e.Slots) == 0 && e.Incremental == nil && !holed(e.JSON)
}

// holed reports whether a value of a JSON body has a hole.
func holed(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			if holed(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holed)
	case Template:
		return true
	}
	return false
}

// step escapes what text gives, so that it stands in one step of a path.
func step(text func(Hole) (string, error)) func(Hole) (string, error) {
	return func(h Hole) (string, error) {
		v, err := text(h)
		if err == nil && (v == "" || v == "." || v == "..") {
			err = fmt.Errorf("%s is %q, which can't stand in a path", h, v)
		}
		return url.PathEscape(v), err
	}
}

func cloneParams(params []Param) []Param {
	out := slices.Clone(params)
	for i := range out {
		out[i].Values = slices.Clone(out[i].Values)
	}
	return out
}

// bindJSON is a value of a JSON body with values in its holes.
func bindJSON(v any, value func(Hole) (Value, error)) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v, nil
		}
		out := make(map[string]any, len(v))
		for name, inner := range v {
			var err error
			if out[name], err = bindJSON(inner, value); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			var err error
			if out[i], err = bindJSON(inner, value); err != nil {
				return nil, err
			}
		}
		return out, nil
	case Template:
		if len(v.Holes) == 1 && v.Texts[0] == "" && v.Texts[1] == "" {
			x, err := value(v.Holes[0])
			return json.RawMessage(x.JSON), err
		}
		return v.Fill(func(h Hole) (string, error) {
			x, err := value(h)
			return x.Text, err
		})
	}
	return v, nil
}

// format reads an endpoint's texts: it puts a mark where a placeholder stands, and remembers what for. Marks are noncharacters of
// Unicode around the hole's number; text that has them of its own is refused.
type format struct {
	holes []Hole
	bare  []string // names like x in {x}, by the number of their hole
	path  bool     // bare names may stand here

	entity   bool     // the path's last step has a placeholder: it leads to one record (dlt's single entity)
	resolved []string // parameters of type resolve
}

const (
	markOpen  = "\uFDD0"
	markClose = "\uFDD1"
)

// literal takes the doubling off braces, as [unformat] does, and marks placeholders.
func (f *format) literal(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		doubled := i+1 < len(s) && s[i+1] == s[i]
		switch {
		case s[i] == '{' && !doubled:
			body, _, closed := strings.Cut(s[i+1:], "}")
			if !closed {
				return "", errors.New("has a { without its }; write braces that are meant themselves twice: {{ and }}")
			}
			marked, err := f.hole(body)
			if err != nil {
				return "", err
			}
			out.WriteString(marked)
			i += len(body) + 1
			continue
		case (s[i] == '{' || s[i] == '}') && doubled:
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String(), nil
}

var cursorHoles = []string{"start_value", "initial_value", "last_value", "end_value"}

// mark is what stands for a hole. bare is the name x of {x}.
func (f *format) mark(h Hole, bare string) string {
	f.holes, f.bare = append(f.holes, h), append(f.bare, bare)
	return markOpen + strconv.Itoa(len(f.holes)-1) + markClose
}

// hole marks what stands between braces.
func (f *format) hole(body string) (string, error) {
	bare := ""
	var h Hole
	root, rest, dotted := strings.Cut(body, ".")
	switch {
	case dotted && root == "resources":
		name, field, ok := strings.Cut(rest, ".")
		names, err := parseNames(field)
		if !ok || err != nil || name == "" || len(names) == 0 {
			return "", fmt.Errorf("has the placeholder %s, which must be {resources.PARENT.FIELD}", quote("{"+body+"}"))
		}
		h = Hole{Resource: name, Field: Path{Text: field, Names: names}}
	case dotted && root == "incremental" && slices.Contains(cursorHoles, rest):
		h = Hole{Cursor: rest}
	case f.path && body != "" && !strings.ContainsFunc(body, func(c rune) bool { return !isNameRune(c) }):
		bare = body
	default:
		return "", fmt.Errorf("has a placeholder in braces, %s, that is none of {resources.PARENT.FIELD} and {incremental.%s}; "+
			"write braces that are meant themselves twice: {{ and }}", quote("{"+body+"}"), strings.Join(cursorHoles, "|"))
	}
	return f.mark(h, bare), nil
}

// template takes marked text apart; ok is false where it has no mark.
func (f *format) template(marked string) (t Template, ok bool) {
	for {
		text, rest, found := strings.Cut(marked, markOpen)
		t.Texts = append(t.Texts, text)
		if !found {
			return t, len(t.Holes) > 0
		}
		number, after, _ := strings.Cut(rest, markClose)
		i, err := strconv.Atoi(number)
		if err != nil || i >= len(f.holes) { // a reference brought noncharacters of its own
			return t, false
		}
		t.Holes = append(t.Holes, f.holes[i])
		marked = after
	}
}

// written is marked text as it stands in the file.
func (f *format) written(marked string) string {
	t, ok := f.template(marked)
	if !ok {
		return marked
	}
	return t.String()
}
