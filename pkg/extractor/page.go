package extractor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"producer/pkg/record"
)

// Page is one page of a listing, whole. It is the caller's until Release.
type Page struct {
	// Number counts the walk's pages from 1. Label says where the page stands, for messages: "offset 300".
	Number int
	Label  string
	// At is the position of the page itself, Next the one to go on from once it is done with.
	At, Next Position
	// Records are objects, at least one. They are views of the page's bytes: after Release they must not be used.
	Records []record.Value
	// Total is the newest that the API has shown so far, nil while it has shown none. It counts pages where TotalPages is set.
	Total      *int64
	TotalPages bool
	// Bytes is the size of the decoded body.
	Bytes int
	// Requests were sent for this page, empty pages before it included; Retries of them were repetitions.
	Requests, Retries int

	null bool // null stands where the list should
	x    *Extractor
	*memory
}

// memory is what pages hand on to each other. A Page itself is never used twice, so that releasing one again is harmless.
type memory struct {
	tape    record.Tape
	body    []byte
	records []record.Value
	built   []record.Builder // one for each step that writes records anew
}

// Release gives the page's memory to the pages to come. Calling it again does nothing.
func (p *Page) Release() {
	if p.memory == nil {
		return
	}
	p.records = p.Records[:0]
	p.x.memories.Put(p.memory)
	p.memory, p.Records = nil, nil
}

// cut parses a body and finds its records. The body must stay as it is while the page is in use.
func (p *Page) cut(body []byte) error {
	x := p.x
	p.Records, p.null = p.records[:0], false
	p.Bytes = len(body)
	err := p.tape.Parse(body, x.config.Limits.Depth)
	list, found := p.tape.Root().Lookup(x.resource.Endpoint.Selector.Names)
	if err != nil {
		return x.blame(err, list)
	}
	if !found {
		return x.selectorError(body, "finds nothing in the answer")
	}
	switch kind := list.Kind(); {
	case kind == record.Array:
	case kind == record.Null:
		p.null = true
	case kind == record.Object && x.resource.Endpoint.Paginator.Type == "single_page":
		p.Records = append(p.Records, list)
		return nil
	default:
		return x.selectorError(body, "finds no list, but "+article(kind))
	}
	for rec := range list.Elements() {
		if rec.Kind() != record.Object {
			return x.selectorError(body, fmt.Sprintf("finds %s where a record is expected, as number %d of the list", article(rec.Kind()), len(p.Records)+1))
		}
		p.Records = append(p.Records, rec)
	}
	return nil
}

func article(k record.Kind) string {
	switch k {
	case record.Null:
		return "null"
	case record.Object, record.Array:
		return "an " + k.String()
	}
	return "a " + k.String()
}

func (x *Extractor) selectorError(body []byte, why string) error {
	return &SelectorError{Selector: x.resource.Endpoint.Selector.Text, Why: why, Excerpt: x.client.Excerpt(body)}
}

// blame turns a syntax error into that of one record where it is one: a name that stands twice, or half a surrogate pair,
// inside an element of the list. After those the tape can be read, so that the record can be named.
func (x *Extractor) blame(err error, list record.Value) error {
	var syntax *record.SyntaxError
	if !errors.As(err, &syntax) || (syntax.Kind != record.DuplicateName && syntax.Kind != record.LoneSurrogate) {
		return err
	}
	steps := strings.Split(syntax.Pointer, "/")[1:]
	names := x.resource.Endpoint.Selector.Names
	if len(steps) <= len(names) {
		return err
	}
	for i, name := range names {
		if unescape(steps[i]) != name {
			return err
		}
	}
	steps = steps[len(names):]
	e := &RecordError{Err: err}
	rec := list
	if list.Kind() == record.Array {
		n, numErr := strconv.Atoi(steps[0])
		if numErr != nil || n < 0 || n >= list.Len() {
			return err
		}
		e.Index, steps = n, steps[1:]
		for element := range list.Elements() {
			if rec = element; n == 0 {
				break
			}
			n--
		}
	}
	if rec.Kind() != record.Object {
		return err
	}
	for i, s := range steps {
		steps[i] = unescape(s)
	}
	e.Field = strings.Join(steps, ".")
	if key, keyErr := x.AppendKey(nil, rec); keyErr == nil && len(x.resource.PrimaryKey) > 0 {
		e.Key = string(key)
	}
	return e
}

// unescape undoes what RFC 6901 section 3 escapes in a step of a JSON Pointer.
func unescape(step string) string {
	return strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
}

// mark tells pages apart by the bytes of their records.
func (p *Page) mark() uint64 {
	var h uint64
	for _, rec := range p.Records {
		h = xxh3.HashSeed(rec.Raw(), h)
	}
	return h
}
