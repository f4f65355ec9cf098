package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"producer/pkg/telemetry"
)

const secret = `can"ary key/1`

type inner struct{ Key string }

func (inner) LogValue() slog.Value { return slog.StringValue("resolved " + secret) }

// logAll logs the secret in every way that a record can hold it.
func logAll(log *slog.Logger) {
	failed := fmt.Errorf("fetch: %w", &url.Error{Op: "Get", URL: "http://h/?k=" + url.QueryEscape(secret), Err: errors.New("refused " + secret)})
	log = log.With("with", secret).WithGroup("g " + secret).With(slog.Group("nested", "deep", slog.GroupValue(slog.Any("err", failed))))
	log.Warn("message "+secret, "string", secret, "err", failed, "key "+secret, 1,
		"map", map[string]any{"k": secret}, "struct", struct{ Key string }{secret}, "bytes", []byte(secret),
		"valuer", inner{secret}, "pointer", &struct{ Key string }{secret}, "stringer", bytes.NewBufferString(secret),
		"slice", []string{secret}, "nil", nil, "digits", 12345678901, "joined", errors.Join(failed, failed))
}

func TestLoggerRedacts(t *testing.T) {
	r := telemetry.NewRedactor(secret, "12345678901")
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		logAll(telemetry.NewLogger(&out, format, r))
		got := out.String()
		for name, form := range formsOf(secret) {
			if strings.Contains(got, form) {
				t.Errorf("%s: the secret as %s is in %s", format, name, got)
			}
		}
		if strings.Contains(got, "12345678901") {
			t.Errorf("%s: a secret of digits is in %s", format, got)
		}
		if n := strings.Count(got, "***"); n < 16 {
			t.Errorf("%s: %d masks in %s", format, n, got)
		}
		if strings.Count(got, "\n") != 1 {
			t.Errorf("%s: not one line: %q", format, got)
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("not JSON: %s", got)
		}
	}
}

func TestLoggerText(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 4, 5, 6, time.Local)
	for _, test := range []struct {
		name  string
		level slog.Level
		msg   string
		args  []any
		want  string
	}{
		{"plain", slog.LevelInfo, "walk ended", []any{"resource", "contacts", "pages", 3}, "INFO  walk ended resource=contacts pages=3"},
		{"quotes where needed", slog.LevelWarn, `a "message"`, []any{"a", "two words", "b", "", "c", `say "x"`, "d", "k=v", "e", "crm.contacts"},
			`WARN  a "message" a="two words" b="" c="say \"x\"" d="k=v" e=crm.contacts`},
		{"types", slog.LevelError, "m", []any{"d", 1500 * time.Millisecond, "t", at.UTC().Truncate(time.Second), "b", true, "f", 1.5, "n", nil,
			"err", errors.New("no"), "list", []int{1, 2}}, "ERROR m d=1.5s t=" + at.UTC().Format(time.RFC3339) + " b=true f=1.5 n=null err=no list=[1,2]"},
		{"groups", slog.LevelInfo, "m", []any{slog.Group("http", "status", 503, slog.Group("h", "x", 1)), slog.Group("", "inline", 1), slog.Attr{}},
			"INFO  m http.status=503 http.h.x=1 inline=1"},
		{"one line, no terminal codes", slog.LevelInfo, "a\nb\x1b[31m", []any{"k\n", "v\nw", "esc", "\x1b[0m"}, `INFO  a\nb\x1b[31m k\n="v\nw" esc="\x1b[0m"`},
		{"a level between", slog.LevelInfo + 2, "m", nil, "INFO+2 m"},
	} {
		var out bytes.Buffer
		h := telemetry.NewLogger(&out, "text", nil).Handler()
		rec := slog.NewRecord(at, test.level, test.msg, 0)
		rec.Add(test.args...)
		if err := h.Handle(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), "2026-01-02 15:04:05 "+test.want+"\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", test.name, got, want)
		}
	}
}

func TestLoggerJSON(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, "json", nil)
	log.Debug("not shown")
	log.With("a", 1).WithGroup("g").Info("msg", "took", 1500*time.Millisecond, "n", 3, "err", errors.New("no"))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if got["time"] == nil || got["level"] != "INFO" || got["msg"] != "msg" {
		t.Errorf("time, level or msg are wrong in %s", out.String())
	}
	delete(got, "time")
	delete(got, "level")
	delete(got, "msg")
	want := map[string]any{"a": 1.0, "g": map[string]any{"took": "1.5s", "n": 3.0, "err": "no"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLoggerConcurrent(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := telemetry.NewLogger(&out, format, telemetry.NewRedactor(secret))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				with := log.With("k", secret)
				for range 50 {
					with.Info("m")
				}
			})
		}
		wg.Wait()
		if got := strings.Count(out.String(), "***"); got != 400 {
			t.Errorf("%s: got %d lines, want 400", format, got)
		}
	}
}
