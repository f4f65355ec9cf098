package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
)

// differ says where got is not want, or "". Numbers are equal when they are the same number, integers to the last digit, others as
// doubles. Null and absent are one, as is what gives a field no type (null, [], {}). A text may stand for another scalar.
func differ(path string, want, got any) string {
	if got == nil && hollow(want) {
		return ""
	}
	bad := fmt.Sprintf("%s: %v became %v", path, want, got)
	switch want := want.(type) {
	case object:
		got, ok := got.(object)
		if !ok {
			return bad
		}
		names := maps.Clone(want)
		maps.Copy(names, got)
		for _, k := range slices.Sorted(maps.Keys(names)) {
			if diff := differ(path+"."+k, want[k], got[k]); diff != "" {
				return diff
			}
		}
		return ""
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return bad
		}
		for i := range want {
			if diff := differ(fmt.Sprintf("%s[%d]", path, i), want[i], got[i]); diff != "" {
				return diff
			}
		}
		return ""
	case json.Number:
		switch got := got.(type) {
		case json.Number:
			if sameNumber(want, got) {
				return ""
			}
		case string:
			if got == want.String() {
				return ""
			}
		}
		return bad
	case bool:
		if got == want || got == fmt.Sprint(want) {
			return ""
		}
		return bad
	case nil:
		if hollow(got) {
			return ""
		}
		return bad
	}
	if want != got {
		return bad
	}
	return ""
}

// sameNumber compares integers exactly and everything else as doubles.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, ok1 := new(big.Int).SetString(a.String(), 10)
	y, ok2 := new(big.Int).SetString(b.String(), 10)
	if ok1 && ok2 {
		return x.Cmp(y) == 0
	}
	f, err1 := a.Float64()
	g, err2 := b.Float64()
	return err1 == nil && err2 == nil && f == g
}

// hollow is what gives a field no type.
func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !hollow(e) })
	case object:
		for _, e := range v {
			if !hollow(e) {
				return false
			}
		}
		return true
	}
	return false
}
