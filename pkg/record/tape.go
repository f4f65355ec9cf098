package record

// Kind is the type of a [Value].
type Kind uint8

// The kinds of JSON values. A zero Value is Invalid.
const (
	Invalid Kind = iota
	Null
	False
	True
	Number
	String
	Object
	Array
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case False, True:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case Object:
		return "object"
	case Array:
		return "array"
	}
	return "invalid"
}

// A node is one value of the page. The values in a container stand in a block: side by side, in source order, so that the i-th is found at
// once. The names of an object are those of its shape.
type node struct {
	off, end uint32 // its bytes in the page
	block    uint32 // of a container: its index in Tape.blocks
	mark     mark
}

// A mark is a kind with flags above it.
type mark uint32

const (
	flagEscaped mark = 16 << iota // a string with a backslash in it
	flagInteger                   // a number without '.', 'e' or 'E'
	kinds       mark = 15
)

func (n *node) kind() Kind { return Kind(n.mark & kinds) }

// A block is what is in a container.
type block struct {
	first, count uint32 // its values, in Tape.nodes
	shape        uint32 // of an object: the prefix of all its names
}

// Tape holds the tokens of one page. The zero value is ready; reusing one avoids allocations. A Tape is not for concurrent
// use, but after Parse returned any number of goroutines may read its values.
type Tape struct {
	page      []byte
	nodes     []node // block by block; last the root
	blocks    []block
	shapes    shapes
	frames    []frame // containers that are not closed yet, outermost first
	open      []node  // the values in them
	seen      seen
	lone      int // offset of the first half surrogate pair, or none
	duplicate int // and of the first name that its object has had before
}

// maxPage is what the offsets of a node can address.
const maxPage = 1<<32 - 1

// MaxDepth is the deepest nesting that [Tape.Parse] can be asked to take.
const MaxDepth = 10_000

// Parse reads page, one JSON text, in place of what the tape held. It keeps a reference to page, which must not change until
// the next Parse. More than maxDepth nested brackets are an error; maxDepth is cut to [MaxDepth], which 0 stands for.
//
// The error is a [*SyntaxError]. After one of the kinds DuplicateName and LoneSurrogate the rest of the page is known to be
// sound and the tape can be read, so that a caller can say which record is at fault; Get then finds the first of two equal names
// and the surrogate reads as U+FFFD. After any other error the tape is empty.
func (t *Tape) Parse(page []byte, maxDepth int) error {
	t.reset(page)
	if len(page) > maxPage {
		t.reset(nil)
		return &SyntaxError{Kind: TooLarge, Offset: maxPage, Line: 1, Column: 1}
	}
	if maxDepth <= 0 || maxDepth > MaxDepth {
		maxDepth = MaxDepth
	}
	if err := t.tokenise(maxDepth); err != nil {
		t.shapes.broken = true
		return err
	}
	return nil
}

func (t *Tape) reset(page []byte) {
	t.page, t.nodes, t.blocks, t.open, t.frames = page, t.nodes[:0], t.blocks[:0], t.open[:0], t.frames[:0]
	t.shapes.next()
}

// Root is the page's value; it is Invalid when nothing was parsed.
func (t *Tape) Root() Value {
	if len(t.nodes) == 0 {
		return Value{}
	}
	return Value{tape: t, at: uint32(len(t.nodes) - 1)}
}
