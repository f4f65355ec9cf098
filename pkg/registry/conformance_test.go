package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"producer/pkg/registry"
	"producer/pkg/schema"
)

// backing is where a registry's schemas lie.
type backing struct {
	open     func() registry.Registry // another instance over it
	versions func(subject string) int // how many it holds
	subject  string                   // one that nobody else uses
	// foreign makes a version of the subject past every check, as another program would.
	foreign func(t *testing.T, s *schema.Schema)
}

// TestConformance holds every Registry to the interface's word. REGISTRY_URL adds a real registry.
func TestConformance(t *testing.T) {
	t.Run("confluent", func(t *testing.T) {
		conform(t, func(t *testing.T) backing {
			fake := srfake.New()
			t.Cleanup(fake.Close)
			return confluentAt(t, fake.URL(), "crm.contacts-value")
		})
	})
	t.Run("single object", func(t *testing.T) {
		conform(t, func(*testing.T) backing {
			store := &memory{}
			return backing{
				open: func() registry.Registry { return registry.SingleObject(store) },
				versions: func(subject string) int {
					keys := map[string]bool{}
					for _, e := range store.all() {
						if e.Subject == subject {
							keys[string(e.Key())] = true
						}
					}
					return len(keys)
				},
				subject: "crm.contacts-value",
				foreign: func(t *testing.T, s *schema.Schema) {
					t.Helper()
					if err := store.Put(t.Context(), registry.Entry{Subject: "crm.contacts-value", Fingerprint: s.Fingerprint(), JSON: s.JSON()}); err != nil {
						t.Fatal(err)
					}
				},
			}
		})
	})
	if url := os.Getenv("REGISTRY_URL"); url != "" {
		t.Run("real", func(t *testing.T) {
			run := time.Now().UnixNano()
			conform(t, func(t *testing.T) backing {
				run++
				return confluentAt(t, url, fmt.Sprintf("conformance.%d-value", run))
			})
		})
		t.Run("real verdict", func(t *testing.T) { checkVerdict(t, url) })
	}
}

// checkVerdict has a subject's own level refuse what we would let pass: it lacks a field that readers of the first schema need, which
// another program has taken away since.
func checkVerdict(t *testing.T, url string) {
	b := confluentAt(t, url, fmt.Sprintf("verdict.%d-value", time.Now().UnixNano()))
	b.foreign(t, record(t, `{"name":"must","type":"string"}`))
	b.foreign(t, record(t))
	r := b.open()
	client, err := sr.NewClient(sr.URLs(url))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.SetCompatibility(t.Context(), sr.SetCompatibility{Level: sr.CompatFullTransitive}, b.subject)[0].Err; err != nil {
		t.Fatal(err)
	}
	without := record(t, nullable("new", "long"))
	_, registered := r.Register(t.Context(), b.subject, without)
	for word, err := range map[string]error{"FULL_TRANSITIVE": r.Check(t.Context(), b.subject, without), "must": registered} {
		var refused *registry.IncompatibleError
		if !errors.As(err, &refused) || refused.Status != 409 || !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want the registry's refusal, with %s", err, word)
		}
	}
}

func confluentAt(t *testing.T, url, subject string) backing {
	t.Helper()
	client, err := sr.NewClient(sr.URLs(url))
	if err != nil {
		t.Fatal(err)
	}
	return backing{
		open: func() registry.Registry {
			r, err := registry.Confluent(registry.Options{URL: url})
			if err != nil {
				panic(err)
			}
			return r
		},
		versions: func(subject string) int {
			all, err := client.Schemas(context.Background(), subject)
			var answer *sr.ResponseError
			if errors.As(err, &answer) && answer.StatusCode == 404 {
				return 0
			} else if err != nil {
				t.Error(err)
			}
			return len(all)
		},
		subject: subject,
		foreign: func(t *testing.T, s *schema.Schema) {
			t.Helper()
			if _, err := client.SubjectVersions(t.Context(), subject); err == nil { // one that isn't there has no level in Apicurio
				if err := client.SetCompatibility(t.Context(), sr.SetCompatibility{Level: sr.CompatNone}, subject)[0].Err; err != nil {
					t.Fatal(err)
				}
			}
			if _, err := client.CreateSchema(t.Context(), subject, sr.Schema{Schema: string(s.JSON())}); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// record is a schema with the given fields.
func record(t *testing.T, fields ...string) *schema.Schema {
	t.Helper()
	return parse(t, `{"type":"record","name":"contacts","namespace":"crm","fields":[{"name":"id","type":"long"}`+
		strings.Join(append([]string{""}, fields...), ",")+`]}`)
}

func parse(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func nullable(name, typ string) string {
	return fmt.Sprintf(`{"name":%q,"type":["null",%q],"default":null}`, name, typ)
}

func register(t *testing.T, r registry.Registry, subject string, s *schema.Schema) registry.Frame {
	t.Helper()
	f, err := r.Register(t.Context(), subject, s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// checkLatest wants s as the subject's newest, all of its text included.
func checkLatest(t *testing.T, r registry.Registry, subject string, s *schema.Schema, f registry.Frame) {
	t.Helper()
	got, frame, err := r.Latest(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil || !bytes.Equal(got.JSON(), s.JSON()) {
		t.Fatalf("latest: got %v, want %s", got, s.JSON())
	}
	if !bytes.Equal(frame.Prefix, f.Prefix) {
		t.Errorf("latest: got frame %x, want %x", frame.Prefix, f.Prefix)
	}
}

func checkLookup(t *testing.T, r registry.Registry, f registry.Frame, s *schema.Schema) {
	t.Helper()
	value := append(f.Prefix, "body"...)
	got, body, err := r.Lookup(t.Context(), value)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.JSON(), s.JSON()) || string(value[body:]) != "body" {
		t.Errorf("lookup %x: got %s and body %q, want %s", value, got.JSON(), value[body:], s.JSON())
	}
}

func conform(t *testing.T, back func(*testing.T) backing) {
	run := func(name string, test func(*testing.T, backing)) {
		t.Run(name, func(t *testing.T) { test(t, back(t)) })
	}

	run("a subject without a schema", func(t *testing.T, b backing) {
		s, f, err := b.open().Latest(t.Context(), b.subject)
		if s != nil || f.Prefix != nil || err != nil {
			t.Errorf("got %v, %v, %v", s, f, err)
		}
	})

	run("one schema", func(t *testing.T, b backing) {
		s := record(t, nullable("email", "string"))
		r := b.open()
		f := register(t, r, b.subject, s)
		for _, r := range []registry.Registry{r, b.open()} {
			checkLookup(t, r, f, s)
			checkLatest(t, r, b.subject, s, f)
			if again := register(t, r, b.subject, s); !bytes.Equal(again.Prefix, f.Prefix) {
				t.Errorf("registered again: got frame %x, want %x", again.Prefix, f.Prefix)
			}
		}
		if got := b.versions(b.subject); got != 1 {
			t.Errorf("got %d versions, want 1", got)
		}
	})

	run("frames are their callers' to append to", func(t *testing.T, b backing) {
		r, s := b.open(), record(t)
		one := append(register(t, r, b.subject, s).Prefix, 1)
		two := append(register(t, r, b.subject, s).Prefix, 2)
		if one[len(one)-1] != 1 || two[len(two)-1] != 2 {
			t.Error("two values share their bytes")
		}
	})

	run("evolution", func(t *testing.T, b backing) {
		r := b.open()
		var schemas []*schema.Schema
		var frames []registry.Frame
		for n := range 4 {
			var fields []string
			for i := range n {
				fields = append(fields, nullable(fmt.Sprintf("f%d", i), "string"))
			}
			s := record(t, fields...)
			f := register(t, r, b.subject, s)
			checkLatest(t, r, b.subject, s, f)
			schemas, frames = append(schemas, s), append(frames, f)
		}
		fresh := b.open()
		for i, s := range schemas {
			checkLookup(t, fresh, frames[i], s)
			if f := register(t, fresh, b.subject, s); !bytes.Equal(f.Prefix, frames[i].Prefix) {
				t.Errorf("version %d registered again: got frame %x, want %x", i+1, f.Prefix, frames[i].Prefix)
			}
		}
		checkLatest(t, fresh, b.subject, schemas[3], frames[3])
		if got := b.versions(b.subject); got != 4 {
			t.Errorf("got %d versions, want 4", got)
		}
	})

	run("incompatible", func(t *testing.T, b backing) {
		good := record(t, nullable("age", "string"))
		f := register(t, b.open(), b.subject, good)
		for name, bad := range map[string]*schema.Schema{
			"age":  record(t, nullable("age", "long")),
			"must": record(t, nullable("age", "string"), `{"name":"must","type":"string"}`),
		} {
			r := b.open()
			checked := r.Check(t.Context(), b.subject, bad)
			_, err := r.Register(t.Context(), b.subject, bad)
			if checked == nil || err == nil || checked.Error() != err.Error() {
				t.Errorf("%s: Check says %v, Register %v", name, checked, err)
			}
			var incompatible *registry.IncompatibleError
			if !errors.As(err, &incompatible) {
				t.Fatalf("%s: got %v", name, err)
			}
			if incompatible.Version != 1 || incompatible.Subject != b.subject {
				t.Errorf("%s: got %+v, want version 1", name, incompatible)
			}
			for _, word := range []string{name, b.subject, "incompatible", "new topic"} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%s: %q is not in %q", name, word, err)
				}
			}
			checkLatest(t, r, b.subject, good, f)
		}
	})

	run("what is published is kept", func(t *testing.T, b backing) {
		good := record(t, nullable("a", "long"), nullable("b", "string"))
		f := register(t, b.open(), b.subject, good)
		for name, bad := range map[string]*schema.Schema{
			"b: it is published and would be taken away":                                        record(t, nullable("a", "long")),
			"a: it is published as long and would become double":                                record(t, nullable("a", "double"), nullable("b", "string")),
			"b: its default, or the name that it stands for, is published and would change":     record(t, nullable("a", "long"), nullable("c", "long"), `{"name":"b","json":"B","type":["null","string"],"default":null}`),
			"n: it is new and not nullable":                                                     record(t, nullable("a", "long"), nullable("b", "string"), `{"name":"n","type":"long","default":0}`),
			"id: it is published as long and would become double":                               parse(t, `{"type":"record","name":"contacts","namespace":"crm","fields":[{"name":"id","type":"double"}]}`),
			"it is published as record crm.contacts and would become record elsewhere.contacts": parse(t, `{"type":"record","name":"contacts","namespace":"elsewhere","fields":[{"name":"id","type":"long"}]}`),
		} {
			r := b.open()
			checked := r.Check(t.Context(), b.subject, bad)
			_, err := r.Register(t.Context(), b.subject, bad)
			var incompatible *registry.IncompatibleError
			if !errors.As(err, &incompatible) || incompatible.Version != 1 || !strings.Contains(err.Error(), name) || checked == nil || checked.Error() != err.Error() {
				t.Errorf("Register says %v, Check %v; want %s", err, checked, name)
			}
			checkLatest(t, r, b.subject, good, f)
		}
	})

	run("checking", func(t *testing.T, b backing) {
		r := b.open()
		first, second := record(t, nullable("a", "string")), record(t, nullable("a", "string"), nullable("b", "long"))
		for _, s := range []*schema.Schema{first, second, second, first} {
			if err := r.Check(t.Context(), b.subject, s); err != nil {
				t.Errorf("%s: %v", s.JSON(), err)
			}
			if s == first {
				register(t, b.open(), b.subject, s)
			}
		}
		if got := b.versions(b.subject); got != 1 {
			t.Errorf("got %d versions, want the one that was registered", got)
		}
	})

	run("incompatible with an older version only", func(t *testing.T, b backing) {
		register(t, b.open(), b.subject, record(t, nullable("a", "string")))
		b.foreign(t, record(t, nullable("b", "string")))
		_, err := b.open().Register(t.Context(), b.subject, record(t, nullable("a", "long"), nullable("b", "string")))
		var incompatible *registry.IncompatibleError
		if !errors.As(err, &incompatible) || incompatible.Version != 1 {
			t.Errorf("got %v, want an *IncompatibleError with version 1", err)
		}
	})

	run("nothing of the text is lost", func(t *testing.T, b backing) {
		s, err := schema.Parse([]byte(`{"type":"record","name":"contacts","namespace":"crm","doc":"<A> \"contact\" & more","fields":[
			{"name":"id","type":"long","doc":"its number"},
			{"name":"hs_id","json":"hs-id","type":["null","string"],"default":null},
			{"name":"hs_id__v_long","variant_of":"hs-id","type":["null","long"],"default":null},
			{"name":"seen","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},
			{"name":"extra","type":["null",{"type":"string","connect.name":"io.debezium.data.Json"}],"default":null},
			{"name":"address","type":["null",{"type":"record","name":"contacts_address","fields":[
				{"name":"stra_e","json":"straße","type":["null","string"],"default":null}]}],"default":null}]}`))
		if err != nil {
			t.Fatal(err)
		}
		f := register(t, b.open(), b.subject, s)
		checkLatest(t, b.open(), b.subject, s, f)
		checkLookup(t, b.open(), f, s)
	})

	run("a race", func(t *testing.T, b backing) {
		s := record(t, nullable("email", "string"))
		instances := []registry.Registry{b.open(), b.open()}
		frames := make([]registry.Frame, 8)
		var wg sync.WaitGroup
		for i := range frames {
			wg.Go(func() {
				f, err := instances[i%2].Register(t.Context(), b.subject, s)
				if err != nil {
					t.Error(err)
				}
				frames[i] = f
			})
		}
		wg.Wait()
		for _, f := range frames {
			if !bytes.Equal(f.Prefix, frames[0].Prefix) {
				t.Errorf("got frames %x and %x", f.Prefix, frames[0].Prefix)
			}
		}
		if got := b.versions(b.subject); got != 1 {
			t.Errorf("got %d versions, want 1", got)
		}
	})

	run("one schema in two subjects", func(t *testing.T, b backing) {
		s, other := record(t), b.subject+".other"
		f := register(t, b.open(), b.subject, s)
		g := register(t, b.open(), other, s)
		fresh := b.open()
		checkLatest(t, fresh, b.subject, s, f)
		checkLatest(t, fresh, other, s, g)
		register(t, b.open(), b.subject, s)
		checkLatest(t, b.open(), other, s, g)
	})

	run("values that are none", func(t *testing.T, b backing) {
		r := b.open()
		f := register(t, r, b.subject, record(t))
		unknown := bytes.Clone(f.Prefix)
		for i := len(unknown) - 3; i < len(unknown); i++ {
			unknown[i] ^= 0x5a
		}
		for name, value := range map[string][]byte{"nil": nil, "empty": {}, "short": f.Prefix[:len(f.Prefix)-1], "other": []byte("{\"id\":1234567}")} {
			var frame *registry.FrameError
			if _, _, err := r.Lookup(t.Context(), value); !errors.As(err, &frame) {
				t.Errorf("%s: got %v, want a *FrameError", name, err)
			}
		}
		var none *registry.UnknownSchemaError
		if _, _, err := r.Lookup(t.Context(), unknown); !errors.As(err, &none) {
			t.Errorf("unknown: got %v, want an *UnknownSchemaError", err)
		}
	})

	run("cancelled", func(t *testing.T, b backing) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the signal")
		cancel(why)
		r := b.open()
		_, _, latest := r.Latest(ctx, b.subject)
		_, registered := r.Register(ctx, b.subject, record(t))
		for _, err := range []error{latest, registered} {
			if !errors.Is(err, why) {
				t.Errorf("got %v, want the context's cause", err)
			}
		}
	})
}

// memory is a Store as a compacted topic is one: loading may show what was put over.
type memory struct {
	mu      sync.Mutex
	entries []registry.Entry
	loads   int
	fail    error
}

func (m *memory) Load(ctx context.Context) ([]registry.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return append([]registry.Entry(nil), m.entries...), m.fail
}

func (m *memory) Put(_ context.Context, e registry.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, e)
	return m.fail
}

func (m *memory) all() []registry.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]registry.Entry(nil), m.entries...)
}
