package record

import (
	"bytes"
	"math"
)

// MaxKey is the most bytes a key may have.
const MaxKey = 1024

// AppendKey appends the key that the values of a record's primary key make. Of one value it is the text itself: a string's
// contents, an integral number in plain decimal, whichever way it was written (1, 1.0 and 1e0 are one key, -0 is 0). Several
// make a JSON array in the form of RFC 8785, except that an integer of any size keeps all its digits, where the RFC would round
// what a double cannot hold and make one key of two.
//
// Null, boolean, fractional, object, array and missing (zero) values are refused, as are empty strings and keys over [MaxKey]
// bytes. The error is a [*KeyError]; dst then comes back as it was.
func AppendKey(dst []byte, vals []Value) ([]byte, error) {
	out := dst
	if len(vals) != 1 {
		out = append(out, '[')
	}
	for i, v := range vals {
		if i > 0 {
			out = append(out, ',')
		}
		var why string
		if out, why = appendKeyPart(out, v, len(vals) == 1); why == "" && len(out)-len(dst) > MaxKey {
			why = tooLong
		}
		if why != "" {
			return dst, &KeyError{Index: i, Why: why}
		}
	}
	if len(vals) != 1 {
		out = append(out, ']')
		if len(out)-len(dst) > MaxKey || len(vals) == 0 {
			return dst, &KeyError{Index: len(vals) - 1, Why: tooLong}
		}
	}
	return out, nil
}

const tooLong = "makes the key longer than 1024 bytes"

func appendKeyPart(dst []byte, v Value, alone bool) (out []byte, why string) {
	switch v.Kind() {
	case Invalid:
		return dst, "is missing"
	case Null:
		return dst, "is null"
	case False, True:
		return dst, "is a boolean"
	case Object:
		return dst, "is an object"
	case Array:
		return dst, "is an array"
	case Number:
		if raw := v.Raw(); v.IsIntegerText() && len(raw) <= MaxKey && raw[0] != '-' { // it is in plain decimal
			return append(dst, raw...), ""
		}
		return appendIntegral(dst, v.Raw())
	}
	raw := v.Raw()
	switch {
	case len(raw) == 2:
		return dst, "is empty"
	case len(raw) > 2+6*MaxKey: // an escape is 6 bytes at most for one of text
		return dst, tooLong
	case alone:
		return v.AppendText(dst), ""
	}
	return appendString(dst, raw, v.node().mark&flagEscaped != 0), ""
}

// appendIntegral appends the number, a JSON text, in plain decimal. It works on the digits: no number is too large or has too
// many of them for it, and a large exponent costs nothing.
func appendIntegral(dst, text []byte) (out []byte, why string) {
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	whole, fraction, exponent := text, []byte(nil), int64(0)
	if i := bytes.IndexAny(whole, "eE"); i >= 0 {
		whole, exponent = whole[:i], saturated(whole[i+1:])
	}
	if i := bytes.IndexByte(whole, '.'); i >= 0 {
		whole, fraction = whole[:i], whole[i+1:]
	}
	// The value is the digits of whole and fraction, times ten to the power of exponent - len(fraction). Cut zeros at both ends.
	exponent -= int64(len(fraction))
	cut := bytes.TrimRight(fraction, "0")
	exponent += int64(len(fraction) - len(cut))
	if fraction = cut; len(fraction) == 0 {
		cut = bytes.TrimRight(whole, "0")
		exponent += int64(len(whole) - len(cut))
		whole = cut
	}
	if whole = bytes.TrimLeft(whole, "0"); len(whole) == 0 {
		fraction = bytes.TrimLeft(fraction, "0")
	}
	n := int64(len(whole) + len(fraction))
	switch {
	case n == 0:
		return append(dst, '0'), ""
	case exponent < 0:
		return dst, "is fractional"
	case n+exponent > MaxKey:
		return dst, tooLong
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(append(dst, whole...), fraction...)
	for range exponent {
		dst = append(dst, '0')
	}
	return dst, ""
}

// saturated reads an exponent; beyond what any page's digits could outweigh it stays at a limit.
func saturated(text []byte) int64 {
	const limit = math.MaxInt64 / 1024
	negative := text[0] == '-'
	if negative || text[0] == '+' {
		text = text[1:]
	}
	var n int64
	for _, c := range text {
		n = min(n*10+int64(c-'0'), limit)
	}
	if negative {
		return -n
	}
	return n
}
