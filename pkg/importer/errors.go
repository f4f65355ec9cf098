package importer

import (
	"fmt"
	"strings"
)

// Error says why nothing could be imported. It is the only error type that [Import] returns.
type Error struct { //nolint:errname // importer.Error says it
	File string
	Line int // from 1; 0 where no line is to blame
	Text string
}

// Error is "file:line: text".
func (e *Error) Error() string { return Problem{Line: e.Line, Text: e.Text}.In(e.File) }

// Problem is something of the Python file that has no form in ours, or something to know about how it was read.
type Problem struct {
	Line int    // of the Python file; 0 where no line is to blame
	Key  string // of our configuration, as in source.resources[0].processing_steps; may be empty
	Text string // what it is; what to use instead
}

// In is "file:line: key: text", without the parts that the problem doesn't have.
func (p Problem) In(file string) string {
	var b strings.Builder
	b.WriteString(file)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// syntaxError is what the reader of Python text stops at.
type syntaxError struct {
	line int
	text string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func syntaxErrorf(line int, format string, args ...any) error {
	return &syntaxError{line, fmt.Sprintf(format, args...)}
}
