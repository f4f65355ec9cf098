//go:build dlt

package dlt

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// trial is one configuration, run by both.
type trial struct {
	dlt            outcome
	ours           ours
	dltLog, ourLog []request
}

// try runs both on an API with one path, /items.
func try(t *testing.T, source func(url string) row, items answer) trial {
	t.Helper()
	a := serve(t, map[string]answer{"/items": items})
	s, pipeline := source(a.url), pipelineName(t)
	var got trial
	got.dlt = env.dlt.load(t, pipeline, s)
	got.dltLog = a.requests()
	got.ours = produce(t, pipeline, s)
	got.ourLog = a.requests()
	return got
}

// expect is what each of the two did: rows that are loaded, -1 where the load failed.
func (g trial) expect(t *testing.T, dltRows, ourRows int) {
	t.Helper()
	if got := count(g.dlt.Tables["items"], g.dlt.Error != ""); got != dltRows {
		t.Errorf("dlt: got %d rows (error %q), want %d", got, g.dlt.Error, dltRows)
	}
	if got := count(g.ours.Tables["items"], g.ours.Exit != 0); got != ourRows {
		t.Errorf("here: got %d rows (exit %d), want %d\n%s", got, g.ours.Exit, ourRows, g.ours.Stderr)
	}
}

func count(rows []row, failed bool) int {
	if failed {
		return -1
	}
	return len(rows)
}

// TestDifferences shows where the program differs from dlt on purpose: each case is a line of docs/compatibility.md.
func TestDifferences(t *testing.T) {
	offset := func(more row) row {
		p := row{"type": "offset", "limit": 10}
		for k, v := range more {
			p[k] = v
		}
		return row{"data_selector": "data", "paginator": p}
	}
	t.Run("an error with status 200 is no end", func(t *testing.T) {
		try(t, listing(offset(row{"total_path": nil})), func(r request) (int, any, []string) {
			if r.number("offset", 0) >= 20 {
				return ok(row{"error": "try again later"})
			}
			page, _ := cut(items(57, 0), r.number("offset", 0), 10)
			return ok(row{"data": page})
		}).expect(t, 20, -1)
	})
	t.Run("a server that answers less than limit", func(t *testing.T) {
		try(t, listing(offset(row{"limit": 25, "total_path": nil})), func(r request) (int, any, []string) {
			page, _ := cut(items(57, 0), r.number("offset", 0), min(r.number("limit", 10), 10))
			return ok(row{"data": page})
		}).expect(t, 10+10+7, 57)
	})
	t.Run("a total that is not there", func(t *testing.T) {
		try(t, listing(offset(nil)), func(r request) (int, any, []string) {
			page, _ := cut(items(57, 0), r.number("offset", 0), 10)
			return ok(row{"data": page})
		}).expect(t, -1, 57)
	})
	t.Run("status 204 is an empty page", func(t *testing.T) {
		try(t, listing(offset(row{"total_path": nil})), func(r request) (int, any, []string) {
			if r.number("offset", 0) >= 20 {
				return http.StatusNoContent, nil, nil
			}
			page, _ := cut(items(20, 0), r.number("offset", 0), 10)
			return ok(row{"data": page})
		}).expect(t, -1, 20)
	})
	t.Run("an empty link is no link", func(t *testing.T) {
		try(t, listing(row{"data_selector": "data", "paginator": row{"type": "json_link"}}), func(r request) (int, any, []string) {
			page, next := cut(items(17, 0), r.number("offset", 0), 10)
			link := ""
			if next > 0 {
				link = fmt.Sprintf("?offset=%d", next)
			}
			return ok(row{"data": page, "next": link})
		}).expect(t, -1, 17)
	})
	t.Run("a path that is a member's name", func(t *testing.T) {
		link := row{"type": "json_link", "next_url_path": "@odata.nextLink"}
		try(t, listing(row{"data_selector": "data", "paginator": link}), func(r request) (int, any, []string) {
			page, _ := cut(items(20, 0), r.number("offset", 0), 10)
			return ok(row{"data": page, "@odata.nextLink": fmt.Sprintf("?offset=%d", r.number("offset", 0)+10)})
		}).expect(t, 10, -1)
	})
	t.Run("a total that one asked for and is not there", func(t *testing.T) {
		try(t, listing(offset(row{"total_path": "count"})), func(r request) (int, any, []string) {
			page, _ := cut(items(57, 0), r.number("offset", 0), 10)
			return ok(row{"data": page})
		}).expect(t, -1, -1)
	})
	t.Run("a bound leaves the run incomplete", func(t *testing.T) {
		g := try(t, listing(offset(row{"maximum_offset": 20})), func(r request) (int, any, []string) {
			page, _ := cut(items(57, 0), r.number("offset", 0), 10)
			return ok(row{"data": page, "total": 57})
		})
		g.expect(t, 20, 20)
		if got := g.ours.Status["items"]; got != "incomplete" {
			t.Errorf("got status %s, want incomplete", got)
		}
	})
	t.Run("pages that are numbered from one, found out", func(t *testing.T) {
		try(t, listing(row{}), func(r request) (int, any, []string) { // dlt asks for page 1 again and never for the last one
			page, _ := cut(items(57, 0), (r.number("page", 1)-1)*10, 10)
			return ok(row{"data": page, "total_pages": 6})
		}).expect(t, 50, -1)
	})
	t.Run("a key in a cookie", func(t *testing.T) {
		auth := row{"client": row{"auth": row{"type": "api_key", "name": "session", "api_key": "s3cret", "location": "cookie"}}}
		try(t, listing(row{"data_selector": "$", "paginator": "single_page"}, auth), func(r request) (int, any, []string) {
			if c, err := r.Cookie("session"); err != nil || c.Value != "s3cret" {
				return http.StatusUnauthorized, row{}, nil
			}
			return ok(items(5, 0))
		}).expect(t, -1, 5)
	})
	t.Run("text stays text", func(t *testing.T) {
		g := try(t, listing(row{"data_selector": "$", "paginator": "single_page"}), func(request) (int, any, []string) {
			return ok([]row{{"id": 1, "at": "2024-05-06T22:13:57+02:00"}})
		})
		g.expect(t, 1, 1)
		if got, want := g.ours.Tables["items"][0]["at"], "2024-05-06T22:13:57+02:00"; got != want {
			t.Errorf("here: got %v, want what the API sent, %s", got, want)
		}
		if got := fmt.Sprint(g.dlt.Tables["items"][0]["at"]); got == "2024-05-06T22:13:57+02:00" {
			t.Errorf("dlt: got %s; it keeps the offset now, and the difference is gone", got)
		}
	})
	t.Run("a timestamp column", func(t *testing.T) {
		source := listing(row{"data_selector": "$", "paginator": "single_page"}, row{"columns": row{"at": row{"data_type": "timestamp"}}})
		for _, tt := range []struct {
			at                       any
			theirs, ours, ourVariant string
		}{
			{1700000000, "2023-11-14T22:13:20", "1.7e+12", "<nil>"}, // of timestamp-millis
			{"2024-05-06T22:13:57+02:00", "2024-05-06T20:13:57", "<nil>", "2024-05-06T22:13:57+02:00"},
		} {
			g := try(t, source, func(request) (int, any, []string) { return ok([]row{{"id": 1, "at": tt.at}}) })
			g.expect(t, 1, 1)
			theirs, ours := g.dlt.Tables["items"][0], g.ours.Tables["items"][0]
			if got := strings.Replace(fmt.Sprint(theirs["at"]), " ", "T", 1); !strings.HasPrefix(got, tt.theirs) {
				t.Errorf("dlt: got %s, want %s", got, tt.theirs)
			}
			if got, variant := fmt.Sprint(ours["at"]), fmt.Sprint(ours["at__v_string"]); got != tt.ours || variant != tt.ourVariant {
				t.Errorf("here: got %s and %s, want %s and %s", got, variant, tt.ours, tt.ourVariant)
			}
		}
	})
	t.Run("what is retried", func(t *testing.T) {
		g := try(t, listing(row{"data_selector": "$", "paginator": "single_page"}), func(request) (int, any, []string) { return 503, row{}, nil })
		g.expect(t, -1, -1)
		if len(g.dltLog) != 5 || len(g.ourLog) != 4 {
			t.Errorf("got %d requests of dlt and %d here, want 5 and 4", len(g.dltLog), len(g.ourLog))
		}
		g = try(t, listing(row{"data_selector": "$", "paginator": "single_page"}), func(request) (int, any, []string) { return 507, row{}, nil })
		if len(g.dltLog) != 5 || len(g.ourLog) != 1 {
			t.Errorf("507: got %d requests of dlt and %d here, want 5 and 1", len(g.dltLog), len(g.ourLog))
		}
	})
	t.Run("rows are deleted after a proven walk only", func(t *testing.T) {
		a := serve(t, map[string]answer{})
		source := listing(row{"data_selector": "data", "paginator": "json_link"}, row{"write_disposition": "replace"})(a.url)
		for _, n := range []int{20, 18} {
			a.set("/items", func(request) (int, any, []string) { return ok(row{"data": items(n, 0), "next": nil}) })
			theirs, our := env.dlt.load(t, pipelineName(t), source), produce(t, pipelineName(t), source)
			if len(theirs.Tables["items"]) != n || len(our.Tables["items"]) != 20 {
				t.Errorf("got %d rows in dlt and %d here, want %d and 20", len(theirs.Tables["items"]), len(our.Tables["items"]), n)
			}
		}
	})
	t.Run("a row that changed where the last walk ended", func(t *testing.T) { // dlt knows it by its key, and drops it
		source := listing(row{"data_selector": "$", "paginator": "single_page", "incremental": row{"cursor_path": "rev", "initial_value": 0}})
		a := serve(t, map[string]answer{})
		for step, want := range []string{"old old", "old new"} {
			a.set("/items", func(request) (int, any, []string) {
				return ok([]row{{"id": 1, "rev": 7, "name": []string{"old", "new"}[step]}})
			})
			theirs, our := env.dlt.load(t, pipelineName(t), source(a.url)), produce(t, pipelineName(t), source(a.url))
			if len(theirs.Tables["items"]) != 1 || len(our.Tables["items"]) != 1 {
				t.Fatalf("got %v and %v (exit %d)", theirs, our.Tables, our.Exit)
			}
			if got := fmt.Sprint(theirs.Tables["items"][0]["name"], " ", our.Tables["items"][0]["name"]); got != want {
				t.Errorf("step %d: dlt and ours hold %q, want %q", step, got, want)
			}
		}
	})
	t.Run("a child under two parents", func(t *testing.T) { // dlt keeps the row of the one that it asked last
		source := func(url string) row {
			return row{"client": row{"base_url": url, "paginator": "single_page"},
				"resource_defaults": row{"primary_key": "id", "write_disposition": "merge", "endpoint": row{"data_selector": "$"}},
				"resources":         []any{row{"name": "teams"}, row{"name": "items", "endpoint": row{"path": "teams/{resources.teams.id}/items"}}}}
		}
		a := serve(t, map[string]answer{
			"/teams":         func(request) (int, any, []string) { return ok([]row{{"id": 1}, {"id": 2}}) },
			"/teams/1/items": func(request) (int, any, []string) { return ok([]row{{"id": 7, "of": "one"}}) },
			"/teams/2/items": func(request) (int, any, []string) { return ok([]row{{"id": 7, "of": "two"}}) },
		})
		theirs, our := env.dlt.load(t, pipelineName(t), source(a.url)), produce(t, pipelineName(t), source(a.url))
		if len(theirs.Tables["items"]) != 1 || our.Exit != 4 || !strings.Contains(our.Stderr, "primary_key") {
			t.Errorf("got %v in dlt and exit %d here, want one row and exit 4\n%s", theirs.Tables["items"], our.Exit, our.Stderr)
		}
	})
	t.Run("credentials stay at home", stayAtHome)
	t.Run("no secret in messages", func(t *testing.T) {
		auth := row{"client": row{"auth": row{"type": "api_key", "name": "hapikey", "api_key": "s3cret", "location": "query"}}}
		g := try(t, listing(row{"data_selector": "$", "paginator": "single_page"}, auth), func(request) (int, any, []string) { return 404, row{}, nil })
		g.expect(t, -1, -1)
		if !strings.Contains(g.dlt.Error, "s3cret") || strings.Contains(g.ours.Stderr, "s3cret") {
			t.Errorf("the key: in dlt's message %t, in ours %t; want true and false", strings.Contains(g.dlt.Error, "s3cret"), strings.Contains(g.ours.Stderr, "s3cret"))
		}
	})
}

// stayAtHome has an API link to a page on another origin, which notes the credential that comes with the request.
func stayAtHome(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		fmt.Fprint(w, `{"data":[],"next":null}`)
	}))
	defer other.Close()
	source := listing(row{"data_selector": "data", "paginator": "json_link"}, row{"client": row{"auth": row{"token": "s3cret"}}})
	try(t, source, func(request) (int, any, []string) {
		return ok(row{"data": items(3, 0), "next": other.URL + "/items"})
	}).expect(t, 3, -1)
	if want := []string{"Bearer s3cret"}; !slices.Equal(seen, want) {
		t.Errorf("the other origin saw %q, want %q: dlt's request alone", seen, want)
	}
}
