package record_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"

	"producer/pkg/record"
)

func hashOf(t testing.TB, text string) string {
	t.Helper()
	var h record.Hasher
	sum := h.Sum(parse(t, text))
	return hex.EncodeToString(sum[:])
}

// The hashes stand in the headers of topics: a change here publishes every record of every user again.
func TestHashVectors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`null`, "c311d21b3583875acbaa0f6724ae8b0a"},
		{`true`, "190e8fcdd645bb7c76033e85f0acf92d"},
		{`false`, "b3b2b50bf19ad7d533c155909ff3ba9a"},
		{`0`, "be857dafdc263501c72de021504a6b29"},
		{`-12.50e3`, "122a2a111691709535326d79edceca83"},
		{`""`, "3b2d6c016cc4093e7c4af187e743bfa6"},
		{`"Köln \ud83d\ude00\n"`, "657e328228efa834777edcc8ab1b49b0"},
		{`[]`, "1f6d25f3ca8ca5eeccba2b464dc11384"},
		{`{}`, "5a2a43ee9c00929963f3db0947cf1908"},
		{`[1,[null,"a"],{}]`, "17b5e3a7df8db54fac9dd5133906aa03"},
		{`{"id":1,"email":"a@example.com","active":true,"score":1.5,"none":null,"tags":["x","y"],"address":{"zip":"50667","city":"Köln"}}`, "9633a380fe279272807476f30286e774"},
		{`{"t":"` + strings.Repeat("x", 1000) + `"}`, "0ac444302707ee68cf1197b7484dc9ec"},
	} {
		if got := hashOf(t, tt.text); got != tt.want {
			t.Errorf("%.60s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

// reference encodes what encoding/json decoded by the rules of Hasher's comment, the plain way.
func reference(dst []byte, v any) []byte {
	prefixed := func(dst []byte, s string) []byte { return append(binary.AppendUvarint(dst, uint64(len(s))), s...) }
	switch v := v.(type) {
	case nil:
		return append(dst, 'n')
	case bool:
		if v {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case json.Number:
		return prefixed(append(dst, '#'), string(v))
	case string:
		return prefixed(append(dst, '"'), v)
	case []any:
		dst = binary.AppendUvarint(append(dst, '['), uint64(len(v)))
		for _, e := range v {
			dst = reference(dst, e)
		}
		return dst
	case map[string]any:
		var names []string
		for name, value := range v {
			if value != nil {
				names = append(names, name)
			}
		}
		sort.Strings(names)
		dst = binary.AppendUvarint(append(dst, '{'), uint64(len(names)))
		for _, name := range names {
			dst = reference(prefixed(dst, name), v[name])
		}
		return dst
	}
	panic("no JSON value")
}

func decode(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// shuffled writes v as JSON with members in random order, random white space and random escapes.
func shuffled(rnd *rand.Rand, v any) string {
	space := func() string { return [...]string{"", "", " ", "\n\t"}[rnd.IntN(4)] }
	switch v := v.(type) {
	case map[string]any:
		var members []string
		for name, value := range v {
			members = append(members, space()+shuffled(rnd, name)+space()+":"+space()+shuffled(rnd, value)+space())
		}
		if name := fmt.Sprint("absent", rnd.IntN(1000)); rnd.IntN(3) == 0 && v[name] == nil {
			if _, ok := v[name]; !ok {
				members = append(members, fmt.Sprintf("%q:null", name))
			}
		}
		sort.Strings(members)
		rnd.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		return "{" + space() + strings.Join(members, ",") + "}"
	case []any:
		var elements []string
		for _, e := range v {
			elements = append(elements, space()+shuffled(rnd, e)+space())
		}
		return "[" + space() + strings.Join(elements, ",") + "]"
	case string:
		var b strings.Builder
		for _, r := range v {
			q, _ := json.Marshal(string(r))
			if r < 0x10000 && rnd.IntN(4) == 0 {
				fmt.Fprintf(&b, `\u%04X`, r)
			} else {
				b.Write(q[1 : len(q)-1])
			}
		}
		return `"` + b.String() + `"`
	case json.Number:
		return string(v)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func randomJSON(rnd *rand.Rand, depth int) any {
	names := []string{"id", "name", "a", "b", "é", "😀", "", "a b", "A", "\"\\", "long_long_long_name"}
	switch n := rnd.IntN(10); {
	case n < 3 && depth > 0:
		m := map[string]any{}
		for range rnd.IntN(8) {
			m[names[rnd.IntN(len(names))]] = randomJSON(rnd, depth-1)
		}
		return m
	case n < 5 && depth > 0:
		l := []any{}
		for range rnd.IntN(4) {
			l = append(l, randomJSON(rnd, depth-1))
		}
		return l
	case n == 5:
		return nil
	case n == 6:
		return rnd.IntN(2) == 0
	case n == 7:
		return json.Number([]string{"0", "-0", "1", "1.0", "1e3", "9007199254740993", "-1.5"}[rnd.IntN(7)])
	}
	return names[rnd.IntN(len(names))]
}

func TestHashIgnoresWhatMakesNoDifference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var h record.Hasher // one for all, so that what it remembers is wrong most of the time
	for range 3000 {
		v := randomJSON(rnd, 4)
		want := xxh3.Hash128(reference(nil, v)).Bytes()
		for range 3 {
			text := shuffled(rnd, v)
			if got := h.Sum(parse(t, text)); got != want {
				t.Fatalf("%s: got %x, want %x", text, got, want)
			}
		}
	}
}

func TestHashTellsApart(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{`1`, `1.0`, `"1"`, `true`, `"true"`, `null`, `"null"`, `[]`, `{}`, `""`, `[1]`, `[[1]]`, `[1,1]`, `["1"]`, `[null]`, `[null,null]`,
		`{"a":1}`, `{"a":"1"}`, `{"b":1}`, `{"A":1}`, `{"a":{"b":1}}`, `{"a":[]}`, `{"a":{}}`, `{"a":""}`, `{"a":[1,2]}`, `{"a":[2,1]}`,
		`{"a":"b","c":"d"}`, `{"a":"bc","":"d"}`, `{"a":"b\"1c","":"d"}`, `0`, `-0`, `0.0`, `"é"`, `"e\u0301"`, `{"a":[[1],[]]}`, `{"a":[[],[1]]}`} {
		h := hashOf(t, text)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have one hash", text, other)
		}
		seen[h] = text
	}
}

func TestHasherForgetsShapes(t *testing.T) {
	var h record.Hasher
	var first [16]byte
	for i := range 200 { // each of 100 kB of names that never come again
		var b bytes.Buffer
		b.WriteString(`{"same":{"b":1,"a":2}`)
		for k := range 2000 {
			fmt.Fprintf(&b, `,"o%d_%d":{"x%d":null}`, k, i, i)
		}
		b.WriteString("}")
		v, _ := parse(t, b.String()).Get("same")
		h.Sum(parse(t, b.String()))
		sum := h.Sum(v)
		if i == 0 {
			first = sum
		}
		if sum != first {
			t.Fatalf("record %d: got %x, want %x", i, sum, first)
		}
	}
}

func FuzzHasher(f *testing.F) {
	f.Add(samplePage, uint64(1))
	f.Add(`{"b":{"a":[{"z":1,"y":2},{"y":1}]},"a":null}`, uint64(2))
	var h record.Hasher
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		var tape record.Tape
		if tape.Parse([]byte(text), 500) != nil {
			return
		}
		v := decode(t, text)
		want := xxh3.Hash128(reference(nil, v)).Bytes()
		if got := h.Sum(tape.Root()); got != want {
			t.Fatalf("%s: got %x, want %x", text, got, want)
		}
		other := shuffled(rand.New(rand.NewPCG(seed, 1)), v)
		if got := h.Sum(parse(t, other)); got != want {
			t.Fatalf("%s: got %x, want %x as of %s", other, got, want, text)
		}
	})
}

func BenchmarkHasher(b *testing.B) {
	rows, _ := parse(b, samplePage).Get("data")
	var h record.Hasher
	b.ReportAllocs()
	for b.Loop() {
		for row := range rows.Elements() {
			h.Sum(row)
		}
	}
}
