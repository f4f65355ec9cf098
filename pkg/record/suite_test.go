package record_test

import (
	_ "embed"
	"errors"
	"strconv"
	"strings"
	"testing"

	"producer/pkg/record"
)

// suite holds cases and decisions, a line each; docs/json.md gives the reasons.
//
//go:embed testdata/JSONTestSuite.tsv
var suite string

// Every case of JSONTestSuite is decided: what must be refused is, and what must be accepted is but for duplicate names.
func TestJSONTestSuite(t *testing.T) {
	seen := map[byte]int{}
	for line := range strings.Lines(suite) {
		if line[0] == '#' {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			t.Fatalf("%q", line)
		}
		name, want, text := fields[0], fields[1], unquote(t, fields[2])
		seen[name[0]]++
		var tape record.Tape
		err := tape.Parse([]byte(text), 500)
		got := "accepted"
		var se *record.SyntaxError
		if errors.As(err, &se) {
			got = se.Kind.String()
		}
		if got != want {
			t.Errorf("%s: got %s (%v), decided is %s", name, got, err, want)
		}
		accepted := got == "accepted"
		if name[0] == 'n' && accepted || name[0] == 'y' && !accepted && !strings.Contains(name, "_duplicated_key") {
			t.Errorf("%s: %s (%v)", name, got, err)
		}
	}
	if seen['y'] != 95 || seen['n'] != 188 || seen['i'] != 35 {
		t.Errorf("%d cases to accept, %d to refuse and %d to decide: some are missing", seen['y'], seen['n'], seen['i'])
	}
}

// unquote reads literals one after the other, each with a count before it or without.
func unquote(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for text != "" {
		times := 1
		if digits, rest, ok := strings.Cut(text, " "); ok && digits[0] >= '1' && digits[0] <= '9' {
			times, _ = strconv.Atoi(digits)
			text = rest
		}
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		part, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		b.WriteString(strings.Repeat(part, times))
		text = strings.TrimPrefix(text[len(quoted):], " ")
	}
	return b.String()
}
