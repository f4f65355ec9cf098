package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
)

// glance is how long the state is looked at before a transaction of unknown outcome is ended.
const glance = time.Second

// reread fences again and asks the state topic whether next was committed, for a commit of unknown outcome. What a newer instance
// has committed is a [*kafka.FencedError].
func (p *Pipeline) reread(ctx context.Context, s *session, next checkpoint.State) (bool, error) {
	p.log.Warn("the outcome of a commit is unknown: it is read back from the state", "resource", s.res.Name)
	// Where a newer instance has committed already, this one must not fence it: look before fencing, and decide after. A look that
	// lasts is held up by an open transaction, most likely the one in question: then nobody has taken over.
	look, cancel := context.WithTimeout(ctx, glance)
	_, err := p.stands(look, s, next)
	late := look.Err() != nil
	cancel()
	if err != nil && (!late || ctx.Err() != nil || as[*kafka.FencedError](err)) {
		return false, err
	}
	if err := p.refence(ctx, s); err != nil {
		return false, err
	}
	return p.stands(ctx, s, next)
}

// stands reports whether next is the newest committed state of s. One that is neither next nor the one that s knows of is a newer
// instance's.
func (p *Pipeline) stands(ctx context.Context, s *session, next checkpoint.State) (bool, error) {
	entries, err := checkpoint.Load(ctx, p.cluster, p.cfg.StateTopic())
	if err != nil {
		return false, err
	}
	e := entries[s.res.Name]
	switch {
	case e.Err != nil && !s.adopt:
		return false, e.Err
	case e.State.Seq == next.Seq && e.State.Instance == next.Instance:
		return true, nil
	case e.State.Seq == s.state.Seq:
		return false, nil
	}
	return false, p.fencedBy(s)
}

// overtaken reports a newer instance, by a [*kafka.FencedError], before this one opens a producer that it had before: after a cycle
// that Kafka's failure ended. An instance that was stopped or cut off for long has heard of nobody who took over meanwhile, and
// would fence him.
func (p *Pipeline) overtaken(ctx context.Context, infos map[string]kafka.TopicInfo) error {
	again := func(s *session) bool { return s.producer == nil && s.known >= 0 }
	if !slices.ContainsFunc(p.sessions, again) || !infos[p.cfg.StateTopic()].Exists {
		return nil
	}
	look, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	entries, err := checkpoint.Load(look, p.cluster, p.cfg.StateTopic())
	if err != nil {
		if look.Err() != nil && ctx.Err() == nil {
			return nil // held up by an open transaction, most likely the one that this process left
		}
		return err
	}
	for _, s := range p.sessions {
		if st := entries[s.res.Name].State; again(s) && st.Seq > s.known && st.Instance != p.instance {
			return fmt.Errorf("resource %s: %w", s.res.Name, p.fencedBy(s))
		}
	}
	return nil
}

// fencedBy is the error that a newer instance's checkpoint is.
func (p *Pipeline) fencedBy(s *session) error {
	return &kafka.FencedError{TransactionalID: p.cfg.TransactionalID(s.res.Topic.Name), Err: errors.New("the state topic holds its checkpoint")}
}

// refence opens the session's producer anew: the coordinator ends whatever transaction was open before this returns.
func (p *Pipeline) refence(ctx context.Context, s *session) (err error) {
	s.producer.Close()
	s.producer, err = p.cluster.OpenProducer(ctx, p.cfg.TransactionalID(s.res.Topic.Name))
	return err
}
