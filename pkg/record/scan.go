package record

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

func isSpace(c byte) bool { return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t') }

// What scans a token returns where it ends, or the complement of where it is wrong.

// literal scans one of the three literals.
func literal(b []byte, i int, text string) int {
	if len(b)-i >= len(text) && string(b[i:i+len(text)]) == text {
		return i + len(text)
	}
	for k := range len(text) {
		if i+k == len(b) || b[i+k] != text[k] {
			return ^(i + k)
		}
	}
	return ^i
}

// number scans a number that begins with a digit or a minus.
func number(b []byte, i int) (end int, flags mark) {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = digits(b, i); i < 0 {
		return i, 0
	}
	flags = flagInteger
	if i < len(b) && b[i] == '.' {
		flags = 0
		if i = digits(b, i+1); i < 0 {
			return i, 0
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		flags = 0
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = digits(b, i)
	}
	return i, flags
}

// digits scans at least one.
func digits(b []byte, i int) int {
	from := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == from {
		return ^i
	}
	return i
}

// text scans what is left of a string at i, 8 bytes at a time while they are plain ASCII.
func (t *Tape) text(i int) (end int, flags mark) {
	b := t.page
	for i < len(b) {
		if i+8 <= len(b) {
			stop := special(load(b, i))
			if stop == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(stop) >> 3
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, flags
		case c == '\\':
			flags = flagEscaped
			if i = t.escape(i); i < 0 {
				return i, 0
			}
		case c < ' ':
			return ^i, 0
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return ^i, 0
			}
			i += n
		}
	}
	return ^i, 0
}

// escape scans an escape, or the two of a surrogate pair. Of half a pair it takes note.
func (t *Tape) escape(i int) int {
	b := t.page[i:]
	if len(b) < 2 {
		return ^i
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		r := hex4(b[2:])
		switch {
		case r < 0:
			return ^i
		case !utf16.IsSurrogate(r):
			return i + 6
		case surrogateEscape(b[6:]) && utf16.DecodeRune(r, hex4(b[8:])) != utf8.RuneError:
			return i + 12
		}
		t.lone = min(t.lone, i)
		return i + 6
	}
	return ^i
}
