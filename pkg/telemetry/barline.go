package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

const (
	wideBar   = 24
	narrowBar = 10
)

// barLine is one drawing of a resource's line. Everything on it is ASCII: a byte is a column.
type barLine struct {
	track
	name         string
	names, width int // columns: of the longest name, of the line
	bar, spinner mpb.BarFiller
}

// draw lays the line out in the width there is: the last parts go first, then the bar gets narrow and goes; what is
// still too long is cut.
func (l *barLine) draw() (string, error) {
	parts := l.parts()
	for _, size := range []int{wideBar, narrowBar, 0} {
		least := 1
		switch {
		case size == wideBar:
			least = min(2, len(parts))
		case size == 0 && l.ended: // how it ended stands in the slot else
			parts = slices.Insert(parts, 0, l.status)
		}
		for keep := len(parts); keep >= least; keep-- {
			if len(l.join("", size, parts[:keep])) > l.width {
				continue
			}
			slot, err := l.slot(size)
			return l.join(slot, size, parts[:keep]), err
		}
	}
	text := l.join("", 0, parts[:1])
	return text[:min(len(text), max(l.width, 0))], nil
}

// parts are the words of the line behind the bar, the most important first.
func (l *barLine) parts() []string {
	count := plural(l.records, "record", "records")
	if l.total >= 0 && !l.ended {
		count = fmt.Sprintf("%3d%%  %s/%s", percentOf(l.records, l.total), thousands(l.records), thousands(l.total))
	}
	var parts []string
	switch {
	case l.ended:
		parts = []string{count + " read", short(l.took)} // less may be committed, or left by a filter
	case l.scanning:
		return []string{fmt.Sprintf("%3d%%  reading topic", percentOf(l.scanDone, l.scanTotal)), plural(l.scanDone, "record", "records")}
	case !l.answered && l.retries == 0:
		return []string{"starting"}
	default:
		parts = []string{count, thousands(int64(l.rate())) + "/s"}
		if left, ok := l.left(); ok {
			parts = append(parts, short(left.Round(time.Second))+" left")
		}
	}
	parts = append(parts, plural(l.pages, "page", "pages"))
	if l.retries > 0 {
		parts = append(parts, plural(l.retries, "retry", "retries"))
	}
	return parts
}

// slot is what stands where the bar is: the bar, a spinner, or how it ended.
func (l *barLine) slot(size int) (string, error) {
	if size == 0 {
		return "", nil
	}
	if l.ended {
		text := l.status
		if l.proof != "" && len(text)+2+len(l.proof) <= size {
			text += ", " + l.proof
		}
		return text[:min(len(text), size)], nil
	}
	s := decor.Statistics{AvailableWidth: size, Current: l.records, Total: l.total}
	filler := l.bar
	switch {
	case l.scanning:
		s.Current, s.Total = l.scanDone, l.scanTotal
	case l.total < 0:
		filler = l.spinner
	}
	s.Current, s.Total = min(s.Current, max(s.Total, 1)), max(s.Total, 1)
	var b strings.Builder
	if err := filler.Fill(&b, s); err != nil {
		return "", fmt.Errorf("draw bar: %w", err)
	}
	return b.String(), nil
}

// join makes the line, with the slot of so many columns; 0 for none.
func (l *barLine) join(slot string, size int, parts []string) string {
	words := append([]string{fmt.Sprintf("%-*s", l.names, l.name)}, parts...)
	if size > 0 {
		words = slices.Insert(words, 1, fmt.Sprintf("%-*s", size, slot))
	}
	return strings.Join(words, "  ")
}

// percentOf is part of whole in percent, 0 to 100.
func percentOf(part, whole int64) int64 {
	if whole <= 0 {
		return 0
	}
	return max(0, min(100, int64(float64(part)/float64(whole)*100)))
}
