package record

// Builder makes objects out of parts of others. Bytes and tokens are copied side by side, so that nothing is tokenised again. The
// zero value is ready; one that is reset and reused reaches a state in which building allocates nothing. It is not for concurrent
// use; its values stay valid until Reset, whatever becomes of those that they were copied from.
type Builder struct {
	tape Tape
	open []uint32 // objects that are not closed yet, outermost first
}

// Reset forgets what was built.
func (b *Builder) Reset() {
	b.tape.reset(b.tape.page[:0])
	b.open = b.open[:0]
}

// Len is how many bytes were built.
func (b *Builder) Len() int { return len(b.tape.page) }

// Begin opens an object: the next value, or after Name a member's.
func (b *Builder) Begin() {
	if len(b.open) == 0 && len(b.tape.nodes) > 0 {
		b.write(",")
	}
	at := uint32(len(b.tape.nodes))
	b.open = append(b.open, at)
	b.tape.nodes = append(b.tape.nodes, node{off: uint32(len(b.tape.page)), kind: Object, like: at})
	b.write("{")
}

// End closes the object that was opened last and returns it.
func (b *Builder) End() Value {
	at := b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	b.write("}")
	n := &b.tape.nodes[at]
	n.end, n.next = uint32(len(b.tape.page)), uint32(len(b.tape.nodes))
	return Value{tape: &b.tape, at: at}
}

// Name begins a member of the open object with text for its name; its value follows, from Value or Begin and End. The object must not
// have the name yet: that is the caller's to see to.
func (b *Builder) Name(name string) {
	b.member()
	from := len(b.tape.page)
	b.tape.page = appendQuoted(b.tape.page, []byte(name))
	flags := uint8(0)
	if len(b.tape.page)-from != len(name)+2 {
		flags = flagEscaped
	}
	b.tape.nodes = append(b.tape.nodes, node{off: uint32(from), end: uint32(len(b.tape.page)), next: uint32(len(b.tape.nodes) + 1), kind: String, flags: flags})
	b.write(":")
}

// NameOf begins a member with the name of another, as [Value.Members] yields it.
func (b *Builder) NameOf(name Value) {
	b.member()
	b.copy(name)
	b.write(":")
}

// Value gives the member that was begun a copy of v.
func (b *Builder) Value(v Value) { b.copy(v) }

func (b *Builder) member() {
	n := &b.tape.nodes[b.open[len(b.open)-1]]
	if n.count++; n.count > 1 {
		b.write(",")
	}
}

// copy appends v, its bytes and its nodes, moved to where they are now.
func (b *Builder) copy(v Value) {
	from := v.node()
	bytes := uint32(len(b.tape.page)) - from.off
	nodes := uint32(len(b.tape.nodes)) - v.at
	b.tape.page = append(b.tape.page, v.tape.page[from.off:from.end]...)
	for _, n := range v.tape.nodes[v.at:from.next] {
		n.off, n.end, n.next, n.like = n.off+bytes, n.end+bytes, n.next+nodes, uint32(len(b.tape.nodes))
		b.tape.nodes = append(b.tape.nodes, n)
	}
}

func (b *Builder) write(s string) { b.tape.page = append(b.tape.page, s...) }
