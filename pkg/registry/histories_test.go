package registry_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	source "producer/pkg/record"
	"producer/pkg/schema"
)

// published is a record that was written under some version of a history.
type published struct {
	value []byte
	row   string
}

// TestConformanceHistories grows random histories of schemas, as pages of random records make them grow, and registers every version.
// None may be refused, and at the end another implementation of Avro reads every record that was ever written, by the schemas that the
// registry gives out, with the newest as the reader's. REGISTRY_URL has a real registry give its verdict, under BACKWARD_TRANSITIVE.
func TestConformanceHistories(t *testing.T) {
	shared, histories := os.Getenv("REGISTRY_URL"), 150
	if shared == "" {
		histories = 40 // a fake refuses nothing
	}
	run := time.Now().UnixNano()
	versions, records := 0, 0
	for seed := range uint64(histories) {
		url := shared
		if url == "" {
			fake := srfake.New()
			defer fake.Close()
			url = fake.URL()
		}
		back := confluentAt(t, url, fmt.Sprintf("histories.%d.%d-value", run, seed))
		all := history(t, rand.New(rand.NewPCG(seed, 19)), back)
		if got := level(t, url, back.subject); got != "BACKWARD_TRANSITIVE" {
			t.Fatalf("history %d is held to %s", seed, got)
		}
		readBack(t, back, all)
		versions += back.versions(back.subject)
		records += len(all)
	}
	if versions < 2*histories {
		t.Errorf("only %d versions in %d histories", versions, histories)
	}
	t.Logf("%d histories: %d versions registered, none refused; %d records read with the newest schema of theirs", histories, versions, records)
}

// history registers the versions that pages ask for, and returns the records that were written on the way.
func history(t *testing.T, r *rand.Rand, back backing) (all []published) {
	t.Helper()
	o := schema.Options{Namespace: "crm", Name: "contacts", Key: [][]string{{"id"}}, Nested: schema.Nested(r.IntN(2)), SnakeCase: r.IntN(2) == 0}
	if r.IntN(3) == 0 {
		o.Columns = []schema.Column{{Source: "a", Type: `{"type":"long","logicalType":"timestamp-millis"}`}, {Source: "B-b", Type: `{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`}}
	}
	reg := back.open()
	var latest *schema.Schema
	expected := 0
	for range 3 + r.IntN(4) {
		var rows []string
		for range 1 + r.IntN(4) {
			rows = append(rows, randomRow(r, len(all)+len(rows)))
		}
		obs := schema.NewObservation(o)
		for _, row := range rows {
			if err := obs.Add(parsed(t, row)); err != nil {
				t.Fatal(err)
			}
		}
		next, _, err := schema.Evolve(latest, obs, o)
		if err != nil {
			t.Fatalf("%v: %v", rows, err)
		}
		if next != latest {
			expected++
			if err := reg.Check(t.Context(), back.subject, next); err != nil {
				t.Fatalf("version %d would be refused: %v\n%s", expected, err, next.JSON())
			}
		}
		latest = next
		frame, err := reg.Register(t.Context(), back.subject, next)
		if err != nil {
			t.Fatalf("version %d: %v\n%s", expected, err, next.JSON())
		}
		enc, err := schema.Compile(next, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			value, err := enc.Append(append([]byte{}, frame.Prefix...), parsed(t, row))
			if err != nil {
				t.Fatalf("%s: %v", row, err)
			}
			all = append(all, published{value, row})
		}
	}
	if got := back.versions(back.subject); got != expected {
		t.Errorf("%d versions are registered, want %d", got, expected)
	}
	return all
}

// readBack reads what was written as a consumer would that knows the registry alone.
func readBack(t *testing.T, back backing, all []published) {
	t.Helper()
	reg := back.open()
	latest, _, err := reg.Latest(t.Context(), back.subject)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := avro.Parse(string(latest.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		by, body, err := reg.Lookup(t.Context(), p.value)
		if err != nil {
			t.Fatal(err)
		}
		writer, err := avro.Parse(string(by.JSON()))
		if err != nil {
			t.Fatal(err)
		}
		resolved, err := avro.Resolve(writer, reader)
		if err != nil {
			t.Fatalf("%s can't be read by %s: %v", by.JSON(), latest.JSON(), err)
		}
		var native map[string]any
		rest, err := resolved.Decode(p.value[body:], &native)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%s: %v, %d bytes left over", p.row, err, len(rest))
		}
		var want struct{ ID int64 }
		if err := json.Unmarshal([]byte(p.row), &want); err != nil || native["id"] != want.ID {
			t.Fatalf("%s: read the id %v (%v)", p.row, native["id"], err)
		}
	}
}

func parsed(t *testing.T, text string) source.Value {
	t.Helper()
	var tape source.Tape
	if err := tape.Parse([]byte(text), 0); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tape.Root()
}

// randomRow is an object of few names, so that they meet values of every kind.
func randomRow(r *rand.Rand, id int) string {
	return fmt.Sprintf(`{"id":%d%s}`, id, randomMembers(r, 3))
}

func randomMembers(r *rand.Rand, depth int) string {
	var b strings.Builder
	for _, name := range []string{"a", "A", "B-b", "c__v_long", "1", "ключ"} {
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, ",%q:%s", name, randomJSON(r, depth))
		}
	}
	return b.String()
}

func randomJSON(r *rand.Rand, depth int) string {
	scalars := []string{"null", "true", "1", "-7", "2.5", `"text"`, `"2024-02-29T00:00:00Z"`, "9007199254740993", `"12.34"`, "1e300"}
	switch n := r.IntN(8); {
	case n == 0 && depth > 0:
		return "{" + strings.TrimPrefix(randomMembers(r, depth-1), ",") + "}"
	case n == 1 && depth > 0:
		return "[" + randomJSON(r, depth-1) + "," + randomJSON(r, depth-1) + "]"
	}
	return scalars[r.IntN(len(scalars))]
}
