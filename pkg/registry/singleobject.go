package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"producer/pkg/schema"
)

// The frame of the Avro specification, section "Single-object encoding".
const (
	singleMagic     = "\xC3\x01"
	fingerprintSize = 8
	singleSize      = len(singleMagic) + fingerprintSize
)

// Store keeps schemas. A compacted topic is one, with [Entry.Key] as its records' key.
type Store interface {
	// Load returns all entries in the order in which they were put.
	Load(ctx context.Context) ([]Entry, error)
	// Put adds an entry, or puts it in the place of the one with its fingerprint. It must last when Put returns.
	Put(ctx context.Context, e Entry) error
}

// Entry is a stored schema.
type Entry struct {
	Subject     string
	Fingerprint [8]byte // CRC-64-AVRO, as it stands in values
	JSON        []byte  // the schema's text
	// Others are further subjects with this very schema. A Store that keeps one entry a fingerprint must keep them, and
	// return them either here or as entries of their own.
	Others []string
}

// Key returns the fingerprint in lower-case hex.
func (e Entry) Key() []byte { return hex.AppendEncode(nil, e.Fingerprint[:]) }

// SetFingerprint reads what [Entry.Key] returns.
func (e *Entry) SetFingerprint(key []byte) error {
	var fp [fingerprintSize]byte
	if len(key) != 2*fingerprintSize {
		return fmt.Errorf("%q is no schema fingerprint: want %d hex digits", key, 2*fingerprintSize)
	}
	if _, err := hex.Decode(fp[:], key); err != nil || !bytes.Equal(key, bytes.ToLower(key)) {
		return fmt.Errorf("%q is no schema fingerprint: want lower-case hex digits", key)
	}
	e.Fingerprint = fp
	return nil
}

// singleObject is a registry without a server.
type singleObject struct {
	store Store

	mu      sync.Mutex // held over calls of the Store, so that what is put is what was looked at
	loaded  bool
	schemas map[[8]byte]*stored
	order   map[string][][8]byte // by subject, the oldest first
}

type stored struct {
	schema   *schema.Schema
	text     []byte
	subjects []string
}

var _ Registry = (*singleObject)(nil)

// SingleObject returns a registry that keeps its schemas in store. The newest entry with a subject is that subject's
// latest. As its frames carry nothing but the fingerprint, a schema that differs from a stored one in text alone is a
// *TextChangedError.
func SingleObject(store Store) Registry { return &singleObject{store: store} }

// Latest implements [Registry].
func (r *singleObject) Latest(ctx context.Context, subject string) (*schema.Schema, Frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return nil, Frame{}, err
	}
	order := r.order[subject]
	if len(order) == 0 {
		return nil, Frame{}, nil
	}
	fp := order[len(order)-1]
	return r.schemas[fp].schema, singleFrame(fp), nil
}

// Register implements [Registry].
func (r *singleObject) Register(ctx context.Context, subject string, s *schema.Schema) (Frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fp := s.Fingerprint()
	if r.holds(subject, s) {
		return singleFrame(fp), nil
	}
	if err := r.check(ctx, subject, s); err != nil {
		return Frame{}, err
	}
	if r.holds(subject, s) {
		return singleFrame(fp), nil
	}
	e := Entry{Subject: subject, Fingerprint: fp, JSON: s.JSON()}
	if old := r.schemas[fp]; old != nil {
		e.Others = old.subjects
	}
	if err := r.store.Put(ctx, e); err != nil {
		return Frame{}, fmt.Errorf("store schema of %s: %w", subject, err)
	}
	return singleFrame(fp), r.add(e)
}

// Check implements [Registry].
func (r *singleObject) Check(ctx context.Context, subject string, s *schema.Schema) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.check(ctx, subject, s)
}

// check loads what another instance may have put, and holds s against it.
func (r *singleObject) check(ctx context.Context, subject string, s *schema.Schema) error {
	if err := r.load(ctx); err != nil || r.holds(subject, s) {
		return err
	}
	if old := r.schemas[s.Fingerprint()]; old != nil && !bytes.Equal(old.text, s.JSON()) {
		return &TextChangedError{Subject: subject, Fingerprint: s.Fingerprint()}
	}
	return checkEvolution(subject, s, r.versions(subject))
}

// holds reports whether the schema, text and all, is known to be one of the subject's.
func (r *singleObject) holds(subject string, s *schema.Schema) bool {
	old := r.schemas[s.Fingerprint()]
	return old != nil && slices.Contains(old.subjects, subject) && bytes.Equal(old.text, s.JSON())
}

func (r *singleObject) versions(subject string) []version {
	var versions []version
	for i, fp := range r.order[subject] {
		versions = append(versions, version{i + 1, r.schemas[fp].schema})
	}
	return versions
}

// load reads the store anew.
func (r *singleObject) load(ctx context.Context) error {
	entries, err := r.store.Load(ctx)
	if err != nil {
		return fmt.Errorf("load schemas: %w", err)
	}
	r.schemas, r.order, r.loaded = map[[8]byte]*stored{}, map[string][][8]byte{}, true
	for _, e := range entries {
		if err := r.add(e); err != nil {
			r.loaded = false
			return fmt.Errorf("load schemas: %w", err)
		}
	}
	return nil
}

// add makes an entry known; the same one again is the newest from then on.
func (r *singleObject) add(e Entry) error {
	old := r.schemas[e.Fingerprint]
	if old == nil || !bytes.Equal(old.text, e.JSON) {
		s, err := parse(e.Subject, 1, e.JSON)
		if err != nil {
			return err
		}
		if got := s.Fingerprint(); got != e.Fingerprint {
			return &IncompatibleError{Subject: e.Subject,
				Err: fmt.Errorf("the stored schema has the fingerprint %x, but stands under %x", got, e.Fingerprint)}
		}
		if old == nil {
			old = &stored{}
			r.schemas[e.Fingerprint] = old
		}
		old.schema, old.text = s, s.JSON()
	}
	for _, subject := range append(slices.Clone(e.Others), e.Subject) {
		if !slices.Contains(old.subjects, subject) {
			old.subjects = append(old.subjects, subject)
		}
		if subject == e.Subject || !slices.Contains(r.order[subject], e.Fingerprint) {
			kept := slices.DeleteFunc(r.order[subject], func(fp [8]byte) bool { return fp == e.Fingerprint })
			r.order[subject] = append(kept, e.Fingerprint)
		}
	}
	return nil
}

// Lookup implements [Registry].
func (r *singleObject) Lookup(ctx context.Context, value []byte) (*schema.Schema, int, error) {
	if len(value) < singleSize {
		return nil, 0, &FrameError{fmt.Sprintf("%d bytes are fewer than the %d of the single-object encoding", len(value), singleSize)}
	}
	if string(value[:2]) != singleMagic {
		return nil, 0, &FrameError{fmt.Sprintf("it begins with %#04x, the single-object encoding with 0xc301", value[:2])}
	}
	fp := [fingerprintSize]byte(value[len(singleMagic):])
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded || r.schemas[fp] == nil {
		if err := r.load(ctx); err != nil {
			return nil, 0, err
		}
	}
	if s := r.schemas[fp]; s != nil {
		return s.schema, singleSize, nil
	}
	return nil, 0, &UnknownSchemaError{Name: fmt.Sprintf("fingerprint %x", fp)}
}

func singleFrame(fp [8]byte) Frame {
	return Frame{Prefix: slices.Clip(append([]byte(singleMagic), fp[:]...))}
}
