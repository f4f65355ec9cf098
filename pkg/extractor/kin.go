package extractor

import (
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"

	"producer/pkg/config"
	"producer/pkg/record"
)

// kin is a record of the parent, as far as a child's listing takes of it.
type kin struct {
	print  [16]byte // of all that is taken
	label  string   // for messages
	values map[string]config.Value
	names  []string // of the fields that the child's records get
	fields []record.Value
}

// kinOf takes from the parent's record what the child needs. A field that isn't there is an error; the values stay views of the record.
func (x *Extractor) kinOf(rec record.Value) (*kin, error) {
	k := &kin{values: map[string]config.Value{}}
	seal := xxh3.New()
	take := func(name string, v record.Value) {
		_, _ = fmt.Fprintf(seal, "%d:%s%d:%s", len(name), name, len(v.Raw()), v.Raw()) // it never fails
	}
	for _, h := range x.resource.Endpoint.Holes {
		v, ok := rec.Lookup(h.Field.Names)
		switch v.Kind() {
		case record.String, record.Number, record.True, record.False:
		default:
			what := "has " + article(v.Kind()) + " there"
			if !ok {
				what = "has none"
			}
			return nil, fmt.Errorf("resource %s takes its field %s, and it %s", x.resource.Name, h.Field, what)
		}
		take(h.String(), v)
		text := string(v.AppendText(nil))
		switch v.Kind() {
		case record.True: // as Python's text of it, which dlt sends
			text = "True"
		case record.False:
			text = "False"
		}
		k.values[h.String()] = config.Value{Text: text, JSON: string(v.Raw())}
		if k.label != "" {
			k.label += " "
		}
		k.label += fmt.Sprintf("%.40s", x.client.Redact(text))
	}
	for _, name := range x.resource.FromParent {
		v, ok := rec.Get(name)
		if !ok {
			return nil, fmt.Errorf("include_from_parent of resource %s takes its field %s, and it has none", x.resource.Name, name)
		}
		take(name, v)
		k.names = append(k.names, x.fromParent(name))
		k.fields = append(k.fields, v)
	}
	k.label = x.parent.resource.Name + " " + k.label
	k.print = seal.Sum128().Bytes()
	return k, nil
}

// id is the print as it stands in a position.
func (k *kin) id() string { return hex.EncodeToString(k.print[:]) }

// Apart reports whether the primary key tells the children of one record of the parent from those of another: all that the listing is
// asked by is in it, by way of include_from_parent. A resource without a parent is apart.
func (x *Extractor) Apart() bool {
	for _, h := range x.resource.Endpoint.Holes {
		own := slices.ContainsFunc(x.resource.PrimaryKey, func(p config.Path) bool {
			return len(h.Field.Names) == 1 && slices.Equal(p.Names, []string{x.fromParent(h.Field.Names[0])})
		})
		if !own || !slices.Contains(x.resource.FromParent, h.Field.Names[0]) {
			return false
		}
	}
	return true
}

// fromParent is what a field of the parent's is called in the child's records.
func (x *Extractor) fromParent(field string) string {
	return "_" + x.resource.Parent.Name + "_" + field
}

func (k *kin) value(h config.Hole) (config.Value, error) {
	if k == nil {
		return config.Value{}, fmt.Errorf("%s has no record to be filled from", h)
	}
	return k.values[h.String()], nil
}

// join is a child's record with the parent's fields behind its own. They take the place of fields that have their names (as in dlt).
func (k *kin) join(b *record.Builder, rec record.Value) record.Value {
	b.Begin()
	c := rec.Cursor()
	for name, value, ok := c.Member(); ok; name, value, ok = c.Member() {
		if !k.has(name) {
			b.NameOf(name)
			b.Value(value)
		}
	}
	for i, name := range k.names {
		b.Name(name)
		b.Value(k.fields[i])
	}
	return b.End()
}

func (k *kin) has(name record.Name) bool {
	return slices.ContainsFunc(k.names, name.Is)
}
