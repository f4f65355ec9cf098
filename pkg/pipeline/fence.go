package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
)

// glanceTimeout is how long brokers that did not take a commit may take to show the state.
const glanceTimeout = 5 * time.Second

// reread fences again and asks the state topic whether next was committed, for a commit of unknown outcome. What a newer instance
// has committed is a [*kafka.FencedError].
func (p *Pipeline) reread(ctx context.Context, s *session, next checkpoint.State) (bool, error) {
	p.log.Warn("the outcome of a commit is unknown: it is read back from the state", "resource", s.res.Name)
	if err := p.overtaken(ctx, s); err != nil {
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

// overtaken reports by a [*kafka.FencedError] that a newer instance has committed for one of the sessions, or by a
// [*checkpoint.VersionError] that it is of a newer version, too. It is asked before this
// instance fences again, which would hit that one: an instance that was stopped, or cut off for long, has heard of nobody who took
// over meanwhile. No open transaction is waited for. That of this instance hides nothing: who takes over ends it first.
func (p *Pipeline) overtaken(ctx context.Context, sessions ...*session) error {
	entries, err := checkpoint.Glance(ctx, p.cluster, p.cfg.StateTopic())
	if err != nil {
		return err
	}
	for _, s := range sessions {
		e := entries[s.res.Name]
		if e.Err != nil && !s.adopt { // none that this instance wrote
			return e.Err
		}
		if e.State.Seq > max(s.known, s.state.Seq) && e.State.Instance != p.instance {
			return fmt.Errorf("resource %s: %w", s.res.Name, p.fencedBy(s))
		}
	}
	return nil
}

// outlasted returns what the end of a commit's time means: a [*kafka.FencedError] where a newer instance has committed meanwhile,
// else why.
func (p *Pipeline) outlasted(ctx context.Context, s *session, why error) error {
	ctx, cancel := context.WithTimeout(ctx, glanceTimeout)
	defer cancel()
	if err := p.overtaken(ctx, s); as[*kafka.FencedError](err) {
		return err
	}
	return why
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
