package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/registry"
	"producer/pkg/table"
)

// session is what a pipeline keeps of a resource between cycles: its producer, where it stands, and what its topic holds.
type session struct {
	res       config.Resource
	extractor *extractor.Extractor
	codec     *codec

	producer *kafka.Producer
	info     kafka.TopicInfo
	state    checkpoint.State // zero V: no state
	stateAt  time.Time        // when the broker was given it
	known    int64            // Seq of the newest state seen while the producer was this process's; -1: it never was
	index    *table.Index     // nil: not loaded
	ends     []int64          // the topic's end offsets when the index was last known to be whole
	adopt    bool             // --reset: the topic is to be adopted before its next walk
	full     bool             // --full: its next walk is to read everything
	forgot   checkpoint.State // the state that --reset forgets
	rewrite  bool             // the topic's values can't be read any more: unchanged records are published too
}

func (p *Pipeline) newSession(r config.Resource) (*session, error) {
	x, err := extractor.New(p.rest, p.cfg.Client, r)
	if err != nil {
		return nil, &GuardError{Text: fmt.Sprintf("%s: resource %s: %v", p.cfg.Path, r.Name, err)}
	}
	s := &session{res: r, extractor: x, adopt: p.opts.Reset, full: p.opts.Full, known: -1}
	reg := p.registry
	if reg == nil {
		reg = registry.SingleObject(&schemaStore{p: p, s: s})
	}
	s.codec, err = newCodec(p.cfg, r, reg, p.log)
	return s, err
}

func (s *session) close() {
	if s.producer != nil {
		s.producer.Close()
	}
	if s.known >= 0 {
		s.known = max(s.known, s.state.Seq)
	}
	s.producer, s.index, s.state, s.ends = nil, nil, checkpoint.State{}, nil
	s.codec.forget()
}

// keyed reports whether the topic is a table: merge or replace.
func (s *session) keyed() bool { return s.res.Disposition != "append" }

// policy is the cleanup.policy that the disposition asks for.
func (s *session) policy() string {
	if s.keyed() {
		return "compact"
	}
	return "delete"
}

// deletes reports whether a proven walk of this resource may end in tombstones.
func (s *session) deletes() bool {
	return s.res.Disposition == "replace" || s.keyed() && s.res.Topic.Deletes.Mode == "confirmed"
}

// identity is what a state is bound to: another one needs --reset.
func (s *session) identity() string {
	names := [][]string{}
	for _, k := range s.res.PrimaryKey {
		names = append(names, k.Names)
	}
	text, _ := json.Marshal(map[string]any{"primary_key": names, "topic": s.res.Topic.Name}) // strings always marshal
	return string(text)
}

// deadLetters is the topic of what the contract discards, or "" where it discards nothing.
func (s *session) deadLetters() string {
	if s.res.Contract.Discards() {
		return s.res.Topic.Name + ".dlq"
	}
	return ""
}

func (p *Pipeline) kafkaOptions() (kafka.Options, error) {
	k := p.cfg.Kafka
	o := kafka.Options{Brokers: k.Brokers, Timeout: k.Timeout, CommitTimeout: k.CommitTimeout, Compression: k.Compression, Logger: p.log}
	if k.TLS != nil {
		t, err := kafka.LoadTLS(k.TLS.CA, k.TLS.Cert, k.TLS.Key)
		if err != nil {
			return o, &GuardError{Text: fmt.Sprintf("%s: kafka.tls: %v", p.cfg.Path, err)}
		}
		o.TLS = t
	}
	if k.SASL != nil {
		o.SASL = &kafka.SASL{Mechanism: k.SASL.Mechanism, Username: k.SASL.Username, Password: k.SASL.Password.Reveal()}
	}
	return o, nil
}

// brokerSilence is how long brokers may owe their first answer before the log says so, or half of what they have in all.
const brokerSilence = 3 * time.Second

// connect opens the cluster, unless it is open.
func (p *Pipeline) connect(ctx context.Context) error {
	if p.cluster != nil {
		return nil
	}
	o, err := p.kafkaOptions()
	if err != nil {
		return err
	}
	waits := time.AfterFunc(min(brokerSilence, o.Timeout/2), func() {
		p.log.Warn("no broker has answered yet", "brokers", strings.Join(o.Brokers, ", "), "waits_for", o.Timeout)
	})
	defer waits.Stop()
	p.cluster, err = kafka.Open(ctx, o)
	return err
}

// open brings every session to where a walk can begin. The order is the protocol's: look and refuse, fence, read, create.
func (p *Pipeline) open(ctx context.Context) error {
	if len(p.sessions) == 0 {
		return nil
	}
	if err := p.connect(ctx); err != nil {
		return err
	}
	infos, err := p.describe(ctx)
	if err != nil {
		return err
	}
	if err := p.preflight(infos); err != nil {
		return err
	}
	var again []*session
	for _, s := range p.sessions {
		if s.producer == nil && s.known >= 0 {
			again = append(again, s)
		}
	}
	if len(again) > 0 && infos[p.cfg.StateTopic()].Exists {
		if err := p.overtaken(ctx, again...); err != nil {
			return err
		}
	}
	var fenced bool
	for _, s := range p.sessions {
		if s.producer == nil {
			if s.producer, err = p.cluster.OpenProducer(ctx, p.cfg.TransactionalID(s.res.Topic.Name)); err != nil {
				return fmt.Errorf("resource %s: %w", s.res.Name, err)
			}
			fenced = true
		}
	}
	if fenced {
		if infos, err = p.describe(ctx); err != nil { // what a zombie still wrote is in the topics now
			return err
		}
		if err := p.restore(ctx, infos); err != nil {
			return err
		}
		for _, s := range p.sessions {
			s.known = max(s.known, s.state.Seq)
		}
	}
	for _, s := range p.sessions {
		s.info = infos[s.res.Topic.Name]
		if err := p.guard(ctx, s); err != nil {
			return err
		}
		if err := p.guardSchema(ctx, s); err != nil {
			return fmt.Errorf("resource %s: %w", s.res.Name, err)
		}
	}
	if err := p.create(ctx, infos); err != nil {
		return err
	}
	for _, s := range p.sessions {
		if err := s.codec.open(ctx); err != nil {
			if StopsRun(err) {
				return fmt.Errorf("resource %s: %w", s.res.Name, err)
			}
			s.codec.fault = err // this resource's own: it fails when its turn comes
		}
	}
	return nil
}

func (p *Pipeline) describe(ctx context.Context) (map[string]kafka.TopicInfo, error) {
	names := []string{p.cfg.StateTopic()}
	if p.registry == nil {
		names = append(names, p.cfg.SchemasTopic())
	}
	for _, s := range p.sessions {
		names = append(names, s.res.Topic.Name)
		if t := s.deadLetters(); t != "" {
			names = append(names, t)
		}
	}
	return p.cluster.Describe(ctx, names...)
}

// restore reads the states, after fencing and to the high watermark.
func (p *Pipeline) restore(ctx context.Context, infos map[string]kafka.TopicInfo) error {
	if !infos[p.cfg.StateTopic()].Exists {
		return nil
	}
	entries, err := checkpoint.Load(ctx, p.cluster, p.cfg.StateTopic())
	if err != nil {
		return err
	}
	for _, s := range p.sessions {
		e, ok := entries[s.res.Name]
		switch {
		case !ok || s.adopt:
			s.state, s.stateAt, s.forgot = e.State.Forget(), time.Time{}, e.State
		case e.Err != nil:
			return e.Err
		default:
			s.state, s.stateAt = e.State, e.Timestamp
		}
	}
	return nil
}

// create makes the topics that are missing and describes them.
func (p *Pipeline) create(ctx context.Context, infos map[string]kafka.TopicInfo) error {
	var specs []kafka.TopicSpec
	want := func(name string, partitions int32, rf int16, config map[string]string) {
		if !infos[name].Exists {
			specs = append(specs, kafka.TopicSpec{Name: name, Partitions: partitions, ReplicationFactor: rf, Config: config})
		}
	}
	compact := map[string]string{"cleanup.policy": "compact"}
	want(p.cfg.StateTopic(), 1, p.cfg.Kafka.ReplicationFactor, compact)
	if p.registry == nil {
		want(p.cfg.SchemasTopic(), 1, p.cfg.Kafka.ReplicationFactor, compact)
	}
	for _, s := range p.sessions {
		t := s.res.Topic
		config := map[string]string{"cleanup.policy": s.policy()}
		for k, v := range t.Config {
			config[k] = v
		}
		want(t.Name, t.Partitions, t.ReplicationFactor, config)
		if d := s.deadLetters(); d != "" {
			want(d, t.Partitions, t.ReplicationFactor, map[string]string{"cleanup.policy": "delete"})
		}
	}
	if len(specs) == 0 {
		return nil
	}
	if err := p.cluster.Create(ctx, specs); err != nil {
		return err
	}
	infos, err := p.describe(ctx)
	if err != nil {
		return err
	}
	for _, s := range p.sessions {
		s.info = infos[s.res.Topic.Name]
	}
	return nil
}
