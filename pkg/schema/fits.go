package schema

import (
	"math"

	"producer/pkg/record"
)

// choose finds the first field of the group whose type takes v, which is of kind k and not null: -1 where none does. alt is which of the
// field's types it is, bits what take found.
func (p *recordPlan) choose(g *groupPlan, v record.Value, k record.Kind) (field, alt int, bits uint64) {
	for _, f := range g.fields {
		alts := p.fields[f].plan.alts
		for i := range alts {
			if bits, ok := alts[i].take(v, k); ok {
				return int(f), i, bits
			}
		}
	}
	return -1, 0, 0
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
	case opInt, opDate, opTimestamp, opSeconds:
		if k == record.String {
			return a.op != opInt && acceptsTime(a.op, v)
		}
		if k != record.Number || !v.IsIntegerText() {
			return false
		}
		n, err := v.Int64()
		return err == nil && (a.op == opTimestamp || a.op == opSeconds && inMillis(n) || n == int64(int32(n)))
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

// inMillis reports whether 64 bits hold so many seconds in milliseconds.
func inMillis(seconds int64) bool {
	return seconds >= math.MinInt64/1000 && seconds <= math.MaxInt64/1000
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
