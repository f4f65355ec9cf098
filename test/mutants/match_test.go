package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEditsMatch tells at once, and of all mutants, which of them the code has outgrown.
func TestEditsMatch(t *testing.T) {
	for _, m := range mutants() {
		texts := map[string]string{}
		for _, e := range m.edits {
			if texts[e.file] == "" {
				text, err := os.ReadFile(filepath.Join("..", "..", e.file))
				if err != nil {
					t.Fatal(err)
				}
				texts[e.file] = string(text)
			}
			if n := strings.Count(texts[e.file], e.old); n != 1 {
				t.Errorf("%s: %q stands %d times in %s, want once", m.name, e.old, n, e.file)
			}
			texts[e.file] = strings.Replace(texts[e.file], e.old, e.new, 1)
		}
	}
}
