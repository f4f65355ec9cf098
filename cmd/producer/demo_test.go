package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"producer/pkg/pipeline"
)

// The demo shows what landed by way of the registry: without one it says so, before it runs anything.
func TestDemoNeedsARegistry(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	text := "pipeline: p\nsource: {client: {base_url: \"${API_URL}\"}, resources: [{name: rows, primary_key: id, write_disposition: merge}]}\nkafka: {brokers: [\"${KAFKA_BROKERS}\"]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"demo", "-c", file}, &stdout, &stderr)
	if code != pipeline.ExitUsage || !strings.Contains(stderr.String(), "schema.registry is missing") || stdout.Len() > 0 {
		t.Errorf("exit %d, %q on stdout, %q on stderr; want %d, nothing, and the key that is missing", code, &stdout, &stderr, pipeline.ExitUsage)
	}
}
