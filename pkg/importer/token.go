package importer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	nameToken tokenKind = iota // also keywords
	numberToken
	stringToken
	operatorToken
)

// token is one of Python's tokens ("Lexical analysis" in its reference).
type token struct {
	kind tokenKind
	text string // as it was written; of strings the quoted text without its prefix and quotes
	line int
	// of strings:
	parts  []part
	opaque string // what it is, where it has no value for us
}

// part is a piece of a string: text, or what an f-string has in braces.
type part struct {
	text string
	expr []token
}

func (t token) is(text string) bool {
	return t.text == text && t.kind != stringToken
}

// logicalLine is one statement, or the head of a compound one with what follows on its line.
type logicalLine struct {
	level  int // of indentation, from 0
	tokens []token
}

const maxBrackets = 100 // nesting

// operators of more than one character, the longest first.
var operators = []string{"**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", "+=", "-=", "*=",
	"/=", "%=", "&=", "|=", "^=", "@=", ":="}

// lexer cuts Python text into tokens.
type lexer struct {
	src   string
	pos   int
	line  int
	depth int // of brackets
}

// lines cuts a file into logical lines.
func lines(src string) ([]logicalLine, error) {
	x := &lexer{src: src, line: 1}
	indents := []int{0}
	var all []logicalLine
	for x.pos < len(x.src) {
		width := x.indentation()
		tokens, err := x.logical()
		if err != nil {
			return nil, err
		}
		if len(tokens) == 0 {
			continue // an empty line or a comment
		}
		outer := len(indents)
		for width < indents[outer-1] { // the first is 0
			outer--
		}
		switch {
		case outer == len(indents) && width > indents[outer-1]:
			indents = append(indents, width)
		case width == indents[outer-1]:
			indents = indents[:outer]
		default:
			return nil, syntaxErrorf(tokens[0].line, "is indented like no block around it")
		}
		if len(indents) > maxBrackets {
			return nil, syntaxErrorf(tokens[0].line, "is indented too deep; at most %d blocks are read", maxBrackets)
		}
		all = append(all, logicalLine{level: len(indents) - 1, tokens: tokens})
	}
	return all, nil
}

// indentation reads the white space at the beginning of a line; a tab goes to the next multiple of 8.
func (x *lexer) indentation() int {
	width := 0
	for ; x.pos < len(x.src); x.pos++ {
		switch x.src[x.pos] {
		case ' ':
			width++
		case '\t':
			width = width/8*8 + 8
		case '\f':
			width = 0
		default:
			return width
		}
	}
	return width
}

// logical reads tokens to the end of the logical line.
func (x *lexer) logical() ([]token, error) {
	var tokens []token
	for x.pos < len(x.src) {
		switch c := x.src[x.pos]; {
		case c == '\n':
			x.pos++
			x.line++
			if x.depth == 0 {
				return tokens, nil
			}
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			x.pos++
		case c == '#':
			x.comment()
		case c == '\\' && strings.HasPrefix(strings.TrimPrefix(x.src[x.pos+1:], "\r"), "\n"):
			x.pos += 1 + strings.IndexByte(x.src[x.pos+1:], '\n') + 1
			x.line++
		default:
			t, err := x.token()
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, t)
		}
	}
	if x.depth > 0 {
		return nil, syntaxErrorf(x.line, "ends inside brackets")
	}
	return tokens, nil
}

func (x *lexer) comment() {
	if end := strings.IndexByte(x.src[x.pos:], '\n'); end >= 0 {
		x.pos += end
	} else {
		x.pos = len(x.src)
	}
}

func (x *lexer) token() (token, error) {
	rest := x.src[x.pos:]
	if prefix, ok := stringPrefix(rest); ok {
		return x.stringToken(prefix)
	}
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case isNameStart(r):
		return x.take(nameToken, len(rest)-len(strings.TrimLeftFunc(rest, isNamePart))), nil
	case isDigit(rest[0]) || rest[0] == '.' && len(rest) > 1 && isDigit(rest[1]):
		return x.take(numberToken, numberLength(rest)), nil
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			return x.take(operatorToken, len(op)), nil
		}
	}
	switch rest[0] {
	case '(', '[', '{':
		if x.depth++; x.depth > maxBrackets {
			return token{}, syntaxErrorf(x.line, "nests brackets too deep; at most %d are read", maxBrackets)
		}
	case ')', ']', '}':
		if x.depth--; x.depth < 0 {
			return token{}, syntaxErrorf(x.line, "closes a bracket that is not open")
		}
	case '+', '-', '*', '/', '%', '@', '&', '|', '^', '~', '<', '>', ':', '=', ',', '.', ';':
	default:
		return token{}, syntaxErrorf(x.line, "holds %q, which is no Python", r)
	}
	return x.take(operatorToken, 1), nil
}

func (x *lexer) take(kind tokenKind, n int) token {
	t := token{kind: kind, text: x.src[x.pos : x.pos+n], line: x.line}
	x.pos += n
	return t
}

// numberLength is how much of s is a number: digits, letters and dots, and a sign behind the e of a decimal one.
func numberLength(s string) int {
	hex := strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c) || c == '_' || c == '.' || c|0x20 >= 'a' && c|0x20 <= 'z':
		case (c == '+' || c == '-') && s[i-1]|0x20 == 'e' && !hex:
		default:
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func isNamePart(r rune) bool { return isNameStart(r) || unicode.IsDigit(r) }
