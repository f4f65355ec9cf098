package record

import (
	"bytes"
	"hash/maphash"
)

// few names are compared each with each; more are looked up.
const few = 8

// seen finds equal names in an object. It is reused, so that it need not allocate.
type seen struct {
	seed  maphash.Seed
	slots []uint32 // names by the hash of their text, 0: free; a power of two
	text  []byte
}

// distinct notes the first name of an object that it has had before. Its names, count in number, are the block at names; it begins at off
// and has these values so far.
func (t *Tape) distinct(names, count, off uint32, values []node) {
	n := t.firstEqual(t.shapes.order[names : names+count])
	if n < 0 {
		return
	}
	from := off + 1
	if n > 0 {
		from = values[n-1].end
	}
	t.duplicate = min(t.duplicate, int(from)+bytes.IndexByte(t.page[from:], '"'))
}

// firstEqual returns which of the names is the first that was there before; -1 if none is.
func (t *Tape) firstEqual(names []uint32) int {
	if len(names) > few {
		return t.lookUp(names)
	}
	for n := range names {
		for _, known := range names[:n] {
			if t.same(known, names[n]) {
				return n
			}
		}
	}
	return -1
}

func (t *Tape) lookUp(names []uint32) int {
	s := &t.seen
	if s.seed == (maphash.Seed{}) {
		s.seed = maphash.MakeSeed()
	}
	size := 2 * few
	for size < 2*len(names) {
		size *= 2
	}
	if cap(s.slots) < size {
		s.slots = make([]uint32, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	mask := uint64(size - 1)
	for n, at := range names {
		text, plain := Name{t, at}.Text()
		if !plain {
			s.text = appendUnescaped(s.text[:0], text)
			text = s.text
		}
		h := maphash.Bytes(s.seed, text) & mask
		for ; s.slots[h] != 0; h = (h + 1) & mask {
			if t.same(s.slots[h], at) {
				return n
			}
		}
		s.slots[h] = at
	}
	return -1
}

// same reports whether two names are equal once their escapes are undone.
func (t *Tape) same(a, b uint32) bool {
	x, plain := Name{t, a}.Text()
	y, also := Name{t, b}.Text()
	if plain && also {
		return bytes.Equal(x, y)
	}
	var buf [2][128]byte
	return bytes.Equal(Name{t, a}.AppendText(buf[0][:0]), Name{t, b}.AppendText(buf[1][:0]))
}
