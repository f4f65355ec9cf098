package record

// Builder makes objects out of parts of others. Bytes and tokens are copied side by side, so that nothing is tokenised again. The
// zero value is ready; one that is reset and reused reaches a state in which building allocates nothing. It is not for concurrent
// use; its values stay valid until Reset, whatever becomes of those that they were copied from.
type Builder struct {
	tape Tape
}

// Reset forgets what was built.
func (b *Builder) Reset() { b.tape.reset(b.tape.page[:0]) }

// Len is how many bytes were built.
func (b *Builder) Len() int { return len(b.tape.page) }

// Begin opens an object: the next value, or after Name a member's.
func (b *Builder) Begin() {
	t := &b.tape
	if t.shapes.era == 0 {
		b.Reset()
	}
	around := uint32(0)
	if n := len(t.frames); n > 0 {
		around = t.frames[n-1].at
	} else if len(t.page) > 0 {
		b.write(",")
	}
	t.frames = append(t.frames, frame{off: uint32(len(t.page)), base: uint32(len(t.open)), at: t.shapes.within(around), kind: Object})
	b.write("{")
}

// End closes the object that was opened last. It returns the outermost one, of others no value.
func (b *Builder) End() Value {
	t := &b.tape
	b.write("}")
	t.open = t.close(t.open, t.frames[len(t.frames)-1].at, false, len(t.page))
	if len(t.frames) > 0 {
		return Value{}
	}
	at := uint32(len(t.nodes))
	t.nodes = append(t.nodes, t.open...)
	t.open = t.open[:0]
	return Value{tape: t, at: at}
}

// Name begins a member of the open object with text for its name; its value follows, from Value or Begin and End. The object must not
// have the name yet: that is the caller's to see to.
func (b *Builder) Name(name string) {
	from := b.member()
	b.tape.page = appendQuoted(b.tape.page, []byte(name))
	flags := mark(0)
	if len(b.tape.page)-from != len(name)+2 {
		flags = flagEscaped
	}
	b.named(from, flags)
}

// NameOf begins a member with the name of another, as [Value.Members] yields it.
func (b *Builder) NameOf(name Name) {
	from := b.member()
	b.tape.page = append(b.tape.page, name.Raw()...)
	b.named(from, name.tape.shapes.prefixes[name.at].mark&flagEscaped)
}

// Value gives the member that was begun a copy of v.
func (b *Builder) Value(v Value) {
	n := v.node()
	moved := uint32(len(b.tape.page)) - n.off
	b.tape.page = append(b.tape.page, v.Raw()...)
	copied := b.tape.copy(v, moved, b.tape.frames[len(b.tape.frames)-1].at)
	b.tape.open = append(b.tape.open, copied)
}

// member begins one and returns where its name is to stand.
func (b *Builder) member() int {
	if b.tape.values(len(b.tape.frames)-1) > 0 {
		b.write(",")
	}
	return len(b.tape.page)
}

// named ends the name that begins at from.
func (b *Builder) named(from int, flags mark) {
	f := &b.tape.frames[len(b.tape.frames)-1]
	f.at, _ = b.tape.shapes.behind(f.at, b.tape.page[from:], flags)
	b.write(":")
}

// copy makes the blocks of v, whose bytes have been copied and are that much further, behind the name that at ends in, and returns its node.
func (t *Tape) copy(v Value, moved, at uint32) node {
	n := *v.node()
	n.off, n.end = n.off+moved, n.end+moved
	k := n.kind()
	if k != Object && k != Array {
		return n
	}
	if k == Object {
		at = t.shapes.within(at)
	}
	t.frames = append(t.frames, frame{off: n.off, base: uint32(len(t.open)), kind: k})
	c := v.Cursor()
	for ; c.at != c.end; c.at++ {
		if k == Object {
			from := v.tape.shapes.order[c.name]
			at, _ = t.shapes.behind(at, v.tape.shapes.raw(from), v.tape.shapes.prefixes[from].mark&flagEscaped)
			c.name++
		}
		inner := t.copy(c.At(0), moved, at)
		t.open = append(t.open, inner)
	}
	t.open = t.close(t.open, at, false, int(n.end))
	n, t.open = t.open[len(t.open)-1], t.open[:len(t.open)-1]
	return n
}

func (b *Builder) write(s string) { b.tape.page = append(b.tape.page, s...) }
