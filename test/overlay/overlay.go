// Package overlay builds the program with edits of its source that are made in memory: variants that must not stand in the repository.
package overlay

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Edit replaces Old, which must stand in File exactly once, by New. File is relative to the repository's root.
type Edit struct{ File, Old, New string }

// Apply returns the edited files by name, read below root. That an edit does not match exactly once is an error: the code has outgrown
// it.
func Apply(root string, edits []Edit) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range edits {
		if _, ok := texts[e.File]; !ok {
			text, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return nil, err
			}
			texts[e.File] = string(text)
		}
		if n := strings.Count(texts[e.File], e.Old); n != 1 {
			return nil, fmt.Errorf("%q stands %d times in %s, want once: adapt the edit", e.Old, n, e.File)
		}
		texts[e.File] = strings.Replace(texts[e.File], e.Old, e.New, 1)
	}
	return texts, nil
}

// Build builds ./cmd/producer of the working directory, the repository's root, with the edits as the file binary. What it writes
// beside that goes into dir. The path that it returns is for go's -overlay.
func Build(ctx context.Context, dir, binary string, edits []Edit) (string, error) {
	texts, err := Apply(".", edits)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range texts {
		path, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replace[path] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-overlay", overlay, "-o", binary, "./cmd/producer").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w: %s", err, out)
	}
	return overlay, nil
}
