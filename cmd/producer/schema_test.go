package main

import (
	"strings"
	"testing"

	"producer/pkg/inspect"
)

// Who would feel a difference is told once, with each field once, however many variants it gets.
func TestDescribeNamesAFieldOnce(t *testing.T) {
	var b strings.Builder
	all := []string{"everyone"}
	describe(&b, inspect.ResourceDiff{Findings: []inspect.Finding{
		{Kind: inspect.FindingVariant, Field: "a", Avro: "a__v_string", Consumers: all},
		{Kind: inspect.FindingVariant, Field: "a", Avro: "a__v_record", Consumers: all},
		{Kind: inspect.FindingAdded, Field: "b", Avro: "b", Consumers: all},
	}})
	if want := "  - everyone (a, b)\n"; !strings.Contains(b.String(), want) {
		t.Errorf("got %s, want %s in it", b.String(), want)
	}
}
