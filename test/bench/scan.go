package main

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf8"
)

// bareScan is the leanest pass over a JSON text that still tells right from wrong: white space, strings with their escapes and UTF-8,
// numbers, literals, brackets that match. It keeps nothing but the open brackets, compares no names and lets half a surrogate pair pass,
// so whoever must find values, refuse duplicate names and write something has more to do. Strings it reads byte by byte, as most do, or by
// words: 8 bytes at a time.
func bareScan(b []byte, open []byte, words bool) error {
	i, value := 0, true // a value must come, else what follows one
	for {
		for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
			i++
		}
		if i == len(b) {
			if value || len(open) > 0 {
				return errBareScan
			}
			return nil
		}
		c := b[i]
		if !value {
			switch {
			case len(open) == 0:
				return errBareScan
			case c == ',' && open[len(open)-1] == '}':
				if i = scanName(b, skipSpace(b, i+1), words); i < 0 {
					return errBareScan
				}
				value = true
			case c == ',':
				i, value = i+1, true
			case c == open[len(open)-1]:
				i, open = i+1, open[:len(open)-1]
			default:
				return errBareScan
			}
			continue
		}
		value = false
		switch {
		case c == '"':
			i = scanString(b, i+1, words)
		case c == '-' || c >= '0' && c <= '9':
			i = scanNumber(b, i)
		case c == '{' || c == '[':
			open = append(open, c+2) // in ASCII each closing bracket is two after its opening one
			i = skipSpace(b, i+1)
			switch {
			case i < len(b) && b[i] == c+2:
				i, open = i+1, open[:len(open)-1]
			case c == '{':
				i, value = scanName(b, i, words), true
			default:
				value = true
			}
		case c == 't' && i+4 <= len(b) && string(b[i:i+4]) == "true", c == 'n' && i+4 <= len(b) && string(b[i:i+4]) == "null":
			i += 4
		case c == 'f' && i+5 <= len(b) && string(b[i:i+5]) == "false":
			i += 5
		default:
			return errBareScan
		}
		if i < 0 {
			return errBareScan
		}
	}
}

var errBareScan = errors.New("no JSON text")

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// scanName returns where the value after a member's name may begin; -1 as everywhere here: none.
func scanName(b []byte, i int, words bool) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	if i = scanString(b, i+1, words); i < 0 {
		return -1
	}
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return -1
	}
	return i + 1
}

func scanString(b []byte, i int, words bool) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for {
		for words && i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			stop := (x | ((x ^ ones*2) - ones*('"'-1)) | ((x ^ ones*'\\') - ones)) & highs
			if stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i+1 >= len(b) {
				return -1
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				for k := i + 2; k < i+6; k++ {
					if k >= len(b) || !isHex(b[k]) {
						return -1
					}
				}
				i += 6
			default:
				return -1
			}
		case c < ' ':
			return -1
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return -1
			}
			i += n
		}
	}
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func scanNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return -1
	case b[i] == '0':
		i++
	default:
		if i = scanDigits(b, i); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i] == '.' {
		if i = scanDigits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = scanDigits(b, i)
	}
	return i
}

func scanDigits(b []byte, i int) int {
	from := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == from {
		return -1
	}
	return i
}
