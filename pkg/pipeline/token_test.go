package pipeline_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"producer/pkg/checkpoint"
	"producer/pkg/pipeline"
)

// listing names its next page in every way, ten rows a page. It is asked from row 0 without a name.
type listing struct {
	mu    sync.Mutex
	rows  []string
	asked []string
	fail  string // the name that is answered with code; once where that is 4xx
	code  int
	login string // what Authorization must be; "": anything
}

func (l *listing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := r.URL.Query().Get("from")
	l.asked = append(l.asked, name)
	if l.login != "" && r.Header.Get("Authorization") != l.login {
		http.Error(w, "who is this?", http.StatusUnauthorized)
		return
	}
	if l.fail != "" && name == l.fail {
		if http.Error(w, "no", l.code); l.code < 500 {
			l.fail = ""
		}
		return
	}
	from := 0
	if _, err := fmt.Sscanf(name, "r%d", &from); name != "" && err != nil {
		http.Error(w, "no such page", http.StatusBadRequest)
		return
	}
	page, next, link := l.rows[from:min(from+10, len(l.rows))], "null", "null"
	if from+10 < len(l.rows) {
		next = fmt.Sprintf(`"r%d"`, from+10)
		link = fmt.Sprintf(`"/?from=r%d"`, from+10)
		w.Header().Set("X-Next", strings.Trim(next, `"`))
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, strings.Trim(link, `"`)))
	}
	fmt.Fprintf(w, `{"data":[%s],"count":%d,"cursors":{"next":%s},"next":%s}`, strings.Join(page, ","), len(l.rows), next, link)
}

// Walks whose pages the API names go on where they were cut off, without reading a page again; and begin anew where the API has
// forgotten the name, and then prove what any whole walk does.
func TestNamedPagesResume(t *testing.T) {
	for _, paginator := range []string{
		"{type: cursor, cursor_param: from, total_path: count}", "{type: header_cursor, cursor_key: X-Next, cursor_param: from, total_path: count}",
		"{type: json_link, total_path: count}", "{type: header_link, total_path: count}", "auto",
	} {
		for _, publish := range []string{"all", "changed"} {
			t.Run(paginator+" "+publish, func(t *testing.T) {
				w := begin(t)
				l := &listing{rows: rows(60), fail: "r30", code: http.StatusInternalServerError}
				server := httptest.NewServer(l)
				t.Cleanup(server.Close)
				w.url = server.URL
				text := "    - {name: rows, primary_key: id, write_disposition: merge, endpoint: {path: '', data_selector: data, paginator: " + paginator + "}}\n"
				text = strings.Replace(text, "path: ''", "path: /", 1)
				run := func(code int) pipeline.Resource {
					t.Helper()
					return w.run(w.must(w.configured(text, "commit_interval: 0s, publish: "+publish, pipeline.Options{})), code)
				}
				set := func(fail string, code int) {
					l.mu.Lock()
					defer l.mu.Unlock()
					l.fail, l.code, l.asked = fail, code, nil
				}
				if got := run(pipeline.ExitSource); got.Records != 30 {
					t.Fatalf("%d records, want 30", got.Records)
				}
				st := w.state()
				if !strings.Contains(string(st.Position), "r30") || st.Phase != checkpoint.Walking {
					t.Fatalf("the state is at %s", st.Position)
				}
				set("", 0)
				got := run(pipeline.ExitOK)
				if !slices.Equal(l.asked, []string{"r30", "r40", "r50"}) || got.Published != 30 || got.Unchanged != 0 || got.Proof != pipeline.Resumed {
					t.Errorf("asked for %v: %+v", l.asked, got)
				}
				if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
					t.Errorf("%d keys in %d records, want 60 in 60", len(keys), records)
				}

				set("r40", http.StatusInternalServerError)
				run(pipeline.ExitSource)
				walk := w.state().Walk
				set("r40", http.StatusGone)
				got = run(pipeline.ExitOK)
				proof := pipeline.Proven
				if paginator == "auto" { // which has no total
					proof = pipeline.NoProof
				}
				if got.Proof != proof || got.Records != 60 || w.state().Walk != walk+1 || w.state().Resumed {
					t.Errorf("begun anew: %+v, walk %d after %d", got, w.state().Walk, walk)
				}
			})
		}
	}
}

// A cursor that expired may be answered 401 or 403, as broken credentials are: the first page tells which it was. What is committed stays,
// and an access token is renewed before any of that.
func TestRefusedOnResume(t *testing.T) {
	w := begin(t)
	l := &listing{rows: rows(60)}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	w.url = server.URL
	var issued int
	login := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		issued++
		l.login = fmt.Sprintf("Bearer access-token-%d", issued)
		fmt.Fprintf(rw, `{"access_token":"access-token-%d","expires_in":3600}`, issued)
	}))
	t.Cleanup(login.Close)
	auth := fmt.Sprintf("auth: {type: oauth2_client_credentials, access_token_url: '%s', client_id: u, client_secret: long-enough}", login.URL)
	text := "    - {name: rows, primary_key: id, write_disposition: merge, endpoint: {path: /, data_selector: data, paginator: {type: cursor, cursor_param: from}}}\n"
	run := func(code int, fail string, status int, client string) pipeline.Resource {
		t.Helper()
		l.mu.Lock()
		l.fail, l.code, l.asked = fail, status, nil
		l.mu.Unlock()
		return w.run(w.must(w.configured(text, "commit_interval: 0s", pipeline.Options{}, client)), code)
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		run(pipeline.ExitSource, "r30", http.StatusInternalServerError, "")
		got := run(pipeline.ExitOK, "r30", status, "")
		if want := []string{"r30", "", "r10", "r20", "r30", "r40", "r50"}; !slices.Equal(l.asked, want) || got.Proof == pipeline.Resumed || got.Records != 60 {
			t.Errorf("%d: asked for %q, want %q: %+v", status, l.asked, want, got)
		}
	}
	run(pipeline.ExitSource, "r30", http.StatusInternalServerError, "")
	before := w.state()
	l.login = "Bearer of-another"
	run(pipeline.ExitAuth, "", 0, "")
	if after := w.state(); !slices.Equal(l.asked, []string{"r30", ""}) || after.Seq != before.Seq || string(after.Position) != string(before.Position) {
		t.Errorf("broken credentials: asked for %q, the state is at %s of walk %d", l.asked, after.Position, after.Walk)
	}
	p := w.must(w.configured(text, "commit_interval: 0s", pipeline.Options{}, auth))
	set := func(fail, login string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fail, l.code, l.login, l.asked = fail, http.StatusInternalServerError, login, nil
	}
	set("r40", "")
	w.run(p, pipeline.ExitSource)
	set("", "Bearer revoked")
	if got := w.run(p, pipeline.ExitOK); !slices.Equal(l.asked, []string{"r40", "r40", "r50"}) || got.Proof != pipeline.Resumed || issued != 2 {
		t.Errorf("a revoked access token: asked for %q, %d tokens: %+v", l.asked, issued, got)
	}
}
