package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"producer/pkg/pipeline"
	"producer/pkg/schema"
)

// Diff is what [Compare] found: the document of `producer schema diff --output json`.
type Diff struct {
	Pipeline  string         `json:"pipeline"`
	ExitCode  int            `json:"exit_code"`
	Error     string         `json:"error"`
	Resources []ResourceDiff `json:"resources"`
}

// Verdicts on a resource's schema as the next run would have it.
const (
	VerdictUnchanged    = "unchanged"    // nothing is to be registered
	VerdictNew          = "new"          // it would be the subject's first
	VerdictCompatible   = "compatible"   // it can read all that the subject's versions wrote
	VerdictIncompatible = "incompatible" // it would be refused
	VerdictNone         = "none"         // there would be no schema: no record was seen, or schema_contract makes no table
)

// ResourceDiff compares what a resource's API holds with its schema.
type ResourceDiff struct {
	Resource string    `json:"resource"`
	Subject  string    `json:"subject"`
	Against  string    `json:"against"`   // "registered", "pinned": a file that the next run registers, or "nothing"
	SchemaID *int      `json:"schema_id"` // null without a registry, and where nothing is registered
	File     string    `json:"file"`      // that pins the schema; empty without one
	Pages    int       `json:"pages"`     // of the sample
	Records  int       `json:"records"`
	Findings []Finding `json:"findings"` // the gravest kinds first, at most 500
	More     int       `json:"more"`     // findings beyond these
	Verdict  string    `json:"verdict"`
	Words    string    `json:"words"` // why it is incompatible, the registry's own where it refused
	Refused  bool      `json:"refused"`
	Error    string    `json:"error"`
}

// The kinds of findings.
const (
	FindingAdded       = "added"       // a field that the schema would get
	FindingVariant     = "variant"     // a field for values that the published one does not take
	FindingDiscarded   = "discarded"   // what schema_contract sends to the dead letter topic
	FindingConflicting = "conflicting" // what ends the run with exit 4
	FindingVanished    = "vanished"    // a field that no record of the sample has
)

// Finding is one difference, in one field.
type Finding struct {
	Kind      string   `json:"kind"`
	Field     string   `json:"field"`     // path of the source's names, "address.zip", "items[].sku"
	Avro      string   `json:"avro"`      // the name of a field that is added; else empty
	Type      string   `json:"type"`      // of what is added; else empty
	Records   int      `json:"records"`   // of the sample in which it was found; 0 where it is not about records
	Why       string   `json:"why"`       // what differs, in the first of them
	Consumers []string `json:"consumers"` // who would feel it, and how
}

// Compare samples each resource of p as a first run would and says what the next run would make of the schema that is pinned or registered.
// It registers and produces nothing: the API is read, the registry, or without one the topic of schemas, is asked. ExitCode is 4 where a
// run would be refused, else that of the gravest error.
func Compare(ctx context.Context, p *pipeline.Pipeline) Diff {
	out := Diff{Pipeline: p.Config().Pipeline, Resources: []ResourceDiff{}}
	grave := p.ReachSchemas(ctx)
	for _, v := range p.Previews() {
		if grave != nil && pipeline.StopsRun(grave) {
			break
		}
		d := ResourceDiff{Resource: v.Resource().Name, Subject: v.Subject(), File: v.File(), Findings: []Finding{}, Verdict: VerdictNone}
		c := comparison{v: v, out: &d, redact: p.Redact}
		if err := v.Look(ctx, func() error { return c.compare(ctx) }); err != nil {
			d.Error = p.Redact(err.Error())
			grave = pipeline.Graver(grave, fmt.Errorf("%s: %w", d.Resource, err))
		}
		if d.conclude(p.Redact); d.Refused {
			grave = pipeline.Graver(grave, &pipeline.DataError{Where: d.Resource, Err: errors.New("the next run would be refused")})
		}
		out.Resources = append(out.Resources, d)
	}
	if out.ExitCode = pipeline.ExitCode(grave); grave != nil {
		out.Error = p.Redact(grave.Error())
	}
	return out
}

// maxFindings bounds what is told of a resource: where ids are names, a sample has no end of them.
const maxFindings = 500

// conclude sorts and bounds the findings, and says whether the next run would be refused. What the API holds may hold a secret.
func (d *ResourceDiff) conclude(redact func(string) string) {
	kinds := []string{FindingConflicting, FindingDiscarded, FindingVariant, FindingAdded, FindingVanished}
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	d.Refused = d.Verdict == VerdictIncompatible || len(d.Findings) > 0 && d.Findings[0].Kind == FindingConflicting
	if n := len(d.Findings); n > maxFindings {
		d.Findings, d.More = d.Findings[:maxFindings], n-maxFindings
	}
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Field, f.Avro, f.Why = pipeline.Shorten(redact(f.Field)), pipeline.Shorten(redact(f.Avro)), pipeline.Shorten(redact(f.Why))
		f.Type = redact(f.Type)
		for j, c := range f.Consumers {
			f.Consumers[j] = redact(c)
		}
	}
}

// comparison fills out with what a resource's sample is against what stands.
type comparison struct {
	v        *pipeline.Preview
	out      *ResourceDiff
	redact   func(string) string
	standing pipeline.Standing
	base     *schema.Schema // that the next run begins with; nil: none
}

func (c *comparison) compare(ctx context.Context) (err error) {
	d := c.out
	if c.standing, err = c.v.Standing(ctx); err != nil {
		return err
	}
	switch st := c.standing; {
	case st.Registered != nil && (st.Pinned == nil || st.Registered.Extends(st.Pinned)):
		c.base, d.Against, d.SchemaID = st.Registered, "registered", st.ID
	case st.Pinned != nil:
		c.base, d.Against = st.Pinned, "pinned"
	default:
		d.Against = "nothing"
	}
	sample, err := c.v.Sample(ctx)
	if err != nil {
		return err
	}
	defer sample.Release()
	if d.Pages, d.Records = sample.Pages, sample.Records; d.Records == 0 {
		return nil
	}
	if tables := c.v.Resource().Contract.Tables; c.base == nil && tables != "evolve" {
		kind := FindingDiscarded
		if tables == "freeze" {
			kind = FindingConflicting
		}
		d.Findings = append(d.Findings, Finding{Kind: kind, Records: d.Records, Why: c.v.TableMissing()})
		return nil
	}
	next, changes, err := schema.Evolve(c.base, sample.Observation, c.v.Options())
	if err != nil {
		return err
	}
	misfits, err := findMisfits(c.v, sample, c.base, next)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		d.Findings = append(d.Findings, c.change(ch, misfits))
	}
	d.Findings = append(d.Findings, misfits.rest()...)
	if c.base != nil {
		d.Findings = append(d.Findings, vanished(c.base, sample.Observation)...)
	}
	return c.judge(ctx, next)
}

// change is the finding that a change of the schema is.
func (c *comparison) change(ch schema.Change, found *misfits) Finding {
	f := Finding{Kind: FindingAdded, Field: ch.Path, Avro: ch.Avro, Type: ch.Type, Consumers: ch.Consumers()}
	if ch.Kind == schema.Variant {
		f.Kind = FindingVariant
	}
	if c.base == nil {
		f.Consumers = nil // nobody reads it yet
	}
	if m := found.take(ch); m != nil {
		f.Records, f.Why = m.Records, m.Why
	}
	return f
}

// vanished are the fields that no record of the sample has.
func vanished(base *schema.Schema, sample *schema.Observation) (out []Finding) {
	for _, a := range base.Vanished(sample) {
		why := "no record of the sample has it"
		if a.Null {
			why = "it is null or empty in every record of the sample"
		}
		out = append(out, Finding{Kind: FindingVanished, Field: a.Path, Why: why,
			Consumers: []string{"everyone who reads it: it stays in the schema, and is null in what is published from now on"}})
	}
	return out
}

// judge asks for the verdict on the schema that the next run would have.
func (c *comparison) judge(ctx context.Context, next *schema.Schema) error {
	d, todo := c.out, []*schema.Schema{next}
	switch {
	case d.Against == "registered" && next == c.base:
		d.Verdict = VerdictUnchanged
		return nil
	case d.Against == "pinned" && next != c.base:
		todo = []*schema.Schema{c.base, next} // the file is registered before what follows from the records
	}
	for _, one := range todo {
		if err := c.v.Check(ctx, one); pipeline.ExitCode(err) == pipeline.ExitData {
			d.Verdict, d.Words = VerdictIncompatible, c.redact(err.Error())
			return nil
		} else if err != nil {
			return err
		}
	}
	d.Verdict = VerdictCompatible
	if c.standing.Registered == nil {
		d.Verdict = VerdictNew
	}
	return nil
}
