package record

import (
	"bytes"
	"hash/maphash"
)

// few names are compared each with each; more are looked up.
const few = 8

// names finds equal names in an object. It is reused, so that it need not allocate.
type names struct {
	seed  maphash.Seed
	slots []uint32 // nodes by the hash of their text, 0: free; a power of two
	text  []byte
}

// distinct notes the first of the names, count in a block that begins at first, that was there before.
func (t *Tape) distinct(first, count uint32) {
	if count > few {
		t.lookUp(first, count)
		return
	}
	for name := first + 1; name < first+count; name++ {
		for known := first; known < name; known++ {
			if t.sameText(known, name) {
				t.duplicate = min(t.duplicate, int(t.nodes[name].off))
				return
			}
		}
	}
}

func (t *Tape) lookUp(first, count uint32) {
	s := &t.names
	if s.seed == (maphash.Seed{}) {
		s.seed = maphash.MakeSeed()
	}
	size := 2 * few
	for size < 2*int(count) {
		size *= 2
	}
	if cap(s.slots) < size {
		s.slots = make([]uint32, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	mask := uint64(size - 1)
	for name := first; name < first+count; name++ {
		v := Value{tape: t, at: name}
		text, plain := v.Text()
		if !plain {
			s.text = v.AppendText(s.text[:0])
			text = s.text
		}
		h := maphash.Bytes(s.seed, text) & mask
		for ; s.slots[h] != 0; h = (h + 1) & mask {
			if t.sameText(s.slots[h], name) {
				t.duplicate = min(t.duplicate, int(t.nodes[name].off))
				return
			}
		}
		s.slots[h] = name
	}
}

// sameText reports whether two strings are equal once their escapes are undone.
func (t *Tape) sameText(a, b uint32) bool {
	v, w := Value{tape: t, at: a}, Value{tape: t, at: b}
	x, plain := v.Text()
	y, also := w.Text()
	if plain && also {
		return bytes.Equal(x, y)
	}
	var buf [2][128]byte
	return bytes.Equal(v.AppendText(buf[0][:0]), w.AppendText(buf[1][:0]))
}
