package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/avro"

	"producer/pkg/schema"
)

var (
	names = []string{"a", "b", "B", "c-d", "c_d", "1", "", "a__v_long", "a__v_string", "ключ", "\U0001f600"}
	// Few kinds of values often meet, many seldom.
	scalars = []string{"1", "1", "2.5", "2.5", "true", "true", `"s"`, `"s"`, "9007199254740993", `"\u00e9\n\""`, "-0", "-0.0", "1e3", "9223372036854775807",
		"-9223372036854775808", "5e-324", "1.7976931348623157e308", "0.1000000000000000055", "false", `""`, "9007199254740992", `"1"`, `"true"`, `"null"`}
)

// randomValue makes JSON of every shape; with mixed, also arrays of unlike elements.
func randomValue(r *rand.Rand, depth int, mixed bool) string {
	switch n := r.IntN(12); {
	case n < 2 && depth > 0:
		var m []string
		for _, k := range names {
			if r.IntN(4) == 0 {
				m = append(m, fmt.Sprintf("%q:%s", k, randomValue(r, depth-1, mixed)))
			}
		}
		r.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
		return "{" + strings.Join(m, ",") + "}"
	case n < 4 && depth > 0:
		var l []string
		one := randomValue(r, depth-1, mixed)
		for range r.IntN(3) {
			if mixed {
				one = randomValue(r, depth-1, mixed)
			}
			l = append(l, one)
		}
		return "[" + strings.Join(l, ",") + "]"
	case n == 4:
		return "null"
	}
	return scalars[r.IntN(len(scalars))]
}

func randomPage(r *rand.Rand, mixed bool) []string {
	page := make([]string, 1+r.IntN(3))
	for i := range page {
		page[i] = fmt.Sprintf(`{"y":%s,"id":%d,"x":%s}`, randomValue(r, 2, mixed), i, randomValue(r, 3, mixed))
	}
	return page
}

// TestHistories evolves random histories of pages. Every page fits after one evolution, and another implementation reads every body
// that was ever written with the newest schema as the reader's.
func TestHistories(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		o := byID
		o.Nested = schema.Nested(r.IntN(2))
		mixed := r.IntN(2) == 0
		type written struct {
			by     *schema.Schema
			source string
			body   []byte
		}
		var all []written
		var s *schema.Schema
		for range 4 {
			page := randomPage(r, mixed)
			var bodies [][]byte
			s, bodies = settle(t, s, o, page...)
			now := readersOf(t, s)
			for i, b := range bodies {
				now.check(t, page[i], b)
				all = append(all, written{s, page[i], b})
			}
		}
		reader := readersOf(t, s)
		for _, w := range all {
			if err := s.CanRead(w.by); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			writer, err := avro.Parse(string(w.by.JSON()))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			resolved, err := avro.Resolve(writer, reader.twmb)
			if err != nil {
				t.Fatalf("seed %d: the newest schema does not resolve: %v", seed, err)
			}
			reader.resolved(t, resolved, w.source, w.body)
			if got, want := writer.Fingerprint(avro.NewRabin()), w.by.Fingerprint(); string(got) != string(want[:]) && reversed(got) != string(want[:]) {
				t.Fatalf("seed %d: fingerprint %x, another implementation has %x", seed, want, got)
			}
		}
	}
}

func reversed(b []byte) string {
	out := make([]byte, 0, len(b))
	for i := len(b) - 1; i >= 0; i-- {
		out = append(out, b[i])
	}
	return string(out)
}

// TestOrderMakesNoDifference: Merge is commutative, associative and idempotent in what Evolve derives.
func TestOrderMakesNoDifference(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 11))
		var records []string
		for range 3 {
			records = append(records, randomPage(r, true)...)
		}
		want, _, err := schema.Evolve(nil, observe(t, byID, records...), byID)
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			records[i] = shuffled(r, native(t, records[i]))
		}
		r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		cut := r.IntN(len(records) + 1)
		a, b := observe(t, byID, records[:cut]...), observe(t, byID, records[cut:]...)
		b.Merge(a)
		b.Merge(observe(t, byID, records...)) // seen twice
		got, _, err := schema.Evolve(nil, b, byID)
		if err != nil {
			t.Fatal(err)
		}
		if string(got.JSON()) != string(want.JSON()) {
			t.Fatalf("seed %d: %v\n got %s\nwant %s", seed, records, got.JSON(), want.JSON())
		}
		if again, changes, err := schema.Evolve(got, observe(t, byID, records...), byID); err != nil || again != got || len(changes) > 0 {
			t.Fatalf("seed %d: what was inferred is not enough for itself: %v %v", seed, changes, err)
		}
	}
}

// shuffled is the same JSON with the members of every object in another order.
func shuffled(r *rand.Rand, v any) string {
	switch v := v.(type) {
	case map[string]any:
		var m []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			name, _ := json.Marshal(k)
			m = append(m, string(name)+":"+shuffled(r, v[k]))
		}
		r.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
		return "{" + strings.Join(m, ",") + "}"
	case []any:
		var l []string
		for _, e := range v {
			l = append(l, shuffled(r, e))
		}
		return "[" + strings.Join(l, ",") + "]"
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// TestPinnedHistories puts random values into reviewed types of every kind: what does not fit finds a place after one evolution, and
// what was written is read back, as Append has goavro compare the first record of every encoder.
func TestPinnedHistories(t *testing.T) {
	types := []string{`"boolean"`, `"int"`, `"long"`, `"float"`, `"double"`, `"string"`, dateType, timestampType, uuidType, decimalType(3, 0), decimalType(5, 2),
		`{"type":"long","logicalType":"timestamp-micros"}`, `{"type":"enum","name":"E","symbols":["A","B"]}`,
		`{"type":"string","connect.name":"io.debezium.data.Json"}`, `{"type":"record","name":"M","fields":[{"name":"a","type":["null","int"]},{"name":"c","type":["null","M"]}]}`}
	values := []string{`1`, `-5`, `1.5`, `0.1`, `2147483648`, `9007199254740993`, `999`, `1000`, `true`, `"A"`, `"C"`, `"2024-02-29"`, `"2024-02-30"`,
		`"2024-02-29T00:00:00Z"`, `"2024-02-29T00:00:00.0001Z"`, `"` + uuid + `"`, `"12.34"`, `"12.345"`, `null`, `{}`, `[]`, `{"a":1}`, `{"a":2.5,"b":"x"}`, `{"c":{"c":{"d":1}}}`}
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 13))
		typ := types[r.IntN(len(types))]
		switch r.IntN(4) {
		case 0:
			typ = `{"type":"array","items":["null",` + typ + `]}`
		case 1:
			typ = `{"type":"array","items":` + typ + `}`
		case 2:
			typ = `{"type":"map","values":` + []string{`["null",` + typ + `]`, typ}[r.IntN(2)] + `}`
		}
		s, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"id","type":"long"},{"name":"x","type":["null",` + typ + `]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		o := byID
		o.Nested = schema.Nested(r.IntN(2))
		for range 3 {
			var page []string
			for i := range 1 + r.IntN(3) {
				one := func() string { return values[r.IntN(len(values))] }
				v := one()
				switch r.IntN(4) {
				case 0:
					v = "[" + one() + "," + one() + "]"
				case 1:
					v = `{"k":` + one() + `,"a":` + one() + `}`
				}
				page = append(page, fmt.Sprintf(`{"id":%d,"x":%s}`, i, v))
			}
			s, _ = settle(t, s, o, page...)
			for _, rec := range page {
				enc, err := schema.Compile(s, o)
				if err != nil {
					t.Fatal(err)
				}
				body, err := enc.Append(nil, parse(t, rec))
				if err != nil {
					t.Fatalf("seed %d: %s into %s: %v", seed, rec, s.JSON(), err)
				}
				if _, err := s.Text(body); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
	}
}
