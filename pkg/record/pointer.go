package record

import (
	"strconv"
	"strings"
)

// where says what of the innermost open container a pointer ends in.
type where uint8

const (
	here     where = iota // the container itself, or the member whose name has been read
	next                  // what comes next
	previous              // what came last
)

// pointer returns the JSON Pointer (RFC 6901) of a place in the innermost open container. named: a member's name has been read.
func (t *Tape) pointer(w where, named bool) string {
	var p []byte
	for i, f := range t.frames[1:] {
		if i+2 < len(t.frames) {
			p = t.appendStep(p, f.kind, f.count-1, t.frames[i+2].at-1)
			continue
		}
		switch name := uint32(len(t.nodes)) - 1; {
		case f.kind == Object && named:
			p = t.appendStep(p, Object, 0, name)
		case f.kind == Array && w == next:
			p = t.appendStep(p, Array, f.count, 0)
		case f.count > 0 && w == previous:
			if f.kind == Object {
				for n := range t.namesOf(f.at) {
					name = n
				}
			}
			p = t.appendStep(p, f.kind, f.count-1, name)
		}
	}
	return string(p)
}

// pointerTo returns the JSON Pointer of the scalar at an offset of a whole tape. Where a name stands there it is the object's, with
// the name if that is wanted.
func (t *Tape) pointerTo(offset int, name bool) string {
	var p []byte
	at, off := uint32(0), uint32(offset)
down:
	for {
		v := Value{tape: t, at: at}
		c := v.Cursor()
		switch v.Kind() {
		case Array:
			for i := uint32(0); ; i++ {
				e, ok := c.Element()
				if !ok {
					return string(p)
				}
				if off < e.node().end {
					p = t.appendStep(p, Array, i, 0)
					at = e.at
					continue down
				}
			}
		case Object:
			for {
				n, e, ok := c.Member()
				if !ok {
					return string(p)
				}
				if off < n.node().end {
					if name {
						p = t.appendStep(p, Object, 0, n.at)
					}
					return string(p)
				}
				if off < e.node().end {
					p = t.appendStep(p, Object, 0, n.at)
					at = e.at
					continue down
				}
			}
		}
		return string(p)
	}
}

// appendStep appends an array's index or the name at a node.
func (t *Tape) appendStep(p []byte, k Kind, index, name uint32) []byte {
	if k == Array {
		return strconv.AppendUint(append(p, '/'), uint64(index), 10)
	}
	text := string(Value{tape: t, at: name}.AppendText(nil))
	return append(append(p, '/'), strings.NewReplacer("~", "~0", "/", "~1").Replace(text)...)
}

// parent cuts a pointer's last step.
func parent(pointer string) string { return pointer[:max(strings.LastIndexByte(pointer, '/'), 0)] }
