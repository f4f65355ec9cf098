package importer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// A mark stands in a string for what is not known while the file is evaluated. It is one character of a private plane of Unicode, so
// that strings can be joined and formatted around it.
type mark struct {
	reference string // what stands between ${ and }; empty: unknown
	optional  bool   // a variable of the environment that may be unset
	what      string // of an unknown value: what it is
	line      int    // of an unknown value
	now       string // what an unknown value is at the import, of one that the clock gives
}

const (
	firstMark = 0xF0000
	maxMarks  = 0xFFFD // what the plane holds
)

// isMark is true of characters that stand for marks; no file may hold them itself.
func isMark(r rune) bool { return r >= firstMark && r < firstMark+maxMarks }

// text adds a mark and gives the string that it is.
func (s *session) text(m mark) (starlark.String, error) {
	for i, known := range s.marks {
		if known == m {
			return starlark.String(rune(firstMark + i)), nil
		}
	}
	if len(s.marks) >= 1000 {
		return "", fmt.Errorf("reads more than %d different variables and secrets", 1000)
	}
	s.marks = append(s.marks, m)
	return starlark.String(rune(firstMark + len(s.marks) - 1)), nil
}

// markOf is the mark that a string is and nothing else.
func (s *session) markOf(v starlark.Value) (mark, bool) {
	text, ok := starlark.AsString(v)
	if !ok || utf8.RuneCountInString(text) != 1 {
		return mark{}, false
	}
	return s.at(firstRune(text))
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func (s *session) at(r rune) (mark, bool) {
	if !isMark(r) || int(r-firstMark) >= len(s.marks) {
		return mark{}, false
	}
	return s.marks[r-firstMark], true
}

// unknownIn is the first unknown thing in a string, or a reference when there is one; nil where the text is known.
func (s *session) unknownIn(text string) *mark {
	for _, r := range text {
		if m, ok := s.at(r); ok {
			return &m
		}
	}
	return nil
}

// unknown is a value that only Python knows. Whatever is done with it gives another one.
type unknown struct {
	session *session
	what    string // as in pendulum.today()
	line    int
	source  bool // it was reached through a source, so that changing it would change what is loaded
	time    any  // moment, delta or utc: what is known after all; nil: nothing
}

var (
	_ starlark.HasSetField = (*unknown)(nil)
	_ starlark.HasBinary   = (*unknown)(nil)
	_ starlark.HasUnary    = (*unknown)(nil)
	_ starlark.HasSetKey   = (*unknown)(nil)
	_ starlark.Callable    = (*unknown)(nil)
	_ starlark.Sliceable   = (*unknown)(nil)
)

const maxWhat = 60 // characters

// then is what comes of doing something with u.
func (u *unknown) then(done string) *unknown {
	what := u.what + done
	if utf8.RuneCountInString(what) > maxWhat {
		what = string([]rune(what)[:maxWhat-1]) + "…"
	}
	return &unknown{session: u.session, what: what, line: u.line, source: u.source}
}

// String is the mark that shows in strings that u was put into.
func (u *unknown) String() string {
	text, err := u.session.text(mark{what: u.what, line: u.line})
	if m, ok := u.time.(moment); ok {
		text, err = u.session.momentText(u.what, u.line, m, m.iso(" "))
	}
	if err != nil {
		return u.what
	}
	return string(text)
}

func (u *unknown) Type() string          { return "unknown" }
func (u *unknown) Freeze()               {}
func (u *unknown) Truth() starlark.Bool  { return false }
func (u *unknown) Hash() (uint32, error) { return starlark.String(u.what).Hash() }
func (u *unknown) Name() string          { return u.what }
func (u *unknown) AttrNames() []string   { return nil }

// Attr is unknown too, but for what is known of times.
func (u *unknown) Attr(name string) (starlark.Value, error) {
	if m, ok := u.time.(moment); ok {
		if v := m.member(u, name); v != nil {
			return v, nil
		}
	}
	if name == safe("load") {
		name = "load"
	}
	return u.then("." + name), nil
}

// SetField does nothing.
func (u *unknown) SetField(string, starlark.Value) error { return nil }

// Get is unknown too.
func (u *unknown) Get(starlark.Value) (starlark.Value, bool, error) {
	return u.then("[…]"), true, nil
}

// SetKey does nothing.
func (u *unknown) SetKey(_, _ starlark.Value) error { return nil }

// Len is nothing's; len() of an unknown value is unknown.
func (u *unknown) Len() int { return 0 }

// Index is unknown too.
func (u *unknown) Index(int) starlark.Value { return u.then("[…]") }

// Slice is unknown too.
func (u *unknown) Slice(int, int, int) starlark.Value { return u.then("[…]") }

// Unary is unknown too.
func (u *unknown) Unary(syntax.Token) (starlark.Value, error) { return u, nil }

// Binary is unknown too, but for what is known of times.
func (u *unknown) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if t := u.arithmetic(op, y, side); t != nil {
		return t, nil
	}
	if side == starlark.Right {
		return u, nil
	}
	return u.then(" " + op.String() + " …"), nil
}

// CallInternal is unknown too. It is a problem where it would change a source.
func (u *unknown) CallInternal(thread *starlark.Thread, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	_, method, ok := cutLast(u.what, ".")
	if u.source && ok {
		if instead, changes := sourceMethods[method]; changes {
			u.session.problem(line(thread), "", u.what+"() changes the source in Python, which has no form here; "+instead)
		}
	}
	called := u.then("()")
	called.line = line(thread)
	return called, nil
}

// sourceMethods are what changes the resources of a source, and what to use instead.
var sourceMethods = map[string]string{
	"add_map":       stepsInstead,
	"add_filter":    stepsInstead,
	"add_yield_map": stepsInstead,
	"add_step":      stepsInstead,
	"add_limit":     "maximum_offset or maximum_page of the paginator bounds a walk",
	"apply_hints":   "put primary_key, write_disposition and the like into the resource's own dictionary",
	"replace":       "change the resource's own dictionary",
	"bind":          "give the values in the resource's own dictionary",
	"add":           "put the resource into the configuration",
	"clone":         "put the resource into the configuration under its own name",
}

const stepsInstead = "write processing_steps in their declarative form (filter, include, exclude, rename)"

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// line is where the Python code is that called the running function.
func line(thread *starlark.Thread) int {
	for depth := range thread.CallStackDepth() {
		if pos := thread.CallFrame(depth).Pos; pos.Line > 0 {
			return int(pos.Line)
		}
	}
	return 0
}
