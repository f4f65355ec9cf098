package schema

import (
	"bytes"
	"math/big"
	"strconv"
	"time"
)

// parseDate reads a full-date of RFC 3339 as days since 1970-01-01 (Avro's logical type date).
func parseDate(text []byte) (int64, bool) {
	if len(text) != 10 {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return 0, false
	}
	return t.Unix() / 86400, true // whole days: exact before 1970 too
}

// parseTimestamp reads a date-time of RFC 3339 in UTC, with no digit finer than milliseconds, as milliseconds since the epoch. Another
// offset would be lost, a missing one guessed, finer digits cut. time.Parse takes more than the RFC: hours of one digit, a comma, and
// any digits after the ninth, which it drops.
func parseTimestamp(text []byte) (int64, bool) {
	const hour, fraction = len("2006-01-02T"), len("2006-01-02T15:04:05.")
	if len(text) < fraction || len(text) > 40 || text[hour+2] != ':' {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	_, offset := t.Zone()
	if err != nil || offset != 0 || text[fraction-1] == ',' {
		return 0, false
	}
	if text[fraction-1] == '.' {
		for i, c := range text[fraction:] {
			if c-'0' > 9 {
				break
			}
			if i >= 3 && c != '0' {
				return 0, false
			}
		}
	}
	return t.UnixMilli(), true
}

// isUUID checks the textual form of RFC 4122.
func isUUID(text []byte) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range text {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if c-'0' > 9 && c|0x20-'a' > 5 {
				return false
			}
		}
	}
	return true
}

// maxExponent bounds how far a decimal's point may move.
const maxExponent = 1000

// splitDecimal takes a JSON number's text apart: the digits without leading and trailing zeros, and the power of ten of the last.
func splitDecimal(text []byte) (negative bool, digits []byte, power int, ok bool) {
	if len(text) > 0 && text[0] == '-' {
		negative, text = true, text[1:]
	}
	if len(text) == 0 || text[0]-'0' > 9 || len(text) > 1 && text[0] == '0' && text[1]-'0' <= 9 {
		return false, nil, 0, false
	}
	mantissa := text
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(string(text[i+1:]))
		if err != nil || e > maxExponent || e < -maxExponent {
			return false, nil, 0, false
		}
		mantissa, power = text[:i], e
	}
	whole, fraction, point := bytes.Cut(mantissa, []byte("."))
	if len(whole) == 0 || point && len(fraction) == 0 {
		return false, nil, 0, false
	}
	digits = append(append(make([]byte, 0, len(mantissa)), whole...), fraction...)
	power -= len(fraction)
	for _, c := range digits {
		if c-'0' > 9 {
			return false, nil, 0, false
		}
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits, power = digits[:len(digits)-1], power+1
	}
	digits = bytes.TrimLeft(digits, "0")
	if len(digits) == 0 {
		power = 0
	}
	return negative, digits, power, true
}

// digitsOf counts the digits of a number before and after its point; false where text is no number of JSON.
func digitsOf(text []byte) (decimalDigits, bool) {
	_, digits, power, ok := splitDecimal(text)
	if !ok {
		return decimalDigits{before: 1 << 20}, false
	}
	return decimalDigits{before: max(len(digits)+power, 0), after: max(-power, 0)}, true
}

// decimal converts a number's text to the unscaled value of a decimal(precision, scale), exactly or not at all, as big-endian
// two's complement (Avro specification, "Decimal").
func decimal(text []byte, precision, scale int) ([]byte, bool) {
	negative, digits, power, ok := splitDecimal(text)
	if !ok || -power > scale || len(digits)+power > precision-scale {
		return nil, false
	}
	n := new(big.Int)
	if len(digits) > 0 {
		n.SetString(string(digits), 10)
		n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(power+scale)), nil))
	}
	if !negative || n.Sign() == 0 {
		b := n.Bytes()
		if len(b) == 0 || b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		return b, true
	}
	// Two's complement of -n in as many bytes as it needs.
	size := (new(big.Int).Sub(n, big.NewInt(1)).BitLen() + 8) / 8
	n.Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*size)), n)
	b := n.Bytes()
	for len(b) < size {
		b = append([]byte{0}, b...)
	}
	return b, true
}
