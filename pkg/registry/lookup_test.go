package registry_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"producer/pkg/registry"
	"producer/pkg/schema"
)

// FuzzLookup shows that no value, however it begins, is more than an error.
func FuzzLookup(f *testing.F) {
	s, err := schema.Parse([]byte(plain))
	if err != nil {
		f.Fatal(err)
	}
	confluent, err := registry.Confluent(registry.Options{URL: "http://registry.example", Transport: &script{answer: func(_, path string) (int, string) {
		if path == "/schemas/ids/7" {
			return 200, fmt.Sprintf(`{"schema":%q}`, plain)
		}
		return 404, `{"error_code":40403,"message":"Schema not found"}`
	}}})
	if err != nil {
		f.Fatal(err)
	}
	fp := s.Fingerprint()
	single := registry.SingleObject(&memory{entries: []registry.Entry{{Subject: subject, Fingerprint: fp, JSON: s.JSON()}}})
	f.Add([]byte("\x00\x00\x00\x00\x07body"))
	f.Add([]byte("\x00\xff\xff\xff\xff"))
	f.Add(append([]byte{0xc3, 0x01}, fp[:]...))
	f.Add([]byte("\xc3\x02"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		for size, r := range map[int]registry.Registry{5: confluent, 10: single} {
			got, body, err := r.Lookup(context.Background(), value)
			var frame *registry.FrameError
			var unknown *registry.UnknownSchemaError
			switch {
			case err == nil:
				if got == nil || body != size || body > len(value) || got.Fingerprint() != fp {
					t.Errorf("%x: got %v, %d", value, got, body)
				}
			case !errors.As(err, &frame) && !errors.As(err, &unknown):
				t.Errorf("%x: got %v", value, err)
			case got != nil:
				t.Errorf("%x: got a schema and %v", value, err)
			}
		}
	})
}

func Example() {
	ctx := context.Background()
	s, err := schema.Parse([]byte(`{"type":"record","name":"contacts","namespace":"crm","fields":[{"name":"id","type":"long"}]}`))
	if err != nil {
		log.Fatal(err)
	}
	reg := registry.SingleObject(&memory{}) // in earnest, a compacted topic
	frame, err := reg.Register(ctx, "crm.contacts-value", s)
	if err != nil {
		log.Fatal(err)
	}
	value := append(frame.Prefix, 0x22) // {"id": 17}
	fmt.Printf("%x\n", value)

	writer, body, err := reg.Lookup(ctx, value)
	if err != nil {
		log.Fatal(err)
	}
	rec, err := writer.Decode(value[body:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(writer.Name(), rec)
	// Output:
	// c3018e4ca1bf6d861cc222
	// crm.contacts map[id:17]
}
