package record

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// differ says in what the tape and the oracle's differ, "" if in nothing.
func differ(tape *Tape, reference *oracle, page []byte, maxDepth int) string {
	err, want := tape.Parse(page, maxDepth), reference.Parse(page, maxDepth)
	if fmt.Sprint(err) != fmt.Sprint(want) {
		return fmt.Sprintf("error %v, jsontext's %v", err, want)
	}
	var e, w *SyntaxError
	if errors.As(err, &e) && errors.As(want, &w) && (e.Kind != w.Kind || e.Offset != w.Offset || e.Line != w.Line || e.Column != w.Column || e.Pointer != w.Pointer) {
		return fmt.Sprintf("error %#v, jsontext's %#v", e, w)
	}
	rest, d := reference.tokens, ""
	if len(tape.nodes) > 0 {
		rest, d = tape.compare(tape.Root(), rest)
	}
	if d == "" && len(rest) > 0 {
		d = fmt.Sprintf("%d tokens more are jsontext's", len(rest))
	}
	return d
}

// compare says in what v and all in it differ from the first of the tokens, and returns those behind.
func (t *Tape) compare(v Value, want []token) ([]token, string) {
	if len(want) == 0 {
		return nil, fmt.Sprintf("%s is not jsontext's", v.Raw())
	}
	n, w := v.node(), want[0]
	if int(n.off) != w.off || int(n.end) != w.end || n.mark != w.mark || v.Len() != w.count {
		return nil, fmt.Sprintf("%+v with %d values is jsontext's %+v", *n, v.Len(), w)
	}
	want = want[1:]
	c := v.Cursor()
	for i := range v.Len() {
		if v.Kind() == Object {
			if len(want) == 0 {
				return nil, "a name is not jsontext's"
			}
			name, _, _ := c.Member()
			if string(name.Raw()) != string(t.page[want[0].off:want[0].end]) || name.tape.shapes.prefixes[name.at].mark != want[0].mark {
				return nil, fmt.Sprintf("the name %s is jsontext's %+v", name.Raw(), want[0])
			}
			want = want[1:]
		}
		var d string
		if want, d = t.compare(v.Cursor().At(i), want); d != "" {
			return nil, d
		}
	}
	return want, ""
}

const variety = `{"data":[{"id":1,"a":{"x":1,"y":[{"z":1},{"z":2},{}]},"b":[[1,"é"],[]],"\u0063":null},` +
	`{"id":2,"a":{"x":1,"y":[{"z":1},{"z":2,"w":3}]},"b":[[true]],"\u0063":0},{"id":3,"b":[[{"q":-1.5e+3}]],"c":""},` +
	`{"b":1,"id":3,"a":{"y":2}}, {"id":4 ,"a" :{"x":1,"y":[{"z":"\ud83d\ude00"}]},"b":[[1,"é"],[]],"d":false}, {}, {"id":1}]}`

// What the tokeniser takes and refuses is what jsontext's tape takes and refuses, also where the page ends early or a byte is another.
func TestTokeniseAsJSONText(t *testing.T) {
	var tape Tape
	var reference oracle
	check := func(page string, depth int) {
		t.Helper()
		if d := differ(&tape, &reference, []byte(page), depth); d != "" {
			t.Fatalf("%q: %s", page, d)
		}
	}
	var many strings.Builder
	for i := range 40 {
		fmt.Fprintf(&many, `"name %d":%d,`, i, i)
	}
	object := "{" + strings.TrimSuffix(many.String(), ",") + "}"
	for _, page := range []string{
		variety, object, "[" + object + "," + object + "]", object[:len(object)-1] + `,"name 7":1}`, `[{"a":1,"b":2},{"a":1,"b":2,"a":3}]`,
		`[{"a":1,"b":2},{"b":1,"a":2,"b":3}]`, `[{"a":1,"b":2},{"a":1,"a":2}]`, `[{"a":1,"b":2},{"c":1,"b":2,"\u0062":2}]`, `{"a":1,"a"`, `{"a":1,"a" x`,
		`{"a":1,"b":{"c":"\ud800","c":1},"a":2}`, `{"a":1,"a":2,"b":"\ud800"}`, `{"a":"\ud800","a":2}`, `{"\ud800":1,"\ud800":2}`, `{"\ud800":1,"\ufffd":2}`,
		"{\"a\":1,\"a\":2,x,\"\xff\"", "{\"a\":1,x,\"\xff\"", "[\"\\ud800\",\"\xe6", "[\"\\ud800\xe6", `["\ud800\uD`, `["\ud800\uDCzz"]`, `["\ud800\u12zz"]`,
		`[1 :2]`, `[1,:2]`, `{"a",1}`, `{"a":,1}`, `{"a"::1}`, `{"a":1:`, `{"a":1,`, `{"a",`, `{"a":`, `:`, `,`, `{,`, `{:`, `[,`, `{{`, `{[`, `{1`, `{-`, `{nul`, `{null`,
		`{"a":]`, `{"a":1]`, `{]`, `[}`, `[1}`, `[[1,2],{"a":[}`, `{"a":{"b":}}`, `{"a":{"b":1]}`, `}`, `]`, `[1,]`, `[1,,2]`, `[1,}`, "[1,\xff]", "[1\xff]", "[-\xff", "[nu\xff", "{\"a\"\xff",
		`[-]`, `[1.]`, `[1.e1]`, `[1e]`, `[1e+]`, `[1e+x`, `[-x`, `[01]`, `[00`, `[-01`, `[0x1]`, `[1.5.5]`, `["a` + "`" + `\` + "`" + `"]`, `["\` + "é" + `"]`, `["\u00é"]`, "[\"\\\xff\"]", `["\`,
	} {
		check(page, 0)
		for i := range page {
			check(page[:i], 0)
		}
		check(page, 2)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = `{}[]:,"\u0truefalsn 1-.eEdD8cC` + "\x00\n\xff\xc3\xa9\xf0\x9f"
	for range 15_000 {
		page := []byte(variety)
		for range 1 + rnd.IntN(3) {
			at := rnd.IntN(len(page))
			switch rnd.IntN(3) {
			case 0:
				page[at] = alphabet[rnd.IntN(len(alphabet))]
			case 1:
				page = append(page[:at], page[min(at+1+rnd.IntN(4), len(page)):]...)
			case 2:
				from := rnd.IntN(len(page))
				page = append(page[:at:at], append([]byte(string(page[from:min(from+rnd.IntN(12), len(page))])), page[at:]...)...)
			}
		}
		check(string(page), rnd.IntN(8))
	}
}

// FuzzTokenise compares the tape with jsontext's, node by node and error by error.
func FuzzTokenise(f *testing.F) {
	for _, s := range []string{variety, `[1,-0,1.5e3,"\ud83d\ude00",null]`, `{"a":{"a":{"a":[[],{}]}}}`, `"x"`, "", "\xef\xbb\xbf1",
		`{"a":1,"\u0061":2}`, `["\ud800"]`, "[\"\xff\"]", "[1] x", `{"a":1`, `[{"a":1,"b":2},{"a":1,"b":2,"a":3}]`, "{\"a\":1,\"a\":2,x,\"\xff\""} {
		f.Add([]byte(s), 500)
	}
	var tape Tape
	var reference oracle
	f.Fuzz(func(t *testing.T, page []byte, maxDepth int) {
		if d := differ(&tape, &reference, page, maxDepth); d != "" {
			t.Fatalf("%q, depth %d: %s", page, maxDepth, d)
		}
	})
}
