package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"producer/pkg/config"
)

// FuzzParse: no text makes Parse panic, mistakes are *Errors with a line, no message shows what a reference stands for, and what is
// accepted keeps the promises that other packages rely on.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yml", "../../examples/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("no files: %v", err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "file:") { // no reading of whatever the fuzzer may name
			return
		}
		c, err := config.Parse("testdata/fuzz.yml", data, func(string) (string, bool) { return canary, true })
		if strings.Contains(string(data), canary) {
			return
		}
		if err != nil {
			var all *config.Errors
			if !errors.As(err, &all) || len(all.Problems) == 0 {
				t.Fatalf("got %v, want *config.Errors", err)
			}
			if strings.Contains(err.Error(), canary) {
				t.Fatalf("the messages show a value:\n%s", err)
			}
			return
		}
		if text := fmt.Sprint(c.Warnings); strings.Contains(text, canary) {
			t.Fatalf("the warnings show a value: %s", text)
		}
		check(t, c)
	})
}

func check(t *testing.T, c *config.Config) {
	t.Helper()
	topics := map[string]bool{c.StateTopic(): true, c.SchemasTopic(): true}
	for _, r := range c.Resources {
		if topics[r.Topic.Name] || len(r.Topic.Name) > 249 {
			t.Fatalf("topic %q is taken or too long", r.Topic.Name)
		}
		topics[r.Topic.Name] = true
		if r.Disposition != "append" && len(r.PrimaryKey) == 0 {
			t.Fatalf("%s: %s without a key", r.Name, r.Disposition)
		}
		p := r.Endpoint.Paginator
		switch {
		case p.Type == "single_page", p.Type == "auto", p.Type == "header_link" && p.LinksNextKey != "", p.Type == "json_link" && p.NextURLPath != nil,
			p.Type == "cursor" && p.CursorPath != nil && (p.CursorParam != "") != (p.CursorBodyPath != nil),
			p.Type == "header_cursor" && p.CursorKey != "" && p.CursorParam != "":
		case p.Type == "offset" && p.Limit < 1, p.Type != "offset" && p.Type != "page_number":
			t.Fatalf("%s: paginator %+v", r.Name, p)
		case p.TotalPath == nil && p.Maximum == nil && !p.StopAfterEmpty && p.HasMorePath == nil:
			t.Fatalf("%s: never ends", r.Name)
		}
		if r.Line < 1 || r.Name == "" || r.Topic.Partitions < 1 || r.Topic.Publish == "" || r.Nested == "" || r.Contract.Columns == "" {
			t.Fatalf("incomplete resource %+v", r)
		}
	}
	if c.Client.BaseURL == "" || len(c.Kafka.Brokers) == 0 || len(c.Resources) == 0 || c.Client.Timeout <= 0 || c.Client.Concurrency < 1 {
		t.Fatalf("incomplete configuration %+v", c)
	}
}
