package inspect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"producer/pkg/pipeline"
	"producer/pkg/schema"
)

// Inferred is a schema that [Infer] has written.
type Inferred struct {
	Resource, File string
	Pages, Records int // of the sample
	Fields         int // at the top
}

// Infer samples each resource of p as its first run would, and writes what follows from it to <resource>.avsc in schema.directory, which it
// makes. A file that stands is a [*pipeline.GuardError], before anything is asked, unless force is set. Nothing is registered or produced;
// the brokers and the registry are not asked. The files written before an error are returned with it.
func Infer(ctx context.Context, p *pipeline.Pipeline, force bool) (out []Inferred, err error) {
	cfg := p.Config()
	dir := cfg.Schema.Directory
	if dir == "" {
		return nil, &pipeline.GuardError{Text: cfg.Path + ": schema.directory is missing; it names the directory for <resource>.avsc"}
	}
	all := p.Previews()
	for _, v := range all {
		if v.File() != "" && !force {
			return nil, &pipeline.GuardError{Text: v.File() + " stands already; --force writes it anew, and `producer schema diff` compares it with the API"}
		}
	}
	for _, v := range all {
		one := Inferred{Resource: v.Resource().Name, File: filepath.Join(dir, v.Resource().Name+".avsc")}
		if err := v.Look(ctx, func() error { return one.write(ctx, v) }); err != nil {
			return out, fmt.Errorf("%s: %w", one.Resource, err)
		}
		out = append(out, one)
	}
	return out, nil
}

func (i *Inferred) write(ctx context.Context, v *pipeline.Preview) error {
	sample, err := v.Sample(ctx)
	if err != nil {
		return err
	}
	defer sample.Release()
	if sample.Records == 0 {
		return &pipeline.DataError{Where: "sample", Err: errors.New("the API shows no record, so there is nothing to infer a schema from")}
	}
	inferred, changes, err := schema.Evolve(nil, sample.Observation, v.Options())
	if err != nil {
		return err
	}
	if err = os.MkdirAll(filepath.Dir(i.File), 0o755); err == nil { //nolint:gosec // schemas are no secret
		err = os.WriteFile(i.File, inferred.Indented(), 0o644) //nolint:gosec // as above
	}
	if err != nil {
		return &pipeline.GuardError{Text: "schema.directory: " + err.Error()}
	}
	i.Pages, i.Records, i.Fields = sample.Pages, sample.Records, len(changes)
	return nil
}
