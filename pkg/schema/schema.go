package schema

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/linkedin/goavro/v2"
)

// Nested says what becomes of objects, and of arrays that hold more than scalars, when a field is first published.
type Nested uint8

// The ways to publish them.
const (
	Record Nested = iota // as records and arrays of them
	JSON                 // as compact JSON text in a string with "connect.name": "io.debezium.data.Json"
)

// Options are what the rules of a resource's schema depend on. The zero value infers a record without a key; Namespace and Name
// must then be given.
type Options struct {
	// Namespace and Name, pipeline and resource, name the record when it is inferred. They are made valid like field names.
	Namespace, Name string
	// Key holds the paths of the primary key's fields, as names from the record down.
	Key [][]string
	// Nested is used for new fields: published ones stay as they are.
	Nested Nested
	// KeepNames and KeepTypes stop the evolution of a published schema: no field for an unknown name, no variant. What does not fit
	// stays a misfit.
	KeepNames, KeepTypes bool
	// Columns are declared: a field that is not yet published gets this type, be there values of it or not.
	Columns []Column
	// SnakeCase names new fields as dlt's snake_case does, instead of keeping what Avro takes.
	SnakeCase bool
}

// Column declares the type of a member at the top of records.
type Column struct {
	Source   string // its JSON name
	Type     string // as Avro's JSON: `"long"`, `{"type":"int","logicalType":"date"}`; no union
	Required bool   // not nullable, which only a first schema's field can be; fields of the key are so without it
	Doc      string // the field's documentation; may be empty
}

// Schema is the schema of a topic's values, an Avro record. It never changes and is safe for concurrent use.
type Schema struct {
	root        *typ
	json        []byte
	canonical   []byte
	fingerprint [8]byte
	codec       *goavro.Codec
}

// Parse reads a schema file. The schema must be a record that goavro takes too. Its fields take the members that their property
// "json" names, else their name; those with the property "variant_of" take the values that the field of that source name can't.
func Parse(avsc []byte) (*Schema, error) {
	root, err := readType(avsc)
	if err != nil {
		return nil, fmt.Errorf("parse schema: %w", err)
	}
	s, err := newSchema(root)
	if err != nil {
		return nil, fmt.Errorf("parse schema: %w", err)
	}
	return s, nil
}

func newSchema(root *typ) (*Schema, error) {
	if root.real().kind != kRecord {
		return nil, fmt.Errorf("the schema is no record but %v", root.real().kind)
	}
	s := &Schema{root: root}
	var w writer
	w.typ(root, "")
	s.json = []byte(w.String())
	checked := writer{goavro: true}
	checked.typ(root, "")
	var err error
	if s.codec, err = newCodec(checked.String()); err != nil {
		return nil, err
	}
	if err := checkRecords(root.real(), map[*typ]bool{}); err != nil {
		return nil, err
	}
	var b strings.Builder
	canonical(&b, root, map[*typ]bool{})
	s.canonical = []byte(b.String())
	binary.LittleEndian.PutUint64(s.fingerprint[:], crc64(s.canonical))
	return s, nil
}

// newCodec has goavro check the schema, whose defects, some of which are panics, become errors.
func newCodec(text string) (c *goavro.Codec, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("goavro: %v", p)
		}
	}()
	if c, err = goavro.NewCodecWithOptions(text, &goavro.CodecOption{EnableDecimalBinarySpecCompliantEncoding: true}); err != nil {
		return nil, fmt.Errorf("goavro: %w", err)
	}
	return c, nil
}

// checkRecords refuses what goavro lets pass: two fields for the same member.
func checkRecords(t *typ, seen map[*typ]bool) error {
	t = t.real()
	if seen[t] {
		return nil
	}
	seen[t] = true
	for _, b := range t.branches {
		if err := checkRecords(b, seen); err != nil {
			return err
		}
	}
	if t.items != nil {
		if err := checkRecords(t.items, seen); err != nil {
			return err
		}
	}
	if t.kind != kRecord {
		return nil
	}
	if _, err := groupsOf(t); err != nil {
		return fmt.Errorf("record %q: %w", t.name, err)
	}
	for _, f := range t.fields {
		if err := checkRecords(f.typ, seen); err != nil {
			return err
		}
		if f.def != "" {
			if _, err := appendDefault(nil, f.typ, f.def); err != nil {
				return fmt.Errorf("record %q: field %q: default: %w", t.name, f.name, err)
			}
		}
	}
	return nil
}

// JSON returns the schema's text, to be registered: compact, with all its properties. A schema that was parsed comes back as it was
// written, but for white space; the same Evolve gives the same bytes. The caller must not change them.
func (s *Schema) JSON() []byte { return s.json }

// Indented returns the schema's text as a file for people: what Parse reads is the same schema, JSON and all.
func (s *Schema) Indented() []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, s.json, "", "  ") // it is JSON
	b.WriteByte('\n')
	return b.Bytes()
}

// Canonical returns the Parsing Canonical Form of the Avro specification. The caller must not change it.
func (s *Schema) Canonical() []byte { return s.canonical }

// Fingerprint returns the CRC-64-AVRO of the canonical form, in the order of bytes of the single-object encoding.
func (s *Schema) Fingerprint() [8]byte { return s.fingerprint }

// Name returns the record's full name.
func (s *Schema) Name() string { return s.root.real().name }

// Decode reads an Avro body into goavro's native form: maps, slices, int64, float64, string, bool, nil, with the values of unions in
// a map from the type's name. Bytes after the body are an error.
func (s *Schema) Decode(body []byte) (any, error) {
	native, rest, err := s.codec.NativeFromBinary(body)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", s.Name(), err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("decode %s: %d bytes are left over", s.Name(), len(rest))
	}
	return native, nil
}

// crc64 is the CRC-64-AVRO of the Avro specification, section "Schema Fingerprints".
func crc64(data []byte) uint64 {
	const empty = 0xc15d213aa4d7a795
	fp := uint64(empty)
	for _, c := range data {
		fp ^= uint64(c)
		for range 8 {
			fp = fp>>1 ^ empty&-(fp&1)
		}
	}
	return fp
}

// A group is the fields that take the values of one member: the published one and its variants.
type group struct {
	source string
	fields []*field // in the order in which they are tried
}

// groupsOf returns a record's groups in the order of their first fields.
func groupsOf(t *typ) ([]*group, error) {
	var groups []*group
	bySource := map[string]*group{}
	names := map[string]bool{}
	for _, f := range t.fields {
		if names[f.name] {
			return nil, fmt.Errorf("two fields are named %q", f.name)
		}
		names[f.name] = true
		g := bySource[f.source]
		if g == nil {
			g = &group{source: f.source}
			bySource[f.source] = g
			groups = append(groups, g)
		}
		g.fields = append(g.fields, f)
	}
	for _, g := range groups {
		var first *field
		for _, f := range g.fields {
			switch {
			case f.variant:
			case first != nil:
				return nil, fmt.Errorf("fields %q and %q both take the member %q", first.name, f.name, g.source)
			default:
				first = f
			}
		}
		g.sort()
	}
	return groups, nil
}

var errNoRecord = errors.New("the record is no JSON object")
