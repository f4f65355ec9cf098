package record_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"producer/pkg/record"
)

func keyOf(t testing.TB, texts ...string) (string, error) {
	t.Helper()
	var vals []record.Value
	for _, text := range texts {
		if text == "" {
			vals = append(vals, record.Value{})
			continue
		}
		vals = append(vals, parse(t, text))
	}
	got, err := record.AppendKey([]byte(">"), vals)
	if got[0] != '>' {
		t.Fatalf("what stood in dst was changed: %q", got)
	}
	return string(got[1:]), err
}

func TestAppendKey(t *testing.T) {
	nines := strings.Repeat("9", 1024)
	for _, tt := range []struct {
		texts []string
		want  string
	}{
		{[]string{`"k1"`}, "k1"}, {[]string{`"1"`}, "1"}, {[]string{`" \u00e9\n\" "`}, " é\n\" "}, {[]string{`"1.0"`}, "1.0"},
		{[]string{"1"}, "1"}, {[]string{"1.0"}, "1"}, {[]string{"1e0"}, "1"}, {[]string{"1E+0"}, "1"}, {[]string{"1.0e-0"}, "1"}, {[]string{"1.000"}, "1"},
		{[]string{"1.2e3"}, "1200"}, {[]string{"1e18"}, "1000000000000000000"}, {[]string{"1200e-2"}, "12"}, {[]string{"0.05e2"}, "5"},
		{[]string{"0.00120e5"}, "120"}, {[]string{"10.50e1"}, "105"}, {[]string{"100"}, "100"}, {[]string{"-7"}, "-7"}, {[]string{"-70e-1"}, "-7"},
		{[]string{"0"}, "0"}, {[]string{"-0"}, "0"}, {[]string{"-0.0"}, "0"}, {[]string{"0e999999999999999999999"}, "0"}, {[]string{"-0.00e-7"}, "0"},
		{[]string{"9007199254740993"}, "9007199254740993"}, {[]string{"18446744073709551616"}, "18446744073709551616"},
		{[]string{"9007199254740993.0"}, "9007199254740993"}, {[]string{"1e30"}, "1" + strings.Repeat("0", 30)}, {[]string{nines}, nines},
		{[]string{"1" + strings.Repeat("0", 5000) + "e-5000"}, "1"}, {[]string{"1e1023"}, "1" + strings.Repeat("0", 1023)},
		{[]string{"0." + strings.Repeat("0", 5000) + "1e5001"}, "1"},
		{[]string{`"` + strings.Repeat("x", 1024) + `"`}, strings.Repeat("x", 1024)},
		{[]string{`"` + strings.Repeat(`\u0078`, 1024) + `"`}, strings.Repeat("x", 1024)},
		{[]string{`"eu"`, "7"}, `["eu",7]`}, {[]string{`"\u0065u\/\u000b\u007f\t"`, "7.0", `"7"`}, "[\"eu/\\u000b\u007f\\t\",7,\"7\"]"},
		{[]string{"1e21", "-0.0"}, `[1000000000000000000000,0]`},
		{[]string{`"` + strings.Repeat("x", 1018) + `"`, "1"}, `["` + strings.Repeat("x", 1018) + `",1]`},
	} {
		got, err := keyOf(t, tt.texts...)
		if got != tt.want || err != nil {
			t.Errorf("%.60q: got %.60q, %v, want %.60q", tt.texts, got, err, tt.want)
		}
	}
}

func TestAppendKeyRefuses(t *testing.T) {
	for _, tt := range []struct {
		texts []string
		index int
		why   string
	}{
		{[]string{""}, 0, "missing"}, {[]string{"null"}, 0, "null"}, {[]string{"true"}, 0, "boolean"}, {[]string{"false"}, 0, "boolean"},
		{[]string{"{}"}, 0, "object"}, {[]string{"[1]"}, 0, "array"}, {[]string{`""`}, 0, "empty"},
		{[]string{"1.5"}, 0, "fractional"}, {[]string{"15e-1"}, 0, "fractional"}, {[]string{"0.1"}, 0, "fractional"}, {[]string{"1e-1"}, 0, "fractional"},
		{[]string{"1e-999999999999999999999"}, 0, "fractional"}, {[]string{"9007199254740993.5"}, 0, "fractional"},
		{[]string{"1e999999999"}, 0, "1024"}, {[]string{"1e1024"}, 0, "1024"}, {[]string{"1e99999999999999999999999"}, 0, "1024"},
		{[]string{"-" + strings.Repeat("9", 1024)}, 0, "1024"},
		{[]string{`"` + strings.Repeat("x", 1025) + `"`}, 0, "1024"}, {[]string{`"` + strings.Repeat("é", 513) + `"`}, 0, "1024"},
		{[]string{`"a"`, "null"}, 1, "null"}, {[]string{`"a"`, `""`}, 1, "empty"}, {[]string{"", `"a"`}, 0, "missing"},
		{[]string{`"` + strings.Repeat("x", 1019) + `"`, "1"}, 1, "1024"}, {[]string{`"a"`, `"` + strings.Repeat("x", 1024) + `"`}, 1, "1024"},
	} {
		got, err := keyOf(t, tt.texts...)
		var ke *record.KeyError
		if !errors.As(err, &ke) || ke.Index != tt.index || !strings.Contains(ke.Why, tt.why) || got != "" {
			t.Errorf("%.60q: got %.60q, %v, want index %d, %s", tt.texts, got, err, tt.index, tt.why)
		}
	}
	if _, err := record.AppendKey(nil, nil); err == nil {
		t.Error("no values make a key")
	}
}

func FuzzAppendKey(f *testing.F) {
	for _, s := range []string{"1", "1.0", "1e0", "1.2e3", "-0.0", "1e18", "0.00120e5", `"a\u0000"`, "null", "1e999", "10.50e1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var tape record.Tape
		if tape.Parse([]byte(text), 0) != nil {
			return
		}
		v := tape.Root()
		got, err := record.AppendKey(nil, []record.Value{v})
		if len(got) > record.MaxKey {
			t.Fatalf("a key of %d bytes", len(got))
		}
		if err == nil && v.Kind() == record.String {
			if want := string(v.AppendText(nil)); string(got) != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		if raw := string(v.Raw()); v.Kind() == record.Number && len(raw) < 100 {
			if i := strings.IndexAny(raw, "eE"); i >= 0 && len(raw[i:]) > 5 {
				return // too large for the reference
			}
			want, ok := new(big.Rat).SetString(raw)
			if !ok {
				t.Fatalf("big.Rat can't read %s", raw)
			}
			switch {
			case !want.IsInt():
				if err == nil {
					t.Fatalf("%s: got %s, want an error", raw, got)
				}
			case len(want.Num().String()) > record.MaxKey:
				if err == nil {
					t.Fatalf("%s: got %s, want an error", raw, got)
				}
			case err != nil || string(got) != want.Num().String():
				t.Fatalf("%s: got %s, %v, want %s", raw, got, err, want.Num())
			}
		}
	})
}
