package schema

// Absence is a field of a schema that records don't have.
type Absence struct {
	Path string // of source names, "address.zip", "items[].sku"
	Null bool   // it was there, but never with a value
}

// Vanished returns what s has published and obs has not seen, in the schema's order. Of a record that is absent the fields are not
// told; nor are variants, which hold what seldom comes.
func (s *Schema) Vanished(obs *Observation) []Absence {
	var out []Absence
	vanished(s.root, &obs.root, "", &out)
	return out
}

func vanished(t *typ, s *seen, path string, out *[]Absence) {
	types, _ := t.alternatives()
	if array := pick(types, kArray); array != nil {
		for _, kind := range []listKind{ofObjects, ofArrays} {
			if list := s.lists[kind]; list != nil {
				vanished(array.items, list, path+"[]", out)
			}
		}
	}
	r := pick(types, kRecord)
	if r == nil || s.object == nil && path != "" {
		return
	}
	for _, f := range r.fields {
		if f.variant {
			continue
		}
		at := f.source
		if path != "" {
			at = path + "." + f.source
		}
		switch m := s.object[f.source]; {
		case m == nil:
			*out = append(*out, Absence{Path: at})
		case !m.typed():
			*out = append(*out, Absence{Path: at, Null: true})
		default:
			vanished(f.typ, m, at, out)
		}
	}
}
