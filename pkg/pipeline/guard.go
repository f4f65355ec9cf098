package pipeline

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"producer/pkg/kafka"
	"producer/pkg/registry"
)

var errRights = errors.New("the brokers say that the right is missing")

// preflight refuses topics that cannot serve and rights that are missing, before anybody is fenced.
func (p *Pipeline) preflight(infos map[string]kafka.TopicInfo) error {
	var problems []error
	for _, s := range p.sessions {
		t := infos[s.res.Topic.Name]
		if !t.Exists {
			continue
		}
		if got := t.Config["cleanup.policy"]; got != s.policy() {
			problems = append(problems, &GuardError{Text: fmt.Sprintf(
				"topic %s of resource %s has cleanup.policy=%s; write_disposition %s needs %s: alter the topic, or name another one under kafka.topic",
				t.Name, s.res.Name, got, s.res.Disposition, s.policy())})
		}
	}
	tables := []string{p.cfg.StateTopic()}
	if p.registry == nil {
		tables = append(tables, p.cfg.SchemasTopic())
	}
	for _, name := range tables {
		if got := infos[name].Config["cleanup.policy"]; infos[name].Exists && got != "compact" {
			problems = append(problems, &GuardError{Text: fmt.Sprintf(
				"topic %s has cleanup.policy=%s, it needs compact, or what it holds would be forgotten: alter the topic", name, got)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(infos)) {
		t := infos[name]
		switch {
		case !t.Exists:
		case !t.CanWrite:
			problems = append(problems, &kafka.AuthError{Resource: fmt.Sprintf("topic %q", t.Name), Operation: "Write", Err: errRights})
		case !t.CanRead:
			problems = append(problems, &kafka.AuthError{Resource: fmt.Sprintf("topic %q", t.Name), Operation: "Read", Err: errRights})
		}
	}
	var all error
	for _, e := range problems {
		if all == nil {
			all = e
		} else {
			all = fmt.Errorf("%w; %w", all, e)
		}
	}
	return all
}

// guard compares the session's state with its topic: what does not belong together is refused (exit 2) until --reset.
func (p *Pipeline) guard(ctx context.Context, s *session) error {
	refuse := func(format string, args ...any) error {
		return &GuardError{Text: fmt.Sprintf("resource %s: ", s.res.Name) + fmt.Sprintf(format, args...) +
			"; if that is meant, run once with --reset: it forgets the state and adopts the topic as it is"}
	}
	t, st := s.info, s.state
	if s.adopt {
		return nil
	}
	if st.V == 0 {
		full, err := p.populated(ctx, t)
		if err == nil && full {
			err = refuse("topic %s holds records, but topic %s holds no state for them", s.res.Topic.Name, p.cfg.StateTopic())
		}
		return err
	}
	switch {
	case st.Identity != s.identity():
		return refuse("the state is that of %s, the configuration asks for %s", st.Identity, s.identity())
	case !t.Exists:
		return refuse("topic %s is gone, but its state stands", s.res.Topic.Name)
	case t.ID != st.TopicID:
		return refuse("topic %s is not the one that the state belongs to: it was deleted and created again", t.Name)
	case t.Partitions != st.Partitions:
		return refuse("topic %s has %d partitions, it had %d: keys would change places and old values stay", t.Name, t.Partitions, st.Partitions)
	}
	if s.keyed() && st.Populated {
		full, err := p.populated(ctx, t)
		if err == nil && !full {
			err = refuse("topic %s is empty, but its state knows of records in it", t.Name)
		}
		return err
	}
	return nil
}

// guardSchema refuses a topic whose newest values lead to no schema any more, or to another one: a registry that lost what it held, or
// is another one. With --reset the topic is written anew.
func (p *Pipeline) guardSchema(ctx context.Context, s *session) error {
	st := s.state
	if s.adopt {
		st = s.forgot
	}
	s.rewrite = s.state.Rewrite
	if !st.Populated || st.Frame == "" {
		return nil
	}
	frame, _ := hex.DecodeString(st.Frame) // what is no hex is no frame
	var why string
	mend := "restore the registry, or correct schema.registry.url"
	if p.registry == nil {
		mend = "restore topic " + p.cfg.SchemasTopic()
	}
	found, _, err := s.codec.registry.Lookup(ctx, frame)
	switch {
	case as[*registry.FrameError](err):
		why = fmt.Sprintf("the values of topic %s are framed otherwise: schema.registry was added to the configuration, or taken out", s.res.Topic.Name)
	case as[*registry.UnknownSchemaError](err):
		why = fmt.Sprintf("topic %s can't be read any more: %v, which its newest values were written with; %s", s.res.Topic.Name, err, mend)
	case err != nil:
		return err
	case fingerprint(found) != st.Schema:
		why = fmt.Sprintf("topic %s can't be read any more: the schema that its newest values lead to is another one now; %s", s.res.Topic.Name, mend)
	default:
		return nil
	}
	if s.adopt {
		s.rewrite = true
		p.log.Warn("all records are published again", "resource", s.res.Name, "because", why)
		return nil
	}
	return &GuardError{Text: why + "; if that is meant, run once with --reset: it registers the schema again and publishes all records anew"}
}

// errFound ends a scan that has seen enough.
var errFound = errors.New("found")

// populated reports whether a committed record stands in the topic: aborted ones and control records do not count.
func (p *Pipeline) populated(ctx context.Context, t kafka.TopicInfo) (bool, error) {
	if !t.Exists || t.Empty() {
		return false, nil
	}
	err := p.cluster.Scan(ctx, t.Name, kafka.ScanOptions{}, func(kafka.Record) error { return errFound })
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}
