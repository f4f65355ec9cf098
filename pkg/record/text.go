package record

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// integerText reports whether the number has neither fraction nor exponent.
func integerText(number []byte) bool {
	for _, c := range number {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

// room is how many bytes are copied for a text that is no longer.
const room = 32

// copyRoom copies that many from the front of src. In two moves, each of which is one instruction, it is twice as fast as copying exactly
// so many bytes as a text has.
func copyRoom(dst, src []byte) {
	*(*[room / 2]byte)(dst) = *(*[room / 2]byte)(src)
	*(*[room / 2]byte)(dst[room/2:]) = *(*[room / 2]byte)(src[room/2:])
}

// appendShort appends src[from:to]. Where there is room it copies some of what follows too, which then stands behind the result in dst's
// capacity.
func appendShort(dst, src []byte, from, to int) []byte {
	at := len(dst)
	if to-from > room || from+room > len(src) || at+room > cap(dst) {
		return append(dst, src[from:to]...)
	}
	copyRoom(dst[at:at+room], src[from:from+room])
	return dst[:at+to-from]
}

// AppendSized appends what [Value.AppendText] would, behind its length in bytes: shifted to the left by shift, an unsigned varint of
// encoding/binary. What dst's capacity holds behind the result is undefined.
func AppendSized(dst []byte, v Value, shift int) []byte {
	n := v.node()
	from, to := int(n.off), int(n.end)
	if n.kind() == String {
		from, to = from+1, to-1
	}
	if n.mark&flagEscaped != 0 {
		return appendSizedText(dst, v.tape.page[from:to], shift)
	}
	return appendShort(appendLength(dst, (to-from)<<shift), v.tape.page, from, to)
}

// appendSizedText appends the text of a string with escapes.
func appendSizedText(dst, src []byte, shift int) []byte {
	var buf [256]byte
	text := appendUnescaped(buf[:0], src)
	return append(appendLength(dst, len(text)<<shift), text...)
}

// appendUnescaped appends the text of a JSON string's inside, which a tokeniser has validated.
func appendUnescaped(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '\\')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		c := src[i+1]
		src = src[i+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(src)
			src = src[4:]
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if surrogateEscape(src) {
					low = hex4(src[2:])
				}
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r, src = pair, src[6:]
				}
			}
			dst = utf8.AppendRune(dst, r) // half a pair becomes U+FFFD; Parse has reported it
		default:
			dst = append(dst, c)
		}
	}
}

// hex4 reads four hexadecimal digits, -1 where they are none.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// surrogateEscape reports whether b begins with the escape of half a surrogate pair.
func surrogateEscape(b []byte) bool {
	return len(b) >= 6 && b[0] == '\\' && b[1] == 'u' && utf16.IsSurrogate(hex4(b[2:]))
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends text as a JSON string with as few escapes as can be: RFC 8785, section 3.2.2.2.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, text[from:]...), '"')
}
