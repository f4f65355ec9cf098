package schema_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/linkedin/goavro/v2"

	"producer/pkg/schema"
)

// TestMergeKeepsWhatNarrowTypesNeed: what one of two observations saw beyond a pinned type asks for a variant, whichever is merged into
// the other; what fits asks for none.
func TestMergeKeepsWhatNarrowTypesNeed(t *testing.T) {
	for _, c := range []struct{ typ, fits, more string }{
		{`"int"`, `1`, `2147483648`},
		{`"float"`, `0.5`, `0.1`},
		{`"float"`, `1`, `16777217`},
		{`"double"`, `1`, `9007199254740993`},
		{dateType, `"2024-01-01"`, `"2024-01-32"`},
		{timestampType, `"2024-01-01T00:00:00Z"`, `"2024-01-01T00:00:00.0001Z"`},
		{uuidType, `"` + uuid + `"`, `"x"`},
		{decimalType(4, 2), `"1.25"`, `"1.255"`},
		{decimalType(4, 2), `99`, `100`},
		{`{"type":"enum","name":"E","symbols":["A"]}`, `"A"`, `"B"`},
		{`{"type":"map","values":"long"}`, `{"a":1}`, `{"b":null}`},
		{`{"type":"map","values":"long"}`, `{"a":1}`, `{"b":{}}`},
		{`{"type":"array","items":"long"}`, `[1]`, `[1,null]`},
		{`{"type":"array","items":{"type":"map","values":"long"}}`, `[{"a":1}]`, `[{"a":1},{"a":null}]`},
	} {
		s, _ := pin(t, optional(c.typ), "")
		page := func(v string) *schema.Observation { return observe(t, byID, fmt.Sprintf(`{"id":1,"x":%s}`, v)) }
		both := func(a, b string) *schema.Schema {
			obs := page(a)
			obs.Merge(page(b))
			next, _, err := schema.Evolve(s, obs, byID)
			if err != nil {
				t.Fatal(err)
			}
			return next
		}
		if next := both(c.fits, c.fits); next != s {
			t.Errorf("%s into %s: got %s", c.fits, c.typ, next.JSON())
		}
		hollow := c.more == `{"b":null}` || c.more == `{"b":{}}` // it fits nothing, so it is null
		if a, b := both(c.fits, c.more), both(c.more, c.fits); string(a.JSON()) != string(b.JSON()) || a == s && !hollow {
			t.Errorf("%s and %s into %s: got %s and %s", c.fits, c.more, c.typ, a.JSON(), b.JSON())
		}
	}
}

// TestSelfCheck: where goavro can't read what was written, the record is refused, and the next one is checked too.
func TestSelfCheck(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"l":[1]}`)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	most := goavro.MaxBlockCount
	goavro.MaxBlockCount = 2
	defer func() { goavro.MaxBlockCount = most }()
	for range 2 {
		var e *schema.SelfCheckError
		if out, err := enc.Append(nil, parse(t, `{"id":1,"l":[1,2,3]}`)); !errors.As(err, &e) || len(out) > 0 {
			t.Fatalf("got %x %v, want a SelfCheckError", out, err)
		}
	}
	for range 2 { // only the first is checked
		if _, err := enc.Append(nil, parse(t, `{"id":1,"l":[1,2]}`)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := enc.Append(nil, parse(t, `{"id":1,"l":[1,2,3]}`)); err != nil {
		t.Errorf("a later record was checked: %v", err)
	}
}
