package extractor

// leave takes the verdict on a listing that ended into the family's.
func (f *family) leave() {
	e := f.walk.End()
	if f.end.Reason != Bound && f.end.Reason != Ignored {
		f.end.Reason = e.Reason
	}
	f.end.Bounded = f.end.Bounded || e.Bounded
	f.end.Drifted = f.end.Drifted || e.Drifted
	f.end.Null = f.end.Null || e.Null
	f.end.Disordered = f.end.Disordered || e.Disordered
	f.end.Rows += e.Rows
	f.unproven = f.unproven || !e.Proven
	f.counts = f.counts || f.walk.counts()
	f.fell = f.fell || f.walk.counts() && f.walk.fell
	if f.keeps() { // its last pages may have been left out whole
		f.since.Walk = f.walk.win.since.Walk
	}
	f.walk, f.kin = nil, nil
}

// End implements Walker. It is proven only if the parent's walk is, and each listing's.
func (f *family) End() End {
	e, parents := f.end, f.parents.End()
	if e.Reason != Bound && e.Reason != Ignored {
		e.Reason = parents.Reason
	}
	e.Bounded = e.Bounded || parents.Bounded || f.x.filters() || f.win != nil && f.win.End != ""
	e.Drifted = e.Drifted || parents.Drifted || f.again
	e.Null = e.Null || parents.Null
	e.Disordered = e.Disordered || parents.Disordered
	e.Restarted = f.restarted
	e.Proven = parents.Proven && !f.unproven && !e.Bounded && !e.Drifted && !f.options.Resumed
	return e
}

// Since implements Walker. The parent's cursor moves with the child's, or stays with it.
func (f *family) Since(twice bool) Since {
	s, reason := f.since.Anew(), f.End().Reason
	stay := f.slipped(twice) || reason == Bound || reason == Ignored // whatever row_order says: the order is each listing's own
	if f.keeps() {
		win := *f.win
		win.since = f.since
		before := s.Parent
		s = win.remember(stay, reason)
		s.Parent = before
	}
	if stay {
		return s
	}
	if parent := f.parents.Since(f.again); parent.By != "" {
		s.Parent = &parent
	}
	if s.By != "" && !f.Incremental() {
		s.Full = f.began
	}
	return s
}

func (f *family) slipped(twice bool) bool {
	return f.fell || f.counts && twice || f.parents.slipped(f.again)
}

// Incremental implements Walker.
func (f *family) Incremental() bool {
	return f.win != nil && !f.win.full || f.parents.Incremental()
}

// Requests implements Walker.
func (f *family) Requests() (requests, retries int) {
	return int(f.options.tally.requests.Load()), int(f.options.tally.retries.Load())
}
