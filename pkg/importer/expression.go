package importer

import (
	"strings"

	"go.starlark.net/syntax"
)

// expr writes an expression. Most tokens are Starlark's as they stand.
func (w *rewriter) expr(tokens []token) error {
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		w.goTo(t.line)
		switch {
		case t.kind == stringToken:
			n := i + 1
			for n < len(tokens) && tokens[n].kind == stringToken {
				n++
			}
			if err := w.strings(tokens[i:n]); err != nil {
				return err
			}
			i = n - 1
		case t.kind == numberToken:
			if last := t.text[len(t.text)-1] | 0x20; last == 'j' {
				w.write(fnUnknown, "(", `"a complex number"`, ")")
			} else {
				w.write(strings.ReplaceAll(t.text, "_", ""))
			}
		case t.kind == nameToken:
			switch t.text {
			case "await":
			case "is":
				if i+1 < len(tokens) && tokens[i+1].is("not") {
					w.write("!=")
					i++
				} else {
					w.write("==")
				}
			case "yield", "async", "class", "def", "try", "with":
				return unsupported(t, t.text+" inside an expression")
			default:
				w.name(t)
			}
		case nesting(t) > 0:
			end := match(tokens, i)
			if err := w.bracket(tokens[i:end+1], i > 0 && isOperand(tokens[i-1])); err != nil {
				return err
			}
			i = end
		case t.text == ":=":
			return unsupported(t, "an assignment inside an expression (:=)")
		case t.text == "**" && i > 0 && isOperand(tokens[i-1]):
			return unsupported(t, "a power (**)")
		case t.text == "...":
			w.write("None")
		default:
			w.write(t.text)
		}
	}
	return nil
}

// isOperand is true of a token that ends a value.
func isOperand(t token) bool {
	switch t.kind {
	case numberToken, stringToken:
		return true
	case nameToken:
		switch t.text {
		case "in", "not", "and", "or", "if", "else", "return", "lambda", "is", "for", "await":
			return false
		}
		return true
	}
	return nesting(t) < 0
}

// strings writes adjacent literals as the one string that they are.
func (w *rewriter) strings(run []token) error {
	var parts []part
	for _, t := range run {
		if t.opaque != "" {
			w.write(fnUnknown, "(", syntax.Quote(t.opaque, false), ")")
			return nil
		}
		parts = append(parts, t.parts...)
	}
	plain := true
	var all strings.Builder
	for _, p := range parts {
		plain = plain && p.expr == nil
		all.WriteString(p.text)
	}
	if plain {
		w.write(syntax.Quote(all.String(), false))
		return nil
	}
	w.open(fnText, "(")
	for _, p := range parts {
		if p.expr == nil {
			w.write(syntax.Quote(p.text, false))
		} else {
			w.write("(")
			if err := w.expr(p.expr); err != nil {
				return err
			}
			w.write(")")
		}
		w.write(",")
	}
	w.closing(")")
	return nil
}

// bracket writes what stands in a pair of brackets, and the brackets.
func (w *rewriter) bracket(tokens []token, behindOperand bool) error {
	opening, inner := tokens[0], tokens[1:len(tokens)-1]
	switch {
	case opening.is("{") && unpacks(inner, "**"):
		return w.unpack(inner, "**", fnMerge, "{", "}")
	case opening.is("[") && !behindOperand && unpacks(inner, "*"):
		return w.unpack(inner, "*", fnConcat, "[", "]")
	case opening.is("(") && find(inner, "for") > 0: // a generator, as a list
		w.open("(", "[")
		if err := w.expr(inner); err != nil {
			return err
		}
		w.closing("] )")
		return nil
	}
	w.open(opening.text)
	if err := w.expr(inner); err != nil {
		return err
	}
	w.goTo(tokens[len(tokens)-1].line)
	w.closing(tokens[len(tokens)-1].text)
	return nil
}

func unpacks(inner []token, star string) bool {
	for _, entry := range split(inner, ",") {
		if len(entry) > 0 && entry[0].is(star) {
			return true
		}
	}
	return false
}

// unpack writes {"a": 1, **b} as function({"a": 1}, b).
func (w *rewriter) unpack(inner []token, star, function, opening, closing string) error {
	w.open(function, "(")
	for _, entry := range split(inner, ",") {
		if len(entry) == 0 {
			continue
		}
		w.goTo(entry[0].line)
		starred := entry[0].is(star)
		if starred {
			entry = entry[1:]
		} else {
			w.open(opening)
		}
		if err := w.expr(entry); err != nil {
			return err
		}
		if !starred {
			w.closing(closing)
		}
		w.write(",")
	}
	w.closing(")")
	return nil
}
