package schema

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"

	"producer/pkg/record"
)

// Encoder writes records as Avro bodies by one schema: one pass over the tape, and no allocation for a record of a shape that it has seen.
// It remembers shapes, so it is not for concurrent use.
type Encoder struct {
	schema  *Schema
	root    *recordPlan
	careful bool // the record was refused: find out why, before any of it is written
	checked bool
}

// Compile makes an encoder. Types that no JSON value can become are an [*UnsupportedError].
func Compile(s *Schema, o Options) (*Encoder, error) {
	c := compiler{records: map[*typ]*recordPlan{}, text: o.Nested == JSON}
	root, err := c.record(s.root.real(), "", o.Key)
	if err != nil {
		return nil, err
	}
	return &Encoder{schema: s, root: root}, nil
}

// Append appends the Avro body of rec, without a frame, to dst. On error it returns dst as it was. A [*Misfit] asks for [Evolve]; a
// [*ValueError] can't be helped. The encoder's first body of at most 1 MiB is read back with goavro and compared with rec ([*SelfCheckError]).
func (e *Encoder) Append(dst []byte, rec record.Value) ([]byte, error) {
	if rec.Kind() != record.Object {
		return dst, &ValueError{Why: errNoRecord.Error(), Err: errNoRecord}
	}
	out, err := e.record(dst, e.root, rec)
	if err != nil {
		e.careful = true
		_, why := e.record(dst, e.root, rec)
		e.careful = false
		return dst, cmp.Or(why, err)
	}
	if !e.checked && len(out)-len(dst) <= maxChecked {
		if err := e.selfCheck(out[len(dst):], rec); err != nil {
			return dst, err
		}
		e.checked = true
	}
	return out, nil
}

// maxChecked is the largest body that is read back, in bytes: goavro makes a map of each element of an array.
const maxChecked = 1 << 20

// errMisfit stands for the error that check finds.
var errMisfit = errors.New("a value fits no field")

// record writes the fields in the schema's order.
func (e *Encoder) record(dst []byte, p *recordPlan, rec record.Value) ([]byte, error) {
	if e.careful {
		if err := p.check(rec); err != nil {
			return dst, err
		}
	}
	l, c := p.layout(rec), rec.Cursor()
	for _, m := range l.rest {
		if !hollow(c.At(int(m))) {
			return dst, errMisfit
		}
	}
	var err error
	for i, m := range l.from {
		f := &p.fields[i]
		var v record.Value
		k := record.Null
		if m >= 0 {
			v = c.At(int(m))
			k = v.Kind()
		}
		switch {
		case k == record.Null:
			if f.fallback == nil {
				return dst, f.missing()
			}
			dst = append(dst, f.fallback...)
			continue
		case f.op == opString && k == record.String:
			dst = appendText(f.begin(dst), v)
			continue
		case f.op == opLong && k == record.Number:
			if n, err := v.Int64(); err == nil {
				dst = appendLong(f.begin(dst), n)
				continue
			}
		case f.op == opDouble && k == record.Number:
			if d, ok := float(v); ok {
				dst = binary.LittleEndian.AppendUint64(f.begin(dst), math.Float64bits(d))
				continue
			}
		case f.op == opBoolean && k <= record.True:
			dst = append(f.begin(dst), byte(k-record.False))
			continue
		case f.op == opArray && k == record.Array:
			if out, ok := appendScalars(f.begin(dst), f.plan.alts[0].items, v); ok {
				dst = out
				continue
			}
		case f.op == opRecord && k == record.Object:
			if dst, err = e.record(f.begin(dst), f.plan.alts[0].record, v); err != nil {
				return dst, within(f.field.source, err)
			}
			continue
		}
		if dst, err = e.field(dst, p, i, v, k); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// field writes field i of p by its value v, which is of kind k and not null, or as null if another of its group takes v.
func (e *Encoder) field(dst []byte, p *recordPlan, i int, v record.Value, k record.Kind) ([]byte, error) {
	f := &p.fields[i]
	chosen, n, bits := p.choose(&p.groups[f.group], v, k)
	switch {
	case chosen == i:
	case chosen < 0 && !hollow(v):
		return dst, errMisfit
	case f.fallback == nil:
		return dst, f.missing()
	case chosen >= 0 && f.plan.union && f.plan.nullable:
		return appendLong(dst, f.plan.null), nil
	default:
		return append(dst, f.fallback...), nil
	}
	a := &f.plan.alts[n]
	if f.plan.union {
		dst = appendLong(dst, a.branch)
	}
	switch a.op {
	case opLong:
		return appendLong(dst, int64(bits)), nil
	case opDouble:
		return binary.LittleEndian.AppendUint64(dst, bits), nil
	}
	dst, err := e.value(dst, a, v)
	if err != nil {
		err = within(f.field.source, err)
	}
	return dst, err
}

// begin writes the branch of the only type, if there is a union.
func (f *fieldPlan) begin(dst []byte) []byte {
	if f.plan.union {
		return append(dst, f.branch)
	}
	return dst
}

func (f *fieldPlan) missing() error {
	return &ValueError{Path: f.field.source, Why: "it is null or absent, but the schema has " + f.plan.typ.String() + ", not nullable and without a default"}
}
