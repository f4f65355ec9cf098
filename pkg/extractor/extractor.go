package extractor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"producer/pkg/config"
	"producer/pkg/record"
	"producer/pkg/rest"
)

// Extractor reads one resource. It is safe for concurrent use.
type Extractor struct {
	client   *rest.Client
	resource config.Resource
	config   config.Client
	target   target
	pager    pager
	steps    []step
	parent   *Extractor // nil: there is none
	fixed    bool       // target and pager are those of every walk
	shape    string
	by       string    // what an incremental's cursor means something under
	memories sync.Pool // *memory
}

// New makes one of a valid configuration: c is what client was made of, r one of the resources. It sends nothing.
func New(client *rest.Client, c config.Client, r config.Resource) (*Extractor, error) {
	t, err := newTarget(client, c, r.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.Name, err)
	}
	p, err := newPager(r.Endpoint.Paginator, t)
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.Name, err)
	}
	x := &Extractor{client: client, resource: r, config: c, target: t, pager: p, fixed: r.Endpoint.Fixed()}
	if x.steps, err = newSteps(r.Steps); err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.Name, err)
	}
	x.shape = shapeOf(client, t, r.Endpoint, p.ask(p.first()))
	x.by = byOf(client, t, r)
	if r.Parent != nil {
		if x.parent, err = New(client, c, *r.Parent); err != nil {
			return nil, err
		}
		x.shape = printed([]string{x.shape, x.parent.shape})
		if x.by != "" || x.parent.by != "" {
			x.by = printed([]string{x.by, x.parent.by})
		}
	}
	x.memories.New = func() any { return new(memory) }
	return x, nil
}

// Shape is a print of all that gives a position its meaning: URL, parameters, selector, paginator, incremental. Under another Shape a
// position must not be used. No secret is in it.
func (x *Extractor) Shape() string { return x.shape }

func shapeOf(client *rest.Client, t target, e config.Endpoint, a ask) string {
	a.query = "" // which the paginator below decides
	p := e.Paginator
	canonical := func(q *config.Query) string {
		if q == nil {
			return ""
		}
		return q.Canonical()
	}
	object, _ := json.Marshal(e.JSON) //nolint:errchkjson // what the configuration holds is JSON
	i := e.Incremental
	if i == nil {
		i = &config.Incremental{}
	}
	return printed(struct {
		URL, Selector, Request, Paginator, Incremental any
	}{
		client.Redact(t.url(a)), e.Selector.Canonical(), []any{t.method, client.Redact(string(object)), client.Redact(string(t.body)), e.Ignore},
		[]any{p.Type, p.Limit, p.Offset, p.OffsetParam, p.LimitParam, p.BasePage, p.Page, p.PageParam,
			canonical(p.TotalPath), p.Maximum, p.StopAfterEmpty, canonical(p.HasMorePath),
			p.OffsetBodyPath, p.LimitBodyPath, p.PageBodyPath, canonical(p.CursorPath), p.CursorKey, p.CursorParam, p.CursorBodyPath,
			canonical(p.NextURLPath), p.LinksNextKey},
		[]any{i.Cursor.Names, i.Initial, i.End, i.StartParam, i.EndParam, i.Min, i.RowOrder, i.Lag, i.Missing, i.StartOpen, i.EndClosed, i.Convert},
	})
}

// byOf prints which rows are asked for and what becomes of them: under another print a cursor is not to be used, as rows before it may
// never have been read.
func byOf(client *rest.Client, t target, r config.Resource) string {
	i := r.Endpoint.Incremental
	if i == nil {
		return ""
	}
	object, _ := json.Marshal(t.object) //nolint:errchkjson // what the configuration holds is JSON
	return printed([]any{client.Redact(t.url(ask{})), t.method, client.Redact(string(object)), client.Redact(string(t.body)), r.Endpoint.Selector.Canonical(), i.Cursor.Names, i.Initial, i.Min, i.Missing, r.Steps, r.FromParent})
}

func printed(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // strings and numbers
		text = []byte(err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// AppendKey appends a record's key, made of its primary key as [record.AppendKey] says. The error names the field and has the
// *record.KeyError in its chain; dst then comes back as it was.
func (x *Extractor) AppendKey(dst []byte, rec record.Value) ([]byte, error) {
	var few [4]record.Value
	values := few[:0]
	for _, path := range x.resource.PrimaryKey {
		value, _ := rec.Lookup(path.Names)
		values = append(values, value)
	}
	out, err := record.AppendKey(dst, values)
	var bad *record.KeyError
	if errors.As(err, &bad) && bad.Index >= 0 && bad.Index < len(values) {
		err = fmt.Errorf("primary_key %s: %w", x.resource.PrimaryKey[bad.Index].Text, err)
	}
	return out, err
}
