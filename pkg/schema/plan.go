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

// recordPlan is a record type compiled. Members find their group by the order of the record before, else by name.
type recordPlan struct {
	fields  []fieldPlan
	groups  []groupPlan
	byName  map[string]int32
	guess   []int32      // group of the n-th member of the last record
	homes   []int32      // first field of that group; -1: it has none
	shape   record.Shape // of the last record of which guess is right in all; zero: of none
	skipped int          // how many groups are of names without a type
}

type fieldPlan struct {
	field    *field
	plan     *plan
	fallback []byte // the default, encoded; nil: absence is an error
	group    int32
	home     int32 // the first field of the group, which may be this one
	op       op    // of the only type of the only field of the group; opNull: there are more, or none
	branch   byte  // its index in the union, encoded
}

type groupPlan struct {
	source string
	fields []int32 // in the order in which they are tried; none: a name that has no type yet
	key    bool    // a field of the primary key: a misfit can't be helped
}

// maxSkipped bounds how many untyped names a plan learns, as names may come from data.
const maxSkipped = 4096

// compiler shares the plans of records, which may refer to themselves.
type compiler struct {
	records map[*typ]*recordPlan
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
	p := &recordPlan{byName: map[string]int32{}}
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
			out.group, out.home = int32(i), gp.fields[0]
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

// locate is Encoder.locate for a shape that is not that of the record before. It learns what the next record of this shape needs.
func (p *recordPlan) locate(slots []record.Value, c record.Cursor, shape record.Shape) bool {
	n, learned := 0, true
	for name, v, ok := c.Member(); ok; name, v, ok = c.Member() {
		g := p.group(n, name)
		n++
		if g < 0 {
			learned = p.skip(n-1, name) && learned
		} else if fields := p.groups[g].fields; len(fields) > 0 {
			slots[fields[0]] = v
			continue
		}
		if !hollow(v) {
			return false
		}
	}
	if learned && n <= len(p.guess) {
		p.shape = shape
	}
	return true
}

// group finds the group of the n-th member's name; -1 where there is none.
func (p *recordPlan) group(n int, name record.Value) int32 {
	text, plain := name.Text()
	if !plain {
		var buf [64]byte
		text = name.AppendText(buf[:0])
	}
	if n < len(p.guess) {
		if g := p.guess[n]; g >= 0 && p.groups[g].source == string(text) {
			return g
		}
	}
	g, ok := p.byName[string(text)]
	if !ok {
		return -1
	}
	p.remember(n, g)
	return g
}

func (p *recordPlan) remember(n int, g int32) {
	p.shape = record.Shape{}
	for len(p.guess) <= n && len(p.guess) < 1<<16 {
		p.guess, p.homes = append(p.guess, -1), append(p.homes, -1)
	}
	if n < len(p.guess) {
		p.guess[n], p.homes[n] = g, -1
		if fields := p.groups[g].fields; len(fields) > 0 {
			p.homes[n] = fields[0]
		}
	}
}

// skip learns a name that has no type yet, so that the next record finds it; false when it knows too many.
func (p *recordPlan) skip(n int, name record.Value) bool {
	if p.skipped >= maxSkipped {
		return false
	}
	p.skipped++
	source := string(name.AppendText(nil))
	g := int32(len(p.groups))
	p.groups = append(p.groups, groupPlan{source: source})
	p.byName[source] = g
	p.remember(n, g)
	return true
}
