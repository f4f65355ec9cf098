package extractor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

// changes is a resource with incremental: its rows have u.
func changes(i config.Incremental) config.Resource {
	r := resource(offset())
	i.Cursor = path("u")
	if i.Missing == "" {
		i.Missing = "raise"
	}
	r.Endpoint.Incremental = &i
	return r
}

// rowsAt makes rows of ids from 1 with these cursors, JSON each; "" is none.
func rowsAt(cursors ...string) []string {
	var out []string
	for i, c := range cursors {
		if c == "" {
			out = append(out, fmt.Sprintf(`{"id":%d}`, i+1))
			continue
		}
		out = append(out, fmt.Sprintf(`{"id":%d,"u":%s}`, i+1, c))
	}
	return out
}

// pass is one walk from since: the ids that came, and what is remembered.
func pass(t *testing.T, a *api, r config.Resource, o extractor.WalkOptions) (ids string, next extractor.Since, w *extractor.Walk, err error) {
	t.Helper()
	w = extract(t, a, r).Walk(extractor.Position{}, o)
	var got []string
	for {
		p, err := w.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return strings.Join(got, " "), w.Since(false), w, nil
		}
		if err != nil {
			return "", next, w, err
		}
		for _, rec := range p.Records {
			id, _ := rec.Get("id")
			got = append(got, string(id.Raw()))
		}
		p.Release()
	}
}

// started is what a walk leaves that ended with this cursor.
func started(t *testing.T, r config.Resource, cursor string) extractor.Since {
	t.Helper()
	x := extract(t, &api{}, r)
	w := x.Walk(extractor.Position{}, extractor.WalkOptions{})
	if _, err := w.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	s := w.Since(false)
	s.Cursor = config.Literal(cursor)
	return s
}

func TestIncremental(t *testing.T) {
	for _, tt := range []struct {
		name  string
		inc   config.Incremental
		from  string // cursor of the walk before; "": none
		full  bool
		rows  []string
		since string // sent as the parameter since, and until
		ids   string
		next  string
	}{
		{name: "the first walk", inc: config.Incremental{StartParam: "since"}, rows: rowsAt("3", "1", "2"), ids: "1 2 3", next: "3"},
		{name: "from initial_value", inc: config.Incremental{StartParam: "since", Initial: "2"}, rows: rowsAt("3", "1", "2"), since: "2", ids: "1 3", next: "3"},
		{name: "from a cursor", inc: config.Incremental{StartParam: "since", Initial: "0"}, from: "2", rows: rowsAt("3", "1", "2"), since: "2", ids: "1 3", next: "3"},
		{name: "nothing new", inc: config.Incremental{StartParam: "since"}, from: "5", rows: rowsAt("3", "1"), since: "5", next: "5"},
		{name: "range_start open", inc: config.Incremental{StartParam: "since", StartOpen: true}, from: "2", rows: rowsAt("3", "1", "2"), since: "2", ids: "1", next: "3"},
		{name: "in full", inc: config.Incremental{StartParam: "since"}, from: "9", full: true, rows: rowsAt("3", "1", "2"), ids: "1 2 3", next: "3"},
		{name: "in full from initial_value", inc: config.Incremental{StartParam: "since", Initial: "2"}, from: "9", full: true, rows: rowsAt("3", "1", "2"), since: "2", ids: "1 3", next: "3"},
		{name: "min", inc: config.Incremental{StartParam: "since", Min: true}, from: "2", rows: rowsAt("3", "1", "2"), since: "2", ids: "2 3", next: "1"},
		{name: "a lag", inc: config.Incremental{StartParam: "since", Lag: 1.5}, from: "3", rows: rowsAt("3", "1", "1.5"), since: "1.5", ids: "1 3", next: "3"},
		{name: "a lag beyond initial_value", inc: config.Incremental{StartParam: "since", Lag: 5, Initial: "2"}, from: "3", rows: rowsAt("3", "1"), since: "2", ids: "1", next: "3"},
		{name: "a lag of min", inc: config.Incremental{StartParam: "since", Lag: 2, Min: true}, from: "3", rows: rowsAt("5", "6"), since: "5", ids: "1", next: "3"},
		{name: "a lag of seconds", inc: config.Incremental{StartParam: "since", Lag: 60}, from: `"2024-01-01T00:00:30.50Z"`, rows: rowsAt(`"2024-01-02T00:00:00Z"`),
			since: "2023-12-31T23:59:30.50Z", ids: "1", next: `"2024-01-02T00:00:00Z"`},
		{name: "a lag with an offset", inc: config.Incremental{StartParam: "since", Lag: 3600}, from: `"2024-01-01T00:00:00+02:00"`, since: "2023-12-31T23:00:00+02:00", next: `"2024-01-01T00:00:00+02:00"`},
		{name: "a lag of days", inc: config.Incremental{StartParam: "since", Lag: 2}, from: `"2024-03-01"`, since: "2024-02-28", next: `"2024-03-01"`},
		{name: "instants of two forms", inc: config.Incremental{}, from: `"2024-01-01T12:00:00Z"`,
			rows: rowsAt(`"2024-01-01T12:00:00.5Z"`, `"2024-01-01T13:00:00+02:00"`, `"2024-01-01 14:00:00"`, `"2024-01-01T13:59:59Z"`), ids: "1 3 4", next: `"2024-01-01 14:00:00"`},
		{name: "text", inc: config.Incremental{}, from: `"b"`, rows: rowsAt(`"a"`, `"b"`, `"c"`), ids: "2 3", next: `"c"`},
		{name: "a backfill", inc: config.Incremental{StartParam: "since", EndParam: "until", Initial: "1", End: "3"}, from: "9", rows: rowsAt("0", "1", "2", "3"), since: "1-3", ids: "2 3", next: "9"},
		{name: "a closed backfill", inc: config.Incremental{Initial: "1", End: "3", EndClosed: true}, rows: rowsAt("0", "1", "2", "3"), ids: "2 3 4", next: ""},
		{name: "include", inc: config.Incremental{Missing: "include"}, from: "2", rows: rowsAt("", "null", "1", "2"), ids: "1 2 4", next: "2"},
		{name: "exclude", inc: config.Incremental{Missing: "exclude"}, from: "2", rows: rowsAt("", "null", "1", "2"), ids: "4", next: "2"},
		{name: "large numbers", inc: config.Incremental{}, from: "9007199254740992", rows: rowsAt("9007199254740993", "9007199254740991"), ids: "1", next: "9007199254740993"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := changes(tt.inc)
			var since extractor.Since
			if tt.from != "" {
				since = started(t, r, tt.from)
			}
			a := &api{rows: tt.rows, total: counted}
			ids, next, w, err := pass(t, a, r, extractor.WalkOptions{Since: since, Full: tt.full})
			sent := a.asked("since")
			if a.asked("until") != "" {
				sent += "-" + a.asked("until")
			}
			if err != nil || ids != tt.ids || string(next.Cursor) != tt.next || sent != tt.since {
				t.Errorf("got ids %s, cursor %s, sent %s, %v; want %s, %s, %s", ids, next.Cursor, sent, err, tt.ids, tt.next, tt.since)
			}
			incremental := tt.from != "" && !tt.full && tt.inc.End == ""
			if w.Incremental() != incremental || next.Walk != nil {
				t.Errorf("incremental %v, want %v; %+v", w.Incremental(), incremental, next)
			}
			all := len(strings.Fields(ids)) == len(tt.rows)
			if end := w.End(); end.Bounded == all && !incremental || end.Proven != (!incremental && all && tt.inc.End == "") && !incremental {
				t.Errorf("the end is %+v", end)
			}
		})
	}
}

// An initial_value in quotes compares with numbers, and numbers in quotes with it.
func TestNumericTextIsANumber(t *testing.T) {
	for _, tt := range []struct{ from, rows, ids string }{
		{`"10"`, `9 10 11`, "2 3"},
		{`10`, `"9" "10" "11"`, "2 3"},
	} {
		r := changes(config.Incremental{Initial: config.Literal(tt.from)})
		ids, _, _, err := pass(t, &api{rows: rowsAt(strings.Fields(tt.rows)...), total: counted}, r, extractor.WalkOptions{})
		if err != nil || ids != tt.ids {
			t.Errorf("from %s: got %s, %v; want %s", tt.from, ids, err, tt.ids)
		}
	}
}

// Timestamps are sent in the form that the API wants, rounded outwards; anything else as it is.
func TestConvert(t *testing.T) {
	for _, tt := range []struct {
		convert, start, end string
		min                 bool
		want                string
	}{
		{"", `"2024-03-01T10:00:00.5Z"`, `"2024-03-02T10:00:00.5Z"`, false, "2024-03-01T10:00:00.5Z 2024-03-02T10:00:00.5Z"},
		{"unix", `"2024-03-01T10:00:00.5Z"`, `"2024-03-02T10:00:00.5Z"`, false, "1709287200 1709373601"},
		{"unix_ms", `"2024-03-01T12:00:00.5+02:00"`, `"2024-03-02"`, false, "1709287200500 1709337600000"},
		{"date", `"2024-03-01T23:30:00-02:00"`, `"2024-03-02T10:00:00Z"`, false, "2024-03-02 2024-03-03"},
		{"date", `"2024-03-02T10:00:00Z"`, `"2024-03-01T10:00:00Z"`, true, "2024-03-03 2024-03-01"},
		{"unix", `1709287200`, `"soon"`, false, "1709287200 soon"},
	} {
		r := changes(config.Incremental{Convert: tt.convert, Initial: config.Literal(tt.start), End: config.Literal(tt.end), Min: tt.min,
			StartParam: "since", EndParam: "until"})
		a := &api{}
		if _, _, _, err := pass(t, a, r, extractor.WalkOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := a.asked("since") + " " + a.asked("until"); got != tt.want {
			t.Errorf("%s of %s to %s: got %s, want %s", tt.convert, tt.start, tt.end, got, tt.want)
		}
	}
}

func TestIncrementalErrors(t *testing.T) {
	for _, tt := range []struct{ from, row, says string }{
		{"1", `"x"`, "finds a string, which does not compare with 1"},
		{`"x"`, "1", `finds a number, which does not compare with "x"`},
		{`"2024-01-02"`, `"zzz"`, `finds text that is no timestamp, which does not compare with "2024-01-02"`},
		{"1", "", "finds nothing; write on_cursor_value_missing"},
		{"1", "null", "finds nothing"},
		{"1", "true", "finds a boolean; a cursor is text or a number"},
		{"1", "[]", "finds an array"},
		{`"x"`, `"` + strings.Repeat("x", 1200) + `"`, "finds a value of more than 1024 bytes"},
	} {
		r := changes(config.Incremental{})
		_, _, _, err := pass(t, &api{rows: append(rowsAt(tt.from), rowsAt(tt.row)...), total: counted}, r, extractor.WalkOptions{Since: started(t, r, tt.from)})
		wantAs[*extractor.RecordError](t, err)
		if !strings.Contains(err.Error(), "incremental: cursor_path u "+tt.says) {
			t.Errorf("%s: got %v, want …%s", tt.row, err, tt.says)
		}
	}
	r := changes(config.Incremental{Lag: 5})
	if _, _, _, err := pass(t, &api{}, r, extractor.WalkOptions{Since: started(t, r, `"abc"`)}); err == nil || !strings.Contains(err.Error(), "neither a timestamp nor a number") {
		t.Errorf("got %v", err)
	}
}

// Where row_order says so, nothing is asked for behind the range.
func TestRowOrder(t *testing.T) {
	var down, up []string
	for i := range 500 {
		down, up = append(down, fmt.Sprint(500-i)), append(up, fmt.Sprint(i+1))
	}
	at := func(cursors []string, changes map[int]string) []string {
		cursors = slices.Clone(cursors)
		for i, c := range changes {
			cursors[i] = c
		}
		return rowsAt(cursors...)
	}
	const whole = "0 100 200 300 400"
	desc := config.Incremental{RowOrder: "desc"}
	for _, tt := range []struct {
		name string
		inc  config.Incremental
		from string
		rows []string
		ask  string
		next string
	}{
		{"desc, not so: a newer row behind one before the start", desc, "450", at(down, map[int]string{70: "600"}), whole, "600"},
		{"desc, not so from the first rows on", desc, "350", at(down, map[int]string{0: "400", 480: "600"}), whole, "600"},
		{"desc, not so of rows before the start", desc, "450", at(down, map[int]string{70: "1"}), whole, "500"},
		{"desc, a row without a cursor", config.Incremental{RowOrder: "desc", Missing: "include"}, "450", at(down, map[int]string{30: ""}), "0", "500"},
		{"desc, two of the same", desc, "450", at(down, map[int]string{30: "471"}), "0", "500"},
		{"desc, not so from page to page", desc, "301", at(down, map[int]string{100: "450", 480: "600"}), whole, "600"},
		{"asc of min, not so: an older row behind one after the start", config.Incremental{RowOrder: "asc", Min: true}, "50", at(up, map[int]string{70: "0"}), whole, "0"},
		{"asc to an end, not so", config.Incremental{RowOrder: "asc", Initial: "1", End: "150"}, "", at(up, map[int]string{170: "140"}), whole, ""},
		{"desc", config.Incremental{RowOrder: "desc"}, "450", rowsAt(down...), "0", "500"},
		{"desc, at a page's end", config.Incremental{RowOrder: "desc"}, "401", rowsAt(down...), "0 100", "500"},
		{"desc of min", config.Incremental{RowOrder: "desc", Min: true}, "450", rowsAt(down...), "0 100 200 300 400", "1"},
		{"asc of min", config.Incremental{RowOrder: "asc", Min: true}, "50", rowsAt(up...), "0", "1"},
		{"asc", config.Incremental{RowOrder: "asc"}, "450", rowsAt(up...), "0 100 200 300 400", "500"},
		{"asc to an end", config.Incremental{RowOrder: "asc", Initial: "1", End: "150"}, "", rowsAt(up...), "0 100", ""},
		{"none", config.Incremental{}, "450", rowsAt(down...), "0 100 200 300 400", "500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := changes(tt.inc)
			var since extractor.Since
			if tt.from != "" {
				since = started(t, r, tt.from)
			}
			a := &api{rows: tt.rows, total: counted}
			_, next, w, err := pass(t, a, r, extractor.WalkOptions{Since: since})
			if err != nil || string(next.Cursor) != tt.next || a.asked("offset") != tt.ask {
				t.Errorf("cursor %s, asked %s, %v; want %s, %s", next.Cursor, a.asked("offset"), err, tt.next, tt.ask)
			}
			if d, want := w.End().Disordered, strings.Contains(tt.name, "not so"); d != want {
				t.Errorf("disordered: %v, want %v", d, want)
			}
		})
	}
}

// The cursor moves only where every row up to it was seen.
func TestCursorStays(t *testing.T) {
	bound := int64(100)
	for _, tt := range []struct {
		name  string
		order string
		max   *int64
		total func(*api, url.Values) string
		rows  []string
		twice bool
		next  string
	}{
		{"whole", "", nil, counted, rowsAt("1", "3"), false, "3"},
		{"a key stood twice", "", nil, counted, rowsAt("1", "3"), true, "1"},
		{"a bound", "", &bound, counted, append(rowsAt("3"), people(150, 2)...), false, "1"},
		{"a bound, in order", "asc", &bound, counted, append(rowsAt("1", "3"), people(150, 3)...), false, "3"},
		{"a bound, not in order where rows are out of range", "asc", &bound, counted, append(rowsAt("1", "3", "0"), people(150, 4)...), false, "1"},
		{"a bound, against the order", "desc", &bound, counted, append(rowsAt("3", "2"), people(150, 3)...), false, "1"},
		{"a bound, not in order", "asc", &bound, counted, append(rowsAt("3", "2"), people(150, 3)...), false, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := changes(config.Incremental{RowOrder: tt.order, Missing: "include"})
			r.Endpoint.Paginator.Maximum = tt.max
			w := extract(t, &api{rows: tt.rows, total: tt.total}, r).Walk(extractor.Position{}, extractor.WalkOptions{Since: started(t, r, "1")})
			for {
				if _, err := w.Next(t.Context()); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if next := w.Since(tt.twice); string(next.Cursor) != tt.next {
				t.Errorf("cursor %s, want %s", next.Cursor, tt.next)
			}
		})
	}
	t.Run("the total fell", func(t *testing.T) {
		r := changes(config.Incremental{Missing: "include"})
		a := &api{rows: append(rowsAt("5"), people(250, 2)...), total: counted}
		a.before = func(n int, a *api) {
			if n == 2 {
				a.rows = a.rows[1:]
			}
		}
		if _, next, _, err := pass(t, a, r, extractor.WalkOptions{Since: started(t, r, "1")}); err != nil || next.Cursor != "1" {
			t.Errorf("cursor %s, %v; want 1", next.Cursor, err)
		}
	})
}

// An appending resource knows the rows at its cursor again; a row that is new there comes through.
func TestTies(t *testing.T) {
	r := changes(config.Incremental{})
	r.Disposition = "append"
	ids, next, _, err := pass(t, &api{rows: rowsAt("1", "2", "2"), total: counted}, r, extractor.WalkOptions{})
	if err != nil || ids != "1 2 3" || len(next.Rows) != 2 {
		t.Fatalf("got %s, %+v, %v", ids, next, err)
	}
	ids, next, _, err = pass(t, &api{rows: rowsAt("1", "2", "2", "2"), total: counted}, r, extractor.WalkOptions{Since: next})
	if err != nil || ids != "4" || len(next.Rows) != 3 {
		t.Fatalf("got %s, %+v, %v", ids, next, err)
	}
	rows := rowsAt("1", "2", "2", "2", "3")
	for range 2 { // the new row behind those that are known, and before them
		ids, after, _, err := pass(t, &api{rows: rows, total: counted}, r, extractor.WalkOptions{Since: next})
		if err != nil || ids != "5" || len(after.Rows) != 1 {
			t.Fatalf("got %s, %+v, %v", ids, after, err)
		}
		slices.Reverse(rows)
	}
}

// A walk that is gone on with asks from where it began, not from where it came to; its state survives JSON.
func TestIncrementalGoesOn(t *testing.T) {
	r := changes(config.Incremental{StartParam: "since"})
	var cursors []string
	for i := range 250 {
		cursors = append(cursors, fmt.Sprint(1000-i))
	}
	a := &api{rows: rowsAt(cursors...), total: counted}
	x := extract(t, a, r)
	w := x.Walk(extractor.Position{}, extractor.WalkOptions{Since: started(t, r, "700")})
	p, err := w.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	since, dropped := x.Since(p.Since.JSON())
	if dropped || since.Cursor != "700" || since.Walk.Cursor != "1000" {
		t.Fatalf("got %+v", since)
	}
	a.seen = nil
	w = x.Walk(p.Next, extractor.WalkOptions{Since: since, Resumed: true})
	for err = nil; err == nil; _, err = w.Next(t.Context()) {
	}
	if next := w.Since(false); !errors.Is(err, io.EOF) || next.Cursor != "1000" || !w.Incremental() || a.asked("since") != "700 700" {
		t.Errorf("%v, cursor %s, asked from %s", err, next.Cursor, a.asked("since"))
	}
}

// A cursor holds for the rows that it was made of.
func TestSinceIsBound(t *testing.T) {
	r := changes(config.Incremental{StartParam: "since"})
	text := started(t, r, "5").JSON()
	for name, tt := range map[string]struct {
		change func(*config.Resource)
		keeps  bool
	}{
		"nothing":            {func(*config.Resource) {}, true},
		"the pages":          {func(r *config.Resource) { r.Endpoint.Paginator.Limit = 7 }, true},
		"lag":                {func(r *config.Resource) { r.Endpoint.Incremental.Lag = 7 }, true},
		"the path":           {func(r *config.Resource) { r.Endpoint.Path = "/v2" }, false},
		"a parameter":        {func(r *config.Resource) { r.Endpoint.Params = []config.Param{{Name: "a", Values: []string{"b"}}} }, false},
		"the cursor":         {func(r *config.Resource) { r.Endpoint.Incremental.Cursor = path("v") }, false},
		"initial_value":      {func(r *config.Resource) { r.Endpoint.Incremental.Initial = "1" }, false},
		"the steps":          {func(r *config.Resource) { r.Steps = []config.Step{keep("a", "eq", "1")} }, false},
		"a filter's pattern": {func(r *config.Resource) { r.Steps = []config.Step{{Exclude: paths("a")}} }, false},
	} {
		r := changes(config.Incremental{StartParam: "since"})
		tt.change(&r)
		if s, dropped := extract(t, &api{}, r).Since(text); dropped == tt.keeps || (s.Cursor == "5") != tt.keeps {
			t.Errorf("%s: %+v, dropped %v", name, s, dropped)
		}
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"by":5}`} {
		if s, dropped := extract(t, &api{}, r).Since(json.RawMessage(text)); dropped || s.Cursor != "" {
			t.Errorf("%q: %+v, dropped %v", text, s, dropped)
		}
	}
}

// Placeholders of the incremental are filled in wherever they stand.
func TestCursorHoles(t *testing.T) {
	r := changes(config.Incremental{Initial: `"a/b"`, Lag: 0})
	hole := func(name string) config.Template {
		return config.Template{Texts: []string{"", ""}, Holes: []config.Hole{{Cursor: name}}}
	}
	r.Endpoint.Path = "/v1/{incremental.start_value}"
	r.Endpoint.Params = []config.Param{{Name: "q", Values: []string{"x"}}}
	r.Endpoint.Headers = map[string]string{"X-From": "h"}
	r.Endpoint.Slots = []config.Slot{
		{In: "path", Template: config.Template{Texts: []string{"/v1/", ""}, Holes: []config.Hole{{Cursor: "start_value"}}}},
		{In: "query", Name: "q", Template: config.Template{Texts: []string{"updated>", " and ", ""}, Holes: []config.Hole{{Cursor: "last_value"}, {Cursor: "initial_value"}}}},
		{In: "header", Name: "X-From", Template: hole("start_value")},
	}
	a := &api{rows: rowsAt(`"c d"`), total: counted}
	_, next, _, err := pass(t, a, r, extractor.WalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := pass(t, a, r, extractor.WalkOptions{Since: next}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"/v1/a%2Fb updated>a/b and a/b a/b", "/v1/c%20d updated>c d and a/b c d"} {
		if s := a.seen[i]; s.URL.EscapedPath()+" "+s.URL.Query().Get("q")+" "+s.Header.Get("X-From") != want {
			t.Errorf("request %d: %s %s, want %s", i+1, s.URL, s.Header, want)
		}
	}
}
