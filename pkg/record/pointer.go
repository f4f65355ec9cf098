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

// values counts those of a container that is not closed yet, without the one that is open.
func (t *Tape) values(frame int) uint32 {
	to := uint32(len(t.open))
	if frame+1 < len(t.frames) {
		to = t.frames[frame+1].base
	}
	return to - t.frames[frame].base
}

// pointer returns the JSON Pointer (RFC 6901) of a place in the innermost open container. named: a member's name has been read.
func (t *Tape) pointer(w where, named bool) string {
	var p []byte
	for i, f := range t.frames[1:] {
		n := t.values(i + 1)
		switch inner := i+2 < len(t.frames); {
		case f.kind == Object && (inner || named || n > 0 && w == previous):
			p = t.appendName(p, f.at)
		case f.kind == Array && (inner || w == next):
			p = appendIndex(p, n)
		case f.kind == Array && n > 0 && w == previous:
			p = appendIndex(p, n-1)
		}
	}
	return string(p)
}

// pointerTo returns the JSON Pointer of the scalar at an offset of a whole tape. Where a name stands there it is the object's, with
// the name if that is wanted.
func (t *Tape) pointerTo(offset int, name bool) string {
	var p []byte
	at, off := t.Root().at, uint32(offset)
down:
	for {
		v := Value{tape: t, at: at}
		c := v.Cursor()
		for i := range uint32(v.Len()) {
			e := t.nodes[c.at+i]
			if off >= e.end {
				continue
			}
			switch v.Kind() {
			case Array:
				p = appendIndex(p, i)
			case Object:
				if inside := off >= e.off; inside || name {
					p = t.appendName(p, t.shapes.order[c.name+i])
				}
			}
			if off < e.off {
				return string(p)
			}
			at = c.at + i
			continue down
		}
		return string(p)
	}
}

func appendIndex(p []byte, i uint32) []byte {
	return strconv.AppendUint(append(p, '/'), uint64(i), 10)
}

// appendName appends the name that a prefix ends in.
func (t *Tape) appendName(p []byte, at uint32) []byte {
	text := string(Name{t, at}.AppendText(nil))
	return append(append(p, '/'), strings.NewReplacer("~", "~0", "/", "~1").Replace(text)...)
}

// parent cuts a pointer's last step.
func parent(pointer string) string { return pointer[:max(strings.LastIndexByte(pointer, '/'), 0)] }
