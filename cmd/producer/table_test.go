package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"producer/pkg/pipeline"
)

// The table fits the terminal: what says least goes first, and nothing where stdout is no terminal.
func TestTableFits(t *testing.T) {
	row := pipeline.Resource{Resource: "contacts", Topic: "crm.contacts", Status: pipeline.Complete, Proof: pipeline.Proven, Pages: 250, Records: 25000,
		Published: 25000, Retries: 3, DurationMS: 1234}
	small, failed := row, row
	small.Resource, small.Topic = "companies", "crm.companies"
	failed.Resource, failed.Topic, failed.Status, failed.Proof, failed.Tombstones = "deals", "crm.deals", pipeline.Failed, pipeline.NoProof, 7
	full := "resource topic status pages records published unchanged deleted retries proof time"
	for name, tt := range map[string]struct {
		rows  []pipeline.Resource
		width int
		want  string // the columns
	}{
		"no terminal":    {[]pipeline.Resource{row, small}, 0, full},
		"wide":           {[]pipeline.Resource{row, small}, 120, full},
		"80":             {[]pipeline.Resource{row, small}, 80, "resource topic pages records published unchanged retries proof time"},
		"80, one failed": {[]pipeline.Resource{row, failed}, 80, "resource status pages records published unchanged deleted proof time"},
		"60":             {[]pipeline.Resource{row, small}, 60, "resource pages records published unchanged proof time"},
		"40":             {[]pipeline.Resource{row, small}, 40, "resource records published proof"},
		"too narrow":     {[]pipeline.Resource{row, small}, 5, "resource records published proof"},
	} {
		var b bytes.Buffer
		sum := pipeline.Summary{Pipeline: "crm", Status: pipeline.Complete, Resources: tt.rows}
		if err := table(&b, sum, tt.width); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		if got := strings.Join(strings.Fields(lines[0]), " "); got != tt.want {
			t.Errorf("%s: columns %q, want %q", name, got, tt.want)
		}
		for _, line := range lines {
			if tt.width >= 40 && len(line) > tt.width {
				t.Errorf("%s: a line of %d: %q", name, len(line), line)
			}
		}
		if len(lines) != 5 || len(strings.Fields(lines[2])) != len(strings.Fields(lines[0])) || lines[3] != "crm: complete" {
			t.Errorf("%s: got\n%s", name, &b)
		}
	}
}

// The log tells what was read, the table what is committed: where the two differ, it says so.
func TestTableSaysWhatItCounts(t *testing.T) {
	for status, want := range map[pipeline.Status]bool{pipeline.Complete: false, pipeline.Incomplete: false, pipeline.Failed: true, pipeline.Interrupted: true} {
		var b bytes.Buffer
		for requests, want := range map[int64]bool{0: false, 3: want} { // 0: it was not begun
			sum := pipeline.Summary{Pipeline: "crm", Status: status, Resources: []pipeline.Resource{{Resource: "a", Status: status, Requests: requests}}}
			b.Reset()
			if err := table(&b, sum, 0); err != nil || strings.Contains(b.String(), "are those that are committed") != want {
				t.Errorf("%s after %d requests: %v, got\n%s", status, requests, err, &b)
			}
		}
	}
}

// Every resource that failed says why, the gravest last; what ended the run before others began is said once.
func TestEveryFailureIsTold(t *testing.T) {
	failed := func(name, why string) pipeline.Resource {
		return pipeline.Resource{Resource: name, Status: pipeline.Failed, Error: why}
	}
	for want, rows := range map[string][]pipeline.Resource{
		"a: 404, c: no key exit=4": {failed("a", "a: 404"), {Resource: "b", Status: pipeline.Complete}, failed("c", "c: no key")},
		"c: no key exit=4":         {failed("c", "c: no key"), failed("d", "not begun: c: no key"), {Resource: "e", Status: pipeline.Skipped, Error: "its parent d is failed"}},
	} {
		var log bytes.Buffer
		plain := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}
		o := &output{stdout: &bytes.Buffer{}, width: func() int { return 0 }, log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: plain}))}
		if err := o.print(pipeline.Summary{Pipeline: "crm", Status: pipeline.Failed, ExitCode: 4, Error: "c: no key", Resources: rows}); err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer("msg=", "", `"`, "", "\n", ", ").Replace(strings.TrimSpace(log.String()))
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
