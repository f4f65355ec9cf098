package pipeline

import (
	"context"
	"fmt"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
	"producer/pkg/registry"
)

// schemaStore keeps a resource's schemas in {pipeline}.schemas, each written in a transaction of its own before any record that
// needs it.
type schemaStore struct {
	p *Pipeline
	s *session
}

const subjectHeader = "subject"

// Load implements [registry.Store]. A topic that isn't there holds none: whoever only looks has not made it.
func (t *schemaStore) Load(ctx context.Context) ([]registry.Entry, error) {
	name := t.p.cfg.SchemasTopic()
	infos, err := t.p.cluster.Describe(ctx, name)
	if err != nil || !infos[name].Exists {
		return nil, err
	}
	var out []registry.Entry
	err = t.p.cluster.Scan(ctx, name, kafka.ScanOptions{}, func(r kafka.Record) error {
		for _, h := range r.Headers {
			if h.Key == subjectHeader && r.Value != nil {
				e := registry.Entry{Subject: string(h.Value), JSON: append([]byte(nil), r.Value...)}
				if err := e.SetFingerprint(r.Key); err != nil {
					return fmt.Errorf("topic %s, offset %d: %w", name, r.Offset, err)
				}
				out = append(out, e)
			}
		}
		return nil
	})
	return out, err
}

// Put implements [registry.Store]. Brokers that look silent to who was taken over meanwhile are a [*kafka.FencedError].
func (t *schemaStore) Put(ctx context.Context, e registry.Entry) error {
	err := t.put(ctx, e)
	if as[*kafka.UnavailableError](err) {
		err = t.p.outlasted(ctx, t.s, err)
	}
	return err
}

func (t *schemaStore) put(ctx context.Context, e registry.Entry) error {
	rec := kafka.Record{Topic: t.p.cfg.SchemasTopic(), Key: e.Key(), Value: e.JSON}
	for _, subject := range append([]string{e.Subject}, e.Others...) { // compaction keeps one record a schema
		rec.Headers = append(rec.Headers, kafka.Header{Key: subjectHeader, Value: []byte(subject)})
	}
	for try := 1; ; try++ {
		err := t.s.producer.Commit(ctx, kafka.Batch{Records: []kafka.Record{rec}})
		unknown := as[*kafka.UnknownOutcomeError](err)
		if try == commitTries || !unknown && !as[*kafka.AbortedError](err) {
			return err
		}
		if unknown { // written or not, it is written again: a schema that stands twice is one key
			if _, err := t.p.reread(ctx, t.s, checkpoint.State{}); err != nil {
				return err
			}
		}
	}
}
