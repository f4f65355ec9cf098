package record

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"
)

// Hasher computes content hashes. The zero value is ready. It remembers the shape of the last record, so that records of one
// shape are hashed without sorting and without allocating. It is not for concurrent use.
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
	root shape
	size int // bytes the shapes hold
	buf  []byte
}

// A shape is what a Hasher knows of the object that stood in one place of the last record.
type shape struct {
	last     Shape    // whose names those are
	names    []byte   // the raw names one after the other, as the source wrote them
	ends     []int    // where each ends in names
	encoded  []byte   // the names as they are hashed, in source order
	members  []member // in the order of their names
	children []*shape // of each member's value, if that is an object or an array
	items    *shape   // of an array's elements
}

// A member is one of a shape: the i-th in source order, with its name as it is hashed, at from in encoded and, if it fits, here.
type member struct {
	i, from, to uint32
	name        [room]byte
}

// maxShapes bounds what a Hasher keeps between records of ever changing shapes.
const maxShapes = 4 << 20

// Sum returns the content hash of v.
func (h *Hasher) Sum(v Value) [16]byte {
	if h.size > maxShapes {
		h.root, h.size = shape{}, 0
	}
	h.buf = h.buf[:0]
	if v.IsValid() {
		h.buf = h.append(h.buf, v, &h.root)
	}
	return xxh3.Hash128(h.buf).Bytes()
}

func (h *Hasher) append(dst []byte, v Value, s *shape) []byte {
	switch n := v.node(); n.kind() {
	case Array:
		dst = appendLength(append(dst, '['), v.Len())
		if s.items == nil {
			s.items = new(shape)
		}
		c := v.Cursor()
		for e, ok := c.Element(); ok; e, ok = c.Element() {
			dst = h.append(dst, e, s.items)
		}
		return dst
	case Object:
		return h.appendObject(dst, v, s)
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

func (h *Hasher) appendObject(dst []byte, v Value, s *shape) []byte {
	if last := v.Shape(); last != s.last {
		if !s.known(v) {
			h.learn(v, s)
		}
		s.last = last
	}
	t, in := v.tape, v.block()
	values, present := t.nodes[in.first:in.first+in.count], 0
	for i := range values {
		if values[i].kind() != Null {
			present++
		}
	}
	dst = appendLength(append(dst, '{'), present)
	for i := range s.members {
		m := &s.members[i]
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
		dst = append(dst, s.encoded[m.from:m.to]...)
		if n.kind() < Object {
			dst = appendScalar(dst, t.page, n)
			continue
		}
		if s.children[m.i] == nil {
			s.children[m.i] = new(shape)
			h.size += 256
		}
		dst = h.append(dst, Value{tape: t, at: in.first + m.i}, s.children[m.i])
	}
	return dst
}

// known reports whether v's names are those that s knows.
func (s *shape) known(v Value) bool {
	if v.Len() != len(s.members) {
		return false
	}
	i, at := 0, 0
	c := v.Cursor()
	for name, _, ok := c.Member(); ok; name, _, ok = c.Member() {
		if !bytes.Equal(s.names[at:s.ends[i]], name.Raw()) {
			return false
		}
		i, at = i+1, s.ends[i]
	}
	return true
}

// learn puts v's names into s.
func (h *Hasher) learn(v Value, s *shape) {
	h.size -= len(s.names) + len(s.encoded) + 64*len(s.members)
	s.names, s.ends, s.encoded, s.members = s.names[:0], s.ends[:0], s.encoded[:0], s.members[:0]
	c := v.Cursor()
	for name, _, ok := c.Member(); ok; name, _, ok = c.Member() {
		m := member{i: uint32(len(s.members)), from: uint32(len(s.encoded))}
		s.names = append(s.names, name.Raw()...)
		s.ends = append(s.ends, len(s.names))
		s.encoded = AppendSized(s.encoded, name, 0)
		m.to = uint32(len(s.encoded))
		copy(m.name[:], s.encoded[m.from:])
		s.members = append(s.members, m)
	}
	for len(s.children) < len(s.members) {
		s.children = append(s.children, nil)
	}
	h.size += len(s.names) + len(s.encoded) + 64*len(s.members)
	slices.SortFunc(s.members, func(a, b member) int { return bytes.Compare(s.name(a), s.name(b)) })
}

// name returns a member's name.
func (s *shape) name(m member) []byte {
	b := s.encoded[m.from:m.to]
	_, n := binary.Uvarint(b)
	return b[n:]
}

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.AppendUvarint(dst, uint64(n))
}
