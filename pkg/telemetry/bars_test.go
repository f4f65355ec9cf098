package telemetry_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/telemetry"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// frames plays a run on Bars of the given width and returns what stands there after each step.
func frames(t *testing.T, width int) string {
	var out, all bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		bars := telemetry.NewBarsWith(&out, telemetry.BarsOptions{Width: width, Refresh: time.Second})
		shown := 0
		show := func(what string) {
			time.Sleep(time.Second)
			synctest.Wait()
			fmt.Fprintf(&all, "# %s\n%s", what, out.Bytes()[shown:])
			shown = out.Len()
		}
		bars.Start("contacts", "crm.contacts")
		bars.Start("companies", "crm.companies")
		show("started")
		bars.Scan("contacts", 45_000, 100_000)
		bars.Page("companies", 100, -1)
		bars.Page("companies", 100, -1)
		show("reading the topic; a resource without a total")
		for range 45 {
			bars.Page("contacts", 100, 10_000)
		}
		bars.Retry("contacts", "503 Service Unavailable", time.Second)
		bars.Page("companies", 50, -1)
		bars.Page("companies", 0, -1)
		show("a resource with a total, and a retry")
		bars.End("companies", "complete", "proven", 3*time.Second)
		bars.Page("contacts", 1, 4_000)
		show("ended; more records than the total")
		if _, err := fmt.Fprintln(bars, "a line of the log"); err != nil {
			t.Error(err)
		}
		bars.End("contacts", "failed", "none", 1234*time.Millisecond)
		show("a line above")
		bars.Start("contacts", "crm.contacts")
		bars.Page("contacts", 0, 0)
		show("the next cycle; an empty resource")
		bars.Close()
		lines := strings.SplitAfter(out.String(), "\n") // it may have drawn more than once
		fmt.Fprintf(&all, "# closed\n%s", strings.Join(lines[len(lines)-3:], ""))
	})
	return all.String()
}

func TestBarsGolden(t *testing.T) {
	for _, width := range []int{120, 80, 50, 30, 12} {
		got := frames(t, width)
		golden(t, fmt.Sprintf("bars-%d.txt", width), got)
		for _, line := range strings.Split(got, "\n") {
			if len(line) > width && line[0] != '#' && line != "a line of the log" {
				t.Errorf("width %d: a line of %d: %q", width, len(line), line)
			}
		}
	}
}

// Between the cycles of --every there are no bars: what is written then is the last word, and the next cycle begins anew.
func TestBarsClear(t *testing.T) {
	var out lockedBuffer
	synctest.Test(t, func(t *testing.T) {
		bars := telemetry.NewBarsWith(&out, telemetry.BarsOptions{Width: 80, Refresh: time.Second})
		from := 0
		for cycle := range 2 {
			bars.Start("contacts", "crm.contacts")
			bars.Page("contacts", 100, 100)
			bars.End("contacts", "complete", "proven", time.Second)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if !strings.Contains(out.String()[from:], "complete, proven") {
				t.Errorf("cycle %d: no bar in %q", cycle, out.String())
			}
			bars.Clear()
			synctest.Wait()
			from = len(out.String())
			if _, err := fmt.Fprintln(bars, "the table"); err != nil {
				t.Error(err)
			}
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if text := out.String()[from:]; strings.Count(text, "the table\n") != 1 || strings.Contains(text, "contacts") {
				t.Errorf("cycle %d: %q, want the table alone", cycle, text)
			}
			from = len(out.String())
		}
		bars.Clear()
		bars.Close()
		bars.Clear()
	})
}

func TestBarsConcurrent(t *testing.T) {
	var out lockedBuffer
	bars := telemetry.NewBarsWith(&out, telemetry.BarsOptions{Width: 80, Refresh: time.Millisecond})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := fmt.Sprintf("r%d", i%4)
			for n := range 50 {
				bars.Start(name, "crm."+name)
				bars.Scan(name, int64(n), 100)
				bars.Page(name, n, 5000)
				bars.Retry(name, "503", time.Second)
				bars.Commit(name, 1, 2, 3, 4, 5, time.Second)
				_, _ = fmt.Fprintf(bars, "log %d\n", n)
				bars.End(name, "complete", "proven", time.Second)
			}
		})
	}
	wg.Wait()
	bars.Close()
	bars.Close()
	bars.Start("late", "crm.late")
	bars.Page("late", 1, 1)
	if got, want := strings.Count(out.String(), "log "), 8*50; got != want {
		t.Errorf("got %d log lines, want %d", got, want)
	}
	if _, err := fmt.Fprintln(bars, "after the end"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "after the end\n") {
		t.Error("what is written after Close is lost")
	}
}

func TestBarsWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	bars := telemetry.NewBars(&out)
	bars.Start("contacts", "crm.contacts")
	bars.Page("contacts", 10, 100)
	if _, err := fmt.Fprintln(bars, "a line"); err != nil {
		t.Fatal(err)
	}
	bars.End("unknown", "complete", "proven", time.Second)
	bars.Close()
	if got, want := out.String(), "a line\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
