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

// distinct notes the first name of the object at node at that it has had before. The object may still be open.
func (t *Tape) distinct(at uint32) {
	if t.nodes[at].count > few {
		t.lookUp(at)
		return
	}
	n := 0
	var known [few]uint32
	for name := range t.namesOf(at) {
		if n == few { // it is open, so its members are not counted
			t.lookUp(at)
			return
		}
		for _, k := range known[:n] {
			if t.sameText(k, name) {
				t.duplicate = min(t.duplicate, int(t.nodes[name].off))
				return
			}
		}
		known[n] = name
		n++
	}
}

// namesOf yields the nodes of an object's names.
func (t *Tape) namesOf(at uint32) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		end := uint32(len(t.nodes))
		if next := t.nodes[at].next; next != 0 {
			end = next
		}
		for name := at + 1; name < end && yield(name); name = t.nodes[name+1].next {
			if name+1 >= end || t.nodes[name+1].next == 0 { // its value is missing, or open
				return
			}
		}
	}
}

func (t *Tape) lookUp(at uint32) {
	s := &t.names
	if s.seed == (maphash.Seed{}) {
		s.seed = maphash.MakeSeed()
	}
	n := 0
	for range t.namesOf(at) {
		n++
	}
	size := 2 * few
	for size < 2*n {
		size *= 2
	}
	if cap(s.slots) < size {
		s.slots = make([]uint32, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	mask := uint64(size - 1)
	for name := range t.namesOf(at) {
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
