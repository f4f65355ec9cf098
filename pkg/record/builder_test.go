package record_test

import (
	"bytes"
	"testing"

	"producer/pkg/record"
)

// rebuild copies v member by member.
func rebuild(b *record.Builder, v record.Value) record.Value {
	b.Begin()
	for name, value := range v.Members() {
		b.NameOf(name)
		if value.Kind() == record.Object {
			rebuild(b, value)
			continue
		}
		b.Value(value)
	}
	return b.End()
}

// What is built is what tokenising its bytes would give, also after the page that it came from is gone.
func TestBuilderCopies(t *testing.T) {
	var b record.Builder
	for _, text := range []string{
		`{}`, `{"a":1}`, `{"a":{"b":{}},"c":[{"d":"\u00e9"},[],null],"e\n":-0.5e3,"":true}`,
	} {
		page := []byte(" " + text)
		var tape record.Tape
		if err := tape.Parse(page, 0); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		first := rebuild(&b, tape.Root())
		second := rebuild(&b, tape.Root())
		clear(page)
		for _, got := range []record.Value{first, second} {
			if string(got.Raw()) != text || string(record.AppendCompact(nil, got)) != compact(t, text) {
				t.Errorf("%s: built %s", text, got.Raw())
			}
			var again record.Tape
			if err := again.Parse(got.Raw(), 0); err != nil {
				t.Fatal(err)
			}
			var h record.Hasher
			if h.Sum(got) != h.Sum(again.Root()) || got.Len() != again.Root().Len() {
				t.Errorf("%s: the tokens are not those of the bytes", text)
			}
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var tape record.Tape
	if err := tape.Parse([]byte(text), 0); err != nil {
		t.Fatal(err)
	}
	return string(record.AppendCompact(nil, tape.Root()))
}

// Members may come from several pages, under names of the caller's.
func TestBuilderJoins(t *testing.T) {
	var one, two record.Tape
	if err := one.Parse([]byte(`{"id": 7, "n": {"x": [1, 2]}}`), 0); err != nil {
		t.Fatal(err)
	}
	if err := two.Parse([]byte(`{"k": "v"}`), 0); err != nil {
		t.Fatal(err)
	}
	var b record.Builder
	n, _ := one.Root().Get("n")
	k, _ := two.Root().Get("k")
	b.Begin()
	b.Name("first")
	b.Value(n)
	b.Name(`a "b"` + "\n")
	b.Value(k)
	v := b.End()
	if got, want := string(v.Raw()), `{"first":{"x": [1, 2]},"a \"b\"\n":"v"}`; got != want {
		t.Errorf("built %s, want %s", got, want)
	}
	if got, ok := v.Get("a \"b\"\n"); !ok || string(got.Raw()) != `"v"` {
		t.Error("the escaped name is not found")
	}
	if got, ok := v.Lookup([]string{"first", "x"}); !ok || got.Len() != 2 {
		t.Error("the copied object is not read")
	}
}

func TestBuilderAllocatesNothing(t *testing.T) {
	var tape record.Tape
	if err := tape.Parse(bytes.Repeat([]byte(`{"a":1,"b":{"c":"x"}}`), 1), 0); err != nil {
		t.Fatal(err)
	}
	var b record.Builder
	root := tape.Root()
	n := testing.AllocsPerRun(100, func() {
		b.Reset()
		b.Begin()
		c := root.Cursor()
		for name, value, ok := c.Member(); ok; name, value, ok = c.Member() {
			b.NameOf(name)
			b.Value(value)
		}
		b.End()
	})
	if n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}
