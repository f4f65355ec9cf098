package config_test

import (
	"fmt"
	"strings"
	"testing"

	"producer/pkg/config"
)

// lineage parses resources, a YAML list of flow mappings with a merge key.
func lineage(resources string) (*config.Config, error) {
	return config.Parse("x.yaml", []byte(`pipeline: p
source:
  client: {base_url: "https://api.example.com"}
  resource_defaults: {primary_key: id, write_disposition: merge, endpoint: {data_selector: data, paginator: {type: offset, limit: 10}}}
  resources:
`+resources+`
kafka: {brokers: ["localhost:9092"]}
`), environ)
}

func TestParents(t *testing.T) {
	c, err := lineage(`
    - {name: votes, parallelized: true, endpoint: "votes?of={resources.comments.key.id}"}
    - {name: comments, selected: false, include_from_parent: [id, name], endpoint: {path: "posts/{post}/{kind}", params: {post: {type: resolve, resource: posts, field: id}, kind: a/b, q: "{resources.posts.o.p}"}}}
    - {name: lone, selected: false, endpoint: x}
    - {name: posts, selected: false, endpoint: {path: posts}}`)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Resources) != 1 {
		t.Fatalf("%d resources are selected", len(c.Resources))
	}
	votes := c.Resources[0]
	comments := votes.Parent
	if comments == nil || comments.Name != "comments" || comments.Parent == nil || comments.Parent.Name != "posts" || comments.Parent.Parent != nil {
		t.Fatalf("parents %+v", comments)
	}
	if got := fmt.Sprint(votes.Endpoint.Holes, comments.Endpoint.Holes, comments.FromParent); got != "[{resources.comments.key.id}] [{resources.posts.id} {resources.posts.o.p}] [id name]" {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprint(comments.Endpoint.Path, comments.Endpoint.Params, comments.Endpoint.Slots); got != "posts/{resources.posts.id}/a%2Fb[{q [{resources.posts.o.p}]}] [posts/{resources.posts.id}/a%2Fb {resources.posts.o.p}]" {
		t.Errorf("got %s", got)
	}
}

// A path whose last step is a placeholder leads to one record.
func TestSingleEntity(t *testing.T) {
	const head = `pipeline: p
source:
  client: {base_url: "https://api.example.com", paginator: {type: offset, limit: 10}}
  resources:
    - {name: posts, primary_key: id, write_disposition: merge, endpoint: {path: posts, data_selector: data}}
    - {name: post, primary_key: id, write_disposition: merge, endpoint: `
	const tail = "}\nkafka: {brokers: [\"localhost:9092\"]}\n"
	for endpoint, want := range map[string]string{
		`"posts/{resources.posts.id}"`: "$ single_page",
		`{path: "posts/{id}", params: {id: {type: resolve, resource: posts, field: id}}}`:                            "$ single_page",
		`{path: "posts/v{resources.posts.id}", data_selector: post}`:                                                 "post single_page",
		`{path: "posts/{resources.posts.id}", paginator: {type: page_number}}`:                                       "$ page_number",
		`{path: "posts/{resources.posts.id}/likes", data_selector: data}`:                                            "data offset",
		`{path: "posts/{id}/likes", data_selector: data, params: {id: {type: resolve, resource: posts, field: id}}}`: "data offset",
		`{path: "posts", data_selector: data, params: {id: "{resources.posts.id}"}}`:                                 "data offset",
	} {
		c, err := config.Parse("x.yaml", []byte(head+endpoint+tail), environ)
		if err != nil {
			t.Errorf("%s: %v", endpoint, err)
			continue
		}
		e := c.Resources[1].Endpoint
		if got := e.Selector.Text + " " + e.Paginator.Type; got != want {
			t.Errorf("%s: got %s, want %s", endpoint, got, want)
		}
	}
}

func TestParentMistakes(t *testing.T) {
	const posts = "    - {name: posts, endpoint: posts}\n"
	for _, test := range []struct{ resources, at, text string }{
		{posts + `    - {name: a, endpoint: "x/{resources.postz.id}"}`, "resources[1].endpoint", "no such resource; did you mean posts?"},
		{posts + `    - {name: b, endpoint: b}` + "\n" + `    - {name: a, endpoint: "x/{resources.posts.id}/{resources.b.id}"}`, "resources[2].endpoint", "two resources, posts and b; a resource has one parent"},
		{`    - {name: a, endpoint: "x/{resources.a.id}"}`, "resources[0].endpoint", "in a circle: a, child of a"},
		{`    - {name: a, endpoint: "x/{resources.b.id}"}` + "\n" + `    - {name: b, endpoint: "x/{resources.a.id}"}`, "resources[0].endpoint", "in a circle: a, child of b, child of a"},
		{posts + `    - {name: a, include_from_parent: [id], endpoint: a}`, "resources[1].include_from_parent", "needs a parent"},
		{posts + `    - {name: a, include_from_parent: id, endpoint: "x/{resources.posts.id}"}`, "include_from_parent", "list"},
		{posts + `    - {name: a, include_from_parent: [id, id], endpoint: "x/{resources.posts.id}"}`, "include_from_parent[1]", "twice"},
		{posts + `    - {name: a, include_from_parent: [id], endpoint: "x/{resources.posts.id}", kafka: {deletes: {confirm: {path: "/a/{id}"}}}}`, "kafka.deletes", "deletes: confirmed"},
		{posts + `    - {name: a, endpoint: {path: x, params: {p: {type: resolve, resource: posts, field: id}}}}`, "params.p", "no {p} stands in the path"},
		{posts + `    - {name: a, endpoint: {path: "x/{p}", params: {p: {type: resolve, resource: posts}}}}`, "params.p.field", "missing"},
		{posts + `    - {name: a, endpoint: {path: "x/{p}", params: {p: {type: resolve, field: id}}}}`, "params.p.resource", "missing"},
		{posts + `    - {name: a, endpoint: {path: "x/{p}", params: {p: {type: resolve, resource: posts, field: id, path: x}}}}`, "params.p.path", "unknown"},
		{posts + `    - {name: a, endpoint: "x/{resources.posts}"}`, "resources[1].endpoint", "must be {resources.PARENT.FIELD}"},
		{posts + `    - {name: a, endpoint: "x/{resources.posts.id!r}"}`, "resources[1].endpoint", "must be {resources.PARENT.FIELD}"},
		{posts + `    - {name: a, endpoint: "https://{resources.posts.host}/x"}`, "resources[1].endpoint", "data must not say whom to ask"},
		{posts + `    - {name: a, parent_table_name: posts, endpoint: a}`, "parent_table_name", "makes a resource a child"},
	} {
		_, err := lineage(test.resources)
		if err == nil || !strings.Contains(err.Error(), test.at) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v, want %s: …%s…", test.resources, err, test.at, test.text)
		}
	}
}

// Placeholders may stand in the body; a text that is one alone keeps the value's type.
func TestPlaceholdersInBodies(t *testing.T) {
	c, err := lineage(`
    - {name: posts, endpoint: posts}
    - {name: a, endpoint: {path: x, method: POST, json: {ids: ["{resources.posts.id}"], note: "of {resources.posts.id} {{x}}"}}}
    - {name: b, endpoint: {path: x, method: POST, data: {id: "{resources.posts.id}"}}}
    - {name: c, endpoint: {path: x, method: POST, data: "id={resources.posts.id}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", `map[ids:[[53]] note:of 5 {x}] []`, `map[] [{id [5]}]`, `map[] []id=5`} {
		if i == 0 {
			continue
		}
		e, err := c.Resources[i].Endpoint.Bind(func(config.Hole) (config.Value, error) { return config.Value{Text: "5", JSON: "5"}, nil })
		if got := fmt.Sprint(e.JSON, e.Form, e.Data); err != nil || got != want {
			t.Errorf("%s: got %s, want %s; %v", c.Resources[i].Name, got, want, err)
		}
		if c.Resources[i].Parent == nil {
			t.Errorf("%s has no parent", c.Resources[i].Name)
		}
	}
}
