package pipeline_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// family is a source of posts, each with rows (children) of its own.
type family struct {
	*world
	tree sync.Mutex
	of   map[string][]string // rows by path
	bad  map[string]bool     // "path offset" that is answered with 400
	log  []string
}

func beginFamily(t *testing.T, children ...int) *family {
	t.Helper()
	f := &family{world: begin(t), of: map[string][]string{}, bad: map[string]bool{}}
	for i, n := range children {
		f.of["/posts"] = append(f.of["/posts"], fmt.Sprintf(`{"id":%d,"name":"p%d"}`, i+1, i+1))
		under := fmt.Sprintf("/posts/%d/rows", i+1)
		f.of[under] = []string{}
		for j := range n {
			f.of[under] = append(f.of[under], row(100*(i+1)+j, 1))
		}
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *family) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	f.tree.Lock()
	defer f.tree.Unlock()
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	at := fmt.Sprintf("%s %d", r.URL.Path, offset)
	f.log = append(f.log, at)
	rows, ok := f.of[r.URL.Path]
	if !ok || f.bad[at] {
		http.Error(rw, "no", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(rw, `{"data":[%s],"total":%d}`, strings.Join(rows[min(offset, len(rows)):min(offset+limit, len(rows))], ","), len(rows))
}

// pipeline has posts, by pages of two, with parent's extra keys, and rows under each of them.
func (f *family) pipeline(disposition, parent, child, kafka string, o pipeline.Options) *pipeline.Pipeline {
	f.Helper()
	key := "id"
	if strings.Contains(child, "include_from_parent") {
		key = "[_posts_id, id]"
	}
	return f.must(f.configured(fmt.Sprintf("    - {name: rows, primary_key: %s, write_disposition: %s, %s"+
		"endpoint: {path: \"posts/{post}/rows\", params: {post: {type: resolve, resource: posts, field: id}}, data_selector: data, paginator: {type: offset, limit: 10}}}\n"+
		"    - {name: posts, primary_key: id, write_disposition: merge, %sendpoint: {path: posts, data_selector: data, paginator: {type: offset, limit: 2}}}\n",
		key, disposition, child, parent), kafka, o))
}

const hidden = "selected: false, " // a parent that is read for its children only

func TestChildren(t *testing.T) {
	f := beginFamily(t, 15, 0, 3)
	sum := f.pipeline("replace", "", "", "max_deletes: 50%", pipeline.Options{}).Run(t.Context())
	if sum.ExitCode != pipeline.ExitOK {
		t.Fatal(sum.Error)
	}
	child, parent := sum.Resources[0], sum.Resources[1]
	if child.Published != 18 || child.Pages != 3 || child.Proof != pipeline.Proven || child.Total != nil || child.Requests != 6 || parent.Published != 3 || parent.Requests != 2 {
		t.Errorf("child %+v, parent %+v", child, parent)
	}
	if !slices.Equal(f.log[:2], []string{"/posts 0", "/posts 2"}) {
		t.Errorf("the parent is not read first: %v", f.log)
	}
	f.of["/posts/1/rows"] = f.of["/posts/1/rows"][1:]
	f.of["/posts"] = f.of["/posts"][:2]
	got := f.run(f.pipeline("replace", hidden, "", "max_deletes: 50%", pipeline.Options{}), pipeline.ExitOK)
	if got.Published != 0 || got.Tombstones != 4 || got.Proof != pipeline.Proven {
		t.Errorf("a row and a post are gone: %+v", got)
	}
	if keys, records, tombstones := f.live(); len(keys) != 14 || records != 18+0 || tombstones != 4 {
		t.Errorf("%d keys in %d records and %d tombstones", len(keys), records, tombstones)
	}
}

// Wherever a walk over children breaks, the next one goes on there: nothing is lost, and nothing published twice.
func TestChildrenResume(t *testing.T) {
	for disposition, child := range map[string]string{"merge": "include_from_parent: [id], ", "append": ""} {
		for _, bad := range []string{"/posts 0", "/posts/1/rows 0", "/posts/1/rows 10", "/posts/1/rows 20", "/posts/2/rows 0", "/posts 2", "/posts/3/rows 0", "/posts/4/rows 0", "/posts 4", "/posts/5/rows 10"} {
			t.Run(disposition+strings.ReplaceAll(bad, "/", " "), func(t *testing.T) {
				f := beginFamily(t, 25, 0, 10, 5, 12)
				const kafka = "commit_interval: 0s, publish: all"
				f.bad[bad] = true
				f.run(f.pipeline(disposition, hidden, child, kafka, pipeline.Options{}), pipeline.ExitSource)
				f.bad, f.log = nil, nil
				got := f.run(f.pipeline(disposition, hidden, child, kafka, pipeline.Options{}), pipeline.ExitOK)
				if keys, records, _ := f.live(); len(keys) != 52 || records != 52 || got.Proof == pipeline.Proven && bad != "/posts 0" && bad != "/posts/1/rows 0" {
					t.Errorf("%d keys in %d records, want 52 in 52; %+v, asked for %v", len(keys), records, got, f.log)
				}
				if bad == "/posts/5/rows 10" && len(f.log) > 4 {
					t.Errorf("asked for %v", f.log)
				}
			})
		}
	}
}

// A parent that moved while nobody looked is not a place to go on at: everything is read again.
func TestChildrenStartOver(t *testing.T) {
	f := beginFamily(t, 15, 5, 15)
	f.bad["/posts/3/rows 10"] = true
	const child = "include_from_parent: [id], "
	f.run(f.pipeline("merge", hidden, child, "commit_interval: 0s", pipeline.Options{}), pipeline.ExitSource)
	f.of["/posts"] = slices.Concat([]string{`{"id":9}`, `{"id":8}`}, f.of["/posts"])
	f.of["/posts/8/rows"], f.of["/posts/9/rows"] = []string{row(800, 1)}, []string{row(900, 1)}
	f.bad = nil
	got := f.run(f.pipeline("merge", hidden, child, "commit_interval: 0s", pipeline.Options{}), pipeline.ExitOK)
	if got.Published != 7 || got.Unchanged != 30 || got.Proof != pipeline.Proven {
		t.Errorf("%+v", got)
	}
}

// One key under two parents would be one record of two: exit 4, unless the parent is in the key.
func TestKeyUnderTwoParents(t *testing.T) {
	f := beginFamily(t, 12, 3)
	f.of["/posts/2/rows"] = append(f.of["/posts/2/rows"], row(103, 1))
	for _, interval := range []string{"0s", "10s"} { // across batches, and within one
		sum := f.pipeline("merge", hidden, "", "commit_interval: "+interval, pipeline.Options{}).Run(t.Context())
		if sum.ExitCode != pipeline.ExitData || !strings.Contains(sum.Error, `posts 2, offset 0, record 4, key "103": its key was already met under another record of the parent`) {
			t.Errorf("exit %d, %s", sum.ExitCode, sum.Error)
		}
	}
	f.of["/posts/1/rows"][11] = row(100, 1) // twice under one parent is drift, not two
	f.of["/posts/2/rows"] = f.of["/posts/2/rows"][:3]
	if got := f.run(f.pipeline("merge", hidden, "", "resume_within: 0s", pipeline.Options{}), pipeline.ExitOK); got.Proof != pipeline.Drifted {
		t.Errorf("%+v", got)
	}

	f = beginFamily(t, 2, 2)
	f.of["/posts/2/rows"] = f.of["/posts/1/rows"]
	p := f.must(f.configured("    - {name: rows, primary_key: [_posts_id, id], write_disposition: merge, include_from_parent: [id, name], "+
		"endpoint: {path: \"posts/{resources.posts.id}/rows\", data_selector: data, paginator: {type: offset, limit: 10}}}\n"+
		"    - {name: posts, selected: false, primary_key: id, write_disposition: merge, endpoint: {path: posts, data_selector: data, paginator: {type: offset, limit: 2}}}\n", "", pipeline.Options{}))
	if got := f.run(p, pipeline.ExitOK); got.Published != 4 || got.Proof != pipeline.Proven {
		t.Errorf("%+v", got)
	}
	keys, _, _ := f.live()
	slices.Sort(keys)
	if want := []string{"[1,100]", "[1,101]", "[2,100]", "[2,101]"}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
}

// Where the parent failed, its children are not asked for.
func TestSkipped(t *testing.T) {
	f := beginFamily(t, 5)
	f.bad["/posts 0"] = true
	sum := f.pipeline("merge", "", "", "", pipeline.Options{}).Run(t.Context())
	child, parent := sum.Resources[0], sum.Resources[1]
	if sum.ExitCode != pipeline.ExitSource || sum.Status != pipeline.Failed || child.Status != pipeline.Skipped || child.Requests != 0 || child.Error == "" || parent.Status != pipeline.Failed {
		t.Errorf("%+v", sum)
	}
	f.bad = nil
	if got := f.run(f.pipeline("merge", "", "", "", pipeline.Options{Resources: []string{"rows"}}), pipeline.ExitOK); got.Published != 5 {
		t.Errorf("alone: %+v", got)
	}
}

// The state of a child that goes on holds its place under its parent, and survives as JSON.
func TestChildrensState(t *testing.T) {
	f := beginFamily(t, 15, 15)
	f.bad["/posts/2/rows 10"] = true
	f.run(f.pipeline("append", hidden, "", "commit_interval: 0s", pipeline.Options{}), pipeline.ExitSource)
	var state kafka.Record
	if state = f.newest("p.state"); !strings.Contains(string(state.Value), `"position":{"offset":10,"under":{"page":{},"id":"`) {
		t.Errorf("state %s", state.Value)
	}
}
