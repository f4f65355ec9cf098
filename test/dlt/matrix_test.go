//go:build dlt

package dlt

import (
	"fmt"
	"testing"
)

// equal is a configuration and an API whose tables are the same in dlt and here, after each step.
type equal struct {
	source func(url string) row // dlt's dictionary
	paths  func(url string, step int) map[string]answer
	steps  int // loads, one after the other; 0 is 1
}

// TestEqual is the matrix.
func TestEqual(t *testing.T) {
	for name, cases := range map[string]map[string]equal{
		"paginator": paginators(), "selector": selectors(), "auth": auths(), "resource": resources(), "incremental": incrementals(), "parent": parents(),
	} {
		for which, c := range cases {
			t.Run(name+"/"+which, func(t *testing.T) {
				a := serve(t, nil)
				source, pipeline := c.source(a.url), pipelineName(t)
				for step := range max(c.steps, 1) {
					a.paths = c.paths(a.url, step)
					theirs := env.dlt.load(t, pipeline, source)
					if theirs.Error != "" {
						t.Fatalf("step %d: dlt fails: %s", step, theirs.Error)
					}
					if len(theirs.Tables) == 0 {
						t.Fatal("dlt has no tables; the case shows nothing")
					}
					for name, client := range map[string]row{pipeline: nil, pipeline + "_fast": {"concurrency": 8}} {
						c.run(t, name, source, client, theirs)
					}
				}
			})
		}
	}
}

// run compares one run of the program with dlt's tables; client is what the program's own keys say.
func (equal) run(t *testing.T, pipeline string, source, client row, theirs outcome) {
	t.Helper()
	our := produce(t, pipeline, source, client)
	if our.Exit != 0 {
		t.Fatalf("%s: exit %d: %s", pipeline, our.Exit, our.Stderr)
	}
	same(t, our.Tables, theirs.Tables)
}

// listing is a source of one resource, items, which is merged by id.
func listing(endpoint row, changes ...row) func(url string) row {
	return func(url string) row {
		e := row{"path": "/items"}
		for k, v := range endpoint {
			e[k] = v
		}
		resource := row{"name": "items", "primary_key": "id", "write_disposition": "merge", "endpoint": e}
		client := row{"base_url": url}
		for _, c := range changes {
			for k, v := range c {
				if k == "client" {
					for name, value := range v.(row) {
						client[name] = value
					}
				} else {
					resource[k] = v
				}
			}
		}
		return row{"client": client, "resources": []any{resource}}
	}
}

// rowsAt are what the API holds at each step.
func rowsAt(step int) []row { return items(57+step, step) }

// paged answers with pages of what page makes of them.
func paged(page func(url string, rows []row, r request) (int, any, []string)) func(url string, step int) map[string]answer {
	return func(url string, step int) map[string]answer {
		return map[string]answer{"/items": func(r request) (int, any, []string) { return page(url, rowsAt(step), r) }}
	}
}

func token(n int) any {
	if n == 0 {
		return nil
	}
	return fmt.Sprintf("at=%d", n)
}

func position(text any) int {
	n := 0
	_, _ = fmt.Sscanf(fmt.Sprint(text), "at=%d", &n)
	return n
}

func paginators() map[string]equal {
	const size = 10
	offset := func(param, limit string, more func(page []row, next, total int) row) func(url string, step int) map[string]answer {
		return paged(func(_ string, rows []row, r request) (int, any, []string) {
			page, next := cut(rows, r.number(param, 0), r.number(limit, 25))
			return ok(more(page, next, len(rows)))
		})
	}
	total := func(page []row, _, total int) row { return row{"data": page, "total": total} }
	bare := func(page []row, _, _ int) row { return row{"data": page} }
	numbered := func(first int, more func(page []row, next, pages int) row) func(url string, step int) map[string]answer {
		return paged(func(_ string, rows []row, r request) (int, any, []string) {
			page, next := cut(rows, (r.number("page", first)-first)*size, size)
			return ok(more(page, next, (len(rows)+size-1)/size))
		})
	}
	cursors := func(where string, more func(page []row, next int) row) func(url string, step int) map[string]answer {
		return paged(func(_ string, rows []row, r request) (int, any, []string) {
			from := position(r.URL.Query().Get(where))
			if r.Method == "POST" {
				from = position(at(r.json, where))
			}
			page, next := cut(rows, from, size)
			return ok(more(page, next))
		})
	}
	links := func(answer func(page []row, link string) (int, any, []string), absolute bool) func(url string, step int) map[string]answer {
		return paged(func(url string, rows []row, r request) (int, any, []string) {
			page, next := cut(rows, r.number("from", 0), size)
			link := ""
			if next > 0 {
				link = fmt.Sprintf("/items?from=%d&kept=1", next)
				if absolute {
					link = url + link
				}
			}
			return answer(page, link)
		})
	}
	inBody := func(path string) func(page []row, link string) (int, any, []string) {
		return func(page []row, link string) (int, any, []string) {
			body := row{"data": page, path: nil}
			if link != "" {
				body[path] = link
			}
			return ok(body)
		}
	}
	inHeader := func(rel string) func(page []row, link string) (int, any, []string) {
		return func(page []row, link string) (int, any, []string) {
			if link == "" {
				return ok(page)
			}
			return ok(page, "Link", fmt.Sprintf(`<%s>; rel="%s", <%s>; rel="last"`, link, rel, link))
		}
	}
	with := func(paginator any, more ...row) func(url string) row {
		e := row{"data_selector": "data", "paginator": paginator}
		for _, m := range more {
			for k, v := range m {
				e[k] = v
			}
		}
		return listing(e)
	}
	post := row{"method": "POST", "json": row{"kind": "all"}}
	return map[string]equal{
		"offset":             {source: with(row{"type": "offset", "limit": 10}), paths: offset("offset", "limit", total), steps: 2},
		"offset, names":      {source: with(row{"type": "offset", "limit": 10, "offset_param": "skip", "limit_param": "top", "offset": 5}), paths: offset("skip", "top", total)},
		"offset, empty page": {source: with(row{"type": "offset", "limit": 10, "total_path": nil}), paths: offset("offset", "limit", bare)},
		"offset, total as text": {source: with(row{"type": "offset", "limit": 10, "total_path": "meta.count"}), paths: offset("offset", "limit", func(page []row, _, total int) row {
			return row{"data": page, "meta": row{"count": fmt.Sprint(total)}}
		})},
		"offset, has_more": {source: with(row{"type": "offset", "limit": 10, "total_path": nil, "has_more_path": "more"}), paths: offset("offset", "limit", func(page []row, next, _ int) row {
			return row{"data": page, "more": next > 0}
		})},
		"offset, in the body": {source: with(row{"type": "offset", "limit": 10, "offset_body_path": "page.from", "limit_body_path": "page.size"}, post),
			paths: offset("page.from", "page.size", total)},

		"page_number": {source: with(row{"type": "page_number"}), paths: numbered(0, func(page []row, _, pages int) row { return row{"data": page, "total": pages} }), steps: 2},
		"page_number, base 1": {source: with(row{"type": "page_number", "base_page": 1, "total_path": "pages"}),
			paths: numbered(1, func(page []row, _, pages int) row { return row{"data": page, "pages": pages} })},
		"page_number, empty page": {source: with(row{"type": "page_number", "base_page": 1, "total_path": nil}), paths: numbered(1, func(page []row, _, _ int) row { return row{"data": page} })},
		"page_number, has_more": {source: with(row{"type": "page_number", "total_path": nil, "stop_after_empty_page": false, "has_more_path": "more"}),
			paths: numbered(0, func(page []row, next, _ int) row { return row{"data": page, "more": next > 0} })},
		"page_number, in the body": {source: with(row{"type": "page_number", "total_path": nil, "page_body_path": "page"}, post),
			paths: numbered(0, func(page []row, _, _ int) row { return row{"data": page} })},

		"cursor": {source: with(row{"type": "cursor"}), paths: cursors("cursor", func(page []row, next int) row {
			return row{"data": page, "cursors": row{"next": token(next)}}
		}), steps: 2},
		"cursor, names": {source: with(row{"type": "cursor", "cursor_path": "meta.after", "cursor_param": "after"}), paths: cursors("after", func(page []row, next int) row {
			return row{"data": page, "meta": row{"after": token(next)}}
		})},
		"cursor, has_more": {source: with(row{"type": "cursor", "cursor_path": "next", "has_more_path": "more"}), paths: cursors("cursor", func(page []row, next int) row {
			return row{"data": page, "next": token(max(next, 1)), "more": next > 0}
		})},
		"cursor, in the body": {source: with(row{"type": "cursor", "cursor_path": "next", "cursor_body_path": "page.after"}, post), paths: cursors("page.after", func(page []row, next int) row {
			return row{"data": page, "next": token(next)}
		})},
		"cursor, of the last row": {source: with(row{"type": "cursor", "cursor_path": "data[-1].id", "cursor_param": "after"}), paths: paged(func(_ string, rows []row, r request) (int, any, []string) {
			page, _ := cut(rows, r.number("after", 0), size)
			return ok(row{"data": page})
		})},
		"header_cursor": {source: with(row{"type": "header_cursor", "cursor_key": "X-Next", "cursor_param": "from"}), paths: paged(func(_ string, rows []row, r request) (int, any, []string) {
			page, next := cut(rows, r.number("from", 0), size)
			if next == 0 {
				return ok(row{"data": page})
			}
			return ok(row{"data": page}, "X-Next", fmt.Sprint(next))
		})},

		"json_link":           {source: with("json_link"), paths: links(inBody("next"), true), steps: 2},
		"json_link, relative": {source: with(row{"type": "json_link", "next_url_path": "further"}), paths: links(inBody("further"), false)},
		"json_response":       {source: with(row{"type": "json_response", "next_url_path": "next"}), paths: links(inBody("next"), true)},
		"header_link":         {source: with("header_link", row{"data_selector": "$"}), paths: links(inHeader("next"), true), steps: 2},
		"header_link, rel":    {source: with(row{"type": "header_link", "links_next_key": "further"}, row{"data_selector": "$"}), paths: links(inHeader("further"), true)},
		"single_page":         {source: with("single_page"), paths: paged(func(_ string, rows []row, _ request) (int, any, []string) { return ok(row{"data": rows}) })},

		"auto, link header": {source: listing(row{}), paths: links(inHeader("next"), true)},
		"auto, link":        {source: listing(row{}), paths: links(inBody("next"), true)},
		"auto, cursor": {source: listing(row{"paginator": "auto"}), paths: cursors("cursor", func(page []row, next int) row {
			return row{"data": page, "next_cursor": token(next)}
		})},
		"auto, pages": {source: listing(row{}), paths: numbered(0, func(page []row, _, pages int) row { return row{"data": page, "total_pages": pages} })},
		"auto, none":  {source: listing(row{}), paths: paged(func(_ string, rows []row, _ request) (int, any, []string) { return ok(row{"data": rows}) })},
	}
}
