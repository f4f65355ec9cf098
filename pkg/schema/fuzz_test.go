package schema_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/avro"

	"producer/pkg/record"
	"producer/pkg/schema"
)

// FuzzParse: no text makes Parse or what follows it panic, and what it takes it can write and take again.
func FuzzParse(f *testing.F) {
	f.Add(`{"type":"record","name":"R","namespace":"n","fields":[{"name":"id","type":"long"},{"name":"d","type":["null",{"type":"bytes","logicalType":"decimal","precision":4}],"default":null}]}`)
	f.Add(`{"type":"record","name":"R","fields":[{"name":"n","type":["null","R"],"default":null},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]},"default":"A"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schema.Parse([]byte(text))
		if err != nil {
			return
		}
		again, err := schema.Parse(s.JSON())
		if err != nil {
			t.Fatalf("%s: %v", s.JSON(), err)
		}
		if again.Fingerprint() != s.Fingerprint() || again.CanRead(s) != nil || !again.Extends(s) {
			t.Errorf("%s is another schema than %s", again.JSON(), text)
		}
		_, _ = schema.Compile(s, byID)
		schema.Warnings(s)
	})
}

// object reports whether text is a JSON object that the tape takes.
func object(text string) bool {
	var tape record.Tape
	return tape.Parse([]byte(text), 100) == nil && tape.Root().Kind() == record.Object
}

// refused reports whether err says that a value can never be published; other errors are defects.
func refused(t *testing.T, err error) bool {
	var v *schema.ValueError
	if err != nil && !errors.As(err, &v) {
		t.Fatal(err)
	}
	return err != nil
}

// FuzzEncoder: any object is inferred, encoded and read back by two other implementations, or refused with a reason.
func FuzzEncoder(f *testing.F) {
	f.Add(`{"id":1,"a":[1,{"b":null}],"c":{"d":"\u00e9"}}`, false)
	f.Add(`{"id":"x","n":-0.0,"m":18446744073709551616}`, true)
	f.Add(`{"id":"x","o":{"n":[1.10,{"a":18446744073709551616}]}}`, true)
	f.Add(`{"id":{"0":""}}`, false)
	f.Add(contact, false)
	f.Fuzz(func(t *testing.T, text string, nested bool) {
		if !object(text) {
			return
		}
		o := byID
		if nested {
			o.Nested = schema.JSON
		}
		s, _, err := schema.Evolve(nil, observe(t, o, text), o)
		if refused(t, err) {
			return
		}
		enc, err := schema.Compile(s, o)
		if err != nil {
			t.Fatal(err)
		}
		body, err := enc.Append(nil, parse(t, text))
		if !refused(t, err) {
			readersOf(t, s).check(t, text, body)
		}
	})
}

// FuzzEvolve: whatever comes after whatever, one evolution makes room for it, and the newer schema reads both.
func FuzzEvolve(f *testing.F) {
	f.Add(`{"a":1}`, `{"a":1.5,"b":{"c":[]}}`, false)
	f.Add(`{"a":[{"b":1}]}`, `{"a":[[{"b":"x"}],{"c":1}]}`, false)
	f.Add(`{"a":{"b":1},"a__v_long":true}`, `{"a":5,"A":[5,2.5,9007199254740993]}`, true)
	f.Fuzz(func(t *testing.T, first, second string, nested bool) {
		if !object(first) || !object(second) {
			return
		}
		o := byID
		if nested {
			o.Nested = schema.JSON
		}
		first, second = fmt.Sprintf(`{"id":1,"v":%s}`, first), fmt.Sprintf(`{"id":2,"v":%s}`, second)
		old, err := evolved(t, nil, o, first)
		if refused(t, err) {
			return
		}
		before, err := appended(t, old, o, first)
		if refused(t, err) {
			return
		}
		next, err := evolved(t, old, o, second)
		if err != nil {
			t.Fatal(err)
		}
		after, err := appended(t, next, o, second)
		if refused(t, err) {
			return
		}
		if err := next.CanRead(old); err != nil || !next.Extends(old) {
			t.Fatalf("%s after %s: %v", next.JSON(), old.JSON(), err)
		}
		r := readersOf(t, next)
		r.check(t, second, after)
		resolved, err := avro.Resolve(avro.MustParse(string(old.JSON())), r.twmb)
		if err != nil {
			t.Fatal(err)
		}
		r.resolved(t, resolved, first, before)
	})
}

func evolved(t *testing.T, s *schema.Schema, o schema.Options, text string) (*schema.Schema, error) {
	s, _, err := schema.Evolve(s, observe(t, o, text), o)
	return s, err
}

func appended(t *testing.T, s *schema.Schema, o schema.Options, text string) ([]byte, error) {
	enc, err := schema.Compile(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return enc.Append(nil, parse(t, text))
}
