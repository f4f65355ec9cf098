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
	shape    string
	memories sync.Pool // *memory
}

// New makes one of a valid configuration: c is what client was made of, r one of the resources. It sends nothing.
func New(client *rest.Client, c config.Client, r config.Resource) (*Extractor, error) {
	p, err := newPager(r.Endpoint.Paginator)
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.Name, err)
	}
	t, err := newTarget(client, c, r.Endpoint, p.names())
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.Name, err)
	}
	x := &Extractor{client: client, resource: r, config: c, target: t, pager: p}
	if x.steps, err = newSteps(r.Steps); err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.Name, err)
	}
	x.shape = shapeOf(client, t, r.Endpoint)
	x.memories.New = func() any { return new(memory) }
	return x, nil
}

// Shape is a print of all that gives a position its meaning: URL, parameters, selector, paginator. Under another Shape a
// position must not be used. No secret is in it.
func (x *Extractor) Shape() string { return x.shape }

func shapeOf(client *rest.Client, t target, e config.Endpoint) string {
	p := e.Paginator
	canonical := func(q *config.Query) string {
		if q == nil {
			return ""
		}
		return q.Canonical()
	}
	text, err := json.Marshal(struct {
		URL, Selector, Paginator any
	}{
		client.Redact(t.url("")), e.Selector.Canonical(),
		[]any{p.Type, p.Limit, p.Offset, p.OffsetParam, p.LimitParam, p.BasePage, p.Page, p.PageParam,
			canonical(p.TotalPath), p.Maximum, p.StopAfterEmpty, canonical(p.HasMorePath)},
	})
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
