package record

// A prefix is what the names of an object begin with: one name behind a shorter prefix, or none. The prefixes that were met in one place
// of the page (as the elements of an array are in one) make a tree, so that objects of the same names in the same order end at the same
// prefix. That is their shape. As APIs send records of one shape, a name is mostly the one that came last time behind its prefix: it
// need not be scanned nor compared with the object's other names. (Chambers, Ungar, Lee: An Efficient Implementation of SELF, 1989, call
// such shapes maps.)
type prefix struct {
	off, end uint32 // the last name, where it was first met
	before   uint32 // the prefix without it
	after    uint32 // of those that are longer by one name, the one met last; 0: none
	other    uint32 // another that is before's and one name longer
	inner    uint32 // the empty prefix of the objects that the name stands for or that are in its array; 0: none yet
	names    uint32 // of an object that ends here: the block of its names; 0: none yet, or an empty one
	mark     mark   // of the last name
}

// maxOthers bounds how many prefixes are compared with a name. Objects that are tables by arbitrary names have any number of them.
const maxOthers = 8

// within returns the empty prefix of the objects that stand behind the name that at ends in.
func (t *Tape) within(at uint32) uint32 {
	if inner := t.prefixes[at].inner; inner != 0 {
		return inner
	}
	inner := uint32(len(t.prefixes))
	t.prefixes = append(t.prefixes, prefix{})
	t.prefixes[at].inner = inner
	return inner
}

// behind returns the prefix that is at and the name at off, and whether it was there before.
func (t *Tape) behind(at uint32, off, end int, flags mark) (longer uint32, found bool) {
	text := t.page[off:end]
	last := uint32(0)
	for i, n := t.prefixes[at].after, 0; i != 0 && n < maxOthers; n++ {
		p := &t.prefixes[i]
		if string(t.page[p.off:p.end]) == string(text) {
			if last != 0 { // to the front
				t.prefixes[last].other = p.other
				p.other = t.prefixes[at].after
				t.prefixes[at].after = i
			}
			return i, true
		}
		last, i = i, p.other
	}
	longer = uint32(len(t.prefixes))
	t.prefixes = append(t.prefixes, prefix{off: uint32(off), end: uint32(end), before: at, other: t.prefixes[at].after, mark: mark(String) | flags})
	t.prefixes[at].after = longer
	return longer, false
}

// namesOf returns where the block of the names begins that at stands for, count in number. It makes the block when there is none.
func (t *Tape) namesOf(at, count uint32) uint32 {
	if names := t.prefixes[at].names; names != 0 || count == 0 {
		return names
	}
	first := uint32(len(t.nodes))
	for range count {
		t.nodes = append(t.nodes, node{})
	}
	for p, i := at, count; i > 0; i-- {
		t.nodes[first+i-1] = node{off: t.prefixes[p].off, end: t.prefixes[p].end, mark: t.prefixes[p].mark}
		p = t.prefixes[p].before
	}
	t.prefixes[at].names = first
	return first
}
