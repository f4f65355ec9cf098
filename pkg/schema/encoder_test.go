package schema_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/linkedin/goavro/v2"

	"producer/pkg/record"
	"producer/pkg/schema"
)

const contact = `{"id":4711,"email":"ada.lovelace@example.com","first_name":"Ada","last_name":"Lovelace","company_id":"co_0042","phone":null,` +
	`"created_at":"2023-04-01T10:20:30Z","updated_at":"2024-05-06T07:08:09Z","lead_score":81.5,"visits":1234,"subscribed":true,` +
	`"tags":["vip","emea","renewal"],"address":{"street":"12 St James's Square","city":"London","postal_code":"SW1Y 4JH","country":"GB",` +
	`"geo":{"lat":51.507351,"lon":-0.127758}},"properties":{"source":"import","utm_source":"newsletter","nps":9},"job_title":"Analyst",` +
	`"lifecycle_stage":"customer","customer_id":"cus_000815","user_key":"usr_12345678"}`

// BenchmarkEncoder writes one contact of some 600 bytes from its tape: no allocation in the steady state.
func BenchmarkEncoder(b *testing.B) {
	s, _ := settle(b, nil, byID, contact)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		b.Fatal(err)
	}
	rec := parse(b, contact)
	var dst []byte
	b.SetBytes(int64(len(contact)))
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = enc.Append(dst[:0], rec); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTapeAndEncoder adds the tokenising and the hash.
func BenchmarkTapeAndEncoder(b *testing.B) {
	s, _ := settle(b, nil, byID, contact)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		b.Fatal(err)
	}
	var tape record.Tape
	var hasher record.Hasher
	var dst []byte
	page := []byte(contact)
	b.SetBytes(int64(len(contact)))
	b.ReportAllocs()
	for b.Loop() {
		if err := tape.Parse(page, 0); err != nil {
			b.Fatal(err)
		}
		hasher.Sum(tape.Root())
		if dst, err = enc.Append(dst[:0], tape.Root()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGoavroFromMaps is the usual way to the same bytes: encoding/json into maps, then goavro.
func BenchmarkGoavroFromMaps(b *testing.B) {
	s, bodies := settle(b, nil, byID, contact)
	codec, err := goavro.NewCodec(string(s.JSON()))
	if err != nil {
		b.Fatal(err)
	}
	native, err := s.Decode(bodies[0])
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.SetBytes(int64(len(contact)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := json.Unmarshal([]byte(contact), &m); err != nil {
			b.Fatal(err)
		}
		if dst, err = codec.BinaryFromNative(dst[:0], native); err != nil { // without the wrapping of unions, which would cost more
			b.Fatal(err)
		}
	}
}

// TestEncoderDoesNotAllocate once it has seen a record.
func TestEncoderDoesNotAllocate(t *testing.T) {
	s, _ := settle(t, nil, byID, contact)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	rec := parse(t, contact)
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		if dst, err = enc.Append(dst[:0], rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func Example() {
	o := schema.Options{Namespace: "crm", Name: "contacts", Key: [][]string{{"id"}}}
	var tape record.Tape
	if err := tape.Parse([]byte(`{"id":7,"e-mail":"ada@example.com","score":1.5}`), 0); err != nil {
		fmt.Println(err)
		return
	}
	obs := schema.NewObservation(o)
	if err := obs.Add(tape.Root()); err != nil {
		fmt.Println(err)
		return
	}
	s, _, err := schema.Evolve(nil, obs, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", s.JSON())
	enc, err := schema.Compile(s, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := enc.Append(nil, tape.Root())
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := s.Text(body)
	fmt.Printf("%d bytes: %s %v\n", len(body), text, err)
	// Output:
	// {"type":"record","name":"contacts","namespace":"crm","fields":[{"name":"id","type":"long"},{"name":"e_mail","type":["null","string"],"default":null,"json":"e-mail"},{"name":"score","type":["null","double"],"default":null}]}
	// 27 bytes: {"id":7,"e_mail":"ada@example.com","score":1.5} <nil>
}
