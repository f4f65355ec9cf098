package main

import (
	"testing"

	"producer/test/overlay"
)

// TestEditsMatch tells at once that the producer has outgrown its variant without transactions.
func TestEditsMatch(t *testing.T) {
	if _, err := overlay.Apply("../..", withoutTransactions()); err != nil {
		t.Error(err)
	}
}
