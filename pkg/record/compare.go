package record

import (
	"bytes"
	"cmp"
)

// Compare orders two numbers by their exact value, whatever their size and notation, two strings by the bytes of their text (so
// timestamps of one form and one offset by time), and false before true. Other pairs have no order: ok is false.
func Compare(a, b Value) (order int, ok bool) {
	switch j, k := a.Kind(), b.Kind(); {
	case j == Number && k == Number:
		if x, err := a.Int64(); err == nil {
			if y, err := b.Int64(); err == nil {
				return cmp.Compare(x, y), true
			}
		}
		return decimalOf(a.Raw()).compare(decimalOf(b.Raw())), true
	case j == String && k == String:
		s, plain := a.Text()
		if !plain {
			s = a.AppendText(nil)
		}
		t, plain := b.Text()
		if !plain {
			t = b.AppendText(nil)
		}
		return bytes.Compare(s, t), true
	case (j == True || j == False) && (k == True || k == False):
		return cmp.Compare(j, k), true
	}
	return 0, false
}

// decimal is a number as 0.DIGITS times ten to the power of exponent; the first of the digits is not 0, nor the last. Zero has none.
type decimal struct {
	negative bool
	whole    []byte
	fraction []byte // the digits are those of whole and then of fraction
	exponent int64
}

// decimalOf reads a number, a JSON text. It works on the digits, so that a large exponent costs nothing.
func decimalOf(text []byte) (d decimal) {
	if d.negative = text[0] == '-'; d.negative {
		text = text[1:]
	}
	d.whole = text
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		d.whole, d.exponent = text[:i], saturated(text[i+1:])
	}
	if i := bytes.IndexByte(d.whole, '.'); i >= 0 {
		d.whole, d.fraction = d.whole[:i], bytes.TrimRight(d.whole[i+1:], "0")
	}
	d.exponent += int64(len(d.whole))
	if cut := bytes.TrimLeft(d.whole, "0"); len(cut) < len(d.whole) {
		d.exponent -= int64(len(d.whole) - len(cut))
		d.whole = cut
	}
	if len(d.whole) == 0 {
		cut := bytes.TrimLeft(d.fraction, "0")
		d.exponent -= int64(len(d.fraction) - len(cut))
		d.fraction = cut
	}
	if len(d.fraction) == 0 {
		d.whole = bytes.TrimRight(d.whole, "0")
	}
	if d.digits() == 0 {
		return decimal{}
	}
	return d
}

func (d decimal) digits() int { return len(d.whole) + len(d.fraction) }

func (d decimal) digit(i int) byte {
	if i < len(d.whole) {
		return d.whole[i]
	}
	return d.fraction[i-len(d.whole)]
}

func (d decimal) sign() int {
	switch {
	case d.digits() == 0:
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) compare(e decimal) int {
	s := d.sign()
	if c := cmp.Compare(s, e.sign()); c != 0 || s == 0 {
		return c
	}
	if c := cmp.Compare(d.exponent, e.exponent); c != 0 {
		return s * c
	}
	for i := range min(d.digits(), e.digits()) {
		if c := cmp.Compare(d.digit(i), e.digit(i)); c != 0 {
			return s * c
		}
	}
	return s * cmp.Compare(d.digits(), e.digits())
}
