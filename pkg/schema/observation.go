package schema

import (
	"math"
	"slices"
	"sort"
	"strings"

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
	items   *seen            // of all arrays together; nil: no array
	null    bool
}

// numberFacts are what narrower types than long and double depend on.
type numberFacts struct {
	inexact  bool // an integer that no double equals
	beyond32 bool // an integer beyond 32 bits
	wide     bool // a fraction that no float equals
	digits   decimalDigits
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

// Add takes a record in. The error, a [*ValueError], names a number that no schema could hold; the observation is then of no
// further use.
func (o *Observation) Add(rec record.Value) error {
	if rec.Kind() != record.Object {
		return &ValueError{Why: errNoRecord.Error(), Err: errNoRecord}
	}
	return o.root.add(rec)
}

// Merge takes in what another observation of the same resource has seen. p must not be used afterwards.
func (o *Observation) Merge(p *Observation) { o.root.merge(&p.root) }

func (s *seen) add(v record.Value) error {
	switch v.Kind() {
	case record.Null:
		s.null = true
	case record.True, record.False:
		s.scalars |= sBoolean
	case record.String:
		s.scalars |= sString
		s.strings.add(v)
	case record.Number:
		return s.addNumber(v)
	case record.Object:
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
			if err := m.add(value); err != nil {
				return within(string(text), err)
			}
		}
	case record.Array:
		if s.items == nil {
			s.items = &seen{}
		}
		i := 0
		for e := range v.Elements() {
			if err := s.items.add(e); err != nil {
				return within(index(i), err)
			}
			i++
		}
	}
	return nil
}

func (s *seen) addNumber(v record.Value) error {
	if !v.IsIntegerText() {
		f, err := v.Float64()
		if err != nil {
			return rangeError(v, "a double")
		}
		s.scalars |= sDouble
		s.numbers.wide = s.numbers.wide || float64(float32(f)) != f
	} else {
		n, err := v.Int64()
		if err != nil {
			return rangeError(v, "64 bits")
		}
		s.scalars |= sLong
		s.numbers.inexact = s.numbers.inexact || !exact(n)
		s.numbers.beyond32 = s.numbers.beyond32 || n != int64(int32(n))
		s.numbers.wide = s.numbers.wide || !exact(n) || float64(float32(n)) != float64(n)
	}
	d, _ := digitsOf(v.Raw())
	s.numbers.digits.merge(d)
	return nil
}

func rangeError(v record.Value, limit string) error {
	r := &RangeError{Number: short(v.Raw()), Limit: limit}
	return &ValueError{Why: r.Error(), Err: r}
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
	s.null = s.null || o.null
	s.numbers.inexact = s.numbers.inexact || o.numbers.inexact
	s.numbers.beyond32 = s.numbers.beyond32 || o.numbers.beyond32
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
	switch {
	case o.items == nil:
	case s.items == nil:
		s.items = o.items
	default:
		s.items.merge(o.items)
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

func (s *seen) typedArray() bool { return s.items != nil && s.items.typed() }

// scalarOnly reports whether all that has a type here are scalars and arrays of such.
func (s *seen) scalarOnly() bool {
	return !s.typedObject() && (s.items == nil || s.items.scalarOnly())
}

// names returns the members that have a type, in order.
func (s *seen) names() []string {
	out := make([]string, 0, len(s.object))
	for n, m := range s.object {
		if m.typed() {
			out = append(out, n)
		}
	}
	sort.Strings(out)
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

func (s scalars) String() string {
	var names []string
	for i, n := range []string{"boolean", "long", "double", "string"} {
		if s>>i&1 != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, " and ")
}
