package schema

import (
	"encoding/binary"
	"math"

	"producer/pkg/record"
)

// value writes a value that the type accepts.
func (e *Encoder) value(dst []byte, a *alt, v record.Value) ([]byte, error) {
	switch a.op {
	case opBoolean:
		if v.Kind() == record.True {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case opInt, opLong, opDate, opTimestamp:
		if v.Kind() == record.String {
			n, _ := timeOf(a.op, v)
			return appendLong(dst, n), nil
		}
		n, _ := v.Int64()
		return appendLong(dst, n), nil
	case opSeconds:
		if v.Kind() == record.String {
			n, _ := timeOf(a.op, v)
			return appendLong(dst, n), nil
		}
		n, _ := v.Int64()
		return appendLong(dst, 1000*n), nil
	case opFloat:
		f, _ := float(v)
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), nil
	case opDouble:
		f, _ := float(v)
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
	case opString, opUUID:
		return appendText(dst, v), nil
	case opJSON:
		return prefixed(dst, v, func(v record.Value, dst []byte) []byte { return record.AppendCompact(dst, v) }), nil
	case opDecimal:
		b, _ := decimal(v.AppendText(nil), a.typ.precision, a.typ.scale)
		return append(appendLong(dst, int64(len(b))), b...), nil
	case opEnum:
		return appendLong(dst, int64(symbol(a.typ, v))), nil
	case opArray:
		return e.array(dst, a.items, v)
	case opMap:
		return e.mapping(dst, a.items, v)
	case opRecord:
		return e.record(dst, a.record, v)
	}
	return dst, nil
}

func (e *Encoder) array(dst []byte, items *plan, v record.Value) (_ []byte, err error) {
	if n := v.Len(); n > 0 {
		dst = appendLong(dst, int64(n))
		i := 0
		c := v.Cursor()
		for el, ok := c.Element(); ok; el, ok = c.Element() {
			if dst, err = e.item(dst, items, el); err != nil {
				return dst, within(index(i), err)
			}
			i++
		}
	}
	return append(dst, 0), nil
}

// appendScalars writes an array whose elements are all null or of the only type of items, a string, a long or a double.
func appendScalars(dst []byte, items *plan, v record.Value) (_ []byte, ok bool) {
	if len(items.alts) != 1 {
		return dst, false
	}
	a := &items.alts[0]
	if n := v.Len(); n > 0 {
		dst = appendLong(dst, int64(n))
	}
	c := v.Cursor()
	for el, more := c.Element(); more; el, more = c.Element() {
		k := el.Kind()
		if k == record.Null && items.nullable {
			dst = appendLong(dst, items.null)
			continue
		}
		if items.union {
			dst = appendLong(dst, a.branch)
		}
		switch {
		case a.op == opString && k == record.String:
			dst = appendText(dst, el)
		case a.op == opLong && k == record.Number:
			n, err := el.Int64()
			if err != nil {
				return dst, false
			}
			dst = appendLong(dst, n)
		case a.op == opDouble && k == record.Number:
			f, ok := float(el)
			if !ok {
				return dst, false
			}
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
		default:
			return dst, false
		}
	}
	return append(dst, 0), true
}

func (e *Encoder) mapping(dst []byte, values *plan, v record.Value) (_ []byte, err error) {
	if n := v.Len(); n > 0 {
		dst = appendLong(dst, int64(n))
		c := v.Cursor()
		for name, m, ok := c.Member(); ok; name, m, ok = c.Member() {
			text := name.AppendText(nil)
			dst = append(appendLong(dst, int64(len(text))), text...)
			if dst, err = e.item(dst, values, m); err != nil {
				return dst, within(string(text), err)
			}
		}
	}
	return append(dst, 0), nil
}

// item writes an element that the plan accepts. What nothing but null takes is hollow.
func (e *Encoder) item(dst []byte, p *plan, v record.Value) ([]byte, error) {
	i := -1
	if v.Kind() != record.Null {
		i = p.find(v)
	}
	if i < 0 {
		if p.union {
			dst = appendLong(dst, p.null)
		}
		return dst, nil
	}
	a := &p.alts[i]
	if p.union {
		dst = appendLong(dst, a.branch)
	}
	return e.value(dst, a, v)
}

// appendText writes a value's text as a string.
func appendText(dst []byte, v record.Value) []byte {
	return record.AppendSized(dst, v, 1) // a length is never negative: its zigzag is twice of it
}

// prefixed appends what write appends, after its length: written behind room for the longest prefix, then moved.
func prefixed(dst []byte, v record.Value, write func(record.Value, []byte) []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, binary.MaxVarintLen64)...)
	dst = write(v, dst)
	n := len(dst) - at - binary.MaxVarintLen64
	var prefix [binary.MaxVarintLen64]byte
	p := appendLong(prefix[:0], int64(n))
	copy(dst[at:], p)
	copy(dst[at+len(p):], dst[at+binary.MaxVarintLen64:])
	return dst[:at+len(p)+n]
}

// appendLong writes Avro's variable-length zig-zag form.
func appendLong(dst []byte, n int64) []byte {
	u := uint64(n)<<1 ^ uint64(n>>63)
	for u >= 0x80 {
		dst = append(dst, byte(u)|0x80)
		u >>= 7
	}
	return append(dst, byte(u))
}
