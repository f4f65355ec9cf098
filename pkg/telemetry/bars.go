package telemetry

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// BarsOptions are the options of [NewBarsWith].
type BarsOptions struct {
	// Width draws in so many columns, on whatever the writer is. 0 takes the terminal's width, and draws nothing where
	// the writer is none.
	Width int
	// Refresh is the time between two drawings; 0 is 150 ms.
	Refresh time.Duration
}

// Bars draws a line for each resource on a terminal, in the order of their starts: name, a bar (a spinner where the API
// gives no total), records, pages, rate, retries and time left, or how it ended. A narrow terminal gets the most
// important of these. Its names are the only foreign text on it.
//
// Bars is also the [io.Writer] that everything else on that terminal must go through: what is written stands above the
// bars. Close it before writing to the terminal directly.
type Bars struct {
	out      io.Writer
	progress *mpb.Progress // nil: nothing is drawn

	adding sync.Mutex // held while a bar is added or all are closed; taken before mu
	closed bool

	mu    sync.Mutex // never held while calling mpb, whose goroutines take it to draw
	rows  map[string]*barRow
	bars  []*mpb.Bar
	names int // columns of the longest name
}

type barRow struct {
	track
	name string
}

var (
	_ Observer  = (*Bars)(nil)
	_ io.Writer = (*Bars)(nil)
)

// NewBars returns Bars on w, which should be a terminal's [os.File]. On anything else nothing is drawn and writes go
// straight through.
func NewBars(w io.Writer) *Bars { return NewBarsWith(w, BarsOptions{}) }

// NewBarsWith is [NewBars] with options.
func NewBarsWith(w io.Writer, o BarsOptions) *Bars {
	b := &Bars{out: w, rows: map[string]*barRow{}}
	options := []mpb.ContainerOption{mpb.WithOutput(w), mpb.WithRefreshRate(o.Refresh)}
	f, isFile := w.(*os.File)
	switch {
	case o.Width > 0:
		options = append(options, mpb.WithWidth(o.Width), mpb.WithAutoRefresh())
	case isFile && term.IsTerminal(int(f.Fd())):
		options = append(options, mpb.WithConsoleWriter(console{cupwriter.New(f, false)}))
	default:
		return b
	}
	b.progress = mpb.New(options...)
	return b
}

// console is a terminal; one that does not know its size has the usual one.
type console struct{ *cupwriter.Writer }

func (c console) GetTermSize() (width, height int, err error) {
	if width, height, err = c.Writer.GetTermSize(); err == nil && width > 0 && height > 0 {
		return width, height, nil
	}
	return 80, 24, nil
}

// Write puts whole lines above the bars, at their next drawing.
func (b *Bars) Write(p []byte) (int, error) {
	if b.progress != nil {
		if n, err := b.progress.Write(p); err == nil {
			return n, nil
		}
	}
	n, err := b.out.Write(p)
	if err != nil {
		return n, fmt.Errorf("write above bars: %w", err)
	}
	return n, nil
}

// Clear takes away the bars, so that what is written next stands alone until the next [Bars.Start].
func (b *Bars) Clear() {
	b.adding.Lock()
	defer b.adding.Unlock()
	if b.closed || b.progress == nil {
		return
	}
	for _, bar := range b.bars {
		bar.Abort(true)
	}
	for _, bar := range b.bars {
		bar.Wait()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bars, b.rows, b.names = nil, map[string]*barRow{}, 0
}

// Close draws the bars a last time and leaves them there. Later writes go straight through.
func (b *Bars) Close() {
	b.adding.Lock()
	defer b.adding.Unlock()
	if b.closed || b.progress == nil {
		return
	}
	b.closed = true
	for _, bar := range b.bars {
		bar.Abort(false)
	}
	b.progress.Wait()
}

// Start implements [Observer].
func (b *Bars) Start(resource, topic string) {
	b.adding.Lock()
	defer b.adding.Unlock()
	b.mu.Lock()
	row, known := b.rows[resource]
	if !known {
		row = &barRow{name: resource}
		b.rows[resource] = row
		b.names = max(b.names, len(resource))
	}
	row.start(topic)
	b.mu.Unlock()
	if known || b.closed || b.progress == nil {
		return
	}
	bar, err := b.progress.Add(0, b.filler(row), mpb.BarFillerTrim())
	if err != nil {
		return // the terminal went away
	}
	b.bars = append(b.bars, bar)
}

// filler draws a row.
func (b *Bars) filler(row *barRow) mpb.BarFiller {
	bar, spinner := mpb.BarStyle().Build(), mpb.SpinnerStyle("|", "/", "-", `\`).PositionLeft().Build()
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		b.mu.Lock()
		line := barLine{track: row.track, name: row.name, names: b.names, width: s.AvailableWidth, bar: bar, spinner: spinner}
		b.mu.Unlock()
		text, err := line.draw()
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, text)
		return err
	})
}

func (b *Bars) update(resource string, apply func(*barRow)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if row := b.rows[resource]; row != nil {
		apply(row)
	}
}

// Scan implements [Observer].
func (b *Bars) Scan(resource string, done, total int64) {
	b.update(resource, func(r *barRow) { r.scan(done, total) })
}

// Index implements [Observer]: it is for [Metrics].
func (b *Bars) Index(string, int64, int64) {}

// Page implements [Observer].
func (b *Bars) Page(resource string, records int, total int64) {
	b.update(resource, func(r *barRow) { r.page(records, total) })
}

// Retry implements [Observer].
func (b *Bars) Retry(resource, _ string, _ time.Duration) {
	b.update(resource, func(r *barRow) { r.retry() })
}

// Commit implements [Observer]. A bar shows what has been read.
func (b *Bars) Commit(string, int64, int64, int64, int64, int64, time.Duration) {}

// End implements [Observer].
func (b *Bars) End(resource, status, proof string, took time.Duration) {
	b.update(resource, func(r *barRow) { r.end(status, proof, took) })
}
