package extractor

import (
	"github.com/zeebo/xxh3"

	"producer/pkg/config"
	"producer/pkg/record"
)

// Page is one page of a listing, whole. It is the caller's until Release.
type Page struct {
	// Number counts the walk's pages from 1. Label says where the page stands, for messages: "offset 300".
	Number int
	Label  string
	// Restarted says that the walk began anew, since the API would not go on at the position that it was given.
	Restarted bool
	// Under tells the parent's record that a child's page belongs to from others; "": the resource has no parent.
	Under string
	// Detected says what the walk found out from this page, its first one, where the configuration leaves it open; else it is "".
	Detected string
	// At is the position of the page itself, Next the one to go on from once it is done with.
	At, Next Position
	// Records are objects, at least one. They are views of the page's bytes: after Release they must not be used.
	Records []record.Value
	// Since is what an incremental resource is to remember once the page is committed.
	Since Since
	// Total is the newest that the API has shown so far, nil while it has shown none. Of page_number it may count pages.
	Total *int64
	// Bytes is the size of the decoded body.
	Bytes int
	// Requests were sent for this page, empty pages before it included; Retries of them were repetitions.
	Requests, Retries int

	selector config.Query
	guess    bool // selector is to be found out
	named    bool // it was found by a name that says so
	entity   bool // one object is a record
	null     bool // null stands where the list should, or the answer has no content
	x        *Extractor
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
	p.Records, p.null = p.records[:0], false
	p.Bytes = len(body)
	syntax := p.tape.Parse(body, p.x.config.Limits.Depth)
	if p.guess {
		p.selector, p.named = detectSelector(p.tape.Root())
		p.entity = len(p.selector.Segments()) == 0
	}
	err := p.collect(body)
	if syntax != nil {
		return p.blame(syntax)
	}
	return err
}

// none makes an empty page of an answer without content (RFC 9110 section 15.3.5).
func (p *Page) none() {
	p.Records, p.null, p.guess = p.records[:0], true, false
	_ = p.tape.Parse([]byte("null"), 1)
}

// mark tells pages apart by the bytes of their records.
func (p *Page) mark() uint64 {
	var h uint64
	for _, rec := range p.Records {
		h = xxh3.HashSeed(rec.Raw(), h)
	}
	return h
}
