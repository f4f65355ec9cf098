package schema

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"producer/pkg/record"
)

// selfCheck has goavro read a body and compares every value with the source.
func (e *Encoder) selfCheck(body []byte, rec record.Value) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &SelfCheckError{Why: fmt.Sprintf("goavro: %v", p)}
		}
	}()
	native, err := e.schema.Decode(body)
	if err != nil {
		return &SelfCheckError{Why: err.Error()}
	}
	return e.sameRecord(e.root, native, rec)
}

func (e *Encoder) sameRecord(p *recordPlan, native any, rec record.Value) error {
	m, ok := native.(map[string]any)
	if !ok {
		return &SelfCheckError{Why: fmt.Sprintf("goavro read %T instead of a record", native)}
	}
	c := rec.Cursor()
	for i, member := range p.layout(rec).from {
		f := &p.fields[i]
		var v record.Value
		if member >= 0 {
			v = c.At(int(member))
		}
		got, ok := m[f.field.name]
		if !ok {
			return &SelfCheckError{Path: f.field.source, Why: "goavro did not read it"}
		}
		chosen, alt := -1, 0
		if k := v.Kind(); k != record.Invalid && k != record.Null {
			chosen, alt, _ = p.choose(&p.groups[f.group], v, k)
		}
		if chosen != i {
			continue // a default, which goavro has no other source for
		}
		if err := e.same(f.plan, alt, got, v); err != nil {
			return within(f.field.source, err)
		}
	}
	return nil
}

// same compares what goavro read with the value, written by alternative i of p.
func (e *Encoder) same(p *plan, i int, native any, v record.Value) error {
	differs := func() error {
		return &SelfCheckError{Why: fmt.Sprintf("goavro read %.100v, the source has %s", native, short(v.Raw()))}
	}
	if i < 0 {
		if native != nil {
			return differs()
		}
		return nil
	}
	if p.union {
		m, ok := native.(map[string]any)
		if !ok || len(m) != 1 {
			return differs()
		}
		for _, inner := range m {
			native = inner
		}
	}
	a := &p.alts[i]
	ok := true
	switch a.op {
	case opBoolean:
		b, is := native.(bool)
		ok = is && b == (v.Kind() == record.True)
	case opInt:
		n, is := native.(int32)
		want, _ := v.Int64()
		ok = is && int64(n) == want
	case opLong:
		n, is := native.(int64)
		want, _ := v.Int64()
		ok = is && n == want
	case opFloat:
		f, is := native.(float32)
		want, _ := float(v)
		ok = is && float64(f) == want
	case opDouble:
		f, is := native.(float64)
		want, _ := float(v)
		ok = is && math.Float64bits(f) == math.Float64bits(want)
	case opString, opUUID, opEnum:
		s, is := native.(string)
		ok = is && s == string(v.AppendText(nil))
	case opJSON:
		s, is := native.(string)
		ok = is && s == string(record.AppendCompact(nil, v))
	case opRecord:
		return e.sameRecord(a.record, native, v)
	case opArray:
		list, is := native.([]any)
		if !is || len(list) != v.Len() {
			return differs()
		}
		n := 0
		for el := range v.Elements() {
			j := -1
			if el.Kind() != record.Null {
				j = a.items.find(el)
			}
			if err := e.same(a.items, j, list[n], el); err != nil {
				return within(index(n), err)
			}
			n++
		}
	case opMap:
		m, is := native.(map[string]any)
		if !is || len(m) != v.Len() {
			return differs()
		}
		for name, el := range v.Members() {
			j := -1
			if el.Kind() != record.Null {
				j = a.items.find(el)
			}
			key := name.String()
			if err := e.same(a.items, j, m[key], el); err != nil {
				return within(key, err)
			}
		}
	case opDate, opTimestamp, opSeconds:
		t, is := native.(time.Time)
		got := t.UnixMilli()
		if a.op == opDate {
			got = t.Unix() / 86400
		}
		want, err := v.Int64()
		if a.op == opSeconds {
			want *= 1000
		}
		if v.Kind() == record.String {
			want, _ = timeOf(a.op, v)
			err = nil
		}
		ok = is && err == nil && got == want
	case opDecimal:
		r, is := native.(*big.Rat)
		want, valid := new(big.Rat).SetString(string(v.AppendText(nil)))
		ok = is && valid && r.Cmp(want) == 0
	}
	if !ok {
		return differs()
	}
	return nil
}
