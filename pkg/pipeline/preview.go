package pipeline

import (
	"context"
	"errors"
	"io"
	"time"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/record"
	"producer/pkg/schema"
)

// Preview is a resource as its next walk would find it, for commands that look and change nothing: whatever is asked of it registers,
// produces and fences nothing. It is not safe for concurrent use.
type Preview struct {
	p *Pipeline
	s *session
}

// Standing is the schema that a resource has.
type Standing struct {
	Registered *schema.Schema // the newest that is published; nil: none
	ID         *int           // of Registered; nil without a registry
	Pinned     *schema.Schema // of the file in schema.directory; nil: there is none
}

// Previews are the resources of the pipeline.
func (p *Pipeline) Previews() []*Preview {
	var out []*Preview
	for _, s := range p.sessions {
		out = append(out, &Preview{p, s})
	}
	return out
}

// ReachSchemas connects to the brokers where these hold the schemas, as they do without a registry.
func (p *Pipeline) ReachSchemas(ctx context.Context) error {
	if p.registry != nil {
		return nil
	}
	return cause(ctx, p.connect(ctx))
}

// Resource is its configuration.
func (v *Preview) Resource() config.Resource { return v.s.res }

// Subject is what the schema is, or would be, registered under.
func (v *Preview) Subject() string { return v.s.codec.subject }

// File is that of the pinned schema; "" without one.
func (v *Preview) File() string { return v.s.codec.file }

// Options are those of the resource's schemas.
func (v *Preview) Options() schema.Options { return v.s.codec.opts }

// Mode is what schema_contract says to a value that does not fit: evolve, freeze, discard_row or discard_value.
func (v *Preview) Mode(m *schema.Misfit) string { return v.s.codec.mode(m) }

// TableMissing says why schema_contract makes no first schema.
func (v *Preview) TableMissing() string { return v.s.codec.tableMissing() }

// Look calls do and tells the observer of its beginning and end, which has no proof: a sample can prove nothing. Where ctx has ended the error is the reason for that.
func (v *Preview) Look(ctx context.Context, do func() error) error {
	began, status := time.Now(), Complete
	v.p.opts.Observer.Start(v.s.res.Name, v.s.res.Topic.Name)
	err := cause(ctx, do())
	if err != nil {
		status = Failed
	}
	v.p.opts.Observer.End(v.s.res.Name, string(status), "", time.Since(began))
	return err
}

// Standing asks the registry, or without one the topic of schemas, for what stands; see ReachSchemas.
func (v *Preview) Standing(ctx context.Context) (Standing, error) {
	c := v.s.codec
	c.forget()
	err := c.open(ctx)
	return Standing{Registered: c.latest, ID: c.latestFrame.ID, Pinned: c.pin}, err
}

// Check asks whether a schema could be registered; see [registry.Registry].
func (v *Preview) Check(ctx context.Context, s *schema.Schema) error {
	return v.s.codec.inFile(s, v.s.codec.registry.Check(ctx, v.s.codec.subject, s))
}

// Sample is the beginning of a resource, as far as a first registration waits for it.
type Sample struct {
	Pages, Records int
	Observation    *schema.Observation
	pages          []*extractor.Page
}

// Each calls do with each record, up to the first error, which it returns.
func (s *Sample) Each(do func(record.Value) error) error {
	for _, page := range s.pages {
		for _, rec := range page.Records {
			if err := do(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// Release gives the memory of the records back.
func (s *Sample) Release() {
	for _, p := range s.pages {
		p.Release()
	}
	s.pages = nil
}

// Sample walks the beginning of the resource. It asks the API alone. Every record must have a key, as for a first registration.
func (v *Preview) Sample(ctx context.Context) (out *Sample, err error) {
	out = &Sample{Observation: schema.NewObservation(v.s.codec.opts)}
	defer func() {
		if err != nil {
			out.Release()
			out = nil
		}
	}()
	walk := v.p.startWalk(v.s, extractor.Position{}, extractor.WalkOptions{
		OnPage: func(rows int, _ *int64) { v.p.opts.Observer.Page(v.s.res.Name, rows, -1) }, // a sample is no part of a total
	})
	patient := ctx
	bytes := 0
	for len(out.pages) < samplePages && bytes < sampleBytes {
		page, err := walk.Next(patient)
		if errors.Is(err, io.EOF) || err != nil && len(out.pages) > 0 && patient.Err() != nil && ctx.Err() == nil {
			break // the end, or the sample's time is over
		}
		if err != nil {
			return out, err
		}
		if len(out.pages) == 0 {
			timed, cancel := context.WithTimeout(ctx, sampleTime)
			defer cancel()
			patient = timed
		}
		out.pages = append(out.pages, page)
		out.Records += len(page.Records)
		bytes += page.Bytes
	}
	out.Pages = len(out.pages)
	_, err = v.s.observeAll(out.Observation, out.pages)
	return out, err
}
