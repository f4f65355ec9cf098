package pipeline

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"producer/pkg/record"
	"producer/pkg/schema"
)

// Diff is what [Pipeline.Diff] found: the document of `producer schema diff --output json`.
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

// Diff samples each resource as a first run would and says what the next run would make of the schema that is pinned or registered. It
// registers and produces nothing: the API is read, the registry, or without one the topic of schemas, is asked. ExitCode is 4 where a
// run would be refused, else that of the gravest error.
func (p *Pipeline) Diff(ctx context.Context) Diff {
	out := Diff{Pipeline: p.cfg.Pipeline, Resources: []ResourceDiff{}}
	var grave error
	note := func(err error) {
		if err != nil && (grave == nil || gravity(ExitCode(err)) > gravity(ExitCode(grave))) {
			grave = err
		}
	}
	if p.registry == nil {
		note(p.connect(ctx))
	}
	for _, s := range p.sessions {
		if grave != nil && stopsRun(grave) {
			break
		}
		d := ResourceDiff{Resource: s.res.Name, Subject: s.codec.subject, File: s.codec.file, Findings: []Finding{}, Verdict: VerdictNone}
		began := time.Now()
		p.opts.Observer.Start(s.res.Name, s.res.Topic.Name)
		status := Complete
		if err := cause(ctx, p.compare(ctx, s, &d)); err != nil {
			status = Failed
			d.Error = p.opts.Redact(err.Error())
			note(fmt.Errorf("%s: %w", s.res.Name, err))
		}
		p.opts.Observer.End(s.res.Name, string(status), string(NoProof), time.Since(began))
		if d.conclude(); d.Refused {
			note(&DataError{Where: s.res.Name, Err: errors.New("the next run would be refused")})
		}
		out.Resources = append(out.Resources, d)
	}
	if out.ExitCode = ExitCode(grave); grave != nil {
		out.Error = p.opts.Redact(grave.Error())
	}
	return out
}

// maxFindings bounds what is told of a resource: where ids are names, a sample has no end of them.
const maxFindings = 500

// conclude sorts and bounds the findings, and says whether the next run would be refused.
func (d *ResourceDiff) conclude() {
	kinds := []string{FindingConflicting, FindingDiscarded, FindingVariant, FindingAdded, FindingVanished}
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	d.Refused = d.Verdict == VerdictIncompatible || len(d.Findings) > 0 && d.Findings[0].Kind == FindingConflicting
	if n := len(d.Findings); n > maxFindings {
		d.Findings, d.More = d.Findings[:maxFindings], n-maxFindings
	}
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Field, f.Avro, f.Why = shorten(f.Field), shorten(f.Avro), shorten(f.Why)
	}
}

// compare fills d.
func (p *Pipeline) compare(ctx context.Context, s *session, d *ResourceDiff) error {
	c := s.codec
	c.forget()
	if err := c.open(ctx); err != nil {
		return err
	}
	var base *schema.Schema
	switch {
	case c.latest != nil && (c.pin == nil || c.latest.Extends(c.pin)):
		base, d.Against, d.SchemaID = c.latest, "registered", c.latestFrame.ID
	case c.pin != nil:
		base, d.Against = c.pin, "pinned"
	default:
		d.Against = "nothing"
	}
	sample, err := p.takeSample(ctx, s)
	if err != nil {
		return err
	}
	defer sample.release()
	d.Pages, d.Records = len(sample.pages), sample.records
	if d.Records == 0 {
		return nil
	}
	if base == nil && c.contract.Tables != "evolve" {
		kind := FindingDiscarded
		if c.contract.Tables == "freeze" {
			kind = FindingConflicting
		}
		d.Findings = append(d.Findings, Finding{Kind: kind, Records: d.Records, Why: c.tableMissing()})
		return nil
	}
	next, changes, err := schema.Evolve(base, sample.observation, c.opts)
	if err != nil {
		return err
	}
	misfits, err := sample.misfits(base, next)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		f := Finding{Kind: FindingAdded, Field: ch.Path, Avro: ch.Avro, Type: ch.Type, Consumers: ch.Consumers()}
		if ch.Kind == schema.Variant {
			f.Kind = FindingVariant
		}
		if base == nil {
			f.Consumers = nil // nobody reads it yet
		}
		if m := misfits.take(ch.Path); m != nil {
			f.Records, f.Why = m.Records, m.Why
		}
		d.Findings = append(d.Findings, f)
	}
	d.Findings = append(d.Findings, misfits.rest()...)
	if base != nil {
		for _, a := range base.Vanished(sample.observation) {
			why := "no record of the sample has it"
			if a.Null {
				why = "it is null or empty in every record of the sample"
			}
			d.Findings = append(d.Findings, Finding{Kind: FindingVanished, Field: a.Path, Why: why,
				Consumers: []string{"everyone who reads it: it stays in the schema, and is null in what is published from now on"}})
		}
	}
	return p.judge(ctx, c, base, next, d)
}

// judge asks for the verdict on the schema that the next run would have.
func (p *Pipeline) judge(ctx context.Context, c *codec, base, next *schema.Schema, d *ResourceDiff) error {
	todo := []*schema.Schema{next}
	switch {
	case d.Against == "registered" && next == base:
		d.Verdict = VerdictUnchanged
		return nil
	case d.Against == "pinned" && next != base:
		todo = []*schema.Schema{base, next} // the file is registered before what follows from the records
	}
	for _, one := range todo {
		if err := c.registry.Check(ctx, c.subject, one); ExitCode(err) == ExitData {
			d.Verdict, d.Words = VerdictIncompatible, p.opts.Redact(err.Error())
			return nil
		} else if err != nil {
			return err
		}
	}
	d.Verdict = VerdictCompatible
	if c.latest == nil {
		d.Verdict = VerdictNew
	}
	return nil
}

// misfits are what of the sample does not fit a schema, by field and by what becomes of it, in the order in which they came.
type misfits struct {
	all   []*Finding
	index map[[2]string]*Finding
	seen  map[*Finding]bool // in the record that is looked at
}

var elements = regexp.MustCompile(`\[\d+\]`)

func (m *misfits) add(kind, field string, err error) {
	why := strings.TrimPrefix(err.Error(), "field "+field+": ")
	field = elements.ReplaceAllString(field, "[]")
	f := m.index[[2]string{kind, field}]
	if f == nil {
		f = &Finding{Kind: kind, Field: field, Why: why}
		m.index[[2]string{kind, field}] = f
		m.all = append(m.all, f)
	}
	if !m.seen[f] {
		m.seen[f] = true
		f.Records++
	}
}

// evolves marks what a change of the schema makes room for.
const evolves = "evolves"

// take returns what was found of a field that the schema gets.
func (m *misfits) take(field string) *Finding { return m.index[[2]string{evolves, field}] }

// rest are the findings that no change of the schema helps.
func (m *misfits) rest() (out []Finding) {
	for _, f := range m.all {
		if f.Kind != evolves {
			out = append(out, *f)
		}
	}
	return out
}

// misfits encodes the sample as the next run would: by base, where there is one, and what base has no place for by next.
func (s *sample) misfits(base, next *schema.Schema) (*misfits, error) {
	m := &misfits{index: map[[2]string]*Finding{}}
	grown, err := schema.Compile(next, s.codec.opts)
	if err != nil {
		return nil, err
	}
	old := grown
	if base != nil {
		if old, err = schema.Compile(base, s.codec.opts); err != nil {
			return nil, err
		}
	}
	for _, page := range s.pages {
		for _, rec := range page.Records {
			m.seen = map[*Finding]bool{}
			if err := s.fit(m, old, grown, rec); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// fit notes what is wrong with one record.
func (s *sample) fit(m *misfits, old, grown *schema.Encoder, rec record.Value) error {
	old.Without(rec, func(x *schema.Misfit) bool {
		switch s.codec.mode(x) {
		case "evolve":
			m.add(evolves, x.Path, x)
		case "freeze":
			m.add(FindingConflicting, x.Path, x)
		default:
			m.add(FindingDiscarded, x.Path, x)
		}
		return true
	})
	text, _ := grown.Without(rec, func(*schema.Misfit) bool { return true }) // all of these were noted
	if err := s.left.Parse(text, record.MaxDepth); err != nil {
		return err
	}
	_, err := grown.Append(nil, s.left.Root())
	var final *schema.Misfit
	var value *schema.ValueError
	switch {
	case errors.As(err, &final) && s.codec.mode(final) == "discard_row":
		m.add(FindingDiscarded, final.Path, err)
	case errors.As(err, &final):
		m.add(FindingConflicting, final.Path, err)
	case errors.As(err, &value):
		m.add(FindingConflicting, value.Path, err)
	default:
		return err
	}
	return nil
}
