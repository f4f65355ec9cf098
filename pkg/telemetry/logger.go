package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// NewLogger returns a logger of level Info and above to w, one Write a line. Format "json" gives one JSON object a line
// with the keys time, level and msg; any other gives text for people:
//
//	2026-01-02 15:04:05 INFO  walk ended resource=contacts proof=proven
//
// in local time, where only values with blanks, quotes, "=" or control characters are quoted, and groups are prefixes
// ("http.status=503"). In both, messages, keys and values of any type pass through r, errors and nested groups too;
// r may be nil.
func NewLogger(w io.Writer, format string, r *Redactor) *slog.Logger {
	if format == "json" {
		return slog.New(&jsonHandler{slog.NewJSONHandler(w, nil), r})
	}
	return slog.New(&textHandler{out: w, mu: new(sync.Mutex), redactor: r})
}

// jsonHandler redacts what goes to the standard library's handler. Redacting its output instead could cut an escape.
type jsonHandler struct {
	slog.Handler
	redactor *Redactor
}

func (h *jsonHandler) Handle(ctx context.Context, rec slog.Record) error {
	clean := slog.NewRecord(rec.Time, rec.Level, h.redactor.String(rec.Message), 0)
	rec.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.redactor.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func (h *jsonHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.redactor.attr(a)
	}
	return &jsonHandler{h.Handler.WithAttrs(clean), h.redactor}
}

func (h *jsonHandler) WithGroup(name string) slog.Handler {
	return &jsonHandler{h.Handler.WithGroup(h.redactor.String(name)), h.redactor}
}

// attr returns a with its key and value redacted. What is no number, bool or time becomes its text.
func (r *Redactor) attr(a slog.Attr) slog.Attr {
	a.Key = r.String(a.Key)
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindGroup:
		group := slices.Clone(a.Value.Group())
		for i := range group {
			group[i] = r.attr(group[i])
		}
		a.Value = slog.GroupValue(group...)
	case slog.KindString, slog.KindAny:
		a.Value = slog.StringValue(r.String(textOf(a.Value)))
	case slog.KindDuration:
		a.Value = slog.StringValue(a.Value.Duration().String())
	default:
		if text := a.Value.String(); r.String(text) != text { // a secret may be all digits
			a.Value = slog.StringValue(r.String(text))
		}
	}
	return a
}

// textOf is the text of a value: of errors and Stringers theirs, of structured data its JSON.
func textOf(v slog.Value) string {
	if v.Kind() != slog.KindAny {
		return v.String()
	}
	switch x := v.Any().(type) {
	case nil:
		return "null"
	case error, fmt.Stringer, fmt.Formatter:
		return fmt.Sprintf("%v", x)
	case []byte:
		return string(x)
	default:
		switch reflect.Indirect(reflect.ValueOf(x)).Kind() {
		case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
			if text, err := json.Marshal(x); err == nil {
				return string(text)
			}
		}
		return fmt.Sprintf("%+v", x)
	}
}

// textHandler writes lines for people.
type textHandler struct {
	out      io.Writer
	mu       *sync.Mutex // shared by the handlers made of one: lines stay whole
	redactor *Redactor
	attrs    string // what WithAttrs gave, as it will stand in the line
	prefix   string // of the open groups
}

func (h *textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (h *textHandler) Handle(_ context.Context, rec slog.Record) error {
	var b strings.Builder
	at := rec.Time
	if at.IsZero() {
		at = time.Now()
	}
	fmt.Fprintf(&b, "%s %-5s %s%s", at.Format(time.DateTime), rec.Level, printable(rec.Message), h.attrs)
	rec.Attrs(func(a slog.Attr) bool {
		appendAttr(&b, h.prefix, a)
		return true
	})
	line := h.redactor.String(b.String()) + "\n"
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := io.WriteString(h.out, line); err != nil {
		return fmt.Errorf("write log line: %w", err)
	}
	return nil
}

func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&b, h.prefix, a)
	}
	with := *h
	with.attrs = b.String()
	return &with
}

func (h *textHandler) WithGroup(name string) slog.Handler {
	with := *h
	if name != "" {
		with.prefix += name + "."
	}
	return &with
}

func appendAttr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, g := range v.Group() {
			appendAttr(b, prefix, g)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	text := textOf(v)
	if v.Kind() == slog.KindTime {
		text = v.Time().Format(time.RFC3339)
	}
	fmt.Fprintf(b, " %s=%s", printable(prefix+a.Key), quoted(text))
}

// quoted puts s in quotes where it would not be read as one word.
func quoted(s string) string {
	if s == "" || strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || c == '"' || c == '=' || !unicode.IsPrint(c) }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// printable escapes what could break the line or steer a terminal.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return s
	}
	q := fmt.Sprintf("%q", s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
