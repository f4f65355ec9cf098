package record

import "slices"

// A frame is a container that is not closed yet.
//
// APIs send records of one shape, so a value is read beside its twin: what stood in its place in the array element before. An object
// whose names are its twin's, byte for byte and in the same order, needs neither its names scanned nor compared with each other; some
// may be left out.
type frame struct {
	at    uint32 // its node
	count uint32 // elements or members so far
	twin  uint32 // the next value's twin; 0, the root, is none
	name  uint32 // of an object, the next name that its twin has
	end   uint32 // where they end; 0 when it has no twin, or a name that its twin lacks
	like  uint32 // the twin's shape; 0 when a name is left out
	kind  Kind   // Invalid: around the root
}

// tokenise fills the tape from its page; nil if the page is sound. It knows what it expects; what else there is, refuse finds out.
func (t *Tape) tokenise(maxDepth int) *SyntaxError {
	b, nodes, frames := t.page, t.nodes, t.frames[:0]
	t.lone, t.duplicate = none, none
	var (
		f     frame
		i     int  // what is read
		mark  int  // the end of the last sound token
		named bool // that was a name
		from  int
		c     byte
		flags uint8
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
	switch c = b[i]; c {
	case '"':
		kind = String
		i, flags = t.text(i)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		kind = Number
		i, flags = number(b, i)
	case '{', '[':
		if len(frames) == maxDepth {
			goto refuse
		}
		inner := frame{at: uint32(len(nodes)), kind: Array}
		if c == '{' {
			inner.kind = Object
		}
		if f.twin != 0 && nodes[f.twin].kind == inner.kind {
			twin := &nodes[f.twin]
			if inner.kind == Object {
				inner.name, inner.end, inner.like = f.twin+1, twin.next, twin.like
			} else if twin.count > 0 {
				inner.twin = f.twin + 1
			}
		}
		f.count++
		f.twin = inner.at // of an array's next element; a member's is set by its name
		frames = append(frames, f)
		f = inner
		nodes = extend(nodes)
		n := &nodes[len(nodes)-1]
		n.scalar(f.kind, i, i, 0, 0)
		named, i = false, i+1
		mark = i
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		switch {
		case i < len(b) && b[i] == c+2: // in ASCII the closing bracket is two after the opening one
			goto closing
		case f.kind == Object:
			goto name
		}
		goto value
	case 't':
		kind = True
		i = literal(b, i, "true")
	case 'f':
		kind = False
		i = literal(b, i, "false")
	case 'n':
		kind = Null
		i = literal(b, i, "null")
	default:
		goto refuse
	}
	if i < 0 {
		goto refuse
	}
	nodes = extend(nodes)
	nodes[len(nodes)-1].scalar(kind, from, i, len(nodes), flags)
	f.count++

after:
	if f.name < f.end { // the next name, between the comma and the colon, as the twin has it
		twin := &nodes[f.name]
		comma, end := int(twin.off)-1, int(twin.end)+1
		if end = i + end - comma; b[comma] == ',' && end <= len(b) && b[end-1] == ':' && string(b[i:end]) == string(b[comma:twin.end+1]) {
			nodes = extend(nodes)
			nodes[len(nodes)-1].scalar(String, i+1, end-1, len(nodes), twin.flags)
			f.twin, f.name = f.name+1, nodes[f.name+1].next
			named, mark, i = true, end-1, end
			goto value
		}
	}
	named, mark = false, i
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	switch {
	case i == len(b) && f.kind == Invalid:
		t.nodes, t.frames = nodes, frames
		return t.doubt()
	case i == len(b):
		goto refuse
	case f.kind == Array && b[i] == ',':
		i++
		goto value
	case f.kind == Object && b[i] == ',':
		i++
		goto name
	case f.kind == Array && b[i] == ']', f.kind == Object && b[i] == '}':
		goto closing
	}
	goto refuse

name:
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	from, f.twin = i, 0
	if f.name < f.end {
		twin := &nodes[f.name]
		i += int(twin.end - twin.off)
		if i <= len(b) && string(b[from:i]) == string(b[twin.off:twin.end]) {
			flags, f.twin, f.name = twin.flags, f.name+1, nodes[f.name+1].next
			goto colon
		}
		i = from
	}
	if i == len(b) || b[i] != '"' {
		goto refuse
	}
	if i, flags = t.text(i); i < 0 {
		goto refuse
	}
	f.like = 0
	for f.name < f.end && f.twin == 0 {
		if twin := &nodes[f.name]; string(b[from:i]) == string(b[twin.off:twin.end]) {
			f.twin = f.name + 1
		}
		f.name = nodes[f.name+1].next
	}
	if f.twin == 0 {
		f.end = 0
	}

colon:
	nodes = extend(nodes)
	nodes[len(nodes)-1].scalar(String, from, i, len(nodes), flags)
	named, mark = true, i
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
	nodes[f.at].end, nodes[f.at].next, nodes[f.at].count = uint32(i), uint32(len(nodes)), f.count
	if f.kind == Object {
		if f.name != f.end {
			f.like = 0
		}
		if nodes[f.at].like = f.like; f.like == 0 {
			nodes[f.at].like = f.at
		}
		if f.end == 0 && f.count > 1 {
			t.nodes = nodes
			t.distinct(f.at)
		}
	}
	f, frames = frames[len(frames)-1], frames[:len(frames)-1]
	goto after

refuse:
	t.nodes, t.frames = nodes, append(frames, f)
	return t.refuse(mark, named, maxDepth)
}

// extend makes room for a node, which the caller fills: appending one would build it elsewhere and copy it.
func extend(nodes []node) []node {
	if len(nodes) == cap(nodes) {
		nodes = slices.Grow(nodes, 1)
	}
	return nodes[:len(nodes)+1]
}

func (n *node) scalar(k Kind, off, end, next int, flags uint8) {
	n.off, n.end, n.next, n.count, n.like, n.kind, n.flags = uint32(off), uint32(end), uint32(next), 0, 0, k, flags
}
