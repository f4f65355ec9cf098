package telemetry

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// maxLine is how much text without a line end is held back before some of it is passed on.
const maxLine = 1 << 20

// Writer passes text on with its secrets replaced, wherever it was cut into writes: it holds text back until its line
// ends, and longer where a secret of several lines may have begun. A line longer than 1 MiB is passed on in parts, cut
// where no secret can be. Close (or Flush) it in the end, or an unfinished last line is lost. It is safe for concurrent
// use; a Write of whole lines stays in one piece.
type Writer struct {
	redactor *Redactor
	mu       sync.Mutex
	out      io.Writer
	line     []byte // what has been written since the last line end that was passed on
}

var _ io.WriteCloser = (*Writer)(nil)

// Writer returns a Writer to w.
func (r *Redactor) Writer(w io.Writer) *Writer {
	return &Writer{redactor: r, out: w}
}

// Write takes all of p, and passes on the lines that it ends. An error is that of the Writer below; what was to be
// passed on is then dropped.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, p...)
	cut := w.redactor.now().endOfLines(w.line)
	if cut == 0 && len(w.line) > maxLine {
		cut = w.redactor.now().safeCut(w.line)
	}
	if err := w.pass(cut); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush passes on the unfinished line. A secret that the next Write completes is then not seen.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.line))
}

// Close flushes. It does not close the Writer below.
func (w *Writer) Close() error { return w.Flush() }

// pass writes the first n bytes held.
func (w *Writer) pass(n int) error {
	if n == 0 {
		return nil
	}
	text := w.redactor.String(string(w.line[:n]))
	w.line = w.line[:copy(w.line, w.line[n:])]
	if cap(w.line) > maxLine && len(w.line) == 0 {
		w.line = nil
	}
	if _, err := io.WriteString(w.out, text); err != nil {
		return fmt.Errorf("write redacted text: %w", err)
	}
	return nil
}

// endOfLines returns how many bytes of text are whole lines, but for the last ones if a secret of several lines may have
// begun there.
func (f *finder) endOfLines(text []byte) int {
	end := bytes.LastIndexByte(text, '\n') + 1
	if f == nil || len(f.lines) == 0 {
		return end
	}
	var m matcher
	lines := string(text[:end])
	spans := f.find(lines)
	for i := range len(lines) {
		for _, n := range f.lines {
			if m.match(lines, i, n); !m.open {
				continue
			}
			cut := strings.LastIndexByte(lines[:i], '\n') + 1
			for _, s := range slices.Backward(spans) {
				if s.from < cut && cut < s.to {
					cut = strings.LastIndexByte(lines[:s.from], '\n') + 1
				}
			}
			return cut
		}
	}
	return end
}

// safeCut returns how much of text can be passed on although more of its line will come: no secret begins before the
// cut and ends, or could end, behind it.
func (f *finder) safeCut(text []byte) int {
	if f == nil || len(f.needles) == 0 {
		return len(text)
	}
	cut := max(len(text)-f.reach, 0)
	for _, s := range f.find(string(text)) {
		if s.from < cut && cut < s.to {
			return s.from
		}
	}
	return cut
}
