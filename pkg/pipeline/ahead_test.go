package pipeline_test

import (
	"strings"
	"testing"

	"producer/pkg/pipeline"
)

// With several requests at a time the topic is what it is with one; an interrupted walk goes on, and a key's last record counts.
func TestConcurrency(t *testing.T) {
	w := begin(t, rows(400)...)
	w.rows = append(w.rows, row(7, 2), row(399, 2))
	p := func(kafka string) *pipeline.Pipeline {
		return w.must(w.configured(resource("rows", "rows", ""), kafka, pipeline.Options{}, "concurrency: 6"))
	}
	w.set(func() { w.fail[250] = true })
	got := w.run(p("commit_interval: 0s, publish: all"), pipeline.ExitSource)
	if got.Published != 250 {
		t.Errorf("%d rows before the fault, want 250", got.Published)
	}
	w.set(func() { w.fail = map[int]bool{} })
	got = w.run(p("commit_interval: 0s, publish: all"), pipeline.ExitOK)
	if keys, records, _ := w.live(); len(keys) != 400 || records != 402 || got.Published != 152 || got.Unchanged != 10 {
		t.Errorf("%d keys in %d records; %+v", len(keys), records, got)
	}
	if got = w.run(p(""), pipeline.ExitOK); got.Proof != pipeline.Drifted || got.Published != 0 && got.Published != 2 {
		t.Errorf("%+v", got)
	}
	w.set(func() { w.rows = rows(400) })
	if got = w.run(p(""), pipeline.ExitOK); got.Proof != pipeline.Proven || got.Published != 2 || got.Requests != 40 {
		t.Errorf("%+v", got)
	}
}

// Children and their parents, several at a time.
func TestConcurrentChildren(t *testing.T) {
	var children []int
	for i := range 30 {
		children = append(children, i)
	}
	f := beginFamily(t, children...)
	text := "    - {name: rows, primary_key: [_posts_id, id], include_from_parent: [id], write_disposition: merge, endpoint: {path: \"posts/{resources.posts.id}/rows\", data_selector: data, paginator: {type: offset, limit: 10}}}\n" +
		"    - {name: posts, primary_key: id, write_disposition: merge, endpoint: {path: posts, data_selector: data, paginator: {type: offset, limit: 7}}}\n"
	p := func() *pipeline.Pipeline {
		return f.must(f.configured(text, "commit_interval: 0s, publish: all", pipeline.Options{}, "concurrency: 5"))
	}
	f.bad["/posts/20/rows 0"] = true
	sum := p().Run(t.Context())
	if got := sum.Resources[0]; sum.ExitCode != pipeline.ExitSource || got.Records != 18*19/2 || !strings.Contains(sum.Error, "posts 20, offset 0") {
		t.Errorf("%s, %+v", sum.Error, got)
	}
	f.bad = nil
	sum = p().Run(t.Context())
	if got := sum.Resources[0]; sum.ExitCode != pipeline.ExitOK || got.Proof != pipeline.Resumed {
		t.Errorf("%s, %+v", sum.Error, got)
	}
	if keys, records, _ := f.live(); len(keys) != 29*30/2 || records != len(keys) {
		t.Errorf("%d keys in %d records, want %d in as many", len(keys), records, 29*30/2)
	}
}
