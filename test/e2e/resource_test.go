package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// since makes a listing of those rows whose v is at least the parameter since.
func since(l *listing) *listing {
	l.page = func(q url.Values) string {
		some := listing{}
		for _, text := range l.rows {
			var row struct{ V int }
			if err := json.Unmarshal([]byte(text), &row); err == nil && row.V >= number(q, "since", 0) {
				some.rows = append(some.rows, text)
			}
		}
		return some.body(q)
	}
	return l
}

func TestProcessingSteps(t *testing.T) {
	s := begin(t)
	l := &listing{}
	var want []string
	for i := range 250 {
		l.rows = append(l.rows, fmt.Sprintf(`{"key":%d,"o":{"keep":"ä%d","drop":1},"status":%q}`, i, i, []string{"open", "won", "lost"}[i%3]))
		if i%3 < 2 {
			want = append(want, fmt.Sprintf(`{"id":%d,"o":{"keep":"ä%d"}}`, i, i))
		}
	}
	config := s.config(s.api(l), edits{"source.resources.0.processing_steps": []any{
		object{"filter": object{"field": "status", "in": []any{"open", "won"}}},
		object{"rename": object{"key": "id"}}, object{"include": []any{"id", "o"}}, object{"exclude": []any{"o.drop"}},
	}})
	s.run(config, 0).expect("contacts", object{"status": "complete", "proof": "bounded", "records": len(want), "published": len(want), "total": 250})
	s.times(s.table("contacts", want), 1)
	for i, row := range l.rows {
		l.rows[i] = strings.Replace(row, `"drop":1`, `"drop":2`, 1)
	}
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": len(want)})
}

func TestIncremental(t *testing.T) {
	s := begin(t)
	l := since(&listing{rows: plain(300)}) // v is 3, 6, … 897 behind 0
	a := s.api(l)
	config := s.config(a, edits{"source.resources.0.endpoint.incremental": object{"cursor_path": "v", "start_param": "since"},
		"source.resource_defaults.write_disposition": "replace"})
	s.run(config, 0).expect("contacts", object{"proof": "proven", "published": 300, "requests": 3})
	l.rows[7] = `{"id":8,"name":"changed","v":1000}`
	l.rows = append(l.rows, `{"id":301,"name":"new","v":1001}`)
	s.run(config, 0).expect("contacts", object{"proof": "incremental", "published": 2, "unchanged": 1, "requests": 1}) // the row at the cursor is seen again
	gone := l.rows[0]
	l.rows = l.rows[1:]
	s.run(config, 0).expect("contacts", object{"proof": "incremental", "published": 0, "unchanged": 1, "requests": 1, "tombstones": 0})
	s.table("contacts", append([]string{gone}, l.rows...))
	s.run(config, 0, "--full").expect("contacts", object{"proof": "proven", "published": 0, "requests": 3, "tombstones": 1})
	s.table("contacts", l.rows)
}

func TestChildren(t *testing.T) {
	s := begin(t)
	parents := &listing{}
	listings := map[string]*listing{"/v1/posts": parents}
	var want []string
	for i := range 150 {
		parents.rows = append(parents.rows, fmt.Sprintf(`{"id":"p/%d","title":"t%d"}`, i, i))
		children := &listing{}
		for j := range i % 3 {
			children.rows = append(children.rows, fmt.Sprintf(`{"id":"%d-%d","text":"c"}`, i, j))
			want = append(want, fmt.Sprintf(`{"_posts_id":"p/%d","id":"%d-%d","text":"c"}`, i, i, j))
		}
		listings[fmt.Sprintf("/v1/posts/p/%d/comments", i)] = children // what the server makes of p%2F
	}
	a := s.serve(s.key, listings)
	comments := resource("comments", "/v1/posts/{post}/comments")
	comments["include_from_parent"] = []any{"id"}
	comments["endpoint"].(object)["params"] = object{"post": object{"type": "resolve", "resource": "posts", "field": "id"}}
	config := s.config(a, eachPage, edits{"source.resources": []any{comments, resource("posts", "/v1/posts")}, "source.client.retry": object{"max_retries": 0}})

	last := a.listings["/v1/posts/p/149/comments"]
	last.faults = map[int]http.HandlerFunc{1: status(500)}
	s.run(config, 3).expect("comments", object{"status": "failed", "records": len(want) - 2})
	s.run(config, 0).expect("comments", object{"status": "complete", "proof": "proven", "published": 2, "unchanged": len(want) - 2}) // from the start: a key under two posts must not go unnoticed
	s.times(s.table("comments", want), 1)
	s.run(config, 0).expect("comments", object{"status": "complete", "proof": "proven", "published": 0, "unchanged": len(want), "requests": 152})

	a.edit("/v1/posts", func(l *listing) { l.always = status(500) })
	o := s.run(config, 3)
	o.expect("posts", object{"status": "failed"})
	o.expect("comments", object{"status": "skipped", "requests": 0})
}
