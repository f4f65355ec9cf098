package importer

import (
	"slices"
	"strings"

	"go.starlark.net/syntax"
)

// simple writes one statement of one line.
func (w *rewriter) simple(s []token) error {
	head := s[0]
	if head.kind == nameToken {
		switch head.text {
		case "import":
			return w.imports(s)
		case "from":
			return w.importsFrom(s)
		case "global", "nonlocal":
			w.refuse("the statement " + head.text)
			return nil
		case "assert":
			w.write("pass")
			return nil
		case "del":
			return w.del(s[1:])
		case "raise":
			if from := find(s, "from"); from > 0 {
				s = s[:from]
			}
			return w.call(fnRaise, s[1:])
		case "yield":
			if n := len(w.defs); n > 0 {
				w.defs[n-1].yields = true
			}
			return w.call(fnYield, withoutFrom(s[1:]))
		case "return":
			w.write("return")
			return w.expr(s[1:])
		}
	}
	if colon, eq := find(s, ":"), find(s, "="); colon > 0 && (eq < 0 || colon < eq) && find(s[:colon], "lambda") < 0 { // an annotation
		if eq < 0 {
			w.write("pass")
			return nil
		}
		s = append(append([]token(nil), s[:colon]...), s[eq:]...)
	}
	return w.assignment(s)
}

func withoutFrom(s []token) []token {
	if len(s) > 0 && s[0].is("from") {
		return s[1:]
	}
	return s
}

func (w *rewriter) call(function string, args []token) error {
	w.open(function, "(")
	if len(args) == 0 {
		w.write("None")
	} else if err := w.expr(args); err != nil {
		return err
	}
	w.closing(")")
	return nil
}

// assignment writes an expression or assignments; Starlark has no a = b = c.
func (w *rewriter) assignment(s []token) error {
	before, lambda := s, []token(nil) // its parameters have defaults
	if i := find(s, "lambda"); i >= 0 {
		before, lambda = s[:i], s[i:]
	}
	targets := split(before, "=")
	last := len(targets) - 1
	value := append(slices.Clone(targets[last]), lambda...)
	targets = targets[:last]
	for i := len(targets) - 1; i >= 0; i-- {
		if err := w.expr(targets[i]); err != nil {
			return err
		}
		w.write("=")
		if len(value) > 0 && value[0].is("yield") {
			w.write(fnUnknown, "(", `"what is sent to a generator"`, ")")
			return nil
		}
		if err := w.expr(value); err != nil {
			return err
		}
		if value = targets[i]; i > 0 {
			w.write(";")
		}
	}
	if len(targets) == 0 {
		return w.expr(value)
	}
	return nil
}

// del takes a key out of a container; names stay.
func (w *rewriter) del(s []token) error {
	if n := len(s); n > 3 && s[n-1].is("]") {
		for i := n - 2; i > 0; i-- {
			if s[i].is("[") && match(s, i) == n-1 {
				w.open(fnDelete, "(")
				if err := w.expr(s[:i]); err != nil {
					return err
				}
				w.write(",")
				if err := w.expr(s[i+1 : n-1]); err != nil {
					return err
				}
				w.closing(")")
				return nil
			}
		}
	}
	w.write("pass")
	return nil
}

// imports writes import a, b.c, d.e as f.
func (w *rewriter) imports(s []token) error {
	for i, item := range split(s[1:], ",") {
		module, as := imported(item)
		if module == "" {
			return syntaxErrorf(s[0].line, "has an import that is not understood")
		}
		if as == "" { // the first name is what is bound
			module, _, _ = strings.Cut(module, ".")
			as = module
		}
		if i > 0 {
			w.write(";")
		}
		w.bind(as, module, "")
	}
	return nil
}

// importsFrom writes from a.b import c, d as e.
func (w *rewriter) importsFrom(s []token) error {
	at := find(s, "import")
	if at < 0 || at+1 >= len(s) {
		return syntaxErrorf(s[0].line, "has a from without an import")
	}
	module, _ := imported(s[1:at])
	names := s[at+1:]
	if names[0].is("(") {
		names = names[1 : len(names)-1]
	}
	if len(names) > 0 && names[0].is("*") {
		w.write("pass")
		return nil
	}
	first := true
	for _, item := range split(names, ",") {
		name, as := imported(item)
		if name == "" {
			continue
		}
		if as == "" {
			as = name
		}
		if !first {
			w.write(";")
		}
		first = false
		w.bind(as, module, name)
	}
	if first {
		return syntaxErrorf(s[0].line, "has an import of nothing")
	}
	return nil
}

func (w *rewriter) bind(as, module, name string) {
	w.write(safe(as), "=", fnImport, "(", syntax.Quote(module, false), ",", syntax.Quote(name, false), ")")
}

// imported is the dotted name of an item of an import, and what it is called.
func imported(item []token) (name, as string) {
	if i := find(item, "as"); i >= 0 {
		if i+1 < len(item) {
			as = item[i+1].text
		}
		item = item[:i]
	}
	var b strings.Builder
	for _, t := range item {
		b.WriteString(t.text)
	}
	return b.String(), as
}

// safe is a Python name as a Starlark name.
func safe(name string) string {
	if name == "load" { // the only keyword that Python hasn't
		return "load_"
	}
	return name
}

func (w *rewriter) name(t token) { w.write(safe(t.text)) }

// Helpers over tokens.

// match is the index of the bracket that closes the one at i. The lexer has made sure that there are as many.
func match(tokens []token, i int) int {
	depth := 0
	for j := i; j < len(tokens); j++ {
		if depth += nesting(tokens[j]); depth == 0 {
			return j
		}
	}
	return len(tokens) - 1
}

func nesting(t token) int {
	if t.kind == operatorToken {
		switch t.text {
		case "(", "[", "{":
			return 1
		case ")", "]", "}":
			return -1
		}
	}
	return 0
}

// find is the index of the first such token outside of brackets, or -1.
func find(tokens []token, text string) int {
	depth := 0
	for i, t := range tokens {
		if depth == 0 && t.is(text) {
			return i
		}
		depth += nesting(t)
	}
	return -1
}

// headColon is the index of the colon that ends the head of a block, or -1.
func headColon(tokens []token) int {
	depth, lambdas := 0, 0
	for i, t := range tokens {
		switch {
		case depth > 0:
		case t.is("lambda"):
			lambdas++
		case t.is(":") && lambdas > 0:
			lambdas--
		case t.is(":"):
			return i
		}
		depth += nesting(t)
	}
	return -1
}

// split cuts tokens at a separator outside of brackets.
func split(tokens []token, at string) [][]token {
	var all [][]token
	depth, from := 0, 0
	for i, t := range tokens {
		if depth == 0 && t.is(at) {
			all = append(all, tokens[from:i])
			from = i + 1
		}
		depth += nesting(t)
	}
	return append(all, tokens[from:])
}
