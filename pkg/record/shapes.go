package record

import (
	"slices"
	"sync/atomic"
)

// shapes remembers from page to page what the names in objects are.
//
// What the names of an object begin with is a prefix: none of them, or one name behind a shorter prefix. The prefixes that were met in one
// place of the pages (the elements of an array are in one) make a tree, so that objects of the same names in the same order end at the
// same prefix. That is their shape. As APIs send records of few shapes, a name is mostly the one that came last time behind its prefix:
// then it need neither be scanned nor compared with the object's other names. (Chambers, Ungar, Lee: An Efficient Implementation of
// SELF, 1989, call such shapes maps.)
type shapes struct {
	era      uint64 // tells these shapes from all others
	prefixes []prefix
	text     []byte   // the names, as the source wrote them, and padding
	order    []uint32 // the names of whole objects, block by block: the prefixes that end in them
	broken   bool     // a name is there that no object may have, or twice in one
}

type prefix struct {
	off, end uint32 // the last name, in shapes.text
	before   uint32 // the prefix without it
	after    uint32 // of those that are longer by one name, the one met last; 0: none
	other    uint32 // another that is before's and one name longer
	inner    uint32 // the empty prefix of the objects that the name stands for or that are in its array; 0: none yet
	names    uint32 // of an object that ends here: where its block in shapes.order begins; 0: none yet, or no names
	mark     mark   // of the name
}

const (
	maxOthers   = 8       // prefixes that are compared with a name: objects that are tables by arbitrary names have any number
	maxPrefixes = 1 << 14 // that are kept for the next page,
	maxText     = 4 << 20 // with bytes of names
	maxOrder    = 1 << 20 // and names of whole objects
	padding     = 8       // behind the names, so that the last can be compared by words
)

var eras atomic.Uint64

// next makes ready for the next page.
func (s *shapes) next() {
	if s.era != 0 && !s.broken && len(s.prefixes) <= maxPrefixes && len(s.text) <= maxText && len(s.order) <= maxOrder {
		return
	}
	*s = shapes{era: eras.Add(1), prefixes: append(s.prefixes[:0], prefix{}), text: slices.Grow(s.text[:0], padding)[:padding], order: append(s.order[:0], 0)}
}

// within returns the empty prefix of the objects that stand behind the name that at ends in.
func (s *shapes) within(at uint32) uint32 {
	if inner := s.prefixes[at].inner; inner != 0 {
		return inner
	}
	inner := uint32(len(s.prefixes))
	s.prefixes = append(s.prefixes, prefix{})
	s.prefixes[at].inner = inner
	return inner
}

// behind returns the prefix that is at and a name, and whether it was there before.
func (s *shapes) behind(at uint32, name []byte, flags mark) (longer uint32, found bool) {
	last := uint32(0)
	for i, n := s.prefixes[at].after, 0; i != 0 && n < maxOthers; n++ {
		p := &s.prefixes[i]
		if string(s.text[p.off:p.end]) == string(name) {
			if last != 0 { // to the front
				s.prefixes[last].other = p.other
				p.other = s.prefixes[at].after
				s.prefixes[at].after = i
			}
			return i, true
		}
		last, i = i, p.other
	}
	off := len(s.text) - padding
	s.text = append(append(s.text[:off], name...), make([]byte, padding)...)
	longer = uint32(len(s.prefixes))
	s.prefixes = append(s.prefixes, prefix{
		off: uint32(off), end: uint32(off + len(name)), before: at, other: s.prefixes[at].after, mark: mark(String) | flags,
	})
	s.prefixes[at].after = longer
	return longer, false
}

// names returns where the block of the names that at stands for begins, count in number. It makes the block when there is none.
func (s *shapes) names(at, count uint32) uint32 {
	if names := s.prefixes[at].names; names != 0 || count == 0 {
		return names
	}
	first := uint32(len(s.order))
	s.order = slices.Grow(s.order, int(count))[:first+count]
	for i, p := first+count, at; i > first; p = s.prefixes[p].before {
		i--
		s.order[i] = p
	}
	s.prefixes[at].names = first
	return first
}

// raw returns the name that a prefix ends in.
func (s *shapes) raw(at uint32) []byte {
	p := &s.prefixes[at]
	return s.text[p.off:p.end:p.end]
}

// Name is the name of a member. It is small: pass it by value. It is valid as long as a [Value] of its tape. The zero Name is none.
type Name struct {
	tape *Tape
	at   uint32 // the prefix that it ends
}

// IsValid reports whether there is a name.
func (n Name) IsValid() bool { return n.tape != nil }

// Raw returns the JSON string as the source wrote it.
func (n Name) Raw() []byte { return n.tape.shapes.raw(n.at) }

// Text returns the name without quotes; false if it has escapes.
func (n Name) Text() ([]byte, bool) {
	raw := n.Raw()
	return raw[1 : len(raw)-1], !n.escaped()
}

// AppendText appends the name without quotes and escapes.
func (n Name) AppendText(dst []byte) []byte {
	text, plain := n.Text()
	if plain {
		return append(dst, text...)
	}
	return appendUnescaped(dst, text)
}

func (n Name) escaped() bool { return n.tape.shapes.prefixes[n.at].mark&flagEscaped != 0 }

// String returns the name without quotes and escapes.
func (n Name) String() string { return string(n.AppendText(nil)) }

// Is reports whether the name is text.
func (n Name) Is(text string) bool {
	if raw, plain := n.Text(); plain {
		return string(raw) == text
	}
	var buf [128]byte
	return string(n.AppendText(buf[:0])) == text
}
