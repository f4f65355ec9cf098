package schema

import (
	"math"
	"slices"

	"producer/pkg/record"
)

// Observation is what records hold: for each name, which kinds of values were seen and what of them a schema depends on. It is a
// commutative monoid: the order of [Observation.Add] and [Observation.Merge] makes no difference to what [Evolve] derives. It is not
// safe for concurrent use.
type Observation struct {
	root seen
}

// NewObservation returns an empty observation.
func NewObservation(Options) *Observation { return &Observation{} }

// scalars is a set of scalar kinds.
type scalars uint8

const (
	sBoolean scalars = 1 << iota
	sLong
	sDouble
	sString
)

// seen is what stood at one place: of a member, or of all elements of an array. Its zero value has seen nothing.
type seen struct {
	scalars scalars
	numbers numberFacts
	strings stringFacts
	object  map[string]*seen // members that were seen, also those that have no type yet; nil: no object
	lists   [listKinds]*seen // elements of the arrays of each kind; nil: none. Arrays without a typed element are not looked at.
	null    bool             // null, or something as empty that is no object
	void    bool             // an object in which nothing has a type
}

// listKind is what an array's typed elements have in common: each kind has a type of its own.
type listKind uint8

const (
	ofScalars listKind = iota
	ofObjects
	ofArrays
	mixed
	listKinds
)

// numberFacts are what narrower types than long and double depend on.
type numberFacts struct {
	inexact      bool // an integer that no double equals
	beyond32     bool // an integer beyond 32 bits
	beyondMillis bool // one that, as seconds, is beyond 64 bits of milliseconds
	wide         bool // a fraction that no float equals
	digits       decimalDigits
}

// stringFacts are what logical types depend on.
type stringFacts struct {
	notDate, notTimestamp, notUUID, notDecimal bool
	digits                                     decimalDigits
	words                                      []string // the distinct strings, sorted; nil once there are more than maxWords
	many                                       bool
}

// decimalDigits are how many digits stand at most before and after the point.
type decimalDigits struct{ before, after int }

func (d *decimalDigits) merge(o decimalDigits) {
	d.before, d.after = max(d.before, o.before), max(d.after, o.after)
}

const maxWords = 256

// Add takes a record in. The error, a [*ValueError], says that it is no object. Numbers that no type could hold are not refused here
// but by [Encoder.Append], as a pinned decimal or JSON text may take them.
func (o *Observation) Add(rec record.Value) error {
	if rec.Kind() != record.Object {
		return &ValueError{Why: errNoRecord.Error(), Err: errNoRecord}
	}
	o.root.add(rec)
	return nil
}

// Merge takes in what another observation of the same resource has seen. p must not be used afterwards.
func (o *Observation) Merge(p *Observation) { o.root.merge(&p.root) }

func (s *seen) add(v record.Value) {
	switch v.Kind() {
	case record.Null:
		s.null = true
	case record.True, record.False:
		s.scalars |= sBoolean
	case record.String:
		s.scalars |= sString
		s.strings.add(v)
	case record.Number:
		s.addNumber(v)
	case record.Object:
		if hollow(v) {
			s.void = true
			return
		}
		if s.object == nil {
			s.object = map[string]*seen{}
		}
		var buf [64]byte
		for name, value := range v.Members() {
			text, ok := name.Text()
			if !ok {
				text = name.AppendText(buf[:0])
			}
			m := s.object[string(text)]
			if m == nil {
				m = &seen{}
				s.object[string(text)] = m
			}
			m.add(value)
		}
	case record.Array:
		s.addArray(v)
	}
}

func (s *seen) addArray(v record.Value) {
	kind, typed := kindOf(v)
	if !typed {
		s.null = true
		return
	}
	list := s.lists[kind]
	if list == nil {
		list = &seen{}
		s.lists[kind] = list
	}
	for e := range v.Elements() {
		switch {
		case !hollow(e):
			list.add(e)
		case kind == ofObjects && e.Kind() == record.Object:
			list.void = true
		default:
			list.null = true
		}
	}
}

// kindOf looks at the elements that give a type; false where there is none.
func kindOf(v record.Value) (s listKind, typed bool) {
	for e := range v.Elements() {
		if hollow(e) {
			continue
		}
		one := ofScalars
		switch e.Kind() {
		case record.Object:
			one = ofObjects
		case record.Array:
			one = ofArrays
		}
		if typed && one != s {
			return mixed, true
		}
		s, typed = one, true
	}
	return s, typed
}

func (s *seen) addNumber(v record.Value) {
	if !v.IsIntegerText() {
		f, err := v.Float64()
		s.scalars |= sDouble
		s.numbers.wide = s.numbers.wide || err != nil || float64(float32(f)) != f
	} else {
		n, err := v.Int64()
		s.scalars |= sLong
		s.numbers.inexact = s.numbers.inexact || err != nil || !exact(n)
		s.numbers.beyond32 = s.numbers.beyond32 || err != nil || n != int64(int32(n))
		s.numbers.beyondMillis = s.numbers.beyondMillis || err != nil || !inMillis(n)
		s.numbers.wide = s.numbers.wide || err != nil || !exact(n) || float64(float32(n)) != float64(n)
	}
	d, _ := digitsOf(v.Raw())
	s.numbers.digits.merge(d)
}

// exact reports whether a double equals n.
func exact(n int64) bool {
	f := float64(n)
	return f < math.MaxInt64 && int64(f) == n
}

func (f *stringFacts) add(v record.Value) {
	text, ok := v.Text()
	if !ok {
		text = v.AppendText(nil)
	}
	if !f.notDate {
		_, ok := parseDate(text)
		f.notDate = !ok
	}
	if !f.notTimestamp {
		_, ok := parseTimestamp(text)
		f.notTimestamp = !ok
	}
	f.notUUID = f.notUUID || !isUUID(text)
	if !f.notDecimal {
		d, ok := digitsOf(text)
		f.notDecimal = !ok
		f.digits.merge(d)
	}
	if f.many || len(text) > 256 {
		f.many, f.words = true, nil
		return
	}
	if i, ok := slices.BinarySearch(f.words, string(text)); !ok {
		f.words = slices.Insert(f.words, i, string(text))
		f.cut()
	}
}

func (f *stringFacts) cut() {
	if len(f.words) > maxWords {
		f.many, f.words = true, nil
	}
}

func (f *stringFacts) merge(o *stringFacts) {
	f.notDate, f.notTimestamp, f.notUUID, f.notDecimal = f.notDate || o.notDate, f.notTimestamp || o.notTimestamp, f.notUUID || o.notUUID, f.notDecimal || o.notDecimal
	f.digits.merge(o.digits)
	if f.many = f.many || o.many; f.many {
		f.words = nil
		return
	}
	f.words = append(f.words, o.words...)
	slices.Sort(f.words)
	f.words = slices.Compact(f.words)
	f.cut()
}

func (s *seen) merge(o *seen) {
	s.scalars |= o.scalars
	s.null, s.void = s.null || o.null, s.void || o.void
	s.numbers.inexact = s.numbers.inexact || o.numbers.inexact
	s.numbers.beyond32 = s.numbers.beyond32 || o.numbers.beyond32
	s.numbers.beyondMillis = s.numbers.beyondMillis || o.numbers.beyondMillis
	s.numbers.wide = s.numbers.wide || o.numbers.wide
	s.numbers.digits.merge(o.numbers.digits)
	s.strings.merge(&o.strings)
	if o.object != nil && s.object == nil {
		s.object = map[string]*seen{}
	}
	for name, m := range o.object {
		if mine := s.object[name]; mine != nil {
			mine.merge(m)
		} else {
			s.object[name] = m
		}
	}
	for i, list := range o.lists {
		switch {
		case list == nil:
		case s.lists[i] == nil:
			s.lists[i] = list
		default:
			s.lists[i].merge(list)
		}
	}
}

// typed reports whether anything here gives a field a type: null, [] and {} alone do not, nor what holds only such.
func (s *seen) typed() bool { return s.scalars != 0 || s.typedObject() || s.typedArray() }

func (s *seen) typedObject() bool {
	for _, m := range s.object {
		if m.typed() {
			return true
		}
	}
	return false
}

func (s *seen) typedArray() bool { return s.lists != [listKinds]*seen{} }

// scalarOnly reports whether all that has a type here are scalars and arrays of such.
func (s *seen) scalarOnly() bool {
	return !s.typedObject() && s.lists[ofObjects] == nil && s.lists[mixed] == nil && (s.lists[ofArrays] == nil || s.lists[ofArrays].scalarOnly())
}

// names returns the members that have a type, in order.
func (s *seen) names() []string {
	out := make([]string, 0, len(s.object))
	for n, m := range s.object {
		if m.typed() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// hollow reports whether v gives a field no type.
func hollow(v record.Value) bool {
	switch v.Kind() {
	case record.Null:
		return true
	case record.Object:
		c := v.Cursor()
		for _, m, ok := c.Member(); ok; _, m, ok = c.Member() {
			if !hollow(m) {
				return false
			}
		}
		return true
	case record.Array:
		c := v.Cursor()
		for e, ok := c.Element(); ok; e, ok = c.Element() {
			if !hollow(e) {
				return false
			}
		}
		return true
	}
	return false
}
