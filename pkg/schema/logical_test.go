package schema_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"

	"producer/pkg/schema"
)

// pin is a reviewed schema with an id and a field x.
func pin(t testing.TB, fieldType, more string) (*schema.Schema, *schema.Encoder) {
	t.Helper()
	s, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"id","type":"long"},{"name":"x","type":` + fieldType + more + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	return s, enc
}

func optional(logical string) string { return `["null",` + logical + `],"default":null` }

const (
	dateType      = `{"type":"int","logicalType":"date"}`
	timestampType = `{"type":"long","logicalType":"timestamp-millis"}`
	uuidType      = `{"type":"string","logicalType":"uuid"}`
	uuid          = "6ba7b810-9dad-11d1-80b4-00C04FD430c8"
)

func decimalType(precision, scale int) string {
	return fmt.Sprintf(`{"type":"bytes","logicalType":"decimal","precision":%d,"scale":%d}`, precision, scale)
}

// TestLogicalTypes has another implementation read what was written. An empty want is a misfit: the value would have been changed.
func TestLogicalTypes(t *testing.T) {
	cases := []struct{ typ, value, want string }{
		{dateType, `"1970-01-01"`, "1970-01-01"},
		{dateType, `"1969-12-31"`, "1969-12-31"},
		{dateType, `"0001-01-01"`, "0001-01-01"},
		{dateType, `"2024-02-29"`, "2024-02-29"},
		{dateType, `-719162`, "0001-01-01"},
		{dateType, `"2023-02-29"`, ""},
		{dateType, `"2023-2-9"`, ""},
		{dateType, `"2023-02-09T00:00:00Z"`, ""},
		{dateType, `" 2023-02-09"`, ""},
		{dateType, `1.0`, ""},
		{dateType, `2147483648`, ""},
		{dateType, `true`, ""},

		{timestampType, `"1969-12-31T23:59:59.999Z"`, "1969-12-31T23:59:59.999Z"},
		{timestampType, `"2024-01-01T00:00:00Z"`, "2024-01-01T00:00:00Z"},
		{timestampType, `"2024-01-01T00:00:00+00:00"`, "2024-01-01T00:00:00Z"},
		{timestampType, `"2024-01-01T00:00:00.120000Z"`, "2024-01-01T00:00:00.12Z"},
		{timestampType, `"2024-01-01T00:00:00.1230000000000Z"`, "2024-01-01T00:00:00.123Z"},
		{timestampType, `-1`, "1969-12-31T23:59:59.999Z"},
		{timestampType, `"2024-01-01T00:00:00.0001Z"`, ""},
		{timestampType, `"2024-01-01T00:00:00.0000000001Z"`, ""},
		{timestampType, `"2024-01-01T02:00:00+02:00"`, ""},
		{timestampType, `"2024-01-01T00:00:00"`, ""},
		{timestampType, `"2024-01-01 00:00:00Z"`, ""},
		{timestampType, `"2024-01-01T1:00:00.00Z"`, ""},
		{timestampType, `"2024-01-01T00:00:00,120Z"`, ""},
		{timestampType, `"2024-06-30T23:59:60Z"`, ""},
		{timestampType, `"2024-01-01"`, ""},
		{timestampType, `1.5`, ""},

		{decimalType(4, 0), `0`, "0"},
		{decimalType(4, 0), `-0`, "0"},
		{decimalType(4, 0), `127`, "127"},
		{decimalType(4, 0), `128`, "128"},
		{decimalType(4, 0), `-128`, "-128"},
		{decimalType(4, 0), `-129`, "-129"},
		{decimalType(4, 0), `255`, "255"},
		{decimalType(4, 0), `-256`, "-256"},
		{decimalType(5, 0), `-32768`, "-32768"},
		{decimalType(5, 0), `32768`, "32768"},
		{decimalType(4, 0), `9999`, "9999"},
		{decimalType(4, 0), `10000`, ""},
		{decimalType(4, 0), `1.0`, "1"},
		{decimalType(4, 0), `1e3`, "1000"},
		{decimalType(4, 0), `1e4`, ""},
		{decimalType(6, 2), `12.34`, "617/50"},
		{decimalType(6, 2), `"-12.34"`, "-617/50"},
		{decimalType(6, 2), `12.340`, "617/50"},
		{decimalType(6, 2), `0.01`, "1/100"},
		{decimalType(6, 2), `1E-2`, "1/100"},
		{decimalType(6, 2), `12.345`, ""},
		{decimalType(6, 2), `12345`, ""},
		{decimalType(6, 2), `1e-1001`, ""},
		{decimalType(6, 2), `"1,5"`, ""},
		{decimalType(6, 2), `"+1"`, ""},
		{decimalType(6, 2), `"01"`, ""},
		{decimalType(6, 2), `"1."`, ""},
		{decimalType(6, 2), `".5"`, ""},
		{decimalType(6, 2), `""`, ""},
		{decimalType(6, 2), `true`, ""},
		{decimalType(38, 10), `"-1234567890123456789012345678.0123456789"`, "-12345678901234567890123456780123456789/10000000000"},
		{decimalType(38, 0), `18446744073709551616`, "18446744073709551616"},

		{uuidType, `"` + uuid + `"`, uuid},
		{uuidType, `"6ba7b810-9dad-11d1-80b4-00c04fd430c"`, ""},
		{uuidType, `"6ba7b8109dad11d180b400c04fd430c8"`, ""},
		{uuidType, `"gba7b810-9dad-11d1-80b4-00c04fd430c8"`, ""},
		{uuidType, `5`, ""},

		{`"float"`, `0.5`, "0.5"},
		{`"float"`, `0.1`, ""},
		{`"float"`, `16777217`, ""},
		{`"int"`, `-2147483648`, "-2147483648"},
		{`"int"`, `2147483648`, ""},
		{`"int"`, `1.0`, ""},
		{`{"type":"map","values":["null","long"]}`, `{"b":1,"a":null}`, "map[a:<nil> b:1]"},
		{`{"type":"map","values":["null","long"]}`, `{"b":"x"}`, ""},
		{`{"type":"enum","name":"E","symbols":["A","B"]}`, `"B"`, "B"},
		{`{"type":"enum","name":"E","symbols":["A","B"]}`, `"C"`, ""},
	}
	for _, c := range cases {
		s, enc := pin(t, optional(c.typ), "")
		in := `{"id":1,"x":` + c.value + `}`
		body, err := enc.Append(nil, parse(t, in))
		if c.want == "" {
			var m *schema.Misfit
			var v *schema.ValueError
			switch {
			case errors.As(err, &m):
				if m.Path != "x" || m.Final {
					t.Errorf("%s into %s: %+v", c.value, c.typ, m)
				}
				settle(t, s, byID, in)
			case !errors.As(err, &v):
				t.Errorf("%s into %s: got %v, want a Misfit", c.value, c.typ, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s into %s: %v", c.value, c.typ, err)
			continue
		}
		other, err := avro.Parse(string(s.JSON()))
		if err != nil {
			t.Fatal(err)
		}
		var native map[string]any
		if rest, err := other.Decode(body, &native); err != nil || len(rest) > 0 {
			t.Errorf("%s into %s: %v, %d bytes left over", c.value, c.typ, err, len(rest))
			continue
		}
		if got := words(native["x"], c.typ); got != c.want {
			t.Errorf("%s into %s: read %s, want %s", c.value, c.typ, got, c.want)
		}
	}
}

// words renders what twmb/avro decoded.
func words(native any, typ string) string {
	switch v := native.(type) {
	case time.Time:
		if typ == dateType {
			return v.UTC().Format(time.DateOnly)
		}
		return v.UTC().Format(time.RFC3339Nano)
	case *big.Rat:
		return v.RatString()
	case big.Rat:
		return v.RatString()
	case [16]byte:
		return uuid // its bytes: the text is compared through goavro in Append
	}
	return strings.TrimSpace(fmt.Sprint(native))
}

// TestNumbersForTimes: micros, times and unknown logical types come and go as the numbers and strings they are made of, and an invalid
// logical type is ignored, as the specification demands.
func TestNumbersForTimes(t *testing.T) {
	for _, typ := range []string{
		`{"type":"long","logicalType":"timestamp-micros"}`, `{"type":"long","logicalType":"time-micros"}`, `{"type":"int","logicalType":"time-millis"}`,
		`{"type":"long","logicalType":"timestamp-nanos"}`, `{"type":"int","logicalType":"nonsense"}`, `{"type":"long","logicalType":5}`,
	} {
		s, enc := pin(t, optional(typ), "")
		body, err := enc.Append(nil, parse(t, `{"id":1,"x":-5}`))
		if err != nil {
			t.Errorf("%s: %v", typ, err)
			continue
		}
		if got, err := s.Text(body); err != nil || string(got) != `{"id":1,"x":-5}` {
			t.Errorf("%s: got %s %v", typ, got, err)
		}
		if !strings.Contains(string(s.JSON()), typ) {
			t.Errorf("%s is not in %s", typ, s.JSON())
		}
	}
	s, enc := pin(t, optional(`{"type":"string","logicalType":"validated-string"}`), "")
	if body, err := enc.Append(nil, parse(t, `{"id":1,"x":"any"}`)); err != nil {
		t.Errorf("%s: %v", s.JSON(), err)
	} else if text, err := s.Text(body); err != nil || string(text) != `{"id":1,"x":"any"}` {
		t.Errorf("got %s %v", text, err)
	}
	if _, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"x","type":{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}}]}`)); err != nil {
		t.Errorf("an invalid decimal is bytes: %v", err)
	}
}

// TestDefaults: a default stands for null and absence where the type takes no null, and never for a value that went to a variant.
func TestDefaults(t *testing.T) {
	for typ, want := range map[string]string{
		`"long","default":-5`:                                          `-5`,
		`"int","default":2147483647`:                                   `2147483647`,
		`"boolean","default":true`:                                     `true`,
		`"double","default":1.5`:                                       `1.5`,
		`"float","default":2`:                                          `2`,
		`"string","default":"a\"\u00e9"`:                               `"a\"é"`,
		`["null","long"],"default":null`:                               `null`,
		`["long","null"],"default":7`:                                  `7`,
		`["null","long"]`:                                              `null`,
		dateType + `,"default":-1`:                                     `"1969-12-31"`,
		decimalType(4, 2) + `,"default":"\u00ff"`:                      `-0.01`,
		`{"type":"array","items":"long"},"default":[1,2]`:              `[1,2]`,
		`{"type":"map","values":"string"},"default":{"k":"v"}`:         `{"k":"v"}`,
		`{"type":"enum","name":"E","symbols":["A","B"]},"default":"B"`: `"B"`,
		`{"type":"record","name":"Q","fields":[{"name":"a","type":"long"},{"name":"b","type":"long","default":3}]},"default":{"a":1}`: `{"a":1,"b":3}`,
	} {
		s, enc := pin(t, typ, "")
		for _, in := range []string{`{"id":1}`, `{"id":1,"x":null}`} {
			body, err := enc.Append(nil, parse(t, in))
			if err != nil {
				t.Errorf("%s: %v", typ, err)
				continue
			}
			if got, err := s.Text(body); err != nil || string(got) != `{"id":1,"x":`+want+`}` {
				t.Errorf("%s: got %s %v, want %s", typ, got, err, want)
			}
		}
	}
	s, _ := pin(t, `["long","null"],"default":7`, "")
	s, bodies := settle(t, s, byID, `{"id":1,"x":"text"}`)
	if got, err := s.Text(bodies[0]); err != nil || string(got) != `{"id":1,"x":null,"x__v_string":"text"}` {
		t.Errorf("got %s %v, want null beside the variant", got, err)
	}
	for _, bad := range []string{`"long","default":"x"`, `"int","default":2147483648`, `"float","default":1e300`, `"boolean","default":0`, `["null","long"],"default":"x"`,
		`{"type":"enum","name":"E","symbols":["A"]},"default":"B"`, `{"type":"array","items":"long"},"default":[null]`, `"double","default":"NaN"`} {
		if s, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"x","type":` + bad + `}]}`)); err == nil {
			t.Errorf("%s was taken", s.JSON())
		}
	}
}

// TestUnsupported: types that no JSON value becomes are refused before a record is read.
func TestUnsupported(t *testing.T) {
	for _, typ := range []string{`"bytes"`, `{"type":"fixed","name":"F","size":4}`, `["null","bytes"]`, `{"type":"array","items":"bytes"}`} {
		s, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"id","type":"long"},{"name":"x","type":` + typ + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		var u *schema.UnsupportedError
		if _, err := schema.Compile(s, byID); !errors.As(err, &u) || !strings.HasPrefix(u.Path, "x") {
			t.Errorf("%s: got %v, want an UnsupportedError for x", typ, err)
		}
	}
}
