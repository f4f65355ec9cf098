package schema

// What is here decides whether a published type takes all that was seen, so that no variant is needed.

func pick(alts []*typ, k kind) *typ {
	for _, a := range alts {
		if a.kind == k {
			return a
		}
	}
	return nil
}

func pickJSON(alts []*typ) bool {
	for _, a := range alts {
		if a.json {
			return true
		}
	}
	return false
}

// coversObject reports whether one of the types takes every object that was seen, whatever members its records lack.
func coversObject(alts []*typ, s *seen) bool {
	if pick(alts, kRecord) != nil || pickJSON(alts) {
		return true
	}
	m := pick(alts, kMap)
	if m == nil {
		return false
	}
	for _, v := range s.object {
		if !covers(m.items, v) {
			return false
		}
	}
	return true
}

// coversList reports whether one of the types takes every array of a kind.
func coversList(alts []*typ, list *seen) bool {
	for _, a := range alts {
		if a.json || a.kind == kArray && covers(a.items, list) {
			return true
		}
	}
	return false
}

// covers reports whether values of type t hold all that was seen, but for members that its records lack.
func covers(t *typ, s *seen) bool {
	alts, canBeNull := t.alternatives()
	if s.null && !canBeNull || s.void && !canBeNull && !takesVoid(alts) {
		return false
	}
	for _, bit := range []scalars{sBoolean, sLong, sDouble, sString} {
		if s.scalars&bit != 0 && !anyTakes(alts, bit, s) {
			return false
		}
	}
	if s.typedObject() && !coversObject(alts, s) {
		return false
	}
	for _, list := range s.lists {
		if list != nil && !coversList(alts, list) {
			return false
		}
	}
	return true
}

// takesVoid reports whether one of the types takes an object in which nothing has a type: a record does, with nulls.
func takesVoid(alts []*typ) bool {
	if pick(alts, kRecord) != nil || pickJSON(alts) {
		return true
	}
	m := pick(alts, kMap)
	if m == nil {
		return false
	}
	_, nullable := m.items.alternatives()
	return nullable
}

func anyTakes(alts []*typ, bit scalars, s *seen) bool {
	for _, a := range alts {
		if takes(a, bit, s) {
			return true
		}
	}
	return false
}

// takes reports whether all scalars of one kind that were seen fit the type.
func takes(t *typ, bit scalars, s *seen) bool {
	switch {
	case t.json, t.kind == kString && t.logical == "":
		return true
	case t.logical == "decimal":
		d := s.numbers.digits
		if bit == sString {
			d = s.strings.digits
		}
		return bit != sBoolean && (bit != sString || !s.strings.notDecimal) && d.before <= t.precision-t.scale && d.after <= t.scale
	}
	switch bit {
	case sBoolean:
		return t.kind == kBoolean
	case sLong:
		switch t.kind {
		case kLong:
			return !t.seconds || !s.numbers.beyondMillis
		case kInt:
			return !s.numbers.beyond32
		case kDouble:
			return !s.numbers.inexact
		case kFloat:
			return !s.numbers.wide
		}
	case sDouble:
		return t.kind == kDouble || t.kind == kFloat && !s.numbers.wide
	case sString:
		switch {
		case t.logical == "uuid":
			return !s.strings.notUUID
		case t.logical == "date":
			return !s.strings.notDate
		case t.logical == "timestamp-millis":
			return !s.strings.notTimestamp
		case t.kind == kEnum:
			return !s.strings.many && subset(s.strings.words, t.symbols)
		}
	}
	return false
}

func subset(words, symbols []string) bool {
	for _, w := range words {
		found := false
		for _, sym := range symbols {
			found = found || sym == w
		}
		if !found {
			return false
		}
	}
	return true
}
