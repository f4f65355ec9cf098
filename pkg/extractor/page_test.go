package extractor_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/record"
	"producer/pkg/rest"
)

// A page without its list is never an empty page: the walk fails, and what it had before stays.
func TestNonsenseWithStatus200(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		says       string
		requests   int
	}{
		{"an error", `{"error":{"code":17,"message":"quota exceeded"}}`, "finds nothing", 1},
		{"another name", `{"items":[],"total":0}`, "finds nothing", 1},
		{"another case", `{"Data":[{"id":1}]}`, "finds nothing", 1},
		{"an object", `{"data":{"id":1},"total":1}`, "finds no list, but an object", 1},
		{"text", `{"data":"none","total":0}`, "finds no list, but a string", 1},
		{"a number", `{"data":5}`, "finds no list, but a number", 1},
		{"a boolean", `{"data":false}`, "finds no list, but a boolean", 1},
		{"scalar rows", `{"data":[1,2],"total":2}`, "finds a number where a record is expected, as number 1", 1},
		{"a row of null", `{"data":[{"id":1},null],"total":2}`, "finds null where a record is expected, as number 2", 1},
		{"rows in rows", `{"data":[[{"id":1}]]}`, "finds an array where a record is expected", 1},
		{"a bare list", `[{"id":1}]`, "finds nothing", 1},
		{"a scalar", `17`, "finds nothing", 1},
		{"HTML", `<html><body>Please sign in</body></html>`, "HTML", 1},
		{"no body", ``, "ends early", 4},
		{"half a page", `{"data":[{"id":1},{"id":2}`, "ends early", 4},
		{"NaN", `{"data":[{"id":1,"f":NaN}],"total":1}`, "malformed JSON", 1},
		{"something behind it", `{"data":[{"id":1}],"total":1} trailing`, "malformed JSON", 1},
		{"two texts", `{"data":[{"id":1}],"total":1}{"data":[]}`, "malformed JSON", 1},
		{"a leading zero", `{"data":[{"id":01}],"total":1}`, "malformed JSON", 1},
		{"single quotes", `{'data':[]}`, "malformed JSON", 1},
		{"a comma too many", `{"data":[{"id":1,}],"total":1}`, "malformed JSON", 1},
		{"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf" + `{"data":[]}`, "malformed JSON", 1},
		{"invalid UTF-8 in a record", "{\"data\":[{\"id\":\"\xff\"}]}", "invalid UTF-8", 1},
		{"invalid UTF-8 around them", "{\"\xff\":1,\"data\":[]}", "invalid UTF-8", 1},
		{"a name twice around them", `{"data":[],"total":1,"total":2}`, "duplicate name", 1},
		{"the list twice", `{"data":[],"data":[{"id":1}]}`, "duplicate name", 1},
		{"half a pair around them", `{"note":"\ud800","data":[]}`, "lone surrogate", 1},
		{"half a pair in another list", `{"rows":[{"id":"\ud800"}],"data":[]}`, "lone surrogate", 1},
		{"too deep", `{"data":[{"id":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}]}`, "too deep", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &api{rows: people(250, 1)}
			a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n > 1 {
					_, _ = io.WriteString(w, tt.body)
				}
				return n > 1
			}
			r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
			if r.err == nil || len(r.ids) != 100 || r.requests != 1+tt.requests {
				t.Fatalf("%d requests, %v", r.requests, r)
			}
			if !strings.Contains(r.err.Error(), tt.says) || !strings.HasPrefix(r.err.Error(), "fetch contacts offset 100: ") {
				t.Errorf("got %q, want it to say %q", r.err, tt.says)
			}
			var broken *extractor.RecordError
			if errors.As(r.err, &broken) {
				t.Errorf("the source's fault is blamed on a record: %v", r.err)
			}
			var selector *extractor.SelectorError
			if errors.As(r.err, &selector) != strings.Contains(tt.says, "finds") {
				t.Errorf("got %T", r.err)
			}
			var syntax *record.SyntaxError
			if tt.name == "too deep" && (!errors.As(r.err, &syntax) || syntax.Kind != record.TooDeep) {
				t.Errorf("the depth can't be told from other faults: %v", r.err)
			}
		})
	}
}

func TestAnEmptyListIsAnEmptyPage(t *testing.T) {
	r := walk(t, extract(t, &api{instead: always(`{"data":[]}`)}, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	if r.err != nil || r.end.Reason != extractor.EmptyPage || !r.end.Proven || r.requests != 1 {
		t.Errorf("%v", r)
	}
}

func TestSelectorErrorQuotesAPieceWithoutSecrets(t *testing.T) {
	a := &api{instead: func(_ int, w http.ResponseWriter, r *http.Request) bool {
		_, _ = fmt.Fprintf(w, `{"error":"bad key %s","url":%q,"rows":[%s]}`, secret, r.URL, strings.Join(people(5000, 1), ","))
		return true
	}}
	r := walk(t, extract(t, a, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	e := wantAs[*extractor.SelectorError](t, r.err)
	if len(e.Excerpt) > 200 || !utf8.ValidString(e.Excerpt) || !strings.HasPrefix(e.Excerpt, `{"error":"bad key ***"`) {
		t.Errorf("got %d bytes: %s", len(e.Excerpt), e.Excerpt)
	}
	if e.Selector != "data" {
		t.Errorf("selector %q", e.Selector)
	}
}

// A record that has no one meaning is named; the page is not taken.
func TestRecordError(t *testing.T) {
	good := `{"id":1,"a":1},{"id":2,"a":1},`
	for _, tt := range []struct {
		rec, key, field string
		kind            record.ErrorKind
	}{
		{`{"id":"x","a":1,"a":2}`, "x", "a", record.DuplicateName},
		{`{"id":7,"id":8}`, "7", "id", record.DuplicateName},
		{`{"id":7,"o":{"x":1,"x":1}}`, "7", "o.x", record.DuplicateName},
		{`{"l":[{"x":1,"x":2}],"id":7}`, "7", "l.0.x", record.DuplicateName},
		{`{"id":7,"a/b~c":1,"\u0061/b~c":2}`, "7", "a/b~c", record.DuplicateName},
		{`{"id":7,"t":"\ud800"}`, "7", "t", record.LoneSurrogate},
		{`{"id":"\udfff","t":"x"}`, "\uFFFD", "id", record.LoneSurrogate},
		{`{"a":1,"a":2}`, "", "a", record.DuplicateName},
	} {
		for selector, body := range map[string]string{
			"data":          `{"data":[` + good + tt.rec + `],"total":3}`,
			"a['d/t~a']":    `{"a":{"d/t~a":[` + good + tt.rec + `]}}`,
			"$":             `[` + good + tt.rec + `]`,
			"lists[*].data": `{"lists":[{"data":[` + strings.TrimSuffix(good, ",") + `]},{"data":[` + tt.rec + `]}]}`,
		} {
			res := resource(offset())
			res.Endpoint.Selector = query(selector)
			a := &api{instead: always(body)}
			r := walk(t, extract(t, a, res), extractor.Position{}, extractor.WalkOptions{})
			e := wantAs[*extractor.RecordError](t, r.err)
			syntax := wantAs[*record.SyntaxError](t, r.err)
			if e.Key != tt.key || e.Field != tt.field || e.Index != 2 || syntax.Kind != tt.kind || len(a.seen) != 1 || len(r.ids) != 0 {
				t.Errorf("%s in %s: %+v, %d requests", tt.rec, selector, e, len(a.seen))
			}
			if !strings.Contains(r.err.Error(), "record 3") {
				t.Errorf("the message doesn't name the record: %v", r.err)
			}
		}
	}
	// The only entity of a single page.
	res := resource(single())
	res.Endpoint.Selector = query("$")
	r := walk(t, extract(t, &api{instead: always(`{"id":5,"o":{"y":1,"y":2}}`)}, res), extractor.Position{}, extractor.WalkOptions{})
	if e := wantAs[*extractor.RecordError](t, r.err); e.Key != "5" || e.Field != "o.y" {
		t.Errorf("got %+v", e)
	}
}

func TestBodyLimitEndsTheWalk(t *testing.T) {
	c := client()
	c.Limits.Body = 1000
	a := &api{rows: people(250, 1)}
	r := walk(t, extractWith(t, a, c, resource(offset())), extractor.Position{}, extractor.WalkOptions{})
	if wantAs[*rest.BodyTooLargeError](t, r.err).Limit != 1000 || len(a.seen) != 1 {
		t.Errorf("%d requests, %v", len(a.seen), r)
	}
}

func TestAppendKey(t *testing.T) {
	a := &api{instead: always(`{"data":[
		{"id":1,"who":{"region":"eu","no":7}}, {"id":"x","who":{"region":"é","no":-0.0}},
		{"id":null,"who":null}, {"who":{"region":true,"no":1}}, {"id":1.5,"who":{"region":"eu","no":[]}}]}`)}
	one, two := resource(offset()), resource(offset())
	two.PrimaryKey = []config.Path{path("who.region"), path("who.no")}
	for _, tt := range []struct {
		res  config.Resource
		want []string // an error begins with !
	}{
		{one, []string{"1", "x", "!primary_key id: key field 1 is null", "!primary_key id: key field 1 is missing", "!primary_key id: key field 1 is fractional"}},
		{two, []string{`["eu",7]`, `["é",0]`, "!primary_key who.region: key field 1 is missing", "!primary_key who.region: key field 1 is a boolean", "!primary_key who.no: key field 2 is an array"}},
	} {
		x := extract(t, a, tt.res)
		p, err := x.Walk(extractor.Position{}, extractor.WalkOptions{}).Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, rec := range p.Records {
			key, err := x.AppendKey([]byte("before"), rec)
			got := strings.TrimPrefix(string(key), "before")
			if err != nil {
				wantAs[*record.KeyError](t, err)
				if got != "" {
					t.Errorf("record %d: an error, and %q is appended", i, got)
				}
				got = "!" + err.Error()
			}
			if got != tt.want[i] {
				t.Errorf("record %d: got %s, want %s", i, got, tt.want[i])
			}
		}
		p.Release()
	}
}

func TestWalkAllocatesLittle(t *testing.T) {
	a := &steady{body: `{"data":[` + strings.Join(people(100, 1), ",") + `]}`}
	x := extract(t, a, resource(offset()))
	perPage := testing.AllocsPerRun(50, func() {
		w := x.Walk(extractor.Position{}, extractor.WalkOptions{})
		p, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Release()
	})
	if perPage > 150 { // what net/http needs for a request, and with the race detector a pool that forgets a quarter; nothing for the records
		t.Errorf("%.0f allocations a page of 100 records", perPage)
	}
}

// steady answers every request with one body.
type steady struct{ body string }

func (s *steady) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(s.body)), ContentLength: int64(len(s.body))}, nil
}

func BenchmarkPage(b *testing.B) {
	rows := make([]string, 100)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"name":"Ada Lovelace","note":%q}`, i, strings.Repeat("n", 540))
	}
	s := &steady{body: `{"data":[` + strings.Join(rows, ",") + `],"total":100000}`}
	x := extract(b, s, resource(offset()))
	b.SetBytes(int64(len(s.body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := x.Walk(extractor.Position{}, extractor.WalkOptions{}).Next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		p.Release()
	}
}
