package record_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"producer/pkg/record"
)

func TestValue(t *testing.T) {
	v := parse(t, ` {"s":"a\n\u00e9\ud83d\ude00\/","p":"plain","n":-12,"f":1.0,"t":true,"x":false,"z":null,"o":{"a":{"b":[1]}},"a":[1,[2,3],{"c":4}],"":0,"\u0070q":5} `)
	if got, want := v.Kind(), record.Object; got != want {
		t.Fatalf("got kind %v, want %v", got, want)
	}
	if got, want := v.Len(), 11; got != want {
		t.Errorf("got %d members, want %d", got, want)
	}
	for _, tt := range []struct {
		name, raw, text string
		kind            record.Kind
		n               int
		integer         bool
	}{
		{"s", `"a\n\u00e9\ud83d\ude00\/"`, "a\né😀/", record.String, 0, false},
		{"p", `"plain"`, "plain", record.String, 0, false},
		{"n", "-12", "-12", record.Number, 0, true},
		{"f", "1.0", "1.0", record.Number, 0, false},
		{"t", "true", "true", record.True, 0, false},
		{"x", "false", "false", record.False, 0, false},
		{"z", "null", "null", record.Null, 0, false},
		{"o", `{"a":{"b":[1]}}`, `{"a":{"b":[1]}}`, record.Object, 1, false},
		{"a", `[1,[2,3],{"c":4}]`, `[1,[2,3],{"c":4}]`, record.Array, 3, false},
		{"", "0", "0", record.Number, 0, true},
		{"pq", "5", "5", record.Number, 0, true},
	} {
		m, ok := v.Get(tt.name)
		if !ok {
			t.Errorf("%q: not found", tt.name)
			continue
		}
		if got := string(m.Raw()); got != tt.raw {
			t.Errorf("%q: got raw %s, want %s", tt.name, got, tt.raw)
		}
		if got := string(m.AppendText([]byte("> "))); got != "> "+tt.text {
			t.Errorf("%q: got text %s, want %s", tt.name, got, tt.text)
		}
		if got := m.Kind(); got != tt.kind {
			t.Errorf("%q: got kind %v, want %v", tt.name, got, tt.kind)
		}
		if got := m.Len(); got != tt.n {
			t.Errorf("%q: got length %d, want %d", tt.name, got, tt.n)
		}
		if got := m.IsIntegerText(); got != tt.integer {
			t.Errorf("%q: got integer %v, want %v", tt.name, got, tt.integer)
		}
	}
	for _, name := range []string{"S", "P", "q", "aa", " "} {
		if m, ok := v.Get(name); ok || m.IsValid() {
			t.Errorf("%q was found", name)
		}
	}
	if _, ok := v.Get("s"); !ok {
		t.Error("s is gone")
	}
}

func TestLookup(t *testing.T) {
	v := parse(t, `{"a":{"b":{"c":1}},"l":[{"c":1}],"z":null}`)
	for _, tt := range []struct {
		path string
		want string
	}{
		{"", `{"a":{"b":{"c":1}},"l":[{"c":1}],"z":null}`}, {"a b c", "1"}, {"a b", `{"c":1}`}, {"z", "null"},
		{"a x", ""}, {"l c", ""}, {"z c", ""}, {"a b c d", ""},
	} {
		got, ok := v.Lookup(strings.Fields(tt.path))
		if string(got.Raw()) != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: got %s %v, want %s", tt.path, got.Raw(), ok, tt.want)
		}
	}
}

func TestIterators(t *testing.T) {
	v := parse(t, `[1,[2,[3]],{"a":{"b":2},"c":[3]},"x"]`)
	var got []string
	for e := range v.Elements() {
		got = append(got, string(e.Raw()))
		for name, value := range e.Members() {
			got = append(got, string(name.Raw())+string(value.Raw()))
		}
	}
	want := []string{"1", "[2,[3]]", `{"a":{"b":2},"c":[3]}`, `"a"{"b":2}`, `"c"[3]`, `"x"`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for range v.Members() {
		t.Error("an array has members")
	}
	for _, text := range []string{`{"a":1}`, `"x"`, "1", "null"} {
		for range parse(t, text).Elements() {
			t.Errorf("%s has elements", text)
		}
	}
	for e := range v.Elements() {
		if string(e.Raw()) == "1" {
			break // the sequence must not go on
		}
	}
}

func TestZeroValue(t *testing.T) {
	var v record.Value
	if v.IsValid() || v.Kind() != record.Invalid || v.Len() != 0 || v.Raw() != nil || v.IsIntegerText() {
		t.Errorf("got %v %v %v %s", v.IsValid(), v.Kind(), v.Len(), v.Raw())
	}
	if _, ok := v.Get("a"); ok {
		t.Error("a zero Value has a member")
	}
	if _, ok := v.Lookup(nil); ok {
		t.Error("a zero Value was found")
	}
	for range v.Elements() {
		t.Error("a zero Value has elements")
	}
	if _, err := v.Int64(); !errors.Is(err, record.ErrNotInteger) {
		t.Errorf("got %v", err)
	}
	if _, err := v.Float64(); !errors.Is(err, record.ErrNotNumber) {
		t.Errorf("got %v", err)
	}
	if (&record.Tape{}).Root().IsValid() {
		t.Error("a zero Tape has a root")
	}
}

func TestInt64(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int64
		err  error
	}{
		{"0", 0, nil}, {"-0", 0, nil}, {"1", 1, nil}, {"-1", -1, nil}, {"9007199254740993", 9007199254740993, nil},
		{"9223372036854775807", math.MaxInt64, nil}, {"-9223372036854775808", math.MinInt64, nil},
		{"9223372036854775808", 0, record.ErrRange}, {"-9223372036854775809", 0, record.ErrRange},
		{"18446744073709551616", 0, record.ErrRange}, {"9999999999999999999", 0, record.ErrRange},
		{"100000000000000000000000000000", 0, record.ErrRange},
		{"1.0", 0, record.ErrNotInteger}, {"1e0", 0, record.ErrNotInteger}, {`"1"`, 0, record.ErrNotInteger}, {"null", 0, record.ErrNotInteger},
	} {
		got, err := parse(t, tt.text).Int64()
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %d, %v, want %d, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestFloat64(t *testing.T) {
	for _, tt := range []struct {
		text string
		want float64
		err  error
	}{
		{"0.1", 0.1, nil}, {"1.7976931348623157e308", math.MaxFloat64, nil}, {"5e-324", math.SmallestNonzeroFloat64, nil}, {"1e-999999999", 0, nil},
		{"-0.0", math.Copysign(0, -1), nil}, {"1", 1, nil}, {"100000000000000000000.5", 1e20, nil}, {"9007199254740993", 9007199254740992, nil},
		{"1e400", 0, record.ErrRange}, {"-1e400", 0, record.ErrRange}, {"1e999999999", 0, record.ErrRange}, {"true", 0, record.ErrNotNumber},
	} {
		got, err := parse(t, tt.text).Float64()
		if math.Float64bits(got) != math.Float64bits(tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestAppendCompact(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{` { "b" : [ 1 , 2.50 , { } , [ ] ] , "a" : null } `, `{"b":[1,2.50,{},[]],"a":null}`},
		{`"\u0041\u00e9\/\n\u000b\u001F\"\\"`, `"Aé/\n\u000b\u001f\"\\"`},
		{`{"\u0061":"\u2028</script>"}`, "{\"a\":\"\u2028</script>\"}"},
		{`[[1],[[2]]]`, `[[1],[[2]]]`}, {`1.0E+2`, `1.0E+2`}, {`true`, `true`},
		{`{"s":"\u0008\u000c\u000d\u0009"}`, `{"s":"\b\f\r\t"}`},
	} {
		if got := string(record.AppendCompact([]byte("> "), parse(t, tt.text))); got != "> "+tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}
