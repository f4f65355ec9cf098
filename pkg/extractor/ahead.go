package extractor

import (
	"context"
	"time"

	"producer/pkg/rest"
)

// answer is a page as it was answered, before the walk takes it into its count.
type answer struct {
	page *Page
	resp rest.Response
	err  error
}

// ahead are requests that are out before their turn, by their places. They change nothing but the time: an answer waits until the
// walk comes to its place, and where the walk comes to another one than was foreseen they are dropped.
type ahead struct {
	ctx    context.Context //nolint:containedctx // of the requests that are out; cancel ends it
	cancel context.CancelFunc
	out    map[place]chan answer
}

// ask prepares the request for a place; what it returns sends it and cuts its page, on any goroutine.
func (w *Walk) ask(at place) func(ctx context.Context) answer {
	x, tally, onRetry, label := w.x, w.tally, w.options.OnRetry, w.pager.label(at)
	p := &Page{Label: label, x: x, memory: x.memories.Get().(*memory), // New makes nothing else
		selector: w.selector, guess: w.selector.IsZero(), entity: w.paginator.Type == "single_page" || w.entity()}
	r, err := w.target.request(w.pager.ask(at))
	r.Buf, r.Accept = p.body[:0], p.cut
	if onRetry != nil {
		r.OnRetry = func(attempt int, err error, wait time.Duration) { onRetry(label, attempt, err, wait) }
	}
	return func(ctx context.Context) answer {
		if err != nil {
			return answer{page: p, err: err}
		}
		resp, err := x.client.Do(ctx, r)
		tally.requests.Add(int64(resp.Requests))
		tally.retries.Add(int64(max(resp.Attempts-1, 0)))
		if resp.Body != nil {
			p.body = resp.Body
		}
		return answer{p, resp, err}
	}
}

// turn is the answer for the walk's place: the one that is out for it, or that to a request of now.
func (w *Walk) turn(ctx context.Context) answer {
	out, ok := w.ahead.out[w.place]
	if !ok {
		w.drop()
		return w.ask(w.place)(ctx)
	}
	delete(w.ahead.out, w.place)
	return <-out // with ctx ends the one that it was sent under
}

// anticipate sends the request for a place ahead of its turn.
func (w *Walk) anticipate(ctx context.Context, at place) {
	if _, ok := w.ahead.out[at]; ok {
		return
	}
	if w.ahead.cancel == nil {
		w.ahead.out = map[place]chan answer{}
		w.ahead.ctx, w.ahead.cancel = context.WithCancel(ctx)
	}
	send, under := w.ask(at), w.ahead.ctx
	out := make(chan answer, 1)
	w.ahead.out[at] = out
	w.options.Go(func() { out <- send(under) })
}

// drop gives up what is out.
func (w *Walk) drop() {
	if w.ahead.cancel != nil {
		w.ahead.cancel()
	}
	w.ahead = ahead{}
}

// foresee sends the requests for the pages that follow, as far as the total tells that they are there: so many that Ahead are out or
// waiting. rows are those of the page before; a server that answers less than was asked for will do so again.
func (w *Walk) foresee(ctx context.Context, rows int) {
	if w.options.Go == nil || w.ended || rows == 0 || w.end.LastTotal == nil {
		return
	}
	at, step, end := w.place.n, int64(rows), *w.end.LastTotal
	switch {
	case w.paginator.Type == "offset":
	case w.paginator.Type == "page_number" && w.paginator.TotalGiven:
		step, end = 1, end+w.pager.base()
	default:
		return
	}
	if m := w.paginator.Maximum; m != nil {
		end = min(end, *m)
	}
	for ; at < end && len(w.ahead.out) < w.options.Ahead; at += step {
		w.anticipate(ctx, place{n: at})
	}
}
