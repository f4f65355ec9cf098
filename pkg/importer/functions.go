package importer

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// functions are the names that the Starlark text may use beside its own.
func (s *session) functions() starlark.StringDict {
	names := starlark.StringDict{"__name__": starlark.String("__main__"), "__file__": starlark.String(s.file)}
	for name, f := range map[string]func(*starlark.Thread, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
		fnImport:    s.importName,
		fnText:      s.formatted,
		fnUnknown:   s.makeUnknown,
		fnMerge:     s.merge,
		fnConcat:    concat,
		fnYield:     s.yield,
		fnRaise:     s.raise,
		fnGenerated: s.generated,
		fnDelete:    deleteKey,
		fnValue:     s.namedValue,
		fnFinish:    s.finish,
		fnAt:        s.keepLines,
		fnCond:      s.condition,
		fnCompare:   s.compare,
		fnOr:        s.or,
		fnEach:      s.each,
		fnUnpack:    s.unpack,
		fnKnown:     s.known,
		fnCopy:      s.copied,
		fnSized:     s.sized,
		"print":     nothing,
		"range":     bounded,
	} {
		names[name] = starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			return f(thread, args, kwargs)
		})
	}
	for _, name := range []string{"int", "float", "str", "bool"} {
		names[name] = starlark.NewBuiltin(name, s.converted)
	}
	for _, name := range []string{"abs", "all", "any", "dict", "enumerate", "len", "list", "max", "min", "reversed", "set", "sorted",
		"tuple", "type", "zip"} {
		names[name] = starlark.NewBuiltin(name, s.looking)
	}
	return names
}

func nothing(*starlark.Thread, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return starlark.None, nil
}

func (s *session) makeUnknown(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return s.unknown(string(args[0].(starlark.String)), line(thread)), nil
}

// formatted joins the parts of an f-string.
func (s *session) formatted(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	var b strings.Builder
	for _, a := range args {
		if _, ok := a.(starlark.Iterable); ok {
			return s.unknown("the text of "+kindOf(a), line(thread)), nil // Starlark writes containers with other quotes
		}
		b.WriteString(pythonText(a))
	}
	return starlark.String(b.String()), nil
}

// pythonText is str() of a value.
func pythonText(v starlark.Value) string {
	if text, ok := starlark.AsString(v); ok {
		return text
	}
	return v.String()
}

func (s *session) merge(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	merged := new(starlark.Dict)
	lines := positions{entries: map[string]int{}}
	for _, a := range args {
		d, ok := a.(*starlark.Dict)
		if !ok {
			return nil, fmt.Errorf("** wants a dictionary, not %s", kindOf(a))
		}
		from := s.lines[d]
		if lines.own == 0 {
			lines.own = from.own
		}
		for _, item := range d.Items() {
			if err := merged.SetKey(item[0], item[1]); err != nil {
				return nil, err
			}
			if key := pythonText(item[0]); from.entries[key] > 0 {
				lines.entries[key] = from.entries[key]
			}
		}
	}
	s.lines[merged] = lines
	return merged, nil
}

func concat(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	var all []starlark.Value
	for _, a := range args {
		if _, ok := a.(*unknown); ok {
			all = append(all, a)
			continue
		}
		it := starlark.Iterate(a)
		if it == nil {
			return nil, fmt.Errorf("* wants a list, not %s", kindOf(a))
		}
		for v := starlark.Value(nil); it.Next(&v); {
			all = append(all, v)
		}
		it.Done()
	}
	return starlark.NewList(all), nil
}

func (s *session) raise(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	what := pythonText(args[0])
	if u, ok := args[0].(*unknown); ok {
		what = u.what
	}
	return nil, errors.New("it raises " + what)
}

func deleteKey(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	switch c := args[0].(type) {
	case *unknown:
	case *starlark.Dict:
		if _, found, err := c.Delete(args[1]); err != nil || !found {
			return nil, errors.Join(err, fmt.Errorf("key %s is not there", args[1]))
		}
	default:
		return nil, fmt.Errorf("del of %s is not understood", kindOf(c))
	}
	return starlark.None, nil
}

func (s *session) keepLines(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	lines := args[1].(starlark.Tuple)
	p := positions{entries: map[string]int{}}
	p.own, _ = starlark.AsInt32(lines[0])
	name := func(i int) string { return "[" + strconv.Itoa(i) + "]" }
	if d, ok := args[0].(*starlark.Dict); ok {
		keys := d.Keys()
		name = func(i int) string {
			if i < len(keys) {
				return pythonText(keys[i])
			}
			return ""
		}
	}
	for i, l := range lines[1:] {
		p.entries[name(i)], _ = starlark.AsInt32(l)
	}
	s.lines[args[0]] = p
	return args[0], nil
}

// condition is a condition's value; what an unknown one is taken for is said.
func (s *session) condition(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if u, ok := args[0].(*unknown); ok {
		s.note(line(thread), "the condition depends on %s, which only Python knows; it is taken as false", u.what)
		return starlark.False, nil
	}
	if m, ok := s.markOf(args[0]); ok && m.optional {
		s.note(line(thread), "the condition depends on whether ${%s} is set; it is taken as set", m.reference)
	}
	return args[0], nil
}

func (s *session) compare(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	op, x, y := string(args[0].(starlark.String)), args[1], args[2]
	for _, v := range []starlark.Value{x, y} {
		if x == starlark.None || y == starlark.None {
			break // of a reference: is it there?
		}
		if u, ok := v.(*unknown); ok {
			return u.then(" " + op + " …"), nil
		}
		if m := s.unknownIn(textOf(v)); m != nil {
			return s.unknown(m.name()+" "+op+" …", line(thread)), nil
		}
	}
	switch op {
	case "in", "not in":
		found, err := starlark.Binary(syntax.IN, x, y)
		if op == "not in" && err == nil {
			found = !found.Truth()
		}
		return found, err
	}
	for _, t := range []syntax.Token{syntax.EQL, syntax.NEQ, syntax.LT, syntax.GT, syntax.LE, syntax.GE} {
		if t.String() == op {
			result, err := starlark.Compare(t, x, y)
			return starlark.Bool(result), err
		}
	}
	return nil, fmt.Errorf("operator %s is not understood", op)
}

func textOf(v starlark.Value) string {
	text, _ := starlark.AsString(v)
	return text
}

func (m mark) name() string {
	if m.reference != "" {
		return "${" + m.reference + "}"
	}
	return m.what
}

// or is x or y; of an environment variable, y is the default.
func (s *session) or(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	x, y := args[0], args[1]
	if m, ok := s.markOf(x); ok && m.optional && !strings.Contains(m.reference, ":-") {
		return s.withDefault(m.reference, y)
	}
	if u, ok := x.(*unknown); ok {
		s.note(line(thread), "%s is known to Python only; what stands behind its or is taken", u.what)
	}
	if x.Truth() {
		return x, nil
	}
	return y, nil
}

// each is what a loop goes through.
func (s *session) each(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if u, ok := args[0].(*unknown); ok {
		s.note(line(thread), "the loop is over %s, which only Python knows; it is taken as empty", u.what)
		return starlark.Tuple(nil), nil
	}
	text, ok := starlark.AsString(args[0])
	if !ok {
		return args[0], nil
	}
	if m := s.unknownIn(text); m != nil {
		return nil, fmt.Errorf("goes through the letters of %s, which are not known", m.name())
	}
	var letters starlark.Tuple // Starlark doesn't go through strings
	for _, r := range text {
		letters = append(letters, starlark.String(r))
	}
	return letters, nil
}

// unpack is what several names are assigned from.
func (s *session) unpack(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	u, ok := args[1].(*unknown)
	if !ok {
		return args[1], nil
	}
	n, _ := starlark.AsInt32(args[0])
	parts := make(starlark.Tuple, n)
	for i := range parts {
		parts[i] = u.then("[" + strconv.Itoa(i) + "]")
	}
	return parts, nil
}

// known is a value whose text is looked at.
func (s *session) known(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if m := s.unknownIn(textOf(args[0])); m != nil {
		return s.unknown(m.name(), line(thread)), nil
	}
	return args[0], nil
}

func (s *session) copied(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	switch v := args[0].(type) {
	case *starlark.Dict:
		return s.merge(thread, starlark.Tuple{v}, nil)
	case *starlark.List:
		return concat(thread, starlark.Tuple{v}, nil)
	case starlark.HasAttrs:
		f, err := v.Attr("copy")
		if err != nil || f == nil {
			return nil, fmt.Errorf("%s has no copy", kindOf(v))
		}
		return starlark.Call(thread, f, nil, nil)
	}
	return nil, fmt.Errorf("%s has no copy", kindOf(args[0]))
}

// converted is a conversion that leaves alone what isn't known: a reference is typed when the configuration is read.
func (s *session) converted(thread *starlark.Thread, fn *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		if _, ok := s.markOf(args[0]); ok {
			return args[0], nil
		}
	}
	return s.looking(thread, fn, args, kwargs)
}

// looking is a function of Starlark's own that looks into its arguments.
func (s *session) looking(thread *starlark.Thread, fn *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	for _, a := range args {
		if _, ok := a.(starlark.Iterable); ok && fn.Name() == "str" {
			return s.formatted(thread, args, nil)
		}
		if u, ok := a.(*unknown); ok {
			if m, ok := u.time.(moment); ok && fn.Name() == "str" {
				return s.momentText(fn.Name()+"("+u.what+")", line(thread), m, m.iso(" "))
			}
			return s.unknown(fn.Name()+"("+u.what+")", line(thread)), nil
		}
		if m := s.unknownIn(textOf(a)); m != nil {
			return s.unknown(fn.Name()+"("+m.name()+")", line(thread)), nil
		}
	}
	return starlark.Call(thread, starlark.Universe[fn.Name()], args, kwargs)
}

func bounded(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	r, err := starlark.Call(thread, starlark.Universe["range"], args, kwargs)
	if err == nil && starlark.Len(r) > maxRange {
		return nil, fmt.Errorf("range of %d is too long; at most %d", starlark.Len(r), maxRange)
	}
	return r, err
}

// maxText bounds the text that one replace or join makes, in bytes: memory is looked at between steps, and these are one.
const maxText = 16 << 20

// sized calls replace or join of a string unless the result would be too long.
func (s *session) sized(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	receiver, method, rest := args[0], string(args[1].(starlark.String)), args[2:]
	if text, ok := receiver.(starlark.String); ok && len(rest) > 0 {
		size := len(text)
		switch method {
		case "replace":
			from, okFrom := rest[0].(starlark.String)
			if to, okTo := rest[min(1, len(rest)-1)].(starlark.String); okFrom && okTo {
				size += strings.Count(string(text), string(from)) * len(to)
			}
		case "join":
			if parts, ok := rest[0].(starlark.Iterable); ok {
				it := parts.Iterate()
				for part := starlark.Value(nil); it.Next(&part) && size <= maxText; {
					if p, ok := part.(starlark.String); ok {
						size += len(text) + len(p)
					}
				}
				it.Done()
			}
		}
		if size > maxText {
			return nil, fmt.Errorf("%s builds too much; an import may take %d MiB of text at once", method, maxText>>20)
		}
	}
	object, ok := receiver.(starlark.HasAttrs)
	if !ok {
		return nil, fmt.Errorf("%s has no .%s", receiver.Type(), method)
	}
	bound, err := object.Attr(method)
	if err != nil || bound == nil {
		return nil, cmp.Or(err, fmt.Errorf("%s has no .%s", receiver.Type(), method))
	}
	return starlark.Call(thread, bound, rest, nil)
}
