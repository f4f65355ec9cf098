package extractor

import (
	"context"
	"errors"
	"io"
	"time"
)

// Begin begins a walk at from, as [Extractor.Walk] does. Where the resource has a parent it is one over all its listings, each under a
// record of the parent, which it reads for itself.
func (x *Extractor) Begin(from Position, o WalkOptions) Walker {
	if x.parent == nil {
		return x.Walk(from, o)
	}
	f := &family{x: x, options: o, from: from, since: o.Since, began: time.Now().UTC().Truncate(time.Second)}
	if f.options.tally == nil {
		f.options.tally = new(tally)
	}
	if from.Under == nil {
		f.from = Position{}
	}
	f.begin(f.from)
	if f.win, f.err = x.newWindow(o.Since, o.Full); f.err != nil {
		f.err = &PageError{Resource: x.resource.Name, Label: "the first page", Err: f.err}
	} else if f.win != nil && f.win.End == "" {
		f.since = f.win.since
	}
	f.since.By = x.by
	return f
}

// family walks a listing once under each record of the parent, in the parent's order. What a record of the parent is taken for twice,
// when the parent's listing shows it twice, is read once.
type family struct {
	x       *Extractor
	options WalkOptions
	from    Position // where to go on, until that is found
	win     *window  // of an incremental resource, else nil: what it began from
	since   Since
	began   time.Time
	number  int

	parents Walker
	page    *Page // of the parent's, in hand; nil: none
	next    int   // record of it
	kin     *kin
	walk    *Walk                 // under kin; nil: over, or not begun
	ahead   map[int]*Walk         // listings under the page's next records, by their numbers, whose first request is out
	seen    map[[16]byte]struct{} // prints of the parent's records so far

	end       End
	again     bool // the parent's listing showed a record twice
	unproven  bool // a listing's end proved nothing
	counts    bool // a listing is walked by count
	fell      bool // and got shorter
	requests  int
	retries   int
	restarted bool
	err       error
}

// begin begins at the parent's page that holds the record to go on at, or at the parent's beginning.
func (f *family) begin(from Position) {
	o := f.options
	o.Since = Since{}
	if told := o.OnPage; told != nil {
		o.OnPage = func(int, *int64) { told(0, nil) }
	}
	if s := f.since.Parent; s != nil {
		o.Since = *s
	}
	at := Position{}
	if from.Under != nil {
		at = from.Under.Page
	}
	f.release()
	f.seen = map[[16]byte]struct{}{}
	f.parents = f.x.parent.Begin(at, o)
}

// restart begins anew, since the record to go on at is not where it was.
func (f *family) restart() {
	f.options.Resumed, f.from, f.restarted = false, Position{}, true
	f.since = f.since.Anew()
	if f.keeps() {
		f.since.Walk = &Progress{Began: f.win.since.Walk.Began, Start: f.win.since.Walk.Start}
	}
	f.begin(Position{})
}

// keeps reports whether the resource itself keeps a cursor.
func (f *family) keeps() bool { return f.win != nil && f.win.End == "" }

// place says in an error under which record it happened.
func (f *family) place(err error) error {
	var e *PageError
	if !errors.As(err, &e) {
		return err
	}
	under := *e
	under.Label = f.kin.label + ", " + e.Label
	return &under
}

func (f *family) release() {
	if f.page != nil {
		f.page.Release()
	}
	for _, w := range f.ahead {
		w.drop()
	}
	if f.walk != nil {
		f.walk.drop()
	}
	f.page, f.next, f.kin, f.walk, f.ahead = nil, 0, nil, nil, map[int]*Walk{}
}

// Next implements Walker. The parent's pages are asked for when their turn comes, on the same goroutine.
func (f *family) Next(ctx context.Context) (*Page, error) {
	for f.err == nil {
		if f.walk == nil {
			f.err = f.descend(ctx)
			continue
		}
		p, err := f.walk.Next(ctx)
		if errors.Is(err, io.EOF) {
			f.leave()
			continue
		}
		if err != nil {
			f.err = f.place(err)
			break
		}
		return f.adopt(p), nil
	}
	if f.page != nil {
		f.release()
	}
	return nil, f.err
}

// descend begins the listing under the next record of the parent. io.EOF: there is none.
func (f *family) descend(ctx context.Context) error {
	if f.page == nil || f.next == len(f.page.Records) {
		f.release()
		page, err := f.parents.Next(ctx)
		if errors.Is(err, io.EOF) && f.from.Under != nil {
			f.restart()
			return nil
		}
		if err != nil {
			return err
		}
		if f.page = page; f.from.Under != nil && !f.find() {
			f.restart()
			return nil
		}
		if f.page.Since.By != "" {
			f.since.Parent = &f.page.Since
		}
		return nil
	}
	rec := f.page.Records[f.next]
	k, err := f.x.kinOf(rec)
	if err != nil {
		return &PageError{Resource: f.x.parent.resource.Name, Label: f.page.Label, Err: f.x.parent.recordError(f.next, rec, err)}
	}
	at := f.next
	f.next++
	if _, twice := f.seen[k.print]; twice {
		f.again = true
		if w := f.ahead[at]; w != nil {
			w.drop()
			delete(f.ahead, at)
		}
		return nil
	}
	f.seen[k.print] = struct{}{}
	from := f.from
	f.from = Position{}
	if from.Under != nil && from.Under.Done {
		return nil
	}
	from.Under = nil
	f.kin, f.walk = k, f.ahead[at]
	if delete(f.ahead, at); f.walk == nil {
		f.walk = f.under(k, from)
	} else if f.walk.win != nil { // it was made before the one before it ended
		f.walk.win, err = f.x.newWindow(f.since, f.options.Full)
	}
	f.foresee(ctx)
	return err
}

// under is the walk of the listing under a record of the parent.
func (f *family) under(k *kin, from Position) *Walk {
	o := f.options
	o.Since, o.OnRetry, o.kin = f.since, f.onRetry(k), k
	return f.x.Walk(from, o)
}

// foresee sends the first requests for the listings under the records that follow on the parent's page.
func (f *family) foresee(ctx context.Context) {
	if f.options.Go == nil {
		return
	}
	for i := f.next; i < len(f.page.Records) && len(f.ahead) < f.options.Ahead; i++ {
		if f.ahead[i] != nil {
			continue
		}
		k, err := f.x.kinOf(f.page.Records[i])
		if err != nil {
			return // it is told when its turn comes
		}
		if _, twice := f.seen[k.print]; twice {
			continue
		}
		w := f.under(k, Position{})
		if w.err == nil && !w.ended {
			w.anticipate(ctx, w.place)
		}
		f.ahead[i] = w
	}
}

func (f *family) onRetry(k *kin) func(string, int, error, time.Duration) {
	if f.options.OnRetry == nil {
		return nil
	}
	return func(position string, attempt int, err error, wait time.Duration) {
		f.options.OnRetry(k.label+", "+position, attempt, err, wait)
	}
}

// find looks on the parent's page for the record that the walk is to go on at. On the page of a parent that began anew it is not looked
// for.
func (f *family) find() bool {
	if f.page.Restarted {
		return false
	}
	for i, rec := range f.page.Records {
		k, err := f.x.kinOf(rec)
		if err == nil && k.id() == f.from.Under.ID {
			f.next = i
			return true
		}
	}
	return false
}

// adopt makes a listing's page one of the family's.
func (f *family) adopt(p *Page) *Page {
	f.number++
	p.Number = f.number
	p.Label = f.kin.label + ", " + p.Label
	p.Restarted = f.restarted
	if f.number > 1 {
		p.Detected = ""
	}
	p.Total = nil
	p.Under = f.kin.id()
	under := Under{Page: f.page.At, ID: p.Under}
	p.At.Under = &under
	done := under
	done.Done = f.walk.ended && f.walk.err == nil
	p.Next.Under = &done
	if f.keeps() {
		f.since.Walk = p.Since.Walk
	}
	p.Since = f.since
	requests, retries := f.Requests()
	p.Requests, p.Retries = requests-f.requests, retries-f.retries
	f.requests, f.retries = requests, retries
	return p
}
