package extractor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/record"
	"producer/pkg/rest"
)

// FuzzPage answers the first request with arbitrary bytes. Whatever they are, nothing panics, and a page comes out only whole:
// all the objects of the list, of a text that is JSON.
func FuzzPage(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"id":1},{"id":"x"}],"total":2}`, `{"data":[],"total":"0"}`, `{"data":[{"id":1}`, `{"data":null}`, `{"data":{"id":1}}`,
		`{"data":[1]}`, `{"error":1}`, `[{"id":1}]`, `{"data":[{"id":1,"id":2}]}`, `{"data":[{"id":"\ud800"}]}`, "{\"data\":[{\"\xff\":1}]}",
		`<html>`, ``, `{"data":[{"id":1}]}x`, `{"data":[{}],"total":1e400,"more":"yes"}`, `{"data":[{"id":1}],"data":[]}`, "\xef\xbb\xbf{}",
		strings.Repeat("[", 1000), `{"data":[{"a":{"b":[1,{"c":null}]}}],"total":-1}`, `{"~/":[{"~/":1,"~/":2}]}`,
	} {
		f.Add([]byte(body), uint8(0))
		f.Add([]byte(body), uint8(5))
	}
	f.Fuzz(func(t *testing.T, body []byte, kind uint8) {
		p := []config.Paginator{offset(), number(1), single()}[kind%3]
		res := resource(p)
		if kind&4 != 0 {
			res.Endpoint.Selector = query("$")
		}
		if kind&8 != 0 && p.Type != "single_page" {
			res.Endpoint.Paginator.HasMorePath = pathTo("more")
		}
		answered := 0
		x := fuzzed(t, roundTrip(func(*http.Request) (*http.Response, error) {
			text := body
			if answered++; answered > 1 {
				text = []byte(`{"data":[],"more":false}`)
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(bytes.NewReader(text))}, nil
		}), res)
		w := x.Walk(extractor.Position{}, extractor.WalkOptions{})
		page, err := w.Next(t.Context())
		if err != nil {
			var pe *extractor.PageError
			if page != nil || !errors.Is(err, io.EOF) && !errors.As(err, &pe) {
				t.Fatalf("page %v, error %v", page, err)
			}
			return
		}
		if body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")); !json.Valid(body) {
			t.Fatalf("a page of %d records from what is no JSON: %q", len(page.Records), body)
		}
		want := oracle(body, kind&4 != 0)
		if len(page.Records) != len(want) {
			t.Fatalf("got %d records, want %d: %q", len(page.Records), len(want), body)
		}
		for i, rec := range page.Records {
			if rec.Kind() != record.Object || !bytes.Equal(bytes.TrimSpace(want[i]), rec.Raw()) {
				t.Fatalf("record %d is %q, want %q", i, rec.Raw(), want[i])
			}
			_, _ = x.AppendKey(nil, rec)
		}
		page.Release()
	})
}

// oracle finds the records with encoding/json.
func oracle(body []byte, root bool) []json.RawMessage {
	list := json.RawMessage(body)
	if !root {
		var page map[string]json.RawMessage // unlike a struct it minds the case
		if json.Unmarshal(body, &page) != nil {
			return nil
		}
		list = page["data"]
	}
	var rows []json.RawMessage
	if json.Unmarshal(list, &rows) != nil {
		return []json.RawMessage{list} // one entity
	}
	return rows
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fuzzed makes an extractor without retries.
func fuzzed(t testing.TB, a http.RoundTripper, r config.Resource) *extractor.Extractor {
	t.Helper()
	rc, err := rest.New(base, rest.Options{Transport: a})
	if err != nil {
		t.Fatal(err)
	}
	x, err := extractor.New(rc, client(), r)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// FuzzPosition reads arbitrary state.
func FuzzPosition(f *testing.F) {
	for _, s := range []string{`{}`, `{"offset":300,"back":200}`, `{"page":4,"back":3}`, `null`, `{"offset":-1}`, `{"offset":9223372036854775807}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := extractor.ParsePosition(text)
		if p.Offset < 0 || p.Page < 0 || p.Back < 0 || extractor.ParsePosition(p.JSON()) != p {
			t.Fatalf("%q is read as %+v", text, p)
		}
		back := p.OnePageBack()
		if back.Back != 0 || back.OnePageBack() != (extractor.Position{}) {
			t.Fatalf("%+v goes back to %+v", p, back)
		}
	})
}
