package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"producer/pkg/registry"
	"producer/pkg/schema"
)

func TestEntryKey(t *testing.T) {
	e := registry.Entry{Fingerprint: [8]byte{0xb8, 0xf5, 0x9c, 0x87, 0x57, 0x17, 0x48, 0xbc}}
	if got, want := string(e.Key()), "b8f59c87571748bc"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var back registry.Entry
	if err := back.SetFingerprint(e.Key()); err != nil || back.Fingerprint != e.Fingerprint {
		t.Errorf("got %x, %v", back.Fingerprint, err)
	}
	for _, key := range []string{"", "b8f59c87571748b", "b8f59c87571748bc0", "B8F59C87571748BC", "g8f59c87571748bc"} {
		if err := back.SetFingerprint([]byte(key)); err == nil || back.Fingerprint != e.Fingerprint {
			t.Errorf("%q: got %v, fingerprint %x", key, err, back.Fingerprint)
		}
	}
}

// TestSingleObjectFrame holds to the vector of the contract: the fingerprint is that of the specification.
func TestSingleObjectFrame(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"int","logicalType":"date"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	store := &memory{}
	f := register(t, registry.SingleObject(store), "r-value", s)
	if got, want := fmt.Sprintf("%x %v", f.Prefix, f.ID), "c301b8f59c87571748bc <nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	e := store.all()[0]
	if string(e.Key()) != "b8f59c87571748bc" || e.Subject != "r-value" || !bytes.Equal(e.JSON, s.JSON()) {
		t.Errorf("stored %+v", e)
	}
}

func TestSingleObjectTextChange(t *testing.T) {
	store := &memory{}
	register(t, registry.SingleObject(store), subject, record(t, nullable("x", "long")))
	for name, field := range map[string]string{
		"doc":      `{"name":"x","doc":"new","type":["null","long"],"default":null}`,
		"property": `{"name":"x","json":"X","type":["null","long"],"default":null}`,
		"type":     `{"name":"x","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null}`,
	} {
		for _, sub := range []string{subject, "other-value"} {
			s := record(t, field)
			_, err := registry.SingleObject(store).Register(t.Context(), sub, s)
			var changed *registry.TextChangedError
			if !errors.As(err, &changed) || changed.Subject != sub || changed.Fingerprint != s.Fingerprint() {
				t.Errorf("%s, %s: got %v, want a *TextChangedError", name, sub, err)
				continue
			}
			if text := fmt.Sprintf("%x", changed.Fingerprint); !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), sub) {
				t.Errorf("%s: %q names neither subject nor fingerprint", name, err)
			}
		}
	}
	if got := len(store.all()); got != 1 {
		t.Errorf("%d entries were stored, want 1", got)
	}
}

// TestSingleObjectStale shows that an instance looks again before it puts an older schema over a newer one.
func TestSingleObjectStale(t *testing.T) {
	store := &memory{}
	one, two := record(t), record(t, nullable("x", "long"))
	stale := registry.SingleObject(store)
	if s, _, err := stale.Latest(t.Context(), subject); s != nil || err != nil {
		t.Fatal(s, err)
	}
	r := registry.SingleObject(store)
	register(t, r, subject, one)
	f := register(t, r, subject, two)
	register(t, stale, subject, one)
	checkLatest(t, registry.SingleObject(store), subject, two, f)
	checkLatest(t, stale, subject, two, f)
}

// TestSingleObjectShared shows that the subjects of one schema are all handed to the store.
func TestSingleObjectShared(t *testing.T) {
	store := &memory{}
	r := registry.SingleObject(store)
	s := record(t)
	register(t, r, "a-value", s)
	register(t, r, "b-value", s)
	register(t, r, "c-value", s)
	last := store.all()[2]
	if got, want := fmt.Sprint(last.Subject, last.Others), "c-value[a-value b-value]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	compacted := &memory{entries: []registry.Entry{last}}
	for _, sub := range []string{"a-value", "b-value", "c-value"} {
		if got, _, err := registry.SingleObject(compacted).Latest(t.Context(), sub); got == nil || err != nil {
			t.Errorf("%s: got %v, %v", sub, got, err)
		}
	}
}

func TestSingleObjectStore(t *testing.T) {
	s := record(t)
	good := registry.Entry{Subject: subject, Fingerprint: s.Fingerprint(), JSON: s.JSON()}
	wrong, broken := good, good
	wrong.Fingerprint[0] ^= 1
	broken.JSON, broken.Fingerprint = []byte("{"), [8]byte{}
	for name, test := range map[string]struct {
		store *memory
		want  string
	}{
		"fails":             {&memory{fail: errors.New("no broker")}, "no broker"},
		"wrong fingerprint": {&memory{entries: []registry.Entry{good, wrong}}, "stands under"},
		"no schema":         {&memory{entries: []registry.Entry{broken}}, "parse schema"},
	} {
		r := registry.SingleObject(test.store)
		_, _, latest := r.Latest(t.Context(), subject)
		_, registered := r.Register(t.Context(), subject, record(t, nullable("y", "long")))
		_, _, lookup := r.Lookup(t.Context(), append([]byte{0xc3, 1}, make([]byte, 9)...))
		for _, err := range []error{latest, registered, lookup} {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got %v, want %q", name, err, test.want)
			}
		}
	}
	store := &memory{entries: []registry.Entry{good}}
	r := registry.SingleObject(store)
	register(t, r, subject, s)
	value := append(register(t, r, subject, s).Prefix, "body"...)
	for range 10 {
		if _, _, err := r.Lookup(t.Context(), value); err != nil {
			t.Fatal(err)
		}
	}
	if store.loads != 1 {
		t.Errorf("the store was loaded %d times, want once", store.loads)
	}
}
