//go:build dlt

package dlt

import (
	"fmt"
	"strings"
)

// family is an API of teams, and of members under each: /teams, /teams/1, /teams/1/members, /members?team=1, POST /search {team: 1}.
func family(_ string, step int) map[string]answer {
	var teams []row
	paths := map[string]answer{}
	members := map[string][]row{}
	for i := 1; i <= 4+step; i++ {
		id := fmt.Sprint(i)
		teams = append(teams, row{"id": i, "even": i%2 == 0, "slug": "team " + id, "title": "Team " + id, "meta": row{"code": "c" + id}})
		for j := range 3 * (i % 3) { // some have none
			members[id] = append(members[id], row{"id": 100*i + j, "name": fmt.Sprintf("Member %d of step %d", j, step)})
		}
		team := row{"id": i, "detail": "of team " + id, "step": step}
		paths["/teams/"+id] = func(request) (int, any, []string) { return ok(team) }
		paths["/teams/"+id+"/members"] = list(members[id])
		paths["/slugs/team "+id+"/members"] = list(members[id])
		paths["/codes/c"+id] = list(members[id])
	}
	paths["/teams"] = list(teams)
	paths["/members"] = func(r request) (int, any, []string) { return list(members[r.URL.Query().Get("team")])(r) }
	paths["/search"] = func(r request) (int, any, []string) {
		return ok(row{"data": append([]row{}, members[strings.TrimSuffix(fmt.Sprint(r.json["team"]), ".0")]...), "total": 0})
	}
	paths["/asked"] = func(r request) (int, any, []string) {
		return ok([]row{{"id": r.URL.RawQuery, "body": fmt.Sprintf("%#v", r.json["even"])}})
	}
	paths["/headers"] = func(r request) (int, any, []string) { return list(members[r.Header.Get("X-Team")])(r) }
	return paths
}

// list pages rows by offset.
func list(rows []row) answer {
	return func(r request) (int, any, []string) {
		page, _ := cut(rows, r.number("offset", 0), 4)
		return ok(row{"data": page, "total": len(rows)})
	}
}

func parents() map[string]equal {
	of := func(endpoint row, more ...row) func(url string) row {
		child := row{"name": "members", "endpoint": endpoint}
		for _, m := range more {
			for k, v := range m {
				child[k] = v
			}
		}
		return func(url string) row {
			return row{"client": row{"base_url": url},
				"resource_defaults": row{"primary_key": "id", "write_disposition": "merge",
					"endpoint": row{"data_selector": "data", "paginator": row{"type": "offset", "limit": 4}}},
				"resources": []any{"teams", child}}
		}
	}
	post := row{"method": "POST", "path": "search", "paginator": "single_page"}
	cases := map[string]equal{
		"path":          {source: of(row{"path": "teams/{resources.teams.id}/members"}), steps: 2},
		"path, escaped": {source: of(row{"path": "slugs/{resources.teams.slug}/members"})},
		"path, nested":  {source: of(row{"path": "codes/{resources.teams.meta.code}"})},
		"resolve":       {source: of(row{"path": "teams/{team}/members", "params": row{"team": row{"type": "resolve", "resource": "teams", "field": "id"}}}), steps: 2},
		"parameter":     {source: of(row{"path": "members", "params": row{"team": "{resources.teams.id}"}}), steps: 2},
		"boolean": {source: of(merged(post, row{"path": "asked", "data_selector": "$", "json": row{"even": "{resources.teams.even}"},
			"params": row{"even": "{resources.teams.even}", "team": "{resources.teams.id}"}}))},
		"header":            {source: of(row{"path": "headers", "headers": row{"X-Team": "{resources.teams.id}"}})},
		"body":              {source: of(merged(post, row{"json": row{"team": "{resources.teams.id}"}}))},
		"from the parent":   {source: of(row{"path": "teams/{resources.teams.id}/members"}, row{"include_from_parent": []any{"title", "id"}}), steps: 2},
		"single entity":     {source: of(row{"path": "teams/{resources.teams.id}", "data_selector": "$", "paginator": "single_page"}), steps: 2},
		"composite key":     {source: of(row{"path": "teams/{resources.teams.id}/members"}, row{"include_from_parent": []any{"id"}, "primary_key": []any{"_teams_id", "id"}})},
		"unselected parent": {source: unselected(of(row{"path": "teams/{resources.teams.id}/members"}))},
		"grandchildren":     {source: grandchildren(of(row{"path": "teams/{resources.teams.id}/members"}))},
	}
	for name, c := range cases {
		c.paths = family
		cases[name] = c
	}
	return cases
}

func merged(all ...row) row {
	m := row{}
	for _, r := range all {
		for k, v := range r {
			m[k] = v
		}
	}
	return m
}

// unselected leaves the teams out of what is loaded.
func unselected(source func(url string) row) func(url string) row {
	return func(url string) row {
		s := source(url)
		s["resources"].([]any)[0] = row{"name": "teams", "selected": false}
		return s
	}
}

// grandchildren asks for the members' own teams again.
func grandchildren(source func(url string) row) func(url string) row {
	return func(url string) row {
		s := source(url)
		s["resources"] = append(s["resources"].([]any), row{"name": "echoes", "primary_key": []any{"_members_id", "id"}, "include_from_parent": []any{"id"},
			"endpoint": row{"path": "members", "params": row{"team": 1, "of": "{resources.members.id}"}}})
		return s
	}
}
