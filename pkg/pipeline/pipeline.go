package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"producer/pkg/config"
	"producer/pkg/kafka"
	"producer/pkg/registry"
	"producer/pkg/rest"
	"producer/pkg/schema"
)

// Observer is told what a run does, as it does it. Its methods are called from several goroutines and must not block.
type Observer interface {
	Start(resource, topic string)
	// Scan tells how far the topic's fold into the index is, in offsets.
	Scan(resource string, done, total int64)
	// Index tells how many live keys the topic holds, and what knowing them takes in bytes.
	Index(resource string, keys, bytes int64)
	// Page tells of an answered page and the rows on it, whatever a filter leaves of them; total is negative where the API gives none.
	Page(resource string, records int, total int64)
	Retry(resource, reason string, wait time.Duration)
	Commit(resource string, published, unchanged, duplicates, deadLettered, tombstones int64, took time.Duration)
	End(resource, status, proof string, took time.Duration)
}

// Options of a pipeline. The zero value runs all resources, silently.
type Options struct {
	Resources []string // names of the resources to run; empty: all
	Reset     bool     // each resource's first walk forgets its state and adopts its topic as it is
	Full      bool     // each resource's first walk reads the whole listing, whatever its incremental says
	Logger    *slog.Logger
	Observer  Observer
	Redact    func(string) string // applied to every error text that leaves; nil: as it is
	OnSecret  func(string)        // told of each access token before it is used, so that Redact knows it; nil: nobody is
	UserAgent string
}

// Pipeline runs a configuration's resources, cycle after cycle. It is not safe for concurrent use.
type Pipeline struct {
	cfg  *config.Config
	opts Options
	log  *slog.Logger

	rest     *rest.Client
	cluster  *kafka.Cluster
	registry registry.Registry // nil: single-object encoding
	sessions []*session
	instance string // names this process in the states that it commits
}

// New prepares a pipeline; nothing is asked of the network. An unknown resource name is a [*GuardError].
func New(cfg *config.Config, o Options) (*Pipeline, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = silent{}
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	p := &Pipeline{cfg: cfg, opts: o, log: o.Logger, instance: rand.Text()}
	resources, err := pick(cfg.Resources, o.Resources)
	if err != nil {
		return nil, err
	}
	cl := cfg.Client
	ro := rest.Options{
		Timeout: cl.Timeout, MaxBody: cl.Limits.Body, Concurrency: cl.Concurrency, Redact: o.Redact, OnSecret: o.OnSecret, UserAgent: o.UserAgent,
		Retry: rest.Retry{MaxRetries: cl.Retry.MaxRetries, Factor: cl.Retry.Factor, InitialInterval: cl.Retry.InitialInterval,
			MaxInterval: cl.Retry.MaxInterval, MaxRetryAfter: cl.Retry.MaxRetryAfter, StatusCodes: cl.Retry.StatusCodes},
	}
	if cl.RateLimit != nil {
		ro.RateLimit = &rest.RateLimit{Requests: cl.RateLimit.Requests, Per: cl.RateLimit.Per}
	}
	if p.rest, err = rest.New(cl.BaseURL, ro); err != nil {
		return nil, &GuardError{Text: err.Error()}
	}
	if r := cfg.Schema.Registry; r != nil {
		p.registry, err = registry.Confluent(registry.Options{URL: r.URL, Username: r.Username, Password: r.Password.Reveal(), UserAgent: o.UserAgent})
		if err != nil {
			return nil, &GuardError{Text: err.Error()}
		}
	}
	for _, r := range resources {
		s, err := p.newSession(r)
		if err != nil {
			return nil, err
		}
		p.sessions = append(p.sessions, s)
	}
	return p, nil
}

func pick(all []config.Resource, names []string) ([]config.Resource, error) {
	if len(names) == 0 {
		return all, nil
	}
	var out []config.Resource
	var known []string
	for _, r := range all {
		known = append(known, r.Name)
		if slices.Contains(names, r.Name) {
			out = append(out, r)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, &GuardError{Text: fmt.Sprintf("--resource %s: there is no such resource; the file has %v", n, known)}
		}
	}
	return out, nil
}

// Warnings are what is worth saying of the pinned schemas: types that some consumers cannot read.
func (p *Pipeline) Warnings() []string {
	var out []string
	for _, s := range p.sessions {
		if s.codec.pin == nil {
			continue
		}
		for _, w := range schema.Warnings(s.codec.pin) {
			out = append(out, s.codec.file+": "+w)
		}
	}
	return out
}

// Config is what the pipeline was made of.
func (p *Pipeline) Config() *config.Config { return p.cfg }

// Redact takes secrets out of a text that is to leave.
func (p *Pipeline) Redact(text string) string { return p.opts.Redact(text) }

// Run does one cycle. A canceled ctx stops it after the pages in hand are committed; its cause should be an [*SignalError].
func (p *Pipeline) Run(ctx context.Context) Summary {
	sum := Summary{Pipeline: p.cfg.Pipeline, Resources: make([]Resource, len(p.sessions))}
	for i, s := range p.sessions {
		sum.Resources[i] = Resource{Resource: s.res.Name, Topic: s.res.Topic.Name, Proof: NoProof}
	}
	err := p.adviseStart(cause(ctx, p.open(ctx)))
	if err == nil {
		err = p.walkAll(ctx, sum.Resources)
	}
	for i := range sum.Resources {
		p.notBegun(&sum.Resources[i], err)
	}
	sum.conclude(err, p.opts.Redact)
	if err != nil {
		p.Close() // whatever is known of the brokers is stale now
	}
	return sum
}

// notBegun settles the line of a resource that stop, an error that ended the run, kept from beginning.
func (p *Pipeline) notBegun(r *Resource, stop error) {
	if r.Status == "" {
		r.err = stop
		r.Status, r.Error = Failed, "not begun: "+p.opts.Redact(fmt.Sprint(stop))
		if c := ExitCode(stop); c == ExitInterrupt || c == ExitTerminate {
			r.Status, r.Error = Interrupted, ""
		}
	}
}

// walkAll runs the resources, as many at once as the source may be asked, each after its parent. It returns the error that stopped the
// run.
func (p *Pipeline) walkAll(ctx context.Context, out []Resource) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, p.cfg.Client.Concurrency))
	ended := make([]chan struct{}, len(p.sessions))
	for i := range ended {
		ended[i] = make(chan struct{})
	}
	for _, i := range p.parentsFirst() {
		s := p.sessions[i]
		g.Go(func() error {
			defer close(ended[i])
			if parent := p.parentOf(s); parent >= 0 {
				<-ended[parent] // it was begun before this one
				if r := out[parent]; r.Status == Failed || r.Status == Skipped {
					out[i].Status, out[i].Error = Skipped, fmt.Sprintf("its parent %s is %s", r.Resource, r.Status)
					p.log.Warn("skipped: the parent failed", "resource", s.res.Name, "parent", r.Resource)
					p.opts.Observer.End(s.res.Name, string(Skipped), string(NoProof), 0)
					return nil
				}
			}
			if gctx.Err() != nil {
				return cause(ctx, gctx.Err())
			}
			p.opts.Observer.Start(s.res.Name, s.res.Topic.Name)
			began := time.Now()
			r := &out[i]
			err := cause(ctx, p.runResource(gctx, s, r))
			if errors.Is(err, context.Canceled) && ctx.Err() == nil {
				err = context.Cause(gctx) // another resource ended the run
			}
			r.DurationMS = time.Since(began).Milliseconds()
			p.verdict(s, r, err)
			p.opts.Observer.End(r.Resource, string(r.Status), string(r.Proof), time.Since(began))
			if err != nil && StopsRun(err) {
				return err
			}
			return nil
		})
	}
	err := g.Wait()
	for i := range out {
		if err == nil {
			err = out[i].err
		}
	}
	if s := signaled(ctx); s != nil && err != nil { // nothing is graver
		return s
	}
	if StopsRun(err) {
		return err
	}
	return nil
}

// verdict writes how a resource ended.
func (p *Pipeline) verdict(s *session, r *Resource, err error) {
	code := ExitCode(err)
	switch {
	case err == nil:
	case code == ExitInterrupt || code == ExitTerminate:
		r.err, r.Status, r.Proof = err, Interrupted, NoProof
	default:
		r.err, r.Status, r.Proof = p.advise(s, err, r), Failed, NoProof
		r.Error = p.opts.Redact(r.err.Error())
	}
}

// cause replaces a cancellation by the reason that ctx was given for it.
func cause(ctx context.Context, err error) error {
	if s := signaled(ctx); s != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return s
	}
	return err
}

// signaled returns the signal that canceled ctx, or nil.
func signaled(ctx context.Context) *SignalError {
	var s *SignalError
	if ctx.Err() == nil || !errors.As(context.Cause(ctx), &s) {
		return nil
	}
	return s
}

// Close releases producers, indexes and connections. The pipeline can run again.
func (p *Pipeline) Close() {
	for _, s := range p.sessions {
		s.close()
	}
	if p.cluster != nil {
		p.cluster.Close()
		p.cluster = nil
	}
}

type silent struct{}

func (silent) Start(string, string)                                            {}
func (silent) Scan(string, int64, int64)                                       {}
func (silent) Index(string, int64, int64)                                      {}
func (silent) Page(string, int, int64)                                         {}
func (silent) Retry(string, string, time.Duration)                             {}
func (silent) Commit(string, int64, int64, int64, int64, int64, time.Duration) {}
func (silent) End(string, string, string, time.Duration)                       {}
