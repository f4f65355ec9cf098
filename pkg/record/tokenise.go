package record

import (
	"encoding/binary"
	"math/bits"
)

// A frame is a container that is not closed yet.
type frame struct {
	off  uint32 // where it begins in the page
	base uint32 // where its values begin in Tape.open
	at   uint32 // of an object, the prefix of its names so far; of an array, that of the object around it
	kind Kind   // Invalid: around the root
	new  bool   // one of its names had not stood there before
}

// tokenise fills the tape from its page; nil if the page is sound. It knows what it expects; what else there is, refuse finds out.
func (t *Tape) tokenise(maxDepth int) *SyntaxError {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	t.lone, t.duplicate = none, none
	var (
		b     = t.page
		open  = t.open
		f     frame
		i     int  // what is read
		end   int  // the end of the last sound token
		named bool // that was a name
		from  int
		flags mark
		kind  Kind
	)

value:
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i == len(b) {
		goto refuse
	}
	from, flags = i, 0
	switch c := b[i]; {
	case c == '"':
		kind = String
		// As in text, for what is short and has nothing but plain ASCII in it.
		for i++; i+8 <= len(b); i += 8 {
			x := load(b, i)
			if stop := (x | ((x ^ ones*2) - ones*('"'-1)) | ((x ^ ones*'\\') - ones)) & highs; stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
		}
		if i < len(b) && b[i] == '"' {
			i++
			break
		}
		if i, flags = t.text(i); i < 0 {
			goto refuse
		}
	case c >= '1' && c <= '9':
		kind, flags = Number, flagInteger
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		if i < len(b) && b[i] == '.' {
			flags = 0
			for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			}
		}
		if i == len(b) || b[i]|0x20 == 'e' || b[i-1] == '.' {
			if i, flags = number(b, from); i < 0 {
				goto refuse
			}
		}
	case c == 'n' || c == 't' || c == 'f':
		text := "null"
		switch kind = Null; c {
		case 't':
			kind, text = True, "true"
		case 'f':
			kind, text = False, "false"
		}
		if i = literal(b, i, text); i < 0 {
			goto refuse
		}
	case c == '{' || c == '[':
		if len(t.frames) == maxDepth {
			goto refuse
		}
		t.frames = append(t.frames, f)
		f.off, f.base, f.kind, f.new = uint32(i), uint32(len(open)), Array, false
		if c == '{' {
			f.kind, f.at = Object, t.within(f.at)
		}
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
	case c == '-' || c == '0':
		kind = Number
		if i, flags = number(b, i); i < 0 {
			goto refuse
		}
	default:
		goto refuse
	}
	open = append(open, node{off: uint32(from), end: uint32(i), mark: mark(kind) | flags})

after:
	named, end = false, i
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	switch {
	case i == len(b):
		if f.kind == Invalid {
			t.open, t.root = open, uint32(len(t.nodes))
			t.nodes = append(t.nodes, open[0])
			return t.doubt()
		}
		goto refuse
	case f.kind == Invalid:
		goto refuse
	case b[i] == ',':
		if i++; f.kind == Array {
			goto value
		}
	case f.kind == Array && b[i] == ']', f.kind == Object && b[i] == '}':
		goto closing
	default:
		goto refuse
	}

name:
	if next := t.prefixes[f.at].after; next != 0 { // the name that came last time, up to its colon
		p := &t.prefixes[next]
		off, n := int(p.off), int(p.end-p.off)
		if to := i + n; to+8 <= len(b) && b[to] == ':' {
			var differ uint64 // of the first eight bytes, the last eight and, if need be, the next eight
			switch {
			case n < 8:
				differ = (load(b, i) ^ load(b, off)) << (64 - 8*n)
			case n <= 16:
				differ = (load(b, i) ^ load(b, off)) | (load(b, to-8) ^ load(b, off+n-8))
			case n <= 24:
				differ = (load(b, i) ^ load(b, off)) | (load(b, i+8) ^ load(b, off+8)) | (load(b, to-8) ^ load(b, off+n-8))
			case string(b[i:to]) != string(b[off:off+n]):
				differ = 1
			}
			if differ == 0 {
				f.at = next
				named, end, i = true, to, to+1
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
	if i, flags = t.text(from + 1); i < 0 {
		goto refuse
	} else {
		var fresh bool
		f.at, fresh = t.behind(f.at, from, i, flags)
		f.new = f.new || fresh
	}
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
	open = t.close(open, &f, i)
	f, t.frames = t.frames[len(t.frames)-1], t.frames[:len(t.frames)-1]
	goto after

refuse:
	t.open, t.frames = open, append(t.frames, f)
	return t.refuse(end, named, maxDepth)
}

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// close takes a container's values, and returns what is open with the container itself in their place. It ends before end.
func (t *Tape) close(open []node, f *frame, end int) []node {
	values := open[f.base:]
	in := block{count: uint32(len(values))}
	if f.kind == Object {
		in.shape = f.at
		names := t.namesOf(f.at, in.count)
		if f.new && in.count > 1 {
			t.distinct(names, in.count)
		}
	}
	in.first = uint32(len(t.nodes))
	t.nodes = append(t.nodes, values...)
	t.blocks = append(t.blocks, in)
	return append(open[:f.base], node{off: f.off, end: uint32(end), block: uint32(len(t.blocks) - 1), mark: mark(f.kind)})
}
