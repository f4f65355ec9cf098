package schema_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"producer/pkg/record"
	"producer/pkg/schema"
)

func all(*schema.Misfit) bool { return true }

// TestWithout: the values that a schema has no place for are left out, wherever they stand, and nothing else is.
func TestWithout(t *testing.T) {
	s, _ := settle(t, nil, byID, `{"id":1,"n":1,"o":{"l":[{"a-b":true}]},"z":[1],"m":{"k":1}}`)
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want, dropped string }{
		{`{"id":1, "n":2,"none":null,"e":[]}`, `{"id":1,"n":2,"none":null,"e":[]}`, ``},
		{`{"n":"x","id":1}`, `{"id":1}`, `n`},
		{`{"new":{"a":1},"id":1,"n":2}`, `{"id":1,"n":2}`, `new`},
		{`{"id":1,"o":{"l":[{"a-b":true},{"a-b":1.5,"c":2},{}],"x":"y"}}`, `{"id":1,"o":{"l":[{"a-b":true},{},{}]}}`, `o.l[1].a-b o.l[1].c o.x`},
		{`{"id":1,"z":[1,"x"],"o":[1]}`, `{"id":1}`, `z o`},
		{`{"id":1,"z":[ 1, null ],"o":{}}`, `{"id":1,"z":[1,null],"o":{}}`, ``},
		{`{"id":"x","n":1e999,"new":[9223372036854775808]}`, `{"id":"x","n":1e999,"new":[9223372036854775808]}`, ``}, // Append says so
	} {
		text, dropped := enc.Without(parse(t, c.in), all)
		var paths []string
		for _, m := range dropped {
			paths = append(paths, m.Path)
		}
		if string(text) != c.want || strings.Join(paths, " ") != c.dropped {
			t.Errorf("%s:\n got %s without %v\nwant %s without %s", c.in, text, paths, c.want, c.dropped)
		}
	}
	text, dropped := enc.Without(parse(t, `{"id":1,"n":"x","new":1}`), func(m *schema.Misfit) bool { return m.Want == "" })
	if string(text) != `{"id":1,"n":"x"}` || len(dropped) != 1 {
		t.Errorf("got %s and %v, want what was not to be dropped", text, dropped)
	}
}

// TestWithoutMustNotBeNull: what null can't stand for is not dropped.
func TestWithoutMustNotBeNull(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"record","name":"P","fields":[{"name":"id","type":"long"},{"name":"x","type":"long"},{"name":"y","type":"long","default":7}]}`))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := schema.Compile(s, byID)
	if err != nil {
		t.Fatal(err)
	}
	text, dropped := enc.Without(parse(t, `{"id":1,"x":"a","y":"b"}`), all)
	if string(text) != `{"id":1,"x":"a"}` || len(dropped) != 1 || dropped[0].Path != "y" {
		t.Errorf("got %s and %v, want y to be dropped, as it has a default", text, dropped)
	}
	var m *schema.Misfit
	if _, err := enc.Append(nil, parse(t, string(text))); !errors.As(err, &m) || !m.Final {
		t.Errorf("got %v, want a final Misfit", err)
	}
}

// TestWithoutFits: what is left of any record fits the schema, and what fits is left as it is.
func TestWithoutFits(t *testing.T) {
	dropped := 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 17))
		o := byID
		o.Nested = schema.Nested(r.IntN(2))
		s, _ := settle(t, nil, o, randomPage(r, true)...)
		for _, in := range randomPage(r, true) {
			enc, err := schema.Compile(s, o)
			if err != nil {
				t.Fatal(err)
			}
			text, out := enc.Without(parse(t, in), all)
			dropped += len(out)
			if _, err := enc.Append(nil, parse(t, string(text))); err != nil {
				t.Fatalf("seed %d: %s of %s: %v", seed, text, in, err)
			}
			if again, out := enc.Without(parse(t, string(text)), all); string(again) != string(text) || len(out) > 0 {
				t.Fatalf("seed %d: %s again is %s", seed, text, again)
			}
			if kept, _ := enc.Without(parse(t, in), func(*schema.Misfit) bool { return false }); string(kept) != string(record.AppendCompact(nil, parse(t, in))) {
				t.Fatalf("seed %d: %s became %s", seed, in, kept)
			}
		}
	}
	if dropped < 1000 {
		t.Errorf("only %d values were dropped", dropped)
	}
}
