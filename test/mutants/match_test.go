package main

import (
	"testing"

	"producer/test/overlay"
)

// TestEditsMatch tells at once, and of all mutants, which of them the code has outgrown.
func TestEditsMatch(t *testing.T) {
	for _, m := range mutants() {
		if _, err := overlay.Apply("../..", m.overlay()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
