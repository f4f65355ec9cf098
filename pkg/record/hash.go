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
	encEnds  []int    // where each ends in encoded
	order    []int    // the members in the order of their names
	values   []uint32 // the nodes of the members' values, in source order
	children []*shape // of each member's value, if that is an object or an array
	items    *shape   // of an array's elements
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
	n := v.node()
	switch n.kind {
	case Null:
		return append(dst, 'n')
	case False:
		return append(dst, 'f')
	case True:
		return append(dst, 't')
	case Number:
		return appendPrefixed(append(dst, '#'), v.tape.page[n.off:n.end])
	case String:
		return appendStringText(append(dst, '"'), v)
	case Array:
		dst = appendLength(append(dst, '['), int(n.count))
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
	}
	return dst
}

func (h *Hasher) appendObject(dst []byte, v Value, s *shape) []byte {
	if last := v.Shape(); last != s.last {
		if !s.known(v) {
			h.learn(v, s)
		}
		s.last = last
	}
	t, n := v.tape, v.node()
	values, present := s.values[:0], 0
	for at := v.at + 2; at <= n.next; { // after the name
		if t.nodes[at].kind != Null {
			present++
		}
		values = append(values, at)
		at = t.nodes[at].next + 1
	}
	s.values = values
	dst = appendLength(append(dst, '{'), present)
	for _, i := range s.order {
		value := Value{tape: t, at: values[i]}
		kind := value.node().kind
		if kind == Null {
			continue
		}
		from := 0
		if i > 0 {
			from = s.encEnds[i-1]
		}
		dst = append(dst, s.encoded[from:s.encEnds[i]]...)
		child := s.children[i]
		if child == nil && (kind == Object || kind == Array) {
			child = new(shape)
			s.children[i] = child
			h.size += 256
		}
		dst = h.append(dst, value, child)
	}
	return dst
}

// known reports whether v's names are those that s knows.
func (s *shape) known(v Value) bool {
	if v.Len() != len(s.order) {
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
	h.size -= len(s.names) + len(s.encoded) + 64*len(s.order)
	s.names, s.ends, s.encoded, s.encEnds, s.order = s.names[:0], s.ends[:0], s.encoded[:0], s.encEnds[:0], s.order[:0]
	c := v.Cursor()
	for name, _, ok := c.Member(); ok; name, _, ok = c.Member() {
		s.order = append(s.order, len(s.order))
		s.names = append(s.names, name.Raw()...)
		s.ends = append(s.ends, len(s.names))
		s.encoded = appendStringText(s.encoded, name)
		s.encEnds = append(s.encEnds, len(s.encoded))
	}
	for len(s.children) < len(s.order) {
		s.children = append(s.children, nil)
	}
	h.size += len(s.names) + len(s.encoded) + 64*len(s.order)
	slices.SortFunc(s.order, func(i, j int) int { return bytes.Compare(s.name(i), s.name(j)) })
}

// name returns the i-th name's text.
func (s *shape) name(i int) []byte {
	from := 0
	if i > 0 {
		from = s.encEnds[i-1]
	}
	b := s.encoded[from:s.encEnds[i]]
	_, n := binary.Uvarint(b)
	return b[n:]
}

func appendPrefixed(dst, text []byte) []byte { return append(appendLength(dst, len(text)), text...) }

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.AppendUvarint(dst, uint64(n))
}

// appendStringText appends the length of a string's text and the text.
func appendStringText(dst []byte, v Value) []byte {
	if text, ok := v.Text(); ok {
		return appendPrefixed(dst, text)
	}
	var buf [256]byte
	return appendPrefixed(dst, v.AppendText(buf[:0]))
}
