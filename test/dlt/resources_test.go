//go:build dlt

package dlt

import (
	"encoding/base64"
	"fmt"
	"net/http"
)

func whole(body func(rows []row) any) func(url string, step int) map[string]answer {
	return paged(func(_ string, rows []row, _ request) (int, any, []string) { return ok(body(rows)) })
}

func selectors() map[string]equal {
	selected := func(selector any) func(url string) row {
		return listing(row{"data_selector": selector, "paginator": "single_page"})
	}
	found := listing(row{"paginator": "single_page"})
	return map[string]equal{
		"path":             {source: selected("a.b.items"), paths: whole(func(rows []row) any { return row{"a": row{"b": row{"items": rows}}} })},
		"root":             {source: selected("$"), paths: whole(func(rows []row) any { return rows })},
		"wildcard":         {source: selected("groups[*].members"), paths: whole(func(rows []row) any { return row{"groups": []row{{"members": rows[0]}, {"members": rows[1]}}} })},
		"one object":       {source: selected("item"), paths: whole(func(rows []row) any { return row{"item": rows[3]} })},
		"auto, list":       {source: found, paths: whole(func(rows []row) any { return rows })},
		"auto, data":       {source: found, paths: whole(func(rows []row) any { return row{"data": rows, "other": []row{{"x": 1}}} })},
		"auto, nested":     {source: found, paths: whole(func(rows []row) any { return row{"response": row{"results": rows}} })},
		"auto, first list": {source: found, paths: whole(func(rows []row) any { return row{"things": rows} })},
		"auto, document":   {source: found, paths: whole(func(rows []row) any { return rows[7] })},
	}
}

func auths() map[string]equal {
	const secret = "s3cret"
	guarded := func(allowed func(r request) bool) func(url string, step int) map[string]answer {
		open := whole(func(rows []row) any { return rows })
		return func(url string, step int) map[string]answer {
			items := open(url, step)["/items"]
			return map[string]answer{"/items": func(r request) (int, any, []string) {
				if !allowed(r) {
					return http.StatusUnauthorized, row{"message": "who are you?"}, nil
				}
				return items(r)
			}}
		}
	}
	header := func(name, want string) func(r request) bool {
		return func(r request) bool { return r.Header.Get(name) == want }
	}
	with := func(auth row) func(url string) row {
		return listing(row{"data_selector": "$", "paginator": "single_page"}, row{"client": row{"auth": auth}})
	}
	return map[string]equal{
		"bearer":          {source: with(row{"type": "bearer", "token": secret}), paths: guarded(header("Authorization", "Bearer "+secret))},
		"type left out":   {source: with(row{"token": secret}), paths: guarded(header("Authorization", "Bearer "+secret))},
		"api_key":         {source: with(row{"type": "api_key", "api_key": secret}), paths: guarded(header("Authorization", secret))},
		"api_key, header": {source: with(row{"type": "api_key", "name": "X-Key", "api_key": secret, "location": "header"}), paths: guarded(header("X-Key", secret))},
		"api_key, query": {source: with(row{"type": "api_key", "name": "key", "api_key": secret, "location": "query"}),
			paths: guarded(func(r request) bool { return r.URL.Query().Get("key") == secret })},
		"api_key, param": {source: with(row{"type": "api_key", "name": "key", "api_key": secret, "location": "param"}),
			paths: guarded(func(r request) bool { return r.URL.Query().Get("key") == secret })},
		"http_basic": {source: with(row{"type": "http_basic", "username": "u", "password": secret}),
			paths: guarded(header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("u:"+secret))))},
		"oauth2": {source: func(url string) row {
			auth := row{"type": "oauth2_client_credentials", "access_token_url": url + "/token", "client_id": "me", "client_secret": secret,
				"access_token_request_data": row{"scope": "read"}}
			return listing(row{"data_selector": "$", "paginator": "single_page"}, row{"client": row{"auth": auth}})(url)
		}, paths: func(url string, step int) map[string]answer {
			paths := guarded(header("Authorization", "Bearer issued"))(url, step)
			paths["/token"] = func(r request) (int, any, []string) {
				if f := r.PostForm; f.Get("grant_type") != "client_credentials" || f.Get("client_id") != "me" || f.Get("client_secret") != secret || f.Get("scope") != "read" {
					return http.StatusBadRequest, row{"error": "invalid_client"}, nil
				}
				return ok(row{"access_token": "issued", "token_type": "Bearer", "expires_in": 3600})
			}
			return paths
		}},
		"endpoint's own": {source: listing(row{"data_selector": "$", "paginator": "single_page", "auth": row{"type": "bearer", "token": "other"}},
			row{"client": row{"auth": row{"token": secret}}}), paths: guarded(header("Authorization", "Bearer other"))},
		"endpoint's none": {source: listing(row{"data_selector": "$", "paginator": "single_page", "auth": nil}, row{"client": row{"auth": row{"token": secret}}}),
			paths: guarded(header("Authorization", ""))},
	}
}

// resources are forms of resources, endpoints and dispositions.
func resources() map[string]equal {
	all := whole(func(rows []row) any { return rows })
	plain := row{"data_selector": "$", "paginator": "single_page"}
	return map[string]equal{
		"merge":   {source: listing(plain), paths: all, steps: 3},
		"append":  {source: listing(plain, row{"write_disposition": "append", "primary_key": nil}), paths: all, steps: 2},
		"replace": {source: listing(plain, row{"write_disposition": "replace"}), paths: whole(func(rows []row) any { return rows }), steps: 2},
		"default disposition": {source: func(url string) row {
			return row{"client": row{"base_url": url}, "resources": []any{row{"name": "items", "endpoint": row{"path": "items", "paginator": "single_page"}}}}
		}, paths: all, steps: 2},
		"composite key": {source: listing(plain, row{"primary_key": []any{"name", "id"}}), paths: all, steps: 2},
		"names alone": {source: func(url string) row {
			return row{"client": row{"base_url": url + "/", "paginator": "single_page"}, "resources": []any{"items", "things"},
				"resource_defaults": row{"primary_key": "id", "write_disposition": "merge"}}
		}, paths: func(url string, step int) map[string]answer {
			return map[string]answer{"/items": all(url, step)["/items"], "/things": func(request) (int, any, []string) { return ok([]row{{"id": "a"}, {"id": "b"}}) }}
		}, steps: 2},
		"defaults": {source: func(url string) row {
			return row{"client": row{"base_url": url, "headers": row{"X-A": "client", "X-B": "client"}},
				"resource_defaults": row{"primary_key": "id", "write_disposition": "merge",
					"endpoint": row{"params": row{"a": 1, "b": "two"}, "headers": row{"X-B": "default"}, "paginator": row{"type": "offset", "limit": 10}}},
				"resources": []any{row{"name": "items", "endpoint": row{"path": "/items", "params": row{"b": "three", "c": []any{"x", "y"}}, "data_selector": "data"}}}}
		}, paths: paged(func(_ string, rows []row, r request) (int, any, []string) {
			q := r.URL.Query()
			seen := fmt.Sprint(q.Get("a"), q.Get("b"), q["c"], r.Header.Get("X-A"), r.Header.Get("X-B"))
			page, _ := cut(rows, r.number("offset", 0), 10)
			for i := range page {
				page[i]["seen"] = seen
			}
			return ok(row{"data": page, "total": len(rows)})
		})},
		"post a form": {source: listing(row{"data_selector": "$", "paginator": "single_page", "method": "POST", "data": row{"kind": "all"}}),
			paths: paged(func(_ string, rows []row, r request) (int, any, []string) {
				return ok([]row{{"id": 1, "kind": r.PostForm.Get("kind"), "type": r.Header.Get("Content-Type")}})
			})},
		"unselected": {source: func(url string) row {
			return row{"client": row{"base_url": url, "paginator": "single_page"}, "resource_defaults": row{"primary_key": "id", "write_disposition": "merge"},
				"resources": []any{"items", row{"name": "things", "selected": false}}}
		}, paths: all},
		"a status that is ignored": {source: listing(row{"data_selector": "$", "paginator": row{"type": "offset", "limit": 10, "total_path": nil},
			"response_actions": []any{row{"status_code": 404, "action": "ignore"}}}),
			paths: paged(func(_ string, rows []row, r request) (int, any, []string) {
				if r.number("offset", 0) >= 20 {
					return 404, row{"message": "no such page"}, nil
				}
				page, _ := cut(rows, r.number("offset", 0), 10)
				return ok(page)
			})},
	}
}
