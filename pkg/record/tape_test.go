package record_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"producer/pkg/record"
)

func parse(t testing.TB, page string) record.Value {
	t.Helper()
	tape := new(record.Tape)
	if err := tape.Parse([]byte(page), 0); err != nil {
		t.Fatalf("parse %.100s: %v", page, err)
	}
	return tape.Root()
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		page    string
		kind    record.ErrorKind
		offset  int64
		pointer string
	}{
		{"", record.Truncated, 0, ""},
		{" \n", record.Truncated, 2, ""},
		{`{`, record.Truncated, 1, ""},
		{`{"a"`, record.Truncated, 4, ""},
		{`{"a":`, record.Truncated, 5, ""},
		{`{"a":1`, record.Truncated, 6, ""},
		{`{"a":1,`, record.Truncated, 7, ""},
		{`[1,2`, record.Truncated, 4, ""},
		{`[1,`, record.Truncated, 3, ""},
		{`["abc`, record.Truncated, 5, ""},
		{`["ab\`, record.Truncated, 5, ""},
		{`["ab\u00`, record.Truncated, 8, ""},
		{`["ab\ud800`, record.Truncated, 10, ""},
		{`["ab\ud800\u`, record.Truncated, 12, ""},
		{"[\"ab\xe6", record.Truncated, 5, ""},
		{`[tru`, record.Truncated, 4, ""},
		{`[-`, record.Truncated, 2, ""},
		{`[1.`, record.Truncated, 3, ""},
		{`[1e`, record.Truncated, 3, ""},
		{`-`, record.Truncated, 1, ""},

		{`{"data":[{"id":1,"f":NaN}],"total":1}`, record.Malformed, 21, "/data/0/f"},
		{`{"data":[],"total":1} trailing`, record.Malformed, 22, ""},
		{`{"data":[]}{"data":[]}`, record.Malformed, 11, ""},
		{`{} "abc`, record.Malformed, 3, ""},
		{`{} ,`, record.Malformed, 3, ""},
		{`{}]`, record.Malformed, 2, ""},
		{`1 2`, record.Malformed, 2, ""},
		{`{"data":[{"id":01}],"total":1}`, record.Malformed, 16, "/data/0"},
		{`{'data':[]}`, record.Malformed, 1, ""},
		{`{"data":[{"id":1,}],"total":1}`, record.Malformed, 16, "/data/0"},
		{"\xef\xbb\xbf{}", record.Malformed, 0, ""},
		{"\xef\xbb\xbfx", record.Malformed, 0, ""},
		{`[1 2]`, record.Malformed, 3, ""},
		{`[1,]`, record.Malformed, 2, ""},
		{`[1}`, record.Malformed, 2, ""},
		{`]`, record.Malformed, 0, ""},
		{`{"a" 1}`, record.Malformed, 5, "/a"},
		{`{1:1}`, record.Malformed, 1, ""},
		{`["a\x"]`, record.Malformed, 3, "/0"},
		{`["a\u12g4"]`, record.Malformed, 3, "/0"},
		{"[\"a\nb\"]", record.Malformed, 3, "/0"},
		{`[+1]`, record.Malformed, 1, "/0"},
		{`[.5]`, record.Malformed, 1, "/0"},
		{`[// c` + "\n1]", record.Malformed, 1, "/0"},
		{`<html>`, record.Malformed, 0, ""},

		{"[\"a\xff\"]", record.InvalidUTF8, 3, "/0"},
		{"{\"data\":[{\"id\":2,\"t\":\"\xed\xa0\x80\"}]}", record.InvalidUTF8, 22, "/data/0/t"},
		{"{\"id\":\"\xc3\x28\"}", record.InvalidUTF8, 7, "/id"},
		{"{\"id\":2,\"\xff\":1}", record.InvalidUTF8, 9, ""},
		{"[\"\xf5\x80\x80\x80\"]", record.InvalidUTF8, 2, "/0"},
		{"[\"\xc0\xaf\"]", record.InvalidUTF8, 2, "/0"},
		{"[\xff]", record.InvalidUTF8, 1, "/0"},
		{"{}\xff", record.InvalidUTF8, 2, ""},

		{`{"data":[{"id":2,"a":1,"a":2}]}`, record.DuplicateName, 23, "/data/0/a"},
		{`{"data":[{"id":2,"l":[{"x":1,"x":2}]}]}`, record.DuplicateName, 29, "/data/0/l/0/x"},
		{`{"a":1,"\u0061":2}`, record.DuplicateName, 7, "/a"},
		{`{"data":[],"data":[]}`, record.DuplicateName, 11, "/data"},
		{`{"a/b~":1,"a/b~":2}`, record.DuplicateName, 10, "/a~1b~0"},

		{`{"data":[{"id":2,"t":"\ud800"}]}`, record.LoneSurrogate, 22, "/data/0/t"},
		{`{"data":[{"id":"\udfff","t":"x"}]}`, record.LoneSurrogate, 16, "/data/0/id"},
		{`{"data":[{"\ud800":1}]}`, record.LoneSurrogate, 11, "/data/0"},
		{`["\ud800\ud800"]`, record.LoneSurrogate, 2, "/0"},
		{`["\ud800abcdef"]`, record.LoneSurrogate, 2, "/0"},
		{`["\ud83d\n"]`, record.LoneSurrogate, 2, "/0"},
		{`["\uDC00\uD800"]`, record.LoneSurrogate, 2, "/0"},

		// What is wrong with the page outweighs what is wrong with a record of it.
		{`[{"a":1,"a":2},`, record.Truncated, 15, ""},
		{`["\ud800",`, record.Truncated, 10, ""},
		{`[{"a":1,"a":2},x]`, record.Malformed, 15, "/1"},
		{"[{\"a\":1,\"a\":2},\"\xff\"]", record.InvalidUTF8, 16, ""},
	} {
		t.Run(fmt.Sprintf("%.40q", tt.page), func(t *testing.T) {
			var tape record.Tape
			err := tape.Parse([]byte(tt.page), 0)
			var got *record.SyntaxError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if got.Kind != tt.kind || got.Offset != tt.offset {
				t.Errorf("got %v at %d, want %v at %d (%v)", got.Kind, got.Offset, tt.kind, tt.offset, err)
			}
			if got.Kind != record.Truncated && got.Pointer != tt.pointer {
				t.Errorf("got pointer %q, want %q", got.Pointer, tt.pointer)
			}
			if got, want := errors.Is(err, io.ErrUnexpectedEOF), tt.kind == record.Truncated; got != want {
				t.Errorf("is io.ErrUnexpectedEOF: got %v, want %v", got, want)
			}
			readable := tt.kind == record.DuplicateName || tt.kind == record.LoneSurrogate
			if got := tape.Root().IsValid(); got != readable {
				t.Errorf("tape can be read: got %v, want %v", got, readable)
			}
		})
	}
}

func TestSyntaxErrorSaysWhere(t *testing.T) {
	var tape record.Tape
	err := tape.Parse([]byte("{\n  \"data\": [\n    nil\n"), 0)
	want := "malformed JSON at offset 19 (line 3, column 6) in \"/data/0\": "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s...", err, want)
	}
	err = tape.Parse([]byte(`{"`+strings.Repeat("x", 1<<20)+`":?`), 0)
	if err == nil || len(err.Error()) > 500 {
		t.Errorf("the error quotes %d bytes of the page", len(err.Error()))
	}
}

func TestDuplicateNameLeavesRecordsReadable(t *testing.T) {
	var tape record.Tape
	err := tape.Parse([]byte(`{"data":[{"id":7,"a":1,"a":2},{"id":8,"t":"\ud800!"}]}`), 0)
	if err == nil {
		t.Fatal("no error")
	}
	rows, _ := tape.Root().Get("data")
	var got []string
	for row := range rows.Elements() {
		id, _ := row.Get("id")
		got = append(got, string(id.Raw()))
	}
	if strings.Join(got, " ") != "7 8" {
		t.Errorf("got ids %v, want 7 8", got)
	}
}

// A page that was refused leaves no name behind that would pass for a sound one in the next.
func TestRefusedPagesTeachNothing(t *testing.T) {
	var tape record.Tape
	for _, page := range []string{
		`[{"a":1,"a":2}]`, `[{"a":1,"b":{"c":1,"\u0063":2}}]`, `[{"\ud800":1}]`, `{"a":1,"a":2,`, `{"b":{"\ud800":1,x`,
	} {
		want := tape.Parse([]byte(page), 0)
		if got := tape.Parse([]byte(page), 0); want == nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, at first %v", page, got, want)
		}
	}
}

// What a tape has learned of names is bounded from page to page: how many they are, how long, and how many objects have.
func TestNamesAreForgotten(t *testing.T) {
	var many, long, wide, members strings.Builder
	for n := range 20_000 {
		fmt.Fprintf(&many, `,{"n%d":0}`, n)
	}
	for n := range 5 {
		fmt.Fprintf(&long, `,{"%s%d":0}`, strings.Repeat("x", 1<<20), n)
	}
	for n := range 1600 { // each object has the names of the one before and one more
		fmt.Fprintf(&members, `"%d":0,`, n)
		fmt.Fprintf(&wide, ",{%s}", strings.TrimSuffix(members.String(), ","))
	}
	for name, rest := range map[string]string{"many": many.String(), "long": long.String(), "wide": wide.String()} {
		var tape record.Tape
		var shapes [3]record.Shape
		for i := range shapes {
			if err := tape.Parse([]byte(`[{"id":1}`+rest+"]"), 0); err != nil {
				t.Fatal(err)
			}
			c := tape.Root().Cursor()
			shapes[i] = c.At(0).Shape()
		}
		if shapes[0] == shapes[1] || shapes[1] == shapes[2] {
			t.Errorf("%s: names beyond the bound are remembered", name)
		}
	}
}

// Objects with the same names in the same order have one shape, also on different pages, and whatever stands between them.
func TestShape(t *testing.T) {
	var tape record.Tape
	shapes := map[string]record.Shape{}
	for _, page := range []string{
		`[{"id":1,"a":{"x":1}},{"id":2},{"id":3,"a":{"x":2,"y":3}},{},{"a":null,"id":4}]`,
		` [ {"id":5} , {"id" : 6, "a":{"x":4}}, {"a":1, "id":7}, {"id":8,"a":{"x":1,"y":1}} ,{}]`,
	} {
		if err := tape.Parse([]byte(page), 0); err != nil {
			t.Fatal(err)
		}
		for row := range tape.Root().Elements() {
			for _, v := range []record.Value{row, first(row.Get("a"))} {
				var names []string
				for name := range v.Members() {
					names = append(names, name.String())
				}
				key := fmt.Sprint(v == row, v.Kind(), names)
				if was, ok := shapes[key]; ok && was != v.Shape() {
					t.Errorf("%s: %s has two shapes", v.Raw(), key)
				}
				shapes[key] = v.Shape()
			}
		}
	}
	distinct := map[record.Shape]bool{}
	for _, s := range shapes {
		distinct[s] = true
	}
	if len(distinct) != 7 { // of the four kinds of rows and two of what is in them, and that of scalars
		t.Errorf("got %d shapes for %v", len(distinct), shapes)
	}
}

func first(v record.Value, _ bool) record.Value { return v }

func TestDepth(t *testing.T) {
	var tape record.Tape
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	for _, tt := range []struct {
		depth, limit int
		ok           bool
	}{
		{1, 1, true}, {2, 1, false}, {500, 500, true}, {501, 500, false}, {100_000, 500, false},
		{record.MaxDepth, 1 << 30, true}, {record.MaxDepth + 1, 1 << 30, false}, {record.MaxDepth, 0, true}, {100_000, 0, false},
	} {
		err := tape.Parse(nested(tt.depth), tt.limit)
		if (err == nil) != tt.ok {
			t.Errorf("depth %d, limit %d: got %v", tt.depth, tt.limit, err)
		}
		var se *record.SyntaxError
		if !tt.ok && (!errors.As(err, &se) || se.Kind != record.TooDeep) {
			t.Errorf("depth %d, limit %d: got %v, want TooDeep", tt.depth, tt.limit, err)
		}
	}
	if err := tape.Parse([]byte(strings.Repeat(`{"a":`, 100_000)), 500); err == nil || len(err.Error()) > 500 {
		t.Errorf("100,000 objects: got %v", err)
	}
}

func TestManyNamesAreNotQuadratic(t *testing.T) {
	var b strings.Builder
	const n = 300_000 // at n*n/2 comparisons this would take minutes
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"n%d":%d,`, i, i)
	}
	page := b.String()
	v := parse(t, page[:len(page)-1]+"}")
	if v.Len() != n {
		t.Errorf("got %d members, want %d", v.Len(), n)
	}
	var h record.Hasher
	h.Sum(v)
	var tape record.Tape
	if err := tape.Parse([]byte(page+`"n0":0}`), 0); err == nil || !strings.Contains(err.Error(), "duplicate name") {
		t.Errorf("got %v, want a duplicate name", err)
	}
}

const samplePage = `{"data":[{"id":1,"email":"a@example.com","name":"Ann \"the\" One","active":true,"score":1.5,"tags":["x","y"],` +
	`"address":{"city":"Köln","zip":"50667"},"none":null},{"id":2,"email":"b@example.com","name":"Bob","active":false,"score":2,` +
	`"tags":[],"address":{"city":"Bonn","zip":"53111"},"none":null}],"total":2}`

func TestParseAllocatesNothing(t *testing.T) {
	page := []byte(samplePage)
	var tape record.Tape
	var h record.Hasher
	var key []byte
	work := func() {
		if err := tape.Parse(page, 500); err != nil {
			t.Fatal(err)
		}
		rows, _ := tape.Root().Get("data")
		for row := range rows.Elements() {
			id, _ := row.Get("id")
			key, _ = record.AppendKey(key[:0], []record.Value{id})
			for name, value := range row.Members() {
				if name.IsValid() && value.Kind() == record.Number {
					_, _ = value.Int64()
					_, _ = value.Float64()
				}
			}
			h.Sum(row)
		}
	}
	work()
	if got := testing.AllocsPerRun(100, work); got != 0 {
		t.Errorf("got %v allocations a page, want 0", got)
	}
}

func BenchmarkParse(b *testing.B) {
	page := []byte(samplePage)
	var tape record.Tape
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if err := tape.Parse(page, 500); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{samplePage, `[1,-0,1.5e3,"\ud83d\ude00",null]`, `{"a":{"a":{"a":[[],{}]}}}`, `"x"`, "", "\xef\xbb\xbf1",
		`{"a":1,"a":2}`, `["\ud800"]`, "[\"\xff\"]", "[1] x", `{"a":1`} {
		f.Add([]byte(s))
	}
	var tape record.Tape
	f.Fuzz(func(t *testing.T, page []byte) {
		before := string(page)
		err := tape.Parse(page, record.MaxDepth)
		if got, want := err == nil, jsontext.Value(page).IsValid(); got != want {
			t.Fatalf("got valid %v, jsontext says %v: %v", got, want, err)
		}
		if string(page) != before {
			t.Fatal("the page was changed")
		}
		var se *record.SyntaxError
		if err != nil && (!errors.As(err, &se) || se.Offset < 0 || se.Offset > int64(len(page)) || se.Line < 1 || se.Column < 1) {
			t.Fatalf("got %#v", err)
		}
		if err != nil {
			return
		}
		want := jsontext.Value(before)
		if err := want.Compact(); err != nil {
			t.Fatal(err)
		}
		got := record.AppendCompact(nil, tape.Root())
		checkSame(t, got, want)
		if next := record.AppendCompact(nil, parse(t, string(got))); string(next) != string(got) {
			t.Fatalf("compact text is not stable: %s, then %s", got, next)
		}
	})
}

// checkSame compares two JSON texts up to the escapes in their strings.
func checkSame(t *testing.T, a, b []byte) {
	t.Helper()
	x, y := jsontext.Value(a), jsontext.Value(b)
	opts := []jsontext.Options{jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)}
	if err := errors.Join(x.Canonicalize(opts...), y.Canonicalize(opts...)); err != nil {
		t.Fatal(err)
	}
	if string(x) != string(y) {
		t.Fatalf("got %s, want %s", x, y)
	}
}
