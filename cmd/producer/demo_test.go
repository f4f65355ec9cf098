package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"producer"
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

// Without -c the demo has its configuration and the schemas that it pins with it, wherever it is started.
func TestDemoAnywhere(t *testing.T) {
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"demo"}, &stdout, &stderr); code != pipeline.ExitOK {
		t.Fatalf("exit %d: %s%s", code, &stdout, &stderr)
	}
	for _, want := range []string{"configuration examples/crm.yaml", "crm.contacts: 10000 records", "7 records change at the source"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not on stdout: %s", want, &stdout)
		}
	}
	for _, resource := range []string{"contacts", "companies", "deals"} {
		if _, err := fs.Stat(producer.Example, "schemas/"+resource+".avsc"); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("it left %v behind (%v)", left, err)
	}
}
