package telemetry_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/telemetry"
)

func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		lines := telemetry.NewLines(textLogger(&out), 5*time.Second)
		step := func(name, want string) {
			t.Helper()
			if got := strings.TrimSuffix(out.String(), "\n"); got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
			}
			out.Reset()
		}
		lines.Page("stranger", 100, 100)
		step("a resource that was not started", "")
		lines.Start("contacts", "crm.contacts")
		step("start", "level=INFO msg=started resource=contacts topic=crm.contacts")
		lines.Scan("contacts", 10, 100)
		step("soon after", "")
		time.Sleep(5 * time.Second)
		lines.Scan("contacts", 60, 100)
		step("reading", `level=INFO msg="reading topic" resource=contacts topic=crm.contacts records=60 of=100`)
		for range 20 {
			time.Sleep(time.Second)
			lines.Page("contacts", 100, 10_000)
		}
		step("a line every five seconds", strings.Join([]string{
			"level=INFO msg=walking resource=contacts pages=5 records=500 total=10000 rate=100/s retries=0 left=1m35s",
			"level=INFO msg=walking resource=contacts pages=10 records=1000 total=10000 rate=100/s retries=0 left=1m30s",
			"level=INFO msg=walking resource=contacts pages=15 records=1500 total=10000 rate=100/s retries=0 left=1m25s",
			"level=INFO msg=walking resource=contacts pages=20 records=2000 total=10000 rate=100/s retries=0 left=1m20s",
		}, "\n"))
		lines.Retry("contacts", "503", time.Second)
		step("a short wait", "")
		lines.Retry("contacts", "429", 30*time.Second)
		step("a long wait", `level=WARN msg="waiting to retry" resource=contacts reason=429 wait=30s retries=2`)
		time.Sleep(time.Hour)
		step("nothing moves", "")
		lines.Commit("contacts", 100, 0, 0, 0, 0, time.Second)
		step("a commit", "level=INFO msg=walking resource=contacts pages=20 records=2000 total=10000 rate=0/s retries=2 left=4h1m20s")
		lines.Page("contacts", 7, -1)
		lines.Close()
		step("close", "level=INFO msg=walking resource=contacts pages=21 records=2007 rate=0/s retries=2")
		lines.End("contacts", "complete", "proven", 1500*time.Millisecond)
		step("end", "level=INFO msg=ended resource=contacts status=complete proof=proven pages_read=21 records_read=2007 retries=2 took=1.5s")
		lines.End("contacts", "complete", "proven", time.Second)
		step("an end twice", "")
		lines.Start("contacts", "crm.contacts")
		lines.End("contacts", "complete", "", time.Second)
		step("an end without proof", "level=INFO msg=started resource=contacts topic=crm.contacts\n"+
			"level=INFO msg=ended resource=contacts status=complete pages_read=0 records_read=0 retries=0 took=1s")
	})
}

func textLogger(out *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}
