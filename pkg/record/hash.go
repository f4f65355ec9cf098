package record

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"
)

// Hasher computes content hashes. The zero value is ready. It remembers the shapes that it has met, so that their records are hashed
// without sorting and without allocating. It is not for concurrent use.
//
// What is hashed is an injective encoding of the content, by XXH3-128 with seed 0:
//
//	null, false, true   'n', 'f', 't'
//	number              '#', length, the digits as the source wrote them
//	string              '"', length, the UTF-8 text without escapes
//	array               '[', number of elements, the elements
//	object              '{', number of members that aren't null, and of each: length of its name, the name, the value;
//	                    in the order of the names' bytes
//
// Lengths and numbers are unsigned varints of encoding/binary. So the order of members, white space and escapes make no difference,
// nor does null against absent; 1, 1.0 and "1" do.
type Hasher struct {
	era    uint64              // of the last record's shapes
	orders []*order            // of the shapes of that era: its last prefix's
	eras   map[uint64][]*order // the other ones
	size   int                 // bytes in all of these
	spare  []*order            // for shapes that are not remembered
	buf    []byte
}

// An order is what a Hasher knows of a shape.
type order struct {
	names   []byte   // as they are hashed
	members []member // in the order of their names
}

// A member is the i-th in source order, with its name at from in order.names and, if it fits, here.
type member struct {
	i, from, to uint32
	name        [room]byte
}

// maxOrders bounds what a Hasher remembers, in bytes.
const maxOrders = 4 << 20

// Sum returns the content hash of v.
func (h *Hasher) Sum(v Value) [16]byte {
	h.buf = h.buf[:0]
	if v.IsValid() {
		if era := v.tape.shapes.era; era != h.era {
			h.enter(era)
		}
		h.buf = h.append(h.buf, v)
	}
	return xxh3.Hash128(h.buf).Bytes()
}

// enter turns to the shapes of another era.
func (h *Hasher) enter(era uint64) {
	if h.size > maxOrders || h.eras == nil {
		h.eras, h.orders, h.size = map[uint64][]*order{}, nil, 0
	}
	if h.orders != nil {
		h.eras[h.era] = h.orders
	}
	orders, known := h.eras[era]
	if h.era, h.orders = era, orders; !known {
		h.size += 64 // about, for the entry
	}
}

func (h *Hasher) append(dst []byte, v Value) []byte {
	switch n := v.node(); n.kind() {
	case Array:
		dst = appendLength(append(dst, '['), v.Len())
		c := v.Cursor()
		for e, ok := c.Element(); ok; e, ok = c.Element() {
			dst = h.append(dst, e)
		}
		return dst
	case Object:
		in := v.block()
		if int(in.shape) < len(h.orders) && h.orders[in.shape] != nil {
			return h.appendObject(dst, v.tape, in, h.orders[in.shape])
		}
		return h.appendStrange(dst, v)
	default:
		return appendScalar(dst, v.tape.page, n)
	}
}

func appendScalar(dst, page []byte, n *node) []byte {
	from, to := int(n.off), int(n.end)
	switch n.mark {
	case mark(String):
		return appendShort(appendLength(append(dst, '"'), to-from-2), page, from+1, to-1)
	case mark(String) | flagEscaped:
		return appendSizedText(append(dst, '"'), page[from+1:to-1], 0)
	case mark(Number), mark(Number) | flagInteger:
		return appendShort(appendLength(append(dst, '#'), to-from), page, from, to)
	case mark(Null):
		return append(dst, 'n')
	case mark(False):
		return append(dst, 'f')
	}
	return append(dst, 't')
}

// appendStrange appends an object of a shape that is not known, and remembers the shape if it is likely to come again.
func (h *Hasher) appendStrange(dst []byte, v Value) []byte {
	in := v.block()
	if in.shape >= maxPrefixes || h.size > maxOrders {
		o := &order{}
		if n := len(h.spare); n > 0 {
			o, h.spare = h.spare[n-1], h.spare[:n-1]
		}
		o.learn(v)
		dst = h.appendObject(dst, v.tape, in, o)
		h.spare = append(h.spare, o)
		return dst
	}
	o := &order{}
	o.learn(v)
	for len(h.orders) <= int(in.shape) {
		h.orders = append(h.orders, nil)
		h.size += 8
	}
	h.orders[in.shape] = o
	h.size += cap(o.names) + cap(o.members)*(12+room)
	return h.appendObject(dst, v.tape, in, o)
}

func (h *Hasher) appendObject(dst []byte, t *Tape, in *block, o *order) []byte {
	values, present := t.nodes[in.first:in.first+in.count], 0
	for i := range values {
		if values[i].kind() != Null {
			present++
		}
	}
	dst = appendLength(append(dst, '{'), present)
	for i := range o.members {
		m := &o.members[i]
		n := &values[m.i]
		size, from, to, at := int(m.to-m.from), int(n.off), int(n.end), len(dst)
		tag := byte(0)
		switch n.mark {
		case mark(Null):
			continue
		case mark(String):
			tag, from, to = '"', from+1, to-1
		case mark(Number), mark(Number) | flagInteger:
			tag = '#'
		}
		if tag != 0 && size <= room && to-from <= room && from+room <= len(t.page) && at+3*room <= cap(dst) { // name and value in one
			w := dst[at : at+3*room]
			copyRoom(w, m.name[:])
			w = w[size:]
			w[0], w[1] = tag, byte(to-from)
			copyRoom(w[2:], t.page[from:from+room])
			dst = dst[:at+size+2+to-from]
			continue
		}
		dst = append(dst, o.names[m.from:m.to]...)
		if n.kind() < Object {
			dst = appendScalar(dst, t.page, n)
			continue
		}
		dst = h.append(dst, Value{tape: t, at: in.first + m.i})
	}
	return dst
}

// learn makes it the order of an object's members.
func (o *order) learn(v Value) {
	o.names, o.members = o.names[:0], o.members[:0]
	for name := range v.Members() {
		m := member{i: uint32(len(o.members)), from: uint32(len(o.names))}
		if text, plain := name.Text(); plain {
			o.names = append(appendLength(o.names, len(text)), text...)
		} else {
			o.names = appendSizedText(o.names, text, 0)
		}
		m.to = uint32(len(o.names))
		copy(m.name[:], o.names[m.from:])
		o.members = append(o.members, m)
	}
	slices.SortFunc(o.members, func(a, b member) int { return bytes.Compare(o.name(a), o.name(b)) })
}

// name returns a member's name.
func (o *order) name(m member) []byte {
	b := o.names[m.from:m.to]
	_, n := binary.Uvarint(b)
	return b[n:]
}

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.AppendUvarint(dst, uint64(n))
}
