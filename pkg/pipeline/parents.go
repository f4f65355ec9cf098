package pipeline

// parentOf is the session of s's parent, -1 where it is not part of the run. A child reads its parent's listing for itself: it waits for
// the parent's own walk only so as not to ask where that one failed.
func (p *Pipeline) parentOf(s *session) int {
	if s.res.Parent == nil {
		return -1
	}
	for i, o := range p.sessions {
		if o.res.Name == s.res.Parent.Name {
			return i
		}
	}
	return -1
}

// parentsFirst orders the sessions so that each comes after its parent, else as they are.
func (p *Pipeline) parentsFirst() []int {
	var order []int
	placed := make([]bool, len(p.sessions))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		if parent := p.parentOf(p.sessions[i]); parent >= 0 {
			place(parent)
		}
		order = append(order, i)
	}
	for i := range p.sessions {
		place(i)
	}
	return order
}
