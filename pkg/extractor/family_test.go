package extractor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

// tree answers listings by their escaped paths, paged by offset and limit.
type tree struct {
	rows   map[string][]string
	before func(path string, offset int)
	seen   []string // "path offset"
	heads  []http.Header
}

func (a *tree) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	path, q, w := r.URL.EscapedPath(), r.URL.Query(), httptest.NewRecorder()
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	if a.before != nil {
		a.before(path, offset)
	}
	a.seen, a.heads = append(a.seen, path+" "+strconv.Itoa(offset)), append(a.heads, r.Header)
	rows, ok := a.rows[path]
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case limit == 0:
		fmt.Fprint(w, rows[0])
	default:
		fmt.Fprintf(w, `{"data":[%s],"total":%d}`, strings.Join(rows[min(offset, len(rows)):min(offset+limit, len(rows))], ","), len(rows))
	}
	return w.Result(), nil
}

// child is a resource that is asked for under each of /posts, by pages of two.
func child(changes ...func(parent, child *config.Resource)) config.Resource {
	p := offset()
	p.Limit = 2
	parent := config.Resource{Name: "posts", Endpoint: config.Endpoint{Path: "/posts", Selector: config.QueryOf("data"), Paginator: p}}
	id := config.Hole{Resource: "posts", Field: path("id")}
	c := config.Resource{Name: "contacts", PrimaryKey: []config.Path{path("id")}, Endpoint: config.Endpoint{
		Path: "/posts/{resources.posts.id}/comments", Selector: config.QueryOf("data"), Paginator: p, Holes: []config.Hole{id},
		Slots: []config.Slot{{In: "path", Template: config.Template{Texts: []string{"/posts/", "/comments"}, Holes: []config.Hole{id}}}}}}
	for _, f := range changes {
		f(&parent, &c)
	}
	c.Parent = &parent
	return c
}

// forest has posts of these ids, with so many comments each, of ids that say where they are.
func forest(comments map[int]int) *tree {
	a := &tree{rows: map[string][]string{"/posts": nil}}
	for _, id := range slices.Sorted(func(yield func(int) bool) {
		for id := range comments {
			if !yield(id) {
				return
			}
		}
	}) {
		a.rows["/posts"] = append(a.rows["/posts"], fmt.Sprintf(`{"id":%d,"name":"p%d"}`, id, id))
		under := fmt.Sprintf("/posts/%d/comments", id)
		a.rows[under] = []string{}
		for i := range comments[id] {
			a.rows[under] = append(a.rows[under], fmt.Sprintf(`{"id":"%d-%d"}`, id, i))
		}
	}
	return a
}

// step is one page of a family's walk.
type step struct {
	label, records string
	at, next       extractor.Position
	under          string
	since          extractor.Since
}

func descend(t *testing.T, x *extractor.Extractor, from extractor.Position, o extractor.WalkOptions) (steps []step, w extractor.Walker, err error) {
	t.Helper()
	w = x.Begin(from, o)
	requests := 0
	for {
		p, err := w.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return steps, w, nil
		}
		if err != nil {
			return steps, w, err
		}
		s := step{label: p.Label, at: p.At, next: p.Next, under: p.Under, since: p.Since}
		for _, rec := range p.Records {
			s.records += " " + string(rec.Raw())
		}
		if steps = append(steps, s); p.Number != len(steps) || p.Total != nil {
			t.Errorf("page %d has the number %d, total %v", len(steps), p.Number, p.Total)
		}
		requests += p.Requests
		if sent, _ := w.Requests(); sent != requests {
			t.Errorf("pages count %d requests, the walk %d", requests, sent)
		}
		p.Release()
	}
}

func idsOf(steps []step) (ids []string) {
	for _, s := range steps {
		for _, rec := range strings.Fields(s.records) {
			ids = append(ids, strings.Trim(strings.TrimPrefix(rec, `{"id":`), `"}`))
		}
	}
	return ids
}

func TestFamily(t *testing.T) {
	a := forest(map[int]int{1: 3, 2: 0, 3: 2, 4: 1})
	steps, w, err := descend(t, extract(t, a, child()), extractor.Position{}, extractor.WalkOptions{})
	if got := fmt.Sprint(idsOf(steps)); err != nil || got != "[1-0 1-1 1-2 3-0 3-1 4-0]" {
		t.Errorf("got %s, %v", got, err)
	}
	var labels []string
	for _, s := range steps {
		labels = append(labels, s.label)
	}
	if got := strings.Join(labels, "; "); got != "posts 1, offset 0; posts 1, offset 2; posts 3, offset 0; posts 4, offset 0" {
		t.Errorf("labels %s", got)
	}
	if end := w.End(); !end.Proven || end.Rows != 6 || end.FirstTotal != nil || steps[0].under == "" || steps[0].under != steps[1].under || steps[1].under == steps[2].under {
		t.Errorf("the end is %+v", end)
	}
	if got := strings.Join(a.seen, "; "); got != "/posts 0; /posts/1/comments 0; /posts/1/comments 2; /posts/2/comments 0; /posts 2; /posts/3/comments 0; /posts/4/comments 0" {
		t.Errorf("asked %s", got)
	}
}

// A walk that is gone on with anywhere reads what is left, and not what was done but for one page.
func TestFamilyResumes(t *testing.T) {
	shape := map[int]int{1: 3, 2: 0, 3: 2, 4: 5, 5: 1}
	x := func(a http.RoundTripper) *extractor.Extractor { return extract(t, a, child()) }
	all, _, err := descend(t, x(forest(shape)), extractor.Position{}, extractor.WalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		from := extractor.ParsePosition(s.next.JSON())
		rest, w, err := descend(t, x(forest(shape)), from, extractor.WalkOptions{Resumed: true})
		if got, want := fmt.Sprint(idsOf(rest)), fmt.Sprint(idsOf(all[i+1:])); err != nil || got != want || w.End().Proven || w.End().Restarted {
			t.Errorf("after page %d: got %s, want %s; %v, %+v", i+1, got, want, err, w.End())
		}
		back, _, err := descend(t, x(forest(shape)), from.OnePageBack(), extractor.WalkOptions{Resumed: true})
		first := i
		if s.next.Under.Done {
			first = i + 1
		}
		if got, want := fmt.Sprint(idsOf(back)), fmt.Sprint(idsOf(all[first:])); err != nil || got != want {
			t.Errorf("one back after page %d: got %s, want %s; %v", i+1, got, want, err)
		}
	}
	// The record to go on at has moved to another page, or is gone: everything is read again.
	for _, drop := range []int{1, 3, 4} {
		a := forest(shape)
		if drop == 1 {
			a.rows["/posts"] = a.rows["/posts"][1:]
		} else {
			a.rows["/posts"] = slices.DeleteFunc(a.rows["/posts"], func(r string) bool { return strings.HasPrefix(r, `{"id":4,`) })
		}
		at := slices.IndexFunc(all, func(s step) bool { return strings.HasPrefix(s.label, "posts 4") })
		got, w, err := descend(t, x(a), all[at].next, extractor.WalkOptions{Resumed: true})
		wantAll := drop != 1 // 4 moved to the place before, on the same page
		if err != nil || w.End().Restarted != wantAll || wantAll && !strings.HasPrefix(got[0].label, "posts 1,") || wantAll != w.End().Proven {
			t.Errorf("post %d dropped: %+v, first page %s, %v", drop, w.End(), got[0].label, err)
		}
	}
}

// Ids are escaped into paths, and placeholders may stand anywhere else too.
func TestFamilyPlaceholders(t *testing.T) {
	r := child(func(_, c *config.Resource) { // a boolean is Python's in a text, as in dlt, and JSON's alone in a body
		name := config.Hole{Resource: "posts", Field: path("o.name")}
		open := config.Hole{Resource: "posts", Field: path("open")}
		c.Endpoint.Holes = append(c.Endpoint.Holes, name, open)
		c.Endpoint.Headers = map[string]string{"X-Post": "{resources.posts.o.name}"}
		c.Endpoint.JSON = map[string]any{"a": []any{config.Template{Texts: []string{"", ""}, Holes: c.Endpoint.Holes[:1]}, "b"},
			"c": config.Template{Texts: []string{"<", ">"}, Holes: []config.Hole{name}}, "o": config.Template{Texts: []string{"", ""}, Holes: []config.Hole{open}}}
		c.Endpoint.Slots = append(c.Endpoint.Slots, config.Slot{In: "header", Name: "X-Post", Template: config.Template{Texts: []string{"", ""}, Holes: []config.Hole{name}}})
		c.Endpoint.Method = "POST"
	})
	a := &tree{rows: map[string][]string{"/posts": {`{"id":"a/b?c","o":{"name":"n\u00e4"},"open":false}`, `{"id":7.50,"o":{"name":true},"open":true}`},
		"/posts/a%2Fb%3Fc/comments": {`{"id":1}`}, "/posts/7.50/comments": {`{"id":2}`}}}
	var bodies []string
	steps, _, err := descend(t, extract(t, roundTrip(func(q *http.Request) (*http.Response, error) {
		if q.Method == "POST" {
			body, _ := io.ReadAll(q.Body)
			bodies = append(bodies, string(body))
		}
		return a.RoundTrip(q)
	}), r), extractor.Position{}, extractor.WalkOptions{})
	if err != nil || len(steps) != 2 {
		t.Fatalf("%v, %v", steps, err)
	}
	if got := a.heads[1].Get("X-Post") + " " + a.heads[2].Get("X-Post"); got != "nä True" {
		t.Errorf("headers %s", got)
	}
	if got := strings.Join(bodies, " "); got != `{"a":["a/b?c","b"],"c":"\u003cnä\u003e","o":false} {"a":[7.50,"b"],"c":"\u003cTrue\u003e","o":true}` {
		t.Errorf("bodies %s", got)
	}
}

func TestFamilyErrors(t *testing.T) {
	for _, tt := range []struct{ post, says string }{
		{`{"name":"x"}`, "fetch posts offset 0: record 1: resource contacts takes its field id, and it has none"},
		{`{"id":null}`, "takes its field id, and it has null there"},
		{`{"id":[]}`, "has an array there"},
		{`{"id":".."}`, `is "..", which can't stand in a path`},
		{`{"id":""}`, `is "", which can't stand in a path`},
		{`{"id":5}`, "fetch contacts posts 5, offset 0: GET http://api.test/posts/5/comments: status 404"},
	} {
		_, _, err := descend(t, extract(t, &tree{rows: map[string][]string{"/posts": {tt.post}}}, child()), extractor.Position{}, extractor.WalkOptions{})
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want …%s", tt.post, err, tt.says)
		}
	}
}

func TestIncludeFromParent(t *testing.T) {
	r := child(func(_, c *config.Resource) {
		c.FromParent = []string{"id", "name"}
		c.PrimaryKey = paths("_posts_id", "id")
		c.Steps = []config.Step{{Rename: []config.Rename{{From: path("_posts_name"), To: "post"}}}}
	})
	a := forest(map[int]int{1: 1, 2: 1})
	a.rows["/posts/1/comments"] = []string{`{"_posts_id":99,"id":5}`}
	steps, _, err := descend(t, extract(t, a, r), extractor.Position{}, extractor.WalkOptions{})
	if err != nil || steps[0].records != ` {"id":5,"_posts_id":1,"post":"p1"}` || steps[1].records != ` {"id":"2-0","_posts_id":2,"post":"p2"}` {
		t.Errorf("%+v, %v", steps, err)
	}
	a.rows["/posts"] = append(a.rows["/posts"], `{"id":3}`)
	_, _, err = descend(t, extract(t, a, r), extractor.Position{}, extractor.WalkOptions{})
	if e := wantAs[*extractor.RecordError](t, err); e.Index != 0 || !strings.Contains(err.Error(), "fetch posts offset 2: record 1: include_from_parent of resource contacts takes its field name, and it has none") {
		t.Errorf("got %v", err)
	}
}

// What a parent's listing, or one child's, does not prove the whole walk doesn't.
func TestFamilyProof(t *testing.T) {
	bound := int64(2)
	for _, tt := range []struct {
		name   string
		change func(parent, child *config.Resource)
		edit   func(a *tree)
		want   string // proven, bounded, drifted
		reason extractor.Reason
	}{
		{"all", func(_, _ *config.Resource) {}, nil, "true false false", extractor.Total},
		{"no parents", func(_, _ *config.Resource) {}, func(a *tree) { a.rows["/posts"] = nil }, "true false false", extractor.EmptyPage},
		{"a bound of the parent", func(p, _ *config.Resource) { p.Endpoint.Paginator.Maximum = &bound }, nil, "false true false", extractor.Bound},
		{"a bound of the child", func(_, c *config.Resource) { c.Endpoint.Paginator.Maximum = &bound }, nil, "false true false", extractor.Bound},
		{"a filter of the parent", func(p, _ *config.Resource) { p.Steps = []config.Step{keep("id", "gt", "1")} }, nil, "false true false", extractor.Total},
		{"a filter of the child", func(_, c *config.Resource) { c.Steps = []config.Step{keep("id", "eq", "1")} }, nil, "false true false", extractor.Total},
		{"single entities", func(_, c *config.Resource) { c.Endpoint.Paginator, c.Endpoint.Selector = single(), config.QueryOf() },
			func(a *tree) {
				for _, id := range []string{"1", "2", "3"} {
					a.rows["/posts/"+id+"/comments"] = []string{`{"id":` + id + `}`}
				}
			}, "false false false", extractor.Total},
		{"a parent twice", func(_, _ *config.Resource) {}, func(a *tree) {
			a.rows["/posts"] = append(a.rows["/posts"], a.rows["/posts"][0])
		}, "false false true", extractor.Total},
		{"an ignored answer", func(_, c *config.Resource) { c.Endpoint.Ignore = []config.Match{{Status: 404}} },
			func(a *tree) { delete(a.rows, "/posts/2/comments") }, "false true false", extractor.Ignored},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := forest(map[int]int{1: 3, 2: 1, 3: 3})
			if tt.edit != nil {
				tt.edit(a)
			}
			_, w, err := descend(t, extract(t, a, child(tt.change)), extractor.Position{}, extractor.WalkOptions{})
			end := w.End()
			if got := fmt.Sprint(end.Proven, end.Bounded, end.Drifted); err != nil || got != tt.want || end.Reason != tt.reason {
				t.Errorf("got %s by %s, want %s; %v", got, end.Reason, tt.want, err)
			}
		})
	}
}

// A child of a child is read under each of its parent's children.
func TestGrandchildren(t *testing.T) {
	r := child()
	id := config.Hole{Resource: "contacts", Field: path("id")}
	votes := config.Resource{Name: "contacts", PrimaryKey: paths("id"), Parent: &r, Endpoint: config.Endpoint{Path: "/votes/{resources.contacts.id}",
		Selector: config.QueryOf("data"), Paginator: r.Endpoint.Paginator, Holes: []config.Hole{id},
		Slots: []config.Slot{{In: "path", Template: config.Template{Texts: []string{"/votes/", ""}, Holes: []config.Hole{id}}}}}}
	grow := func() *tree {
		a := forest(map[int]int{1: 3, 2: 1})
		for _, c := range []string{"1-0", "1-1", "1-2", "2-0"} {
			a.rows["/votes/"+c] = []string{fmt.Sprintf(`{"id":"%s-a"}`, c), fmt.Sprintf(`{"id":"%s-b"}`, c), fmt.Sprintf(`{"id":"%s-c"}`, c)}
		}
		return a
	}
	all, w, err := descend(t, extract(t, grow(), votes), extractor.Position{}, extractor.WalkOptions{})
	if err != nil || len(idsOf(all)) != 12 || !w.End().Proven {
		t.Fatalf("%v, %+v, %v", idsOf(all), w.End(), err)
	}
	for i, s := range all {
		rest, _, err := descend(t, extract(t, grow(), votes), extractor.ParsePosition(s.next.JSON()), extractor.WalkOptions{Resumed: true})
		if got, want := fmt.Sprint(idsOf(rest)), fmt.Sprint(idsOf(all[i+1:])); err != nil || got != want {
			t.Errorf("after page %d: got %s, want %s; %v", i+1, got, want, err)
		}
	}
}

// Cursors of a child are one for all its parents' records; a parent's incremental says whose children are read.
func TestFamilyIncremental(t *testing.T) {
	rows := func(a *tree, under string, us ...int) {
		a.rows[under] = nil
		for i, u := range us {
			a.rows[under] = append(a.rows[under], fmt.Sprintf(`{"id":"%s-%d","u":%d}`, under[7:8], i, u))
		}
	}
	a := forest(map[int]int{1: 0, 2: 0})
	a.rows["/posts"] = []string{`{"id":1,"v":1}`, `{"id":2,"v":5}`}
	rows(a, "/posts/1/comments", 3, 9)
	rows(a, "/posts/2/comments", 4)
	r := child(func(_, c *config.Resource) {
		c.Endpoint.Incremental = &config.Incremental{Cursor: path("u"), Missing: "raise"}
	})
	pass := func(r config.Resource, text []byte, full bool) (string, extractor.Since, extractor.Walker) {
		x := extract(t, a, r)
		since, dropped := x.Since(text)
		if dropped {
			t.Fatalf("%s is dropped", text)
		}
		steps, w, err := descend(t, x, extractor.Position{}, extractor.WalkOptions{Since: since, Full: full})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, s := range steps {
			for _, rec := range strings.Fields(s.records) {
				ids = append(ids, rec[7:10])
			}
			if s.since.Cursor != since.Cursor || s.since.Walk == nil && s.since.Parent.Walk == nil {
				t.Errorf("in the midst: %+v", s.since)
			}
		}
		return strings.Join(ids, " "), w.Since(false), w
	}
	ids, since, w := pass(r, nil, false)
	if ids != "1-0 1-1 2-0" || since.Cursor != "9" || since.Walk != nil || since.Full.IsZero() || w.Incremental() || !w.End().Proven {
		t.Errorf("the first walk: %s, %+v, %+v", ids, since, w.End())
	}
	rows(a, "/posts/2/comments", 4, 9, 12)
	if ids, since, w = pass(r, since.JSON(), false); ids != "1-1 2-1 2-2" || since.Cursor != "12" || !w.Incremental() {
		t.Errorf("the second walk: %s, %+v", ids, since)
	}
	if ids, since, w = pass(r, since.JSON(), true); ids != "1-0 1-1 2-0 2-1 2-2" || since.Cursor != "12" || w.Incremental() {
		t.Errorf("a full walk: %s, %+v", ids, since)
	}

	r = child(func(p, _ *config.Resource) {
		p.Endpoint.Incremental = &config.Incremental{Cursor: path("v"), Missing: "raise"}
	})
	if ids, since, w = pass(r, nil, false); ids != "1-0 1-1 2-0 2-1 2-2" || since.Cursor != "" || since.Parent.Cursor != "5" || since.Parent.Walk != nil || w.Incremental() {
		t.Errorf("by the parent, first: %s, %+v", ids, since)
	}
	if ids, since, w = pass(r, since.JSON(), false); ids != "2-0 2-1 2-2" || since.Parent.Cursor != "5" || !w.Incremental() || !since.Begun() {
		t.Errorf("by the parent, then: %s, %+v", ids, since)
	}
	a.rows["/posts"] = append(a.rows["/posts"], `{"id":1,"v":7}`)
	if ids, since, _ = pass(r, since.JSON(), false); ids != "2-0 2-1 2-2 1-0 1-1" || since.Parent.Cursor != "7" {
		t.Errorf("by the parent, changed: %s, %+v", ids, since)
	}
}

// row_order is each listing's own: the next one may begin anywhere, and one that is cut off says nothing of the others' rows.
func TestFamilyRowOrder(t *testing.T) {
	bound := int64(2)
	for _, tt := range []struct {
		order      string
		bound      *int64
		one, two   string // cursors of the comments
		next       config.Literal
		disordered bool
	}{
		{"desc", nil, "9 3", "12 4", "12", false},
		{"desc", nil, "9 3", "4 12", "12", true},
		{"asc", nil, "3 9", "4 12", "12", false},
		{"asc", &bound, "1 2 3", "7 8 9", "", false},
	} {
		a := forest(map[int]int{1: 0, 2: 0})
		for under, us := range map[string]string{"/posts/1/comments": tt.one, "/posts/2/comments": tt.two} {
			a.rows[under] = nil
			for i, u := range strings.Fields(us) {
				a.rows[under] = append(a.rows[under], fmt.Sprintf(`{"id":"%s-%d","u":%s}`, under[7:8], i, u))
			}
		}
		r := child(func(_, c *config.Resource) {
			c.Endpoint.Incremental = &config.Incremental{Cursor: path("u"), Missing: "raise", RowOrder: tt.order}
			c.Endpoint.Paginator.Maximum = tt.bound
		})
		_, w, err := descend(t, extract(t, a, r), extractor.Position{}, extractor.WalkOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if next := w.Since(false); next.Cursor != tt.next || w.End().Disordered != tt.disordered {
			t.Errorf("%s, %s and %s: cursor %s, disordered %v; want %s, %v", tt.order, tt.one, tt.two, next.Cursor, w.End().Disordered, tt.next, tt.disordered)
		}
	}
}
