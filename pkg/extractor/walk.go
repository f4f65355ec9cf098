package extractor

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"producer/pkg/config"
)

// WalkOptions of a Walk. The zero value is a walk that begins anew.
type WalkOptions struct {
	// Resumed says that another process began this walk, so that nothing it ends with is proven.
	Resumed bool
	// Since is what the walk before it left of an incremental resource, or this one where it goes on. Full disregards its cursor.
	Since Since
	Full  bool

	// Go starts a goroutine, for requests ahead of their turn: pages that the total promises, and children of the parent's next
	// records. Ahead is how many of each may be out or waiting. It returns at once; whoever gives it waits for them after Next's
	// context has ended. nil: each request waits for the page before.
	Go    func(func())
	Ahead int

	kin   *kin   // the parent's record of a child's listing
	tally *tally // where requests are counted; nil: in one of the walk's own
	// OnRetry is told of each repeated request before its wait: which page ("offset 300"), which attempt failed, why, and how
	// long the wait is. It is called on the goroutine of Next, and on those of Go.
	OnRetry func(position string, attempt int, err error, wait time.Duration)
	// OnPage is told of each page that was answered, also where Next passes over it: how many rows it listed, whatever steps or
	// incremental leave of them (0 for a page of the parent's), and how many there are in all, nil where the API names no such number.
	// It is called on the goroutine of Next.
	OnPage func(rows int, total *int64)
}

// Walk is one pass over a listing. Next and End are for one goroutine, Requests for any.
type Walk struct {
	x       *Extractor
	options WalkOptions

	paginator config.Paginator // of type auto until the first answer has shown which
	first     pager            // of the configuration
	pager     pager
	selector  config.Query // zero until the first answer has shown which

	place   place            // of the next request
	origin  int64            // where this process began
	number  int              // pages so far
	asked   bool             // an answer was taken
	marks   map[uint64]int64 // the numbers of the pages so far (see place), by their records
	tokens  map[uint64]int64 // and by what the API named them
	empty   int              // pages without records in a row
	whole   bool             // began at the listing's first row, in this process
	scrolls bool             // the cursor stays the same
	gaps    bool             // went on after an empty page
	doubt   bool             // the last page proves no end by being empty
	fell    bool             // the total got less
	target  target           // with this walk's values in it
	win     *window          // of an incremental resource, else nil
	end     End
	ended   bool  // nothing is left to ask
	err     error // what Next returns from now on

	tally *tally
	ahead ahead
}

// tally counts requests, for any goroutine to read.
type tally struct{ requests, retries atomic.Int64 }

// Walk begins at from; anywhere but at the beginning it is a resumed walk. It sends nothing before Next.
func (x *Extractor) Walk(from Position, o WalkOptions) *Walk {
	w := &Walk{x: x, options: o, tally: o.tally}
	if w.tally == nil {
		w.tally = new(tally)
	}
	if err := w.open(); err != nil {
		w.err = &PageError{Resource: x.resource.Name, Label: x.pager.label(x.pager.first()), Err: err}
		return w
	}
	w.begin()
	if from != (Position{}) {
		w.resume(from)
	}
	return w
}

// begin puts the walk at the listing's beginning.
func (w *Walk) begin() {
	w.paginator, w.pager, w.selector = w.x.resource.Endpoint.Paginator, w.first, w.x.resource.Endpoint.Selector
	w.marks, w.tokens = make(map[uint64]int64), nil
	w.place = w.pager.first()
	w.origin = w.place.n
	w.end.Bounded = w.place.n != w.pager.base() || w.x.filters() || w.win != nil && w.win.End != ""
	w.whole = !w.options.Resumed && w.place.n == w.pager.base()
}

// open puts this walk's values into the requests.
func (w *Walk) open() (err error) {
	x := w.x
	if w.target, w.first = x.target, x.pager; x.fixed {
		return nil
	}
	if w.win, err = x.newWindow(w.options.Since, w.options.Full); err != nil {
		return err
	}
	e := x.resource.Endpoint
	if w.win != nil {
		e = w.win.ranged(e)
	}
	e, err = e.Bind(func(h config.Hole) (config.Value, error) {
		if h.Resource != "" {
			return w.options.kin.value(h)
		}
		return w.win.value(h.Cursor), nil
	})
	if err != nil {
		return err
	}
	if w.target, err = newTarget(x.client, x.config, e); err != nil {
		return err
	}
	w.first, err = newPager(e.Paginator, w.target)
	return err
}

// Next returns the next page that holds records. It blocks for as long as the request and its retries take. io.EOF says that
// the walk came to its end, which End describes; any other error is a *PageError. After an error Next repeats it.
func (w *Walk) Next(ctx context.Context) (*Page, error) {
	requests, retries := w.Requests()
	for w.err == nil && !w.ended {
		p, err := w.fetch(ctx)
		if err != nil && w.outlived(err) {
			w.restart()
			continue
		}
		if err != nil {
			w.err = err
			break
		}
		if len(p.Records) == 0 {
			p.Release()
			continue
		}
		w.number++
		p.Number = w.number
		sent, again := w.Requests()
		p.Requests, p.Retries = sent-requests, again-retries
		return p, nil
	}
	if w.err == nil {
		w.err = io.EOF
	}
	return nil, w.err
}

// Requests counts what was sent so far, redirects and failed ones included, and how many of it were repetitions.
func (w *Walk) Requests() (requests, retries int) {
	return int(w.tally.requests.Load()), int(w.tally.retries.Load())
}

// fetch takes the page at w.place and moves w past it.
func (w *Walk) fetch(ctx context.Context) (*Page, error) {
	answer := w.turn(ctx)
	p, resp, err := answer.page, answer.resp, answer.err
	p.Restarted = w.end.Restarted
	rows := len(p.Records)
	switch {
	case err != nil:
	case resp.Ignored:
		w.stop(Ignored, w.place)
	case resp.Status == http.StatusNoContent:
		p.none()
		err = w.advance(p, resp.Header)
	default:
		err = w.advance(p, resp.Header)
	}
	if err == nil {
		err = w.window(p)
	}
	if err == nil {
		err = p.process(w.options.kin)
	}
	if err != nil {
		p.Release()
		w.drop()
		return nil, &PageError{Resource: w.x.resource.Name, Label: p.Label, Attempts: resp.Attempts, Err: err}
	}
	w.tell(rows)
	if w.foresee(ctx, rows); w.ended {
		w.drop()
	}
	return p, nil
}

// tell calls OnPage. The total of one child's listing is none of the resource's.
func (w *Walk) tell(rows int) {
	if w.options.OnPage == nil {
		return
	}
	total := w.end.LastTotal
	if w.paginator.Type == "page_number" || w.options.kin != nil {
		total = nil
	}
	w.options.OnPage(rows, total)
}

// entity reports whether the walk found out that its records are whole answers.
func (w *Walk) entity() bool {
	return w.x.resource.Endpoint.Selector.IsZero() && !w.selector.IsZero() && len(w.selector.Segments()) == 0
}

// advance takes a page into the count and decides whether the walk goes on. An error means that the page can't be right.
func (w *Walk) advance(p *Page, header http.Header) error {
	rows, at := len(p.Records), w.place
	root := p.tape.Root()
	if err := w.detect(p, header); err != nil {
		return err
	}
	if err := w.see(root, rows); err != nil {
		return err
	}
	more, err := w.hasMore(root)
	if err != nil && rows > 0 {
		return err
	}
	next, last, err := w.pager.next(at, rows, root, header)
	if err != nil {
		return err
	}
	if err := w.repeated(p, at); err != nil {
		return err
	}
	w.asked = true
	if w.scroll(at, next, rows) {
		w.scrolls, w.whole = true, false
	}
	w.end.Rows += int64(rows)
	w.end.Null = w.end.Null || p.null
	w.doubt = p.null || p.guess && !p.named || next.token != ""
	w.place = next
	p.At, p.Next = w.position(at, place{}), w.position(next, at)
	p.Total = w.end.LastTotal
	if err := w.decide(at, rows, more, last); err != nil || w.ended {
		return err
	}
	if err := w.back(at, next); err != nil {
		w.err = &PageError{Resource: w.x.resource.Name, Label: p.Label, Err: err}
	}
	return nil
}

// detect finds out from the walk's first answer what the configuration leaves open.
func (w *Walk) detect(p *Page, header http.Header) error {
	if w.paginator.Type == "auto" {
		w.paginator = detectPaginator(p.tape.Root(), header)
		var err error
		if w.pager, err = newPager(w.paginator, w.target); err != nil {
			return err
		}
		p.Detected = "paginator " + noted(w.paginator)
	}
	if w.selector.IsZero() && !p.selector.IsZero() {
		w.selector = p.selector
		if p.Detected != "" {
			p.Detected += ", "
		}
		p.Detected += "data_selector " + w.selector.Text
	}
	return nil
}
