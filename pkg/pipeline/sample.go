package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"producer/pkg/extractor"
	"producer/pkg/schema"
)

// sample is the beginning of a resource, as far as a first registration waits for it.
type sample struct {
	*worker
	pages       []*extractor.Page
	records     int
	observation *schema.Observation
}

// takeSample walks the beginning of a resource. It asks the API alone. Every record must have a key, as for a first registration.
func (p *Pipeline) takeSample(ctx context.Context, s *session) (*sample, error) {
	out := &sample{worker: &worker{session: s, p: p}, observation: schema.NewObservation(s.codec.opts)}
	walk := p.startWalk(s, extractor.Position{}, extractor.WalkOptions{})
	patient := ctx
	bytes := 0
	for len(out.pages) < samplePages && bytes < sampleBytes {
		page, err := walk.Next(patient)
		if errors.Is(err, io.EOF) || err != nil && len(out.pages) > 0 && patient.Err() != nil && ctx.Err() == nil {
			break // the end, or the sample's time is over
		}
		if err != nil {
			out.release()
			return nil, err
		}
		if len(out.pages) == 0 {
			timed, cancel := context.WithTimeout(ctx, sampleTime)
			defer cancel()
			patient = timed
		}
		p.opts.Observer.Page(s.res.Name, len(page.Records), -1)
		out.pages = append(out.pages, page)
		out.records += len(page.Records)
		bytes += page.Bytes
	}
	if _, err := out.observeAll(out.observation, out.pages); err != nil {
		out.release()
		return nil, err
	}
	return out, nil
}

func (s *sample) release() {
	for _, p := range s.pages {
		p.Release()
	}
	s.pages = nil
}

// Inferred is a schema that [Pipeline.Infer] has written.
type Inferred struct {
	Resource, File string
	Pages, Records int // of the sample
	Fields         int // at the top
}

// Infer samples each resource as its first run would, and writes what follows from it to <resource>.avsc in schema.directory, which it
// makes. A file that stands is a [*GuardError], before anything is asked, unless force is set. Nothing is registered or produced; the
// brokers and the registry are not asked. The files written before an error are returned with it.
func (p *Pipeline) Infer(ctx context.Context, force bool) (out []Inferred, err error) {
	dir := p.cfg.Schema.Directory
	if dir == "" {
		return nil, &GuardError{Text: p.cfg.Path + ": schema.directory is missing; it names the directory for <resource>.avsc"}
	}
	for _, s := range p.sessions {
		if s.codec.file != "" && !force {
			return nil, &GuardError{Text: s.codec.file + " stands already; --force writes it anew, and `producer schema diff` compares it with the API"}
		}
	}
	for _, s := range p.sessions {
		one, err := p.infer(ctx, s, filepath.Join(dir, s.res.Name+".avsc"))
		if err != nil {
			return out, fmt.Errorf("%s: %w", s.res.Name, cause(ctx, err))
		}
		out = append(out, one)
	}
	return out, nil
}

func (p *Pipeline) infer(ctx context.Context, s *session, file string) (Inferred, error) {
	began, status := time.Now(), Failed
	p.opts.Observer.Start(s.res.Name, s.res.Topic.Name)
	defer func() { p.opts.Observer.End(s.res.Name, string(status), string(NoProof), time.Since(began)) }()
	sample, err := p.takeSample(ctx, s)
	if err != nil {
		return Inferred{}, err
	}
	defer sample.release()
	if sample.records == 0 {
		return Inferred{}, &DataError{Where: "sample", Err: errors.New("the API shows no record, so there is nothing to infer a schema from")}
	}
	inferred, changes, err := schema.Evolve(nil, sample.observation, s.codec.opts)
	if err != nil {
		return Inferred{}, err
	}
	if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil { //nolint:gosec // schemas are no secret
		err = os.WriteFile(file, inferred.Indented(), 0o644) //nolint:gosec // as above
	}
	if err != nil {
		return Inferred{}, &GuardError{Text: "schema.directory: " + err.Error()}
	}
	status = Complete
	return Inferred{Resource: s.res.Name, File: file, Pages: len(sample.pages), Records: sample.records, Fields: len(changes)}, nil
}
