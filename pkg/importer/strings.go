package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// stringPrefix is the lower-case prefix of the string literal that s begins with, if it does.
func stringPrefix(s string) (string, bool) {
	for i := 0; i < len(s) && i <= 2; i++ {
		if s[i] == '"' || s[i] == '\'' {
			switch p := strings.ToLower(s[:i]); p {
			case "", "r", "u", "f", "fr", "rf", "b", "br", "rb":
				return p, true
			}
			return "", false
		}
	}
	return "", false
}

// stringToken reads a string literal.
func (x *lexer) stringToken(prefix string) (token, error) {
	t := token{kind: stringToken, line: x.line}
	x.pos += len(prefix)
	quote := x.src[x.pos : x.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(x.src[x.pos:], triple) {
		quote = triple
	}
	x.pos += len(quote)
	start := x.pos
	for !strings.HasPrefix(x.src[x.pos:], quote) {
		if x.pos >= len(x.src) || len(quote) == 1 && x.src[x.pos] == '\n' {
			return token{}, syntaxErrorf(t.line, "holds a string that is not closed")
		}
		if x.src[x.pos] == '\\' && x.pos+1 < len(x.src) {
			x.pos++
		}
		if x.src[x.pos] == '\n' {
			x.line++
		}
		x.pos++
	}
	t.text = x.src[start:x.pos]
	x.pos += len(quote)

	switch {
	case strings.Contains(prefix, "b"):
		t.opaque = "bytes"
		return t, nil
	case strings.Contains(prefix, "f"):
		return x.formatted(t, strings.Contains(prefix, "r"))
	}
	text, err := unescape(t.text, strings.Contains(prefix, "r"), t.line)
	t.parts = []part{{text: text}}
	return t, err
}

// formatted takes an f-string apart.
func (x *lexer) formatted(t token, raw bool) (token, error) {
	var literal strings.Builder
	flush := func() error {
		text, err := unescape(literal.String(), raw, t.line)
		literal.Reset()
		if text != "" {
			t.parts = append(t.parts, part{text: text})
		}
		return err
	}
	for s := t.text; s != ""; {
		switch {
		case strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "}}"):
			literal.WriteByte(s[0])
			s = s[2:]
		case s[0] == '{':
			if err := flush(); err != nil {
				return token{}, err
			}
			inner := &lexer{src: s, pos: 1, line: t.line, depth: x.depth + 1}
			expr, err := inner.braces()
			if err != nil {
				return token{}, err
			}
			if strings.HasPrefix(s[inner.pos:], "!s}") { // str(), which it is anyway
				inner.pos += 2
			}
			if inner.pos == len(s) || s[inner.pos] != '}' {
				t.opaque = "an f-string with a conversion or a format"
				return t, nil
			}
			t.parts = append(t.parts, part{expr: expr})
			s = s[inner.pos+1:]
		default:
			literal.WriteByte(s[0])
			s = s[1:]
		}
	}
	return t, flush()
}

// braces reads the expression of an f-string up to the brace, the colon, the ! or the = that ends it.
func (x *lexer) braces() ([]token, error) {
	outside := x.depth
	var expr []token
	for x.pos < len(x.src) {
		c := x.src[x.pos]
		if x.depth == outside && (c == '}' || c == ':' || strings.IndexByte("!=", c) >= 0 && !strings.HasPrefix(x.src[x.pos+1:], "=")) {
			break
		}
		if c == '\n' {
			x.line++
		}
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			x.pos++
			continue
		}
		t, err := x.token()
		if err != nil {
			return nil, err
		}
		expr = append(expr, t)
	}
	if len(expr) == 0 {
		return nil, syntaxErrorf(x.line, "holds an f-string with nothing in its braces")
	}
	return expr, nil
}

// unescape gives the value of a literal's text.
func unescape(s string, raw bool, line int) (string, error) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if raw || !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for s != "" {
		if s[0] != '\\' || len(s) == 1 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		c := s[1]
		s = s[2:]
		switch i := strings.IndexByte(`\'"abfnrtv`, c); {
		case i >= 0:
			b.WriteByte("\\'\"\a\b\f\n\r\t\v"[i])
		case c == '\n':
		case c >= '0' && c <= '7':
			digits := string(c)
			for len(digits) < 3 && s != "" && s[0] >= '0' && s[0] <= '7' {
				digits, s = digits+s[:1], s[1:]
			}
			n, _ := strconv.ParseUint(digits, 8, 32)
			b.WriteRune(rune(n))
		case c == 'x' || c == 'u' || c == 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			if len(s) < n {
				return "", syntaxErrorf(line, `holds a \%c without its %d digits`, c, n)
			}
			r, err := strconv.ParseUint(s[:n], 16, 32)
			if err != nil || !utf8.ValidRune(rune(r)) {
				return "", syntaxErrorf(line, `holds \%c%s, which is no character`, c, s[:n])
			}
			b.WriteRune(rune(r))
			s = s[n:]
		case c == 'N':
			return "", syntaxErrorf(line, `names a character with \N{…}; write the character itself`)
		default: // Python keeps the backslash of what is no escape
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
