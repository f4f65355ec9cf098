package extractor

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// WalkOptions of a Walk. The zero value is a walk that begins anew.
type WalkOptions struct {
	// Resumed says that another process began this walk, so that nothing it ends with is proven.
	Resumed bool
	// OnRetry is told of each repeated request before its wait: which page ("offset 300"), which attempt failed, why, and how
	// long the wait is. It is called on the goroutine of Next.
	OnRetry func(position string, attempt int, err error, wait time.Duration)
}

// Walk is one pass over a listing. Next and End are for one goroutine, Requests for any.
type Walk struct {
	x       *Extractor
	options WalkOptions

	place  int64            // of the next request
	origin int64            // where this process began
	number int              // pages so far
	marks  map[uint64]int64 // pages so far, by their records, with their places
	whole  bool             // began at the listing's first row, in this process
	gaps   bool             // went on after an empty page
	end    End
	ended  bool  // nothing is left to ask
	err    error // what Next returns from now on

	requests, retries atomic.Int64
}

// Walk begins at from; anywhere but at the beginning it is a resumed walk. It sends nothing before Next.
func (x *Extractor) Walk(from Position, o WalkOptions) *Walk {
	w := &Walk{x: x, options: o, marks: make(map[uint64]int64), place: x.pager.first()}
	if from != (Position{}) {
		w.place = x.pager.place(from)
		w.options.Resumed = true
		w.origin = w.place
		switch p := x.resource.Endpoint.Paginator; {
		case p.Maximum != nil && w.place >= *p.Maximum:
			w.stop(Bound, w.place)
		case p.Type == "single_page" && w.place > 0: // the page came before
			w.stop(SinglePage, w.place)
		}
	}
	w.origin = w.place
	w.end.Bounded = w.end.Bounded || x.pager.first() != x.pager.base() || x.filters()
	w.whole = !w.options.Resumed && w.place == x.pager.base()
	return w
}

// Next returns the next page that holds records. It blocks for as long as the request and its retries take. io.EOF says that
// the walk came to its end, which End describes; any other error is a *PageError. After an error Next repeats it.
func (w *Walk) Next(ctx context.Context) (*Page, error) {
	requests, retries := w.Requests()
	for w.err == nil && !w.ended {
		p, err := w.fetch(ctx)
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
	return int(w.requests.Load()), int(w.retries.Load())
}

// fetch asks for the page at w.place and moves w past it.
func (w *Walk) fetch(ctx context.Context) (*Page, error) {
	x, label := w.x, w.x.pager.label(w.place)
	p := &Page{Label: label, x: x, memory: x.memories.Get().(*memory), // New makes nothing else
		selector: x.resource.Endpoint.Selector, entity: x.resource.Endpoint.Paginator.Type == "single_page"}
	r := x.target.request()
	r.URL, r.Buf, r.Accept = x.target.url(x.pager.query(w.place)), p.body[:0], p.cut
	if w.options.OnRetry != nil {
		r.OnRetry = func(attempt int, err error, wait time.Duration) { w.options.OnRetry(label, attempt, err, wait) }
	}
	resp, err := x.client.Do(ctx, r)
	w.requests.Add(int64(resp.Requests))
	w.retries.Add(int64(max(resp.Attempts-1, 0)))
	if resp.Body != nil {
		p.body = resp.Body
	}
	if err == nil {
		err = w.advance(p)
	}
	if err == nil {
		err = p.process()
	}
	if err != nil {
		p.Release()
		return nil, &PageError{Resource: x.resource.Name, Label: label, Attempts: resp.Attempts, Err: err}
	}
	return p, nil
}

// advance takes a page into the count and decides whether the walk goes on. An error means that the page can't be right.
func (w *Walk) advance(p *Page) error {
	x, rows, place := w.x, len(p.Records), w.place
	root := p.tape.Root()
	if err := w.see(root, rows); err != nil {
		return err
	}
	more, err := x.hasMore(root)
	if err != nil && rows > 0 {
		return err
	}
	if rows > 0 {
		mark := p.mark()
		if earlier, ok := w.marks[mark]; ok {
			return &LoopError{Earlier: x.pager.label(earlier)}
		}
		w.marks[mark] = place
	}
	w.end.Rows += int64(rows)
	w.end.Null = w.end.Null || p.null
	w.place = x.pager.next(place, rows)
	p.At, p.Next = x.pager.position(place, 0), x.pager.position(w.place, place)
	p.Total, p.TotalPages = w.end.LastTotal, x.resource.Endpoint.Paginator.Type == "page_number"
	return w.decide(place, rows, more)
}
