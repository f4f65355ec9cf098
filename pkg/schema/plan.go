package schema

import (
	"cmp"
	"fmt"
	"slices"

	"producer/pkg/record"
)

// op is how a value of one type is written.
type op uint8

const (
	opNull op = iota
	opBoolean
	opInt
	opLong
	opFloat
	opDouble
	opString
	opJSON
	opUUID
	opDate
	opTimestamp
	opSeconds // a timestamp whose numbers are seconds
	opDecimal
	opEnum
	opArray
	opMap
	opRecord
)

// plan is a type compiled: what an encoder does with a value at one place.
type plan struct {
	typ      *typ
	nullable bool
	null     int64 // index of null in the union
	alts     []alt // in the order in which they are tried
	union    bool
}

// alt is one type, other than null, that a value may have.
type alt struct {
	op     op
	branch int64 // index in the union
	typ    *typ
	items  *plan       // of an array or map
	record *recordPlan // of a record
}

// recordPlan is a record type compiled.
type recordPlan struct {
	fields  []fieldPlan
	groups  []groupPlan
	byName  map[string]int32
	guess   []int32 // group of the n-th member, as it was when a layout was made last
	layouts map[record.Shape]*layout
	size    int     // entries in these
	last    *layout // the one that was used last
	text    bool    // new fields hold nested values as JSON text
}

// A layout says where the members of objects of one shape go.
type layout struct {
	shape record.Shape
	from  []int32 // of each field, the member that gives its group the value; -1: none
	rest  []int32 // members that have no field
}

// What a plan knows at a time. Records that leave some members out have many shapes.
const (
	maxLayouts = 1 << 10 // shapes
	maxEntries = 1 << 20 // fields and members of these
)

type fieldPlan struct {
	field    *field
	plan     *plan
	fallback []byte // the default, encoded; nil: absence is an error
	group    int32
	op       op   // of the only type of the only field of the group; opNull: there are more, or none
	branch   byte // its index in the union, encoded
}

type groupPlan struct {
	source string
	fields []int32 // in the order in which they are tried
	key    bool    // a field of the primary key: a misfit can't be helped
}

// compiler shares the plans of records, which may refer to themselves.
type compiler struct {
	records map[*typ]*recordPlan
	text    bool // nested values become JSON text
}

func (c *compiler) plan(t *typ, path string) (*plan, error) {
	p := &plan{typ: t}
	r := t.real()
	branches := []*typ{r}
	if r.kind == kUnion {
		p.union, branches = true, r.branches
	}
	for i, b := range branches {
		b = b.real()
		if b.kind == kNull {
			p.nullable, p.null = true, int64(i)
			continue
		}
		a, err := c.alt(b, path)
		if err != nil {
			return nil, err
		}
		a.branch = int64(i)
		p.alts = append(p.alts, a)
	}
	// In a union of several types the exact ones come before those that take more.
	slices.SortStableFunc(p.alts, func(a, b alt) int { return cmp.Compare(greed(a.op), greed(b.op)) })
	return p, nil
}

// greed is how much an op takes besides what it is made for.
func greed(o op) int {
	switch o {
	case opJSON:
		return 3
	case opString:
		return 2
	case opDouble, opFloat:
		return 1
	}
	return 0
}

func (c *compiler) alt(t *typ, path string) (alt, error) {
	a := alt{typ: t}
	var err error
	switch {
	case t.json:
		a.op = opJSON
	case t.logical == "decimal":
		a.op = opDecimal
	case t.logical == "uuid":
		a.op = opUUID
	case t.logical == "date":
		a.op = opDate
	case t.logical == "timestamp-millis":
		a.op = opTimestamp
		if t.seconds {
			a.op = opSeconds
		}
	case t.kind == kBoolean:
		a.op = opBoolean
	case t.kind == kInt:
		a.op = opInt
	case t.kind == kLong:
		a.op = opLong
	case t.kind == kFloat:
		a.op = opFloat
	case t.kind == kDouble:
		a.op = opDouble
	case t.kind == kString:
		a.op = opString
	case t.kind == kEnum:
		a.op = opEnum
	case t.kind == kArray || t.kind == kMap:
		a.op = opArray
		if t.kind == kMap {
			a.op = opMap
		}
		a.items, err = c.plan(t.items, path+"[]")
	case t.kind == kRecord:
		a.op = opRecord
		a.record, err = c.record(t, path, nil)
	default:
		err = &UnsupportedError{Path: path, Type: t.String()}
	}
	return a, err
}

func (c *compiler) record(t *typ, path string, keys [][]string) (*recordPlan, error) {
	if p := c.records[t]; p != nil {
		return p, nil
	}
	p := &recordPlan{byName: map[string]int32{}, layouts: map[record.Shape]*layout{}, last: &layout{}, text: c.text}
	c.records[t] = p
	place := map[*field]int32{}
	for i, f := range t.fields {
		at := f.source
		if path != "" {
			at = path + "." + f.source
		}
		rest, key := keyOf(keys, f.source)
		var fp *plan
		var err error
		if key >= 0 && len(rest[0]) > 0 && f.typ.real().kind == kRecord {
			fp, err = c.keyRecord(f.typ, at, rest)
		} else {
			fp, err = c.plan(f.typ, at)
		}
		if err != nil {
			return nil, err
		}
		out := fieldPlan{field: f, plan: fp}
		if f.def != "" {
			if out.fallback, err = appendDefault([]byte{}, f.typ, f.def); err != nil {
				return nil, fmt.Errorf("field %s: default: %w", at, err)
			}
		} else if fp.nullable {
			out.fallback = appendLong([]byte{}, fp.null)
			if !fp.union {
				out.fallback = []byte{}
			}
		}
		p.fields = append(p.fields, out)
		place[f] = int32(i)
	}
	groups, err := groupsOf(t)
	if err != nil {
		return nil, err
	}
	for i, g := range groups {
		gp := groupPlan{source: g.source}
		rest, key := keyOf(keys, g.source)
		gp.key = key >= 0 && len(rest[0]) == 0
		for _, f := range g.fields {
			gp.fields = append(gp.fields, place[f])
			out := &p.fields[place[f]]
			out.group = int32(i)
			if alts := out.plan.alts; len(g.fields) == 1 && len(alts) == 1 {
				out.op, out.branch = alts[0].op, byte(alts[0].branch<<1) // of a union of null and one more it is 0 or 1
			}
		}
		p.groups = append(p.groups, gp)
		p.byName[g.source] = int32(i)
	}
	return p, nil
}

// keyRecord compiles a record on the way to a field of the primary key.
func (c *compiler) keyRecord(t *typ, path string, keys [][]string) (*plan, error) {
	r, err := c.record(t.real(), path, keys)
	if err != nil {
		return nil, err
	}
	return &plan{typ: t, alts: []alt{{op: opRecord, typ: t.real(), record: r}}}, nil
}

// layout returns that of rec, an object.
func (p *recordPlan) layout(rec record.Value) *layout {
	shape := rec.Shape()
	if p.last.shape == shape {
		return p.last
	}
	l := p.layouts[shape]
	if l == nil {
		l = p.newLayout(rec, shape)
		entries := len(l.from) + len(l.rest)
		if len(p.layouts) >= maxLayouts || p.size+entries > maxEntries {
			clear(p.layouts)
			p.size = 0
		}
		p.layouts[shape] = l
		p.size += entries
	}
	p.last = l
	return l
}

func (p *recordPlan) newLayout(rec record.Value, shape record.Shape) *layout {
	l := &layout{shape: shape, from: make([]int32, 0, len(p.fields))}
	for range p.fields {
		l.from = append(l.from, -1)
	}
	n := 0
	for name := range rec.Members() {
		if g := p.group(n, name); g < 0 {
			l.rest = append(l.rest, int32(n))
		} else {
			for _, f := range p.groups[g].fields {
				l.from[f] = int32(n)
			}
		}
		n++
	}
	return l
}

// group finds the group of the n-th member's name; -1 where there is none.
func (p *recordPlan) group(n int, name record.Name) int32 {
	text, plain := name.Text()
	if !plain {
		var buf [64]byte
		text = name.AppendText(buf[:0])
	}
	if n < len(p.guess) {
		if g := p.guess[n]; p.groups[g].source == string(text) {
			return g
		}
	}
	g, ok := p.byName[string(text)]
	if !ok {
		return -1
	}
	if n < len(p.guess) {
		p.guess[n] = g
	} else if n == len(p.guess) {
		p.guess = append(p.guess, g)
	}
	return g
}
