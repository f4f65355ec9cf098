package record

import (
	"iter"
	"strconv"
)

// Value is a view of one JSON value of a [Tape]. It is small: pass it by value. It is valid until the tape's next Parse. The zero
// Value is no value: its Kind is Invalid, and it has neither elements nor members.
type Value struct {
	tape *Tape
	at   uint32
}

func (v Value) node() *node { return &v.tape.nodes[v.at] }

// block returns what is in a container.
func (v Value) block() *block { return &v.tape.blocks[v.node().block] }

// IsValid reports whether there is a value.
func (v Value) IsValid() bool { return v.tape != nil }

// Kind returns the value's type.
func (v Value) Kind() Kind {
	if v.tape == nil {
		return Invalid
	}
	return v.node().kind()
}

// Raw returns the JSON text as it came, a part of the page.
func (v Value) Raw() []byte {
	if v.tape == nil {
		return nil
	}
	n := v.node()
	return v.tape.page[n.off:n.end:n.end]
}

// Span says where the value stands in the page: from its first byte to the one after its last. Of no value it is 0, 0.
func (v Value) Span() (from, to int) {
	if v.tape == nil {
		return 0, 0
	}
	n := v.node()
	return int(n.off), int(n.end)
}

// Len returns how many elements an array or members an object has, else 0.
func (v Value) Len() int {
	if k := v.Kind(); k != Object && k != Array {
		return 0
	}
	return int(v.block().count)
}

// AppendText appends a string's contents without quotes and escapes. Of any other value it appends the JSON text. What dst's capacity
// holds behind the result is undefined.
func (v Value) AppendText(dst []byte) []byte {
	if v.tape == nil {
		return dst
	}
	n := v.node()
	switch {
	case n.kind() != String:
		return appendShort(dst, v.tape.page, int(n.off), int(n.end))
	case n.mark&flagEscaped != 0:
		return appendUnescaped(dst, v.tape.page[n.off+1:n.end-1])
	}
	return appendShort(dst, v.tape.page, int(n.off)+1, int(n.end)-1)
}

// Text returns what AppendText appends as a part of the page; false if it isn't one, as the string has escapes.
func (v Value) Text() ([]byte, bool) {
	if v.tape == nil {
		return nil, true
	}
	n := v.node()
	switch {
	case n.kind() != String:
		return v.tape.page[n.off:n.end:n.end], true
	case n.mark&flagEscaped != 0:
		return nil, false
	}
	return v.tape.page[n.off+1 : n.end-1 : n.end-1], true
}

// Shape tells objects apart by their names: all of one shape have the same names, byte for byte and in the same order. Objects of two
// shapes may have too. Most pages of a tape share their shapes. The zero Shape is no object's.
type Shape struct {
	era   uint64
	names uint32 // a prefix
}

// Shape returns an object's shape; of another value the zero one.
func (v Value) Shape() Shape {
	if v.Kind() != Object {
		return Shape{}
	}
	return Shape{v.tape.shapes.era, v.block().shape}
}

// Cursor walks the elements of an array or the members of an object without allocating, also where an iterator's closure would
// have to escape.
type Cursor struct {
	tape    *Tape
	at, end uint32
	name    uint32 // of an object, in shapes.order
}

// Cursor returns one at the first element or member. Of a scalar or of no value it is at the end.
func (v Value) Cursor() Cursor {
	k := v.Kind()
	if k != Object && k != Array {
		return Cursor{}
	}
	b := v.block()
	return Cursor{tape: v.tape, at: b.first, end: b.first + b.count, name: v.tape.shapes.prefixes[b.shape].names}
}

// At returns the i-th element or member's value from where the cursor stands, which must be there.
func (c Cursor) At(i int) Value { return Value{c.tape, c.at + uint32(i)} }

// Element returns the next element of an array; false after the last.
func (c *Cursor) Element() (Value, bool) {
	if c.at == c.end {
		return Value{}, false
	}
	v := Value{c.tape, c.at}
	c.at++
	return v, true
}

// Member returns the next member of an object; false after the last.
func (c *Cursor) Member() (name Name, value Value, ok bool) {
	if c.at == c.end {
		return Name{}, Value{}, false
	}
	name, value = Name{c.tape, c.tape.shapes.order[c.name]}, Value{c.tape, c.at}
	c.name, c.at = c.name+1, c.at+1
	return name, value, true
}

// Elements yields the elements of an array in order; nothing for any other kind.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		c := v.Cursor()
		for e, ok := c.Element(); ok && yield(e); e, ok = c.Element() {
		}
	}
}

// Members yields the names and the values of an object in source order; nothing for any other kind.
func (v Value) Members() iter.Seq2[Name, Value] {
	return func(yield func(Name, Value) bool) {
		if v.Kind() != Object {
			return
		}
		c := v.Cursor()
		for name, value, ok := c.Member(); ok && yield(name, value); name, value, ok = c.Member() {
		}
	}
}

// Get returns the member of that name; false if the value is no object or has none. Case matters. It looks at each member:
// whoever wants many of a large object should walk it once.
func (v Value) Get(name string) (Value, bool) {
	if v.Kind() != Object {
		return Value{}, false
	}
	c := v.Cursor()
	for n, value, ok := c.Member(); ok; n, value, ok = c.Member() {
		if n.Is(name) {
			return value, true
		}
	}
	return Value{}, false
}

// Lookup follows names from object to object. No names give the value itself.
func (v Value) Lookup(names []string) (Value, bool) {
	for _, name := range names {
		var ok bool
		if v, ok = v.Get(name); !ok {
			return Value{}, false
		}
	}
	return v, v.IsValid()
}

// IsIntegerText reports whether the value is a number written without fraction and exponent, as 1 and unlike 1.0.
func (v Value) IsIntegerText() bool { return v.tape != nil && v.node().mark&flagInteger != 0 }

// Int64 returns the number. The error is ErrNotInteger for anything but a number without fraction and exponent, and ErrRange
// beyond 64 bits.
func (v Value) Int64() (int64, error) {
	if !v.IsIntegerText() {
		return 0, ErrNotInteger
	}
	digits := v.Raw()
	negative := digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) > 19 {
		return 0, ErrRange
	}
	var n uint64 // 19 digits fit
	for _, c := range digits {
		n = n*10 + uint64(c-'0')
	}
	if negative {
		if n > 1<<63 {
			return 0, ErrRange
		}
		return -int64(n), nil
	}
	if n > 1<<63-1 {
		return 0, ErrRange
	}
	return int64(n), nil
}

// Float64 returns the double nearest to the number. The error is ErrNotNumber, or ErrRange where that is infinite.
func (v Value) Float64() (float64, error) {
	if v.Kind() != Number {
		return 0, ErrNotNumber
	}
	if f, ok := shortFloat(v.Raw()); ok {
		return f, nil
	}
	f, err := strconv.ParseFloat(string(v.Raw()), 64)
	if err != nil {
		return 0, ErrRange
	}
	return f, nil
}

// tens are the powers of ten that a double holds.
var tens = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// shortFloat reads a number of at most 15 digits without an exponent. A double holds those digits and their power of ten, so that one
// division rounds right (Clinger, How to Read Floating Point Numbers Accurately, 1990).
func shortFloat(text []byte) (f float64, ok bool) {
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) > 16 {
		return 0, false
	}
	var n uint64
	point := len(text) - 1
	for i, c := range text {
		if c -= '0'; c <= 9 {
			n = n*10 + uint64(c)
		} else if text[i] == '.' {
			point = i
		} else {
			return 0, false
		}
	}
	if n >= 1e15 {
		return 0, false
	}
	f = float64(n) / tens[len(text)-1-point]
	if negative {
		f = -f
	}
	return f, true
}

// AppendCompact appends the value as JSON text without white space: members in source order, numbers as they came, strings with
// as few escapes as can be.
func AppendCompact(dst []byte, v Value) []byte {
	switch v.Kind() {
	case String:
		return appendString(dst, v.Raw(), v.node().mark&flagEscaped != 0)
	case Object:
		dst = append(dst, '{')
		c := v.Cursor()
		first := c.at
		for name, value, ok := c.Member(); ok; name, value, ok = c.Member() {
			if value.at != first {
				dst = append(dst, ',')
			}
			dst = appendString(dst, name.Raw(), name.escaped())
			dst = append(dst, ':')
			dst = AppendCompact(dst, value)
		}
		return append(dst, '}')
	case Array:
		dst = append(dst, '[')
		c := v.Cursor()
		first := c.at
		for e, ok := c.Element(); ok; e, ok = c.Element() {
			if e.at != first {
				dst = append(dst, ',')
			}
			dst = AppendCompact(dst, e)
		}
		return append(dst, ']')
	}
	return append(dst, v.Raw()...)
}

// appendString appends a JSON string.
func appendString(dst, raw []byte, escaped bool) []byte {
	if !escaped {
		return append(dst, raw...)
	}
	var buf [256]byte
	return appendQuoted(dst, appendUnescaped(buf[:0], raw[1:len(raw)-1]))
}
