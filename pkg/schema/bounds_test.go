package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"producer/pkg/schema"
)

// manyNames is an object of n members.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"n%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// A page with no end of names makes no schema, unless they stand in JSON text.
func TestFieldsAreBounded(t *testing.T) {
	many := manyNames(50_001)
	nested, column, kept := byID, byID, byID
	nested.Nested, kept.KeepNames = schema.JSON, true
	column.Columns = []schema.Column{{Source: "m", Type: `{"type":"string","connect.name":"io.debezium.data.Json"}`}}
	old, _ := settle(t, nil, byID, `{"id":1}`)
	for _, tt := range []struct {
		name, text string
		base       *schema.Schema
		o          schema.Options
		path       string
		refused    bool
	}{
		{"at the root", `{"id":1,` + many[1:], nil, byID, "", true},
		{"inside", `{"id":1,"m":` + many + `}`, nil, byID, "m", true},
		{"later", `{"id":1,"m":[` + many + `]}`, old, byID, "m[]", true},
		{"in JSON text", `{"id":1,"m":` + many + `}`, nil, nested, "", false},
		{"in a column of JSON text", `{"id":1,"m":` + many + `}`, nil, column, "", false},
		{"that the contract keeps out", `{"id":1,` + many[1:], old, kept, "", false},
	} {
		_, _, err := schema.Evolve(tt.base, observe(t, tt.o, tt.text), tt.o)
		if refused(t, err) != tt.refused || err != nil && (!strings.Contains(err.Error(), "more than 50000") || tt.path != "" && !strings.Contains(err.Error(), tt.path+":")) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

// A record is not read back where that would cost hundreds of times its size.
func TestLargeRecordsAreNotReadBack(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"a":[0]}`)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	rec, dst := parse(t, `{"id":1,"a":[`+strings.Repeat("0,", 1<<20)+`0]}`), make([]byte, 0, 4<<20)
	once := true
	if n := testing.AllocsPerRun(1, func() { // which runs it once before it counts
		if once {
			once = false
			return
		}
		if dst, err = enc.Append(dst[:0], rec); err != nil {
			t.Fatal(err)
		}
	}); n > 1000 {
		t.Errorf("%.0f allocations", n)
	}
}
