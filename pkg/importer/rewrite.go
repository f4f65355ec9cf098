package importer

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/syntax"
)

// Names of functions that the Starlark text calls, for what Starlark itself doesn't have. No Python name begins with two underscores
// and this word.
const (
	fnImport    = "__starlark_import"    // (module, name): what an import binds
	fnText      = "__starlark_text"      // (parts...): an f-string
	fnUnknown   = "__starlark_unknown"   // (what): a value that only Python knows
	fnMerge     = "__starlark_merge"     // (dicts...): {**a, "b": 1}
	fnConcat    = "__starlark_concat"    // (lists...): [*a, b]
	fnYield     = "__starlark_yield"     // (value)
	fnGenerated = "__starlark_generated" // (): what a generator has yielded
	fnRaise     = "__starlark_raise"     // (value)
	fnDelete    = "__starlark_delete"    // (container, key)
	fnValue     = "__starlark_value"     // (name): dlt.secrets.value as the default of a parameter
	fnFinish    = "__starlark_finish"    // ([(name, function)...]): the last call
)

// function is a def at the top level.
type function struct {
	name      string
	decorated bool // @dlt.source or @dlt.resource
}

// def is a function whose body is being written.
type def struct {
	level  int
	yields bool
}

// rewriter writes Python as Starlark, every token on the line it was on.
type rewriter struct {
	out       strings.Builder
	line      int // of what is written next
	fresh     bool
	depth     int // of brackets
	decorator bool
	functions []function
	defs      []def // the innermost last
}

// rewrite gives the Starlark text of a Python file.
func rewrite(src string) (text string, err error) {
	all, err := lines(src)
	if err != nil {
		return "", err
	}
	w := &rewriter{line: 1}
	for i := 0; i < len(all); i++ {
		l := all[i]
		w.leave(l.level)
		w.begin(l)
		if head := l.tokens[0]; head.is("class") {
			if len(l.tokens) < 2 {
				return "", syntaxErrorf(head.line, "has a class without a name")
			}
			w.write(l.tokens[1].text, "=", fnUnknown, "(", syntax.Quote("the class "+l.tokens[1].text, false), ")")
			for i+1 < len(all) && all[i+1].level > l.level {
				i++
			}
			continue
		}
		if err := w.statement(l); err != nil {
			return "", err
		}
	}
	w.leave(0)
	w.begin(logicalLine{})
	w.open(fnFinish, "(", "[")
	for _, decorated := range []bool{true, false} {
		for _, f := range w.functions {
			if f.decorated == decorated {
				w.write("(", syntax.Quote(f.name, false), ",", safe(f.name), ")", ",")
			}
		}
	}
	w.closing("] )\n")
	return w.out.String(), nil
}

// leave ends the functions whose bodies are written. A generator returns what it yields as a whole.
func (w *rewriter) leave(level int) {
	for n := len(w.defs); n > 0 && w.defs[n-1].level >= level; n-- {
		if w.defs[n-1].yields {
			w.begin(logicalLine{level: w.defs[n-1].level + 1})
			w.write("return", fnGenerated, "(", ")")
		}
		w.defs = w.defs[:n-1]
	}
}

// begin starts a line of Starlark.
func (w *rewriter) begin(l logicalLine) {
	if w.out.Len() > 0 {
		w.out.WriteByte('\n')
		w.line++
	}
	w.fresh = true
	if len(l.tokens) > 0 {
		w.goTo(l.tokens[0].line)
	}
	w.out.WriteString(strings.Repeat("\t", l.level))
	w.fresh = false
}

// goTo writes empty lines up to a token's own, where Starlark allows them.
func (w *rewriter) goTo(line int) {
	if w.fresh || w.depth > 0 {
		for ; w.line < line; w.line++ {
			w.out.WriteByte('\n')
		}
	}
}

func (w *rewriter) write(texts ...string) {
	for _, t := range texts {
		w.out.WriteString(t)
		w.out.WriteByte(' ')
	}
}

func (w *rewriter) open(texts ...string) {
	w.write(texts...)
	w.depth++
}

func (w *rewriter) closing(text string) {
	w.depth--
	w.write(text)
}

// statement writes one logical line.
func (w *rewriter) statement(l logicalLine) error {
	tokens := l.tokens
	if tokens[0].is("async") && len(tokens) > 1 {
		tokens = tokens[1:]
	}
	head := tokens[0]
	switch {
	case head.is("@"):
		w.decorator = w.decorator || isDltDecorator(tokens)
		w.write("pass")
		return nil
	case head.is("def"):
		return w.def(tokens, l.level)
	case isCompound(head):
		return w.compound(tokens)
	}
	return w.simples(tokens)
}

func isCompound(head token) bool {
	if head.kind != nameToken {
		return false
	}
	switch head.text {
	case "if", "elif", "else", "for", "while", "try", "except", "finally", "with":
		return true
	}
	return false
}

func isDltDecorator(tokens []token) bool {
	for _, t := range tokens {
		if t.is("source") || t.is("resource") || t.is("transformer") {
			return true
		}
	}
	return false
}

// def writes the head of a function without its annotations.
func (w *rewriter) def(tokens []token, level int) error {
	if len(tokens) < 3 || !tokens[2].is("(") {
		return syntaxErrorf(tokens[0].line, "has a def that is not understood")
	}
	if level == 0 {
		w.functions = append(w.functions, function{tokens[1].text, w.decorator})
	}
	w.decorator = false
	w.defs = append(w.defs, def{level: level})
	end := match(tokens, 2)
	w.write("def")
	w.name(tokens[1])
	w.open("(")
	for _, p := range split(tokens[3:end], ",") {
		if err := w.parameter(p); err != nil {
			return err
		}
	}
	w.closing(")")
	rest := tokens[min(end+1, len(tokens)):]
	colon := find(rest, ":") // the arrow of a result's type stands before it
	if colon < 0 {
		return syntaxErrorf(tokens[0].line, "has a def without its colon")
	}
	return w.suite(rest[colon+1:])
}

func (w *rewriter) parameter(p []token) error {
	if len(p) == 0 || p[0].is("/") {
		return nil
	}
	w.goTo(p[0].line)
	declared := p
	if eq := find(p, "="); eq >= 0 {
		declared = p[:eq]
	}
	value := p[len(declared):]
	if colon := find(declared, ":"); colon >= 0 {
		declared = declared[:colon]
	}
	if err := w.expr(declared); err != nil {
		return err
	}
	if len(value) > 0 {
		w.write("=")
		value = value[1:]
		if n := len(value); n > 2 && value[n-1].is("value") && (value[n-3].is("secrets") || value[n-3].is("config")) {
			w.write(fnValue, "(", syntax.Quote(p[0].text, false), ")")
		} else if err := w.expr(value); err != nil {
			return err
		}
	}
	w.write(",")
	return nil
}

// compound writes the head of a block; Starlark has if, for and while.
func (w *rewriter) compound(tokens []token) error {
	head, colon := tokens[0], headColon(tokens)
	if colon < 0 {
		return syntaxErrorf(head.line, "has %s without its colon", head.text)
	}
	inner, rest := tokens[1:colon], tokens[colon+1:]
	switch head.text {
	case "try", "finally":
		w.write("if True")
	case "except":
		w.write("if False")
	case "with":
		if err := w.with(inner); err != nil {
			return err
		}
	default:
		w.write(head.text)
		if err := w.expr(inner); err != nil {
			return err
		}
	}
	return w.suite(rest)
}

// with runs its block once, with the names bound.
func (w *rewriter) with(inner []token) error {
	if len(inner) > 0 && inner[0].is("(") && match(inner, 0) == len(inner)-1 {
		inner = inner[1 : len(inner)-1]
	}
	var names, values [][]token
	for _, item := range split(inner, ",") {
		value, name := item, []token(nil)
		if as := find(item, "as"); as >= 0 {
			value, name = item[:as], item[as+1:]
		}
		names, values = append(names, name), append(values, value)
	}
	w.write("for")
	for i, name := range names {
		if i > 0 {
			w.write(",")
		}
		if name == nil {
			w.write("__starlark_with" + strconv.Itoa(i))
		} else if err := w.expr(name); err != nil {
			return err
		}
	}
	opening, closing := "[", "]"
	if len(values) > 1 {
		opening, closing = "[(", ")]"
	}
	w.open("in", opening)
	for i, value := range values {
		if i > 0 {
			w.write(",")
		}
		if err := w.expr(value); err != nil {
			return err
		}
	}
	w.closing(closing)
	return nil
}

// suite writes the colon and what follows it on the line.
func (w *rewriter) suite(rest []token) error {
	w.write(":")
	if len(rest) == 0 {
		return nil
	}
	return w.simples(rest)
}

func (w *rewriter) simples(tokens []token) error {
	first := true
	for _, s := range split(tokens, ";") {
		if len(s) == 0 {
			continue
		}
		if !first {
			w.write(";")
		}
		first = false
		if err := w.simple(s); err != nil {
			return err
		}
	}
	return nil
}

func unsupported(t token, what string) error {
	return syntaxErrorf(t.line, "has %s, which the import does not understand; write it another way, or take it out", what)
}

func (w *rewriter) refuse(what string) {
	w.write(fnRaise, "(", syntax.Quote(fmt.Sprintf("%s, which the import does not understand", what), false), ")")
}
