package record

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A frame is a container that is not closed yet.
type frame struct {
	off   uint32 // where it begins in the page
	base  uint32 // where its values begin in Tape.open
	at    uint32 // of an object, the prefix of its names so far; of an array, that of the object around it
	kind  Kind   // Invalid: around the root
	fresh bool   // one of its names had not stood there before
}

// tokenise fills the tape from its page; nil if the page is sound. It knows what it expects; what else there is, refuse finds out.
func (t *Tape) tokenise(maxDepth int) *SyntaxError {
	t.lone, t.duplicate = none, none
	t.frames = append(t.frames, frame{})
	var (
		b     = t.page
		open  = t.open
		in    Kind   // the innermost container's kind,
		at    uint32 // its prefix,
		fresh bool   // and whether that has a new name
		i     int    // what is read
		end   int    // the end of the last sound token
		named bool   // that was a name
		known bool   // a name was there before
		from  int
		m     mark
	)

value:
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i == len(b) {
		goto refuse
	}
	from = i
	switch c := b[i]; {
	case c == '"':
		m = mark(String)
		for i++; i+8 <= len(b); i += 8 { // text's way for what is plain ASCII, without a call
			if stop := special(load(b, i)); stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
		}
		if i < len(b) && b[i] == '"' {
			i++
			break
		}
		var flags mark
		if i, flags = t.text(i); i < 0 {
			goto refuse
		}
		m |= flags
	case c == '-' || c >= '0' && c <= '9':
		m = mark(Number) | flagInteger
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		if c > '0' && i < len(b) && b[i] != '.' && b[i]|0x20 != 'e' { // nothing but digits
			break
		}
		if i, m = number(b, from); i < 0 {
			goto refuse
		}
		m |= mark(Number)
	case c == '{' || c == '[':
		if len(t.frames) > maxDepth {
			goto refuse
		}
		f := &t.frames[len(t.frames)-1]
		f.at, f.fresh = at, fresh
		in, fresh = Array, false
		if c == '{' {
			in, at = Object, t.shapes.within(at)
		}
		t.frames = append(t.frames, frame{off: uint32(i), base: uint32(len(open)), kind: in})
		i++
		named, end = false, i
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		switch {
		case i < len(b) && b[i] == c+2: // in ASCII the closing bracket is two after the opening one
			goto closing
		case c == '{':
			goto name
		}
		goto value
	case c == 'n':
		if m, i = mark(Null), literal(b, i, "null"); i < 0 {
			goto refuse
		}
	case c == 't':
		if m, i = mark(True), literal(b, i, "true"); i < 0 {
			goto refuse
		}
	case c == 'f':
		if m, i = mark(False), literal(b, i, "false"); i < 0 {
			goto refuse
		}
	default:
		goto refuse
	}
	open = append(open, node{off: uint32(from), end: uint32(i), mark: m})

after:
	named, end = false, i
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	switch {
	case i == len(b):
		if in != Invalid {
			goto refuse
		}
		t.nodes, t.open = append(t.nodes, open[0]), open
		return t.doubt()
	case b[i] == ',' && in == Object:
		i++
		goto name
	case b[i] == ',' && in == Array:
		i++
		goto value
	case b[i] == '}' && in == Object, b[i] == ']' && in == Array:
		goto closing
	}
	goto refuse

name:
	if next := t.shapes.prefixes[at].after; next != 0 { // the name that came last time, up to its colon
		p, text := &t.shapes.prefixes[next], t.shapes.text
		off, n := int(p.off), int(p.end-p.off)
		if to := i + n; to+8 <= len(b) && b[to] == ':' {
			switch { // by words: most names are that short
			case n < 8:
				known = (load(b, i)^load(text, off))<<(64-8*n) == 0
			case n <= 16:
				known = (load(b, i)^load(text, off))|(load(b, to-8)^load(text, off+n-8)) == 0
			default:
				known = string(b[i:to]) == string(text[off:off+n])
			}
			if known {
				named, end, i, at = true, to, to+1, next
				goto value
			}
		}
	}
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i == len(b) || b[i] != '"' {
		goto refuse
	}
	from = i
	if i, m = t.text(i + 1); i < 0 {
		goto refuse
	}
	at, known = t.shapes.behind(at, b[from:i], m)
	fresh = fresh || !known
	named, end = true, i
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i == len(b) || b[i] != ':' {
		goto refuse
	}
	i++
	goto value

closing:
	i++
	open = t.close(open, at, fresh, i)
	{
		f := &t.frames[len(t.frames)-1]
		in, at, fresh = f.kind, f.at, f.fresh
	}
	goto after

refuse:
	t.open = open
	f := &t.frames[len(t.frames)-1]
	f.at, f.fresh = at, fresh
	return t.refuse(end, named, maxDepth)
}

// close takes the values of the innermost container, and returns what is open with the container in their place. It ends before end; at
// and fresh are as in its frame.
func (t *Tape) close(open []node, at uint32, fresh bool, end int) []node {
	f := t.frames[len(t.frames)-1]
	t.frames = t.frames[:len(t.frames)-1]
	values := open[f.base:]
	in := block{count: uint32(len(values))}
	if f.kind == Object {
		in.shape = at
		if names := t.shapes.names(at, in.count); fresh {
			t.distinct(names, in.count, f.off, values)
		}
	}
	in.first = uint32(len(t.nodes))
	if n := len(t.nodes) + len(values); n > cap(t.nodes) && n > 1<<10 { // room for what the page has, if it goes on like this
		t.nodes = slices.Grow(t.nodes, int(1.05*float64(n)*float64(len(t.page))/float64(end))-len(t.nodes))
	}
	t.nodes = append(t.nodes, values...)
	t.blocks = append(t.blocks, in)
	return append(open[:f.base], node{off: f.off, end: uint32(end), block: uint32(len(t.blocks) - 1), mark: mark(f.kind)})
}

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// special finds the bytes of a word that mean something in a string: of each the highest bit says that it is not ASCII, a control, a quote
// or a backslash. Only the lowest bit that is set is right for sure; those above it may be borrowed.
func special(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	// not ASCII | a control or (its bit 1 flipped) a quote | a backslash
	return (x | ((x ^ ones*2) - ones*('"'-1)) | ((x ^ ones*'\\') - ones)) & highs
}
