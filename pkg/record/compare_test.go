package record_test

import (
	"cmp"
	"math/big"
	"testing"

	"producer/pkg/record"
)

func value(t *testing.T, text string) record.Value {
	t.Helper()
	var tape record.Tape
	if err := tape.Parse([]byte(text), 0); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tape.Root()
}

// Numbers compare as math/big compares them.
func TestCompareNumbers(t *testing.T) {
	numbers := []string{"0", "-0", "0.0", "0e9", "1", "1.0", "10e-1", "-1", "-1.5", "-1.50", "0.1", "0.01", "1e-3", "12", "120e-1", "9007199254740993",
		"9007199254740992", "123456789012345678901234567890", "1.23456789012345678901234567890e29", "1e30", "-1e30", "1e-30", "99", "100", "0.99", "0.100"}
	for _, a := range numbers {
		for _, b := range numbers {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			if got, ok := record.Compare(value(t, a), value(t, b)); !ok || got != x.Cmp(y) {
				t.Errorf("%s and %s: %d, want %d", a, b, got, x.Cmp(y))
			}
		}
	}
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int // 9: no order
	}{
		{"1e999999999999999999999", "1e999999999999999999999999", 0}, // beyond all bounds, both
		{"1e999999999", "1e999999998", 1},
		{"-1e999999999", "1e-999999999", -1},
		{`"a"`, `"b"`, -1},
		{`"\u0062"`, `"b"`, 0},
		{`"2024-01-02T00:00:00Z"`, `"2024-01-01T23:59:59Z"`, 1},
		{`""`, `"a"`, -1},
		{"false", "true", -1},
		{"true", "true", 0},
		{"1", `"1"`, 9},
		{"null", "null", 9},
		{"[]", "[]", 9},
		{"true", "1", 9},
	} {
		got, ok := record.Compare(value(t, test.a), value(t, test.b))
		if !ok {
			got = 9
		}
		if got != test.want {
			t.Errorf("%s and %s: %d, want %d", test.a, test.b, got, test.want)
		}
		if back, ok := record.Compare(value(t, test.b), value(t, test.a)); ok && cmp.Compare(back, 0) != -test.want {
			t.Errorf("%s and %s: %d, want %d", test.b, test.a, back, -test.want)
		}
	}
}
