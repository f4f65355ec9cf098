package schema

import (
	"encoding/binary"
	"math"
	"slices"

	"producer/pkg/record"
)

// Encoder writes records as Avro bodies by one schema: one pass over the tape, and no allocation once it has seen a record. It
// learns the order of names, so it is not for concurrent use.
type Encoder struct {
	schema  *Schema
	root    *recordPlan
	slots   []slot
	checked bool
}

// slot is what a field of the record that is being written gets: a value, by which of the field's types, and, of a long or a double,
// its bits. Where another field of its group got the value it is null rather than its default.
type slot struct {
	value record.Value
	bits  uint64
	alt   int32
	moved bool
}

// Compile makes an encoder. Types that no JSON value can become are an [*UnsupportedError].
func Compile(s *Schema, o Options) (*Encoder, error) {
	c := compiler{records: map[*typ]*recordPlan{}}
	root, err := c.record(s.root.real(), "", o.Key)
	if err != nil {
		return nil, err
	}
	return &Encoder{schema: s, root: root}, nil
}

// Append appends the Avro body of rec, without a frame, to dst. On error it returns dst as it was. A [*Misfit] asks for [Evolve]; a
// [*ValueError] can't be helped. The encoder's first body is read back with goavro and compared with rec ([*SelfCheckError]).
func (e *Encoder) Append(dst []byte, rec record.Value) ([]byte, error) {
	if rec.Kind() != record.Object {
		return dst, &ValueError{Why: errNoRecord.Error(), Err: errNoRecord}
	}
	e.slots = e.slots[:0]
	out, err := e.record(dst, e.root, rec)
	if err != nil {
		return dst, err
	}
	if !e.checked {
		e.slots = e.slots[:0]
		if err := e.selfCheck(out[len(dst):], rec); err != nil {
			return dst, err
		}
		e.checked = true
	}
	return out, nil
}

// assign finds the field of every member of rec, from slot base on.
func (e *Encoder) assign(p *recordPlan, rec record.Value) (base int, err error) {
	base = len(e.slots)
	e.slots = slices.Grow(e.slots, len(p.fields))[:base+len(p.fields)]
	slots := e.slots[base:]
	clear(slots)
	shape := rec.Shape()
	known, learned := shape == p.shape, true
	c := rec.Cursor()
	n := 0
	for name, v, ok := c.Member(); ok; name, v, ok = c.Member() {
		var g int32
		if known {
			g = p.guess[n]
		} else {
			g = p.group(n, name)
		}
		n++
		if g < 0 {
			if !hollow(v) {
				if err := outOfRange(v); err != nil {
					return base, within(string(name.AppendText(nil)), err)
				}
				return base, &Misfit{Path: string(name.AppendText(nil)), Got: kindWord(v)}
			}
			learned = p.skip(n-1, name) && learned
			continue
		}
		k := v.Kind()
		if k == record.Null {
			continue
		}
		group := &p.groups[g]
		if a := group.only; a != nil {
			if bits, ok := a.take(v, k); ok {
				s := &slots[group.fields[0]]
				s.value, s.bits = v, bits
				continue
			}
		}
		if !p.fill(slots, group, v, k) && !hollow(v) {
			return base, p.misfit(group, v)
		}
	}
	if learned && n <= len(p.guess) {
		p.shape = shape
	}
	return base, nil
}

// fill puts v, of kind k and not null, into the slot of the first field of the group that takes it.
func (p *recordPlan) fill(slots []slot, g *groupPlan, v record.Value, k record.Kind) bool {
	for _, f := range g.fields {
		alts := p.fields[f].plan.alts
		for i := range alts {
			bits, ok := alts[i].take(v, k)
			if !ok {
				continue
			}
			if len(g.fields) > 1 {
				for _, other := range g.fields {
					slots[other].moved = true
				}
			}
			s := &slots[f]
			s.value, s.bits, s.alt, s.moved = v, bits, int32(i), false
			return true
		}
	}
	return false
}

// misfit says why no field of the group takes v.
func (p *recordPlan) misfit(g *groupPlan, v record.Value) error {
	if err := outOfRange(v); err != nil {
		return within(g.source, err)
	}
	if len(g.fields) == 0 {
		return &Misfit{Path: g.source, Got: kindWord(v)}
	}
	want := p.fields[g.fields[0]].plan.typ.String()
	if g.key {
		return &ValueError{Path: g.source, Why: "a field of the primary key keeps its type, " + want + ", got " + kindWord(v) + " " + short(v.Raw())}
	}
	return &Misfit{Path: g.source, Want: want, Got: kindWord(v), Why: short(v.Raw()), Final: p.fields[g.fields[0]].fallback == nil}
}

// outOfRange finds the number in v that no inferred type could hold.
func outOfRange(v record.Value) error {
	switch v.Kind() {
	case record.Number:
		r := &RangeError{Number: short(v.Raw()), Limit: "64 bits"}
		if v.IsIntegerText() {
			if _, err := v.Int64(); err == nil {
				return nil
			}
		} else if _, err := v.Float64(); err == nil {
			return nil
		} else {
			r.Limit = "a double"
		}
		return &ValueError{Why: r.Error(), Err: r}
	case record.Array:
		i := 0
		for e := range v.Elements() {
			if err := outOfRange(e); err != nil {
				return within(index(i), err)
			}
			i++
		}
	case record.Object:
		for name, m := range v.Members() {
			if err := outOfRange(m); err != nil {
				return within(string(name.AppendText(nil)), err)
			}
		}
	}
	return nil
}

func kindWord(v record.Value) string {
	switch v.Kind() {
	case record.True, record.False:
		return "boolean"
	case record.Number:
		if v.IsIntegerText() {
			return "long"
		}
		return "double"
	case record.String:
		return "string"
	case record.Object:
		return "record"
	case record.Array:
		return "array"
	}
	return "null"
}

// take reports whether the value, which is of kind k, fits the type, with what it found out of a long and a double.
func (a *alt) take(v record.Value, k record.Kind) (bits uint64, ok bool) {
	switch a.op {
	case opString:
		if k == record.String {
			return 0, true
		}
	case opLong:
		n, err := v.Int64()
		return uint64(n), err == nil
	case opDouble:
		f, ok := float(v)
		return math.Float64bits(f), ok
	}
	return 0, a.accepts(v)
}

// accepts reports whether the value fits the type. Of a record only the shape counts: what its members lack is their own misfit.
func (a *alt) accepts(v record.Value) bool {
	k := v.Kind()
	switch a.op {
	case opBoolean:
		return k == record.True || k == record.False
	case opLong:
		return integer(v)
	case opInt, opDate, opTimestamp:
		if k == record.String {
			return a.op != opInt && acceptsTime(a.op, v)
		}
		if k != record.Number || !v.IsIntegerText() {
			return false
		}
		n, err := v.Int64()
		return err == nil && (a.op == opTimestamp || n == int64(int32(n)))
	case opDouble, opFloat:
		f, ok := float(v)
		return ok && (a.op == opDouble || float64(float32(f)) == f)
	case opString:
		switch k {
		case record.String, record.True, record.False:
			return true
		case record.Number:
			if v.IsIntegerText() {
				return integer(v)
			}
			_, err := v.Float64()
			return err == nil
		}
		return false
	case opJSON:
		return true
	case opUUID:
		if text, plain := v.Text(); plain {
			return k == record.String && isUUID(text)
		}
		return k == record.String && isUUID(v.AppendText(nil))
	case opDecimal:
		if k != record.Number && k != record.String {
			return false
		}
		_, ok := decimal(v.AppendText(nil), a.typ.precision, a.typ.scale)
		return ok
	case opEnum:
		return k == record.String && symbol(a.typ, v) >= 0
	case opRecord:
		return k == record.Object
	case opMap:
		if k != record.Object {
			return false
		}
		c := v.Cursor()
		for _, m, ok := c.Member(); ok; _, m, ok = c.Member() {
			if !a.items.accepts(m) {
				return false
			}
		}
		return true
	case opArray:
		if k != record.Array {
			return false
		}
		c := v.Cursor()
		for e, ok := c.Element(); ok; e, ok = c.Element() {
			if !a.items.accepts(e) {
				return false
			}
		}
		return true
	}
	return false
}

func (p *plan) accepts(v record.Value) bool {
	if v.Kind() == record.Null {
		return p.nullable
	}
	return p.find(v) >= 0 || p.nullable && hollow(v)
}

// find returns the first alternative that takes v, or -1.
func (p *plan) find(v record.Value) int {
	for i := range p.alts {
		if p.alts[i].accepts(v) {
			return i
		}
	}
	return -1
}

func integer(v record.Value) bool {
	if v.Kind() != record.Number || !v.IsIntegerText() {
		return false
	}
	_, err := v.Int64()
	return err == nil
}

// float returns a number that a double equals: a fraction's nearest one, an integer only where it is exact.
func float(v record.Value) (float64, bool) {
	if v.Kind() != record.Number {
		return 0, false
	}
	if v.IsIntegerText() {
		n, err := v.Int64()
		if err == nil && n == 0 && v.Raw()[0] == '-' {
			return math.Copysign(0, -1), true
		}
		return float64(n), err == nil && exact(n)
	}
	f, err := v.Float64()
	return f, err == nil
}

func acceptsTime(o op, v record.Value) bool {
	_, ok := timeOf(o, v)
	return ok
}

func timeOf(o op, v record.Value) (int64, bool) {
	text, plain := v.Text()
	if !plain {
		text = v.AppendText(nil)
	}
	if o == opDate {
		return parseDate(text)
	}
	return parseTimestamp(text)
}

func symbol(t *typ, v record.Value) int {
	text, plain := v.Text()
	if !plain {
		text = v.AppendText(nil)
	}
	for i, s := range t.symbols {
		if s == string(text) {
			return i
		}
	}
	return -1
}

// record writes the fields in the schema's order.
func (e *Encoder) record(dst []byte, p *recordPlan, rec record.Value) ([]byte, error) {
	base, err := e.assign(p, rec)
	if err != nil {
		return dst, err
	}
	for i := range p.fields {
		f := &p.fields[i]
		s := &e.slots[base+i]
		if !s.value.IsValid() {
			if f.fallback == nil {
				return dst, &ValueError{Path: f.field.source, Why: "it is null or absent, but the schema has " + f.plan.typ.String() + ", not nullable and without a default"}
			}
			if s.moved && f.plan.union && f.plan.nullable {
				dst = appendLong(dst, f.plan.null)
			} else {
				dst = append(dst, f.fallback...)
			}
			continue
		}
		a := &f.plan.alts[s.alt]
		if f.plan.union {
			dst = appendLong(dst, a.branch)
		}
		switch a.op {
		case opLong:
			dst = appendLong(dst, int64(s.bits))
		case opDouble:
			dst = binary.LittleEndian.AppendUint64(dst, s.bits)
		case opString:
			dst = appendText(dst, s.value)
		default:
			if dst, err = e.value(dst, a, s.value); err != nil {
				return dst, within(f.field.source, err)
			}
		}
	}
	e.slots = e.slots[:base]
	return dst, nil
}

// value writes a value that the type accepts.
func (e *Encoder) value(dst []byte, a *alt, v record.Value) ([]byte, error) {
	switch a.op {
	case opBoolean:
		if v.Kind() == record.True {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case opInt, opLong, opDate, opTimestamp:
		if v.Kind() == record.String {
			n, _ := timeOf(a.op, v)
			return appendLong(dst, n), nil
		}
		n, _ := v.Int64()
		return appendLong(dst, n), nil
	case opFloat:
		f, _ := float(v)
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), nil
	case opDouble:
		f, _ := float(v)
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
	case opString, opUUID:
		return appendText(dst, v), nil
	case opJSON:
		return prefixed(dst, v, func(v record.Value, dst []byte) []byte { return record.AppendCompact(dst, v) }), nil
	case opDecimal:
		b, _ := decimal(v.AppendText(nil), a.typ.precision, a.typ.scale)
		return append(appendLong(dst, int64(len(b))), b...), nil
	case opEnum:
		return appendLong(dst, int64(symbol(a.typ, v))), nil
	case opArray:
		return e.array(dst, a.items, v)
	case opMap:
		return e.mapping(dst, a.items, v)
	case opRecord:
		return e.record(dst, a.record, v)
	}
	return dst, nil
}

func (e *Encoder) array(dst []byte, items *plan, v record.Value) (_ []byte, err error) {
	if n := v.Len(); n > 0 {
		dst = appendLong(dst, int64(n))
		i := 0
		c := v.Cursor()
		for el, ok := c.Element(); ok; el, ok = c.Element() {
			if dst, err = e.item(dst, items, el); err != nil {
				return dst, within(index(i), err)
			}
			i++
		}
	}
	return append(dst, 0), nil
}

func (e *Encoder) mapping(dst []byte, values *plan, v record.Value) (_ []byte, err error) {
	if n := v.Len(); n > 0 {
		dst = appendLong(dst, int64(n))
		c := v.Cursor()
		for name, m, ok := c.Member(); ok; name, m, ok = c.Member() {
			text := name.AppendText(nil)
			dst = append(appendLong(dst, int64(len(text))), text...)
			if dst, err = e.item(dst, values, m); err != nil {
				return dst, within(string(text), err)
			}
		}
	}
	return append(dst, 0), nil
}

// item writes an element that the plan accepts. What nothing but null takes is hollow.
func (e *Encoder) item(dst []byte, p *plan, v record.Value) ([]byte, error) {
	i := -1
	if v.Kind() != record.Null {
		i = p.find(v)
	}
	if i < 0 {
		if p.union {
			dst = appendLong(dst, p.null)
		}
		return dst, nil
	}
	a := &p.alts[i]
	if p.union {
		dst = appendLong(dst, a.branch)
	}
	return e.value(dst, a, v)
}

// appendText writes a value's text as a string.
func appendText(dst []byte, v record.Value) []byte {
	if text, plain := v.Text(); plain {
		return append(appendLong(dst, int64(len(text))), text...)
	}
	return prefixed(dst, v, record.Value.AppendText)
}

// prefixed appends what write appends, after its length: written behind room for the longest prefix, then moved.
func prefixed(dst []byte, v record.Value, write func(record.Value, []byte) []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, binary.MaxVarintLen64)...)
	dst = write(v, dst)
	n := len(dst) - at - binary.MaxVarintLen64
	var prefix [binary.MaxVarintLen64]byte
	p := appendLong(prefix[:0], int64(n))
	copy(dst[at:], p)
	copy(dst[at+len(p):], dst[at+binary.MaxVarintLen64:])
	return dst[:at+len(p)+n]
}

// appendLong writes Avro's variable-length zig-zag form.
func appendLong(dst []byte, n int64) []byte {
	u := uint64(n)<<1 ^ uint64(n>>63)
	for u >= 0x80 {
		dst = append(dst, byte(u)|0x80)
		u >>= 7
	}
	return append(dst, byte(u))
}
