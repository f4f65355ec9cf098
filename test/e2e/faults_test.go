package e2e_test

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sourceFault is one way in which the source can fail in the middle of a walk, and what must come of it.
type sourceFault struct {
	answer   http.HandlerFunc // of the third page, until it is mended
	change   edits
	exit     int
	says     []string // beside the resource, the page, and what is committed
	requests int      // for the faulty page; 0: any, as the walk is ahead of its records
	held     int      // MiB that the process may hold at the most; 0: any
}

// The rows of the fault matrix that are about the source: the third of six pages cannot be had. The pages before it are committed and
// nothing of it is; the message says where, why, what stands and what to do; the next run goes on from there, and every row is in the
// topic once.
func TestSourceFaults(t *testing.T) {
	ok := func(body string) http.HandlerFunc { return answer(http.StatusOK, body) }
	once := edits{"source.client.retry.max_retries": 0}
	cases := map[string]sourceFault{
		"429 with Retry-After":      {answer: after(429, "0"), exit: 3, says: []string{"429", "4 attempts"}, requests: 4},
		"Retry-After beyond limit":  {answer: after(429, "3600"), exit: 3, says: []string{"429", "1h0m0s", "max_retry_after"}, requests: 1},
		"Retry-After as a date":     {answer: dated(2 * time.Hour), exit: 3, says: []string{"503", "2h0m0s", "max_retry_after"}, requests: 1},
		"Retry-After in the past":   {answer: dated(-time.Hour), exit: 3, says: []string{"503", "4 attempts"}, requests: 4},
		"Retry-After of nonsense":   {answer: after(503, "soon"), exit: 3, says: []string{"503", "4 attempts"}, requests: 4},
		"500":                       {answer: status(500), exit: 3, says: []string{"500", "4 attempts"}, requests: 4},
		"502":                       {answer: status(502), exit: 3, says: []string{"502", "4 attempts"}, requests: 4},
		"503":                       {answer: status(503), exit: 3, says: []string{"503", "4 attempts"}, requests: 4},
		"504":                       {answer: status(504), exit: 3, says: []string{"504", "4 attempts"}, requests: 4},
		"400":                       {answer: status(400), exit: 3, says: []string{"400", "scripted"}, requests: 1},
		"404":                       {answer: status(404), exit: 3, says: []string{"404"}, requests: 1},
		"501":                       {answer: status(501), exit: 3, says: []string{"501"}, requests: 1},
		"401":                       {answer: status(401), exit: 7, says: []string{"401", "credentials"}, requests: 1},
		"403":                       {answer: status(403), exit: 7, says: []string{"403", "credentials"}, requests: 1},
		"slowloris":                 {answer: drip, change: edits{"source.client.timeout": "300ms"}, exit: 3, says: []string{"300ms", "4 attempts"}, requests: 4},
		"reset in the body":         {answer: cut, exit: 3, says: []string{"4 attempts"}, requests: 4},
		"truncated JSON":            {answer: ok(`{"data":[{"id":201,"name":"n`), exit: 3, says: []string{"ends", "4 attempts"}, requests: 4},
		"HTML with 200":             {answer: html, exit: 3, says: []string{"HTML", "Please sign in"}, requests: 1},
		"an error with 200":         {answer: ok(`{"error":"quota exceeded"}`), exit: 3, says: []string{"data_selector", "quota exceeded"}, requests: 1},
		"trailing data":             {answer: ok(`{"data":[{"id":201}]}{"data":[]}`), exit: 3, says: []string{"follows the value"}, requests: 1},
		"invalid UTF-8":             {answer: ok("{\"data\":[{\"id\":201,\"t\":\"\xff\"}]}"), exit: 3, says: []string{"UTF-8"}, requests: 1},
		"NaN":                       {answer: ok(`{"data":[{"id":201,"v":NaN}]}`), exit: 3, says: []string{"malformed JSON"}, requests: 1},
		"a gzip bomb":               {answer: bomb(1 << 30), change: edits{"source.client.limits": object{"body": "16MiB"}}, exit: 8, says: []string{"limits.body", "16"}, requests: 1, held: 128},
		"a body of 1 GiB":           {answer: flood(1 << 30), change: edits{"source.client.limits": object{"body": "16MiB"}}, exit: 8, says: []string{"limits.body", "16"}, requests: 1, held: 128},
		"too deep":                  {answer: ok(`{"data":[{"id":201,"v":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}]}`), exit: 8, says: []string{"limits.depth is 500"}, requests: 1},
		"headers of 1 MiB":          {answer: heads, change: once, exit: 3, says: []string{"header"}, requests: 1},
		"a page again":              {answer: again, exit: 3, says: []string{"same records", "offset 0"}, requests: 1},
		"a redirect to elsewhere":   {answer: elsewhere, exit: 3, says: []string{"redirect"}, requests: 1},
		"a redirect for ever":       {answer: circle, exit: 3, says: []string{"redirect"}, requests: 11},
		"a record without a key":    {answer: ok(`{"data":[{"id":201,"v":1},{"v":2}],"total":600}`), exit: 4, says: []string{"record 2", "id"}},
		"a key of null":             {answer: ok(`{"data":[{"id":null,"v":2}],"total":600}`), exit: 4, says: []string{"record 1", "id"}},
		"a name twice in a record":  {answer: ok(`{"data":[{"id":201,"v":1,"v":2}],"total":600}`), exit: 4, says: []string{"201", "v"}},
		"an integer beyond int64":   {answer: ok(`{"data":[{"id":201,"v":9223372036854775808}],"total":600}`), exit: 4, says: []string{"201", "v"}},
		"1e400":                     {answer: ok(`{"data":[{"id":201,"v":1e400}],"total":600}`), exit: 4, says: []string{"201", "v"}},
		"a type that a freeze bars": {answer: ok(`{"data":[{"id":201,"v":"text"}],"total":600}`), change: edits{"source.resources.0.schema_contract": "freeze"}, exit: 4, says: []string{"201", "v"}},
	}
	each(t, cases, func(s *scenario, c sourceFault) {
		l := &listing{rows: plain(600)}
		a := s.api(l)
		config := s.config(a, eachPage, edits{"source.resources.0.endpoint.data_selector": "data"}, c.change)
		if c.change["source.resources.0.schema_contract"] != nil { // which needs a schema first
			l.rows = plain(200)
			s.run(s.config(a, eachPage), 0)
			l.rows = plain(600)
		}
		before := len(a.requests(contacts))
		bad := func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("offset") != "200" {
				return false
			}
			c.answer(w, r)
			return true
		}
		a.edit(contacts, func(l *listing) { l.at = bad })
		p := s.startRun(config)
		peak := p.watch()
		o := p.finish(c.exit)
		o.expect("contacts", object{"status": "failed", "proof": "none", "records": 200, "pages": 2})
		o.mentions(append([]string{"contacts", "offset 200", "committed in this run: 2 pages, 200 records"}, c.says...)...)
		if got := len(a.requests(contacts)) - before - 2; c.requests > 0 && got != c.requests {
			s.Errorf("%d requests for the faulty page, want %d", got, c.requests)
		}
		if held := peak(); c.held > 0 && (held > c.held || held == 0) {
			s.Errorf("the process held %d MiB, want at most %d", held, c.held)
		}
		s.table("contacts", l.rows[:200])

		a.edit(contacts, func(l *listing) { l.at = nil })
		s.run(config, 0).expect("contacts", object{"status": "complete", "published": 400, "unchanged": 100, "proof": "resumed"})
		s.times(s.table("contacts", l.rows), 1)
	})
}

// A link to the next page that leads to another origin is not followed, and what came before it is kept. Once it leads where it should,
// the walk goes on with that page.
func TestLinksThatLeadAway(t *testing.T) {
	leads := map[string]func(other string) string{
		"another server": func(other string) string { return other + contacts },
		"no scheme":      func(other string) string { return strings.TrimPrefix(other, "http:") + contacts },
		"a user's name":  func(other string) string { return strings.Replace(other, "http://", "http://127.0.0.1@", 1) + contacts },
		"a backslash":    func(other string) string { return `\\` + strings.TrimPrefix(other, "http://") + contacts },
		"no http":        func(string) string { return "file:///etc/passwd" },
	}
	each(t, leads, func(s *scenario, lead func(string) string) {
		other := s.serve("", map[string]*listing{contacts: {rows: plain(1)}})
		rows := plain(300)
		away := true
		l := &listing{page: func(q url.Values) string {
			from := number(q, "from", 0)
			next := "null"
			switch {
			case from == 100 && away:
				next = text(lead(other.URL))
			case from < 200:
				next = text(fmt.Sprintf("%s?from=%d", contacts, from+100))
			}
			return fmt.Sprintf(`{"data":[%s],"next":%s}`, strings.Join(rows[from:from+100], ","), next)
		}}
		a := s.api(l)
		config := s.config(a, eachPage, edits{"source.resources.0.endpoint.paginator": object{"type": "json_link", "next_url_path": "next"}})
		o := s.run(config, 3)
		o.mentions("contacts", "next_url_path", "committed in this run")
		kept := o.count("contacts", "published")
		if kept%100 != 0 || kept > 200 {
			s.Errorf("%d records were kept", kept)
		}
		s.times(s.table("contacts", rows[:kept]), 1)
		if got := len(other.requests(contacts)); got != 0 {
			s.Errorf("%d requests to the other server", got)
		}
		away = false
		s.run(config, 0).expect("contacts", object{"status": "complete", "published": 300 - kept})
		s.times(s.table("contacts", rows), 1)
	})
}

// dated is a failure that says by a date when to come back: so long after the server's own clock, which is ten years wrong.
func dated(wait time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().AddDate(-10, 0, 0).UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		after(503, now.Add(wait).Format(http.TimeFormat))(w, r)
	}
}

// drip sends a page a byte at a time, for ever.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := fmt.Fprint(w, " "); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // fails once the program has hung up
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// flood is a page with a text of n bytes.
func flood(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"data":[{"id":201,"name":"`)
		spill(w, n)
	}
}

// bomb is the same, a thousandth of it on the wire.
func bomb(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return
		}
		fmt.Fprint(z, `{"data":[{"id":201,"name":"`)
		spill(z, n)
		_ = z.Close() // the program has hung up by now
	}
}

func spill(w interface{ Write([]byte) (int, error) }, n int) {
	chunk := []byte(strings.Repeat("0", 64<<10))
	for ; n > 0; n -= len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func heads(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	answer(http.StatusOK, `{"data":[]}`)(w, r)
}

// again is the first page.
func again(w http.ResponseWriter, r *http.Request) {
	answer(http.StatusOK, `{"data":[`+strings.Join(plain(600)[:100], ",")+`],"total":600}`)(w, r)
}

func elsewhere(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "http://127.0.0.1:1"+r.URL.RequestURI(), http.StatusFound)
}

func circle(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.RequestURI(), http.StatusFound)
}
