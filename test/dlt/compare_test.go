//go:build dlt

package dlt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// same compares tables as multisets of rows. Parents' lists, which dlt loads to tables of their own, are not compared.
func same(t *testing.T, got, want map[string][]row) {
	t.Helper()
	for name := range both(got, want) {
		if strings.Contains(name, "__") {
			continue
		}
		g, w := canonical(t, got[name]), canonical(t, want[name])
		if slices.Equal(g, w) {
			continue
		}
		t.Errorf("%s: %d rows here, %d rows in dlt", name, len(g), len(w))
		for i, side := range [][]string{without(g, w), without(w, g)} {
			for _, r := range side[:min(len(side), 5)] {
				t.Errorf("%s: only %s: %s", name, []string{"here", "in dlt"}[i], r)
			}
		}
	}
}

func both[V any](a, b map[string]V) map[string]bool {
	names := map[string]bool{}
	for _, m := range []map[string]V{a, b} {
		for name := range m {
			names[name] = true
		}
	}
	return names
}

func canonical(t *testing.T, rows []row) []string {
	t.Helper()
	texts := make([]string, len(rows))
	for i, r := range rows {
		for name, v := range r {
			if at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v)); err == nil { // dlt makes timestamps of them: TestDifferences
				r[name] = at.UTC().Format(time.RFC3339Nano)
			}
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	slices.Sort(texts)
	return texts
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
