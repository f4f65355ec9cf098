package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func status(code int) http.HandlerFunc { return answer(code, `{"message":"scripted"}`) }

func TestRetries(t *testing.T) {
	s := begin(t)
	rows := people(450)
	a := s.api(&listing{rows: rows, faults: map[int]http.HandlerFunc{1: status(429), 3: status(500), 5: status(502), 7: status(503), 8: cut,
		9: answer(http.StatusOK, `{"data":[{"id":1`), 11: status(504)}})
	s.run(s.config(a), 0).expect("contacts", object{"status": "complete", "records": 450, "published": 450, "requests": 12, "retries": 7})
	s.times(s.table("contacts", rows), 1)
	if got, want := a.offsets(contacts), "0 0 100 100 200 200 300 300 300 300 400 400"; got != want {
		s.Errorf("offsets asked: %s, want %s", got, want)
	}
}

func TestFourRequestsAndExit3(t *testing.T) {
	cases := map[string]http.HandlerFunc{"503": status(503), "429": status(429), "body cut": cut, "JSON ends early": answer(http.StatusOK, `{"data":[`)}
	each(t, cases, func(s *scenario, fault http.HandlerFunc) {
		a := s.api(&listing{rows: plain(5), always: fault})
		o := s.run(s.config(a, withoutRegistry), 3)
		o.expect("contacts", object{"status": "failed", "proof": "none", "records": 0, "requests": 4, "retries": 3})
		s.table("contacts", nil)
	})
}

func TestBackOffDoubles(t *testing.T) {
	s := begin(t)
	a := s.api(&listing{rows: plain(5), always: status(503)})
	s.run(s.config(a, withoutRegistry, edits{"source.client.retry": gone}), 3).mentions("503")
	log := a.requests(contacts)
	if len(log) != 4 {
		s.Fatalf("%d requests, want 1 and 3 retries", len(log))
	}
	for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		if got := log[i+1].at.Sub(log[i].at); got < want*79/100 || got > want*121/100+time.Second/2 {
			s.Errorf("wait %d was %v, want %v with at most 20 %% jitter", i+1, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	s := begin(t)
	l := &listing{rows: plain(5), faults: map[int]http.HandlerFunc{1: after(429, "1")}}
	a := s.api(l)
	s.run(s.config(a), 0).expect("contacts", object{"retries": 1})
	if got := a.requests(contacts)[1].at.Sub(a.requests(contacts)[0].at); got < time.Second {
		s.Errorf("came back after %v, the server asked for a second", got)
	}
	l.faults[3] = after(503, "3600") // longer than max_retry_after
	s.run(s.config(a), 3).expect("contacts", object{"requests": 1, "retries": 0})
}

// While the source is asked, and while it lets us wait, no transaction is open: what is committed can be read.
func TestNoTransactionIsOpenWhileTheSourceIsAsked(t *testing.T) {
	s := begin(t)
	l := &listing{rows: plain(600)}
	a := s.api(l)
	release := s.hold(l, 5)
	p := s.startRun(s.config(a, eachPage))
	a.await(s.T, contacts, 5)
	s.poll("four pages to be readable", func() bool { return len(s.visible(s.topic("contacts"))) == 400 })
	if got := len(s.read(s.topic("contacts"))); got != 400 { // which waits for the last stable offset to be the end
		s.Errorf("%d records are readable, want 400", got)
	}
	release()
	p.finish(0).expect("contacts", object{"published": 600, "proof": "proven"})
}

func TestStatusesThatAreNotRetried(t *testing.T) {
	cases := map[string]int{"400": 3, "404": 3, "410": 3, "422": 3, "501": 3, "401": 7, "403": 7}
	each(t, cases, func(s *scenario, exit int) {
		name := s.Name()[strings.LastIndexByte(s.Name(), '/')+1:]
		code, _ := strconv.Atoi(name)
		a := s.api(&listing{rows: plain(5), always: answer(code, "")})
		s.run(s.config(a, withoutRegistry), exit).mentions(name)
		if got := len(a.requests(contacts)); got != 1 {
			s.Errorf("%d requests", got)
		}
		s.table("contacts", nil)
	})
}

func TestAnswersThatCannotBeRight(t *testing.T) {
	ok := func(body string) http.HandlerFunc { return answer(http.StatusOK, body) }
	cases := map[string]http.HandlerFunc{"html": html, "an error with 200": ok(`{"error":{"code":17,"message":"quota exceeded"}}`),
		"no selector target": ok(`{"items":[],"total":0}`), "an object": ok(`{"data":{"id":1},"total":1}`), "a text": ok(`{"data":"none"}`),
		"trailing bytes": ok(`{"data":[{"id":1}],"total":1}{"data":[]}`), "NaN": ok(`{"data":[{"id":1,"f":NaN}],"total":1}`),
		"invalid UTF-8": ok("{\"data\":[{\"id\":1,\"t\":\"\xff\"}],\"total\":1}")}
	each(t, cases, func(s *scenario, fault http.HandlerFunc) {
		s.run(s.config(s.api(&listing{always: fault}), withoutRegistry), 3)
		s.table("contacts", nil)
	})
}

func TestRecordsThatHaveTwoMeanings(t *testing.T) {
	cases := map[string]string{"name twice": `{"id":2,"a":1,"a":2}`, "name twice, escaped": `{"id":2,"a":1,"\u0061":2}`, "inside": `{"id":2,"o":{"x":1,"x":1}}`,
		"lone surrogate": `{"id":2,"t":"\ud800"}`}
	each(t, cases, func(s *scenario, bad string) {
		s.run(s.config(s.api(&listing{rows: []string{`{"id":1}`, bad}}), withoutRegistry), 4)
		s.table("contacts", nil)
	})
}

func TestTotalsInAllShapes(t *testing.T) {
	cases := map[string]listing{
		"a number":         {},
		"before the rows":  {metaFirst: true},
		"text":             {total: func(_, size int) string { return strconv.Quote(strconv.Itoa(size)) }},
		"null":             {total: func(_, _ int) string { return "null" }},
		"absent":           {total: func(_, _ int) string { return "" }},
		"an object":        {total: func(_, size int) string { return fmt.Sprintf(`{"value":%d}`, size) }},
		"negative":         {total: func(_, _ int) string { return "-1" }},
		"a fraction":       {total: func(_, _ int) string { return "2.5" }},
		"on page one only": {total: func(offset, size int) string { return map[bool]string{true: strconv.Itoa(size)}[offset == 0] }},
	}
	each(t, cases, func(s *scenario, l listing) {
		l.rows = plain(200)
		o := s.run(s.config(s.api(&l), withoutRegistry), 0)
		o.expect("contacts", object{"status": "complete", "proof": "proven", "records": 200, "published": 200, "pages": 2})
		s.table("contacts", l.rows)
	})
}

func TestTotalsThatMoveOrLie(t *testing.T) {
	fixed := func(n string) func(int, int) string { return func(int, int) string { return n } }
	t.Run("rows deleted meanwhile", func(t *testing.T) {
		s := begin(t)
		l := &listing{rows: plain(500)}
		a := s.api(l)
		l.before = func(n int) {
			if n == 3 {
				a.edit(contacts, func(l *listing) { l.rows = slices.Delete(slices.Clone(l.rows), 0, 3) })
			}
		}
		config := s.config(a, edits{"source.resource_defaults.write_disposition": "replace"})
		o := s.run(config, 0)
		o.expect("contacts", object{"status": "complete", "proof": "drifted", "total": 497, "tombstones": 0})
		o.mentions("first_total=500", "last_total=497")
		if got := len(fold(s.read(s.topic("contacts")))); got != 497 { // the three are there, three others slipped through
			s.Errorf("%d keys after the drift, want 497", got)
		}
		s.run(config, 0).expect("contacts", object{"proof": "proven", "published": 3, "unchanged": 494, "tombstones": 3})
		s.table("contacts", l.rows)
	})
	t.Run("rows added meanwhile", func(t *testing.T) {
		s := begin(t)
		l := &listing{rows: plain(500)}
		a := s.api(l)
		l.before = func(n int) {
			if n == 3 {
				a.edit(contacts, func(l *listing) { l.rows = append([]string{`{"id":900,"name":"new","v":1}`}, l.rows...) })
			}
		}
		config := s.config(a, edits{"source.resource_defaults.write_disposition": "replace"})
		s.run(config, 0).expect("contacts", object{"status": "complete", "proof": "drifted", "total": 501, "published": 500, "tombstones": 0})
		s.run(config, 0).expect("contacts", object{"proof": "proven", "published": 1, "unchanged": 500, "tombstones": 0})
		s.times(s.table("contacts", l.rows), 1)
	})
	t.Run("short of it", func(t *testing.T) {
		s := begin(t)
		l := &listing{rows: plain(250), total: fixed("300")}
		config := s.config(s.api(l))
		s.run(config, 3).mentions("contacts", "offset 250", "after 250 rows", "says 300", "total_path", "committed in this run: 3 pages, 250 records")
		s.times(s.table("contacts", l.rows), 1)
		s.run(config, 3).mentions("says 300")
		l.rows = plain(300)
		s.run(config, 0).expect("contacts", object{"proof": "resumed", "published": 50})
		s.times(s.table("contacts", l.rows), 1)
	})
	t.Run("beyond it", func(t *testing.T) {
		s := begin(t)
		l := &listing{rows: plain(250), total: fixed("220")}
		config := s.config(s.api(l))
		for _, published := range []int{250, 0} {
			s.run(config, 0).expect("contacts", object{"status": "complete", "proof": "drifted", "published": published})
		}
		s.times(s.table("contacts", l.rows), 1)
	})
	t.Run("not believed", func(t *testing.T) {
		s := begin(t)
		l := &listing{rows: plain(250), total: fixed("9")}
		config := s.config(s.api(l), edits{"source.resources.0.endpoint.paginator.total_path": nil})
		s.run(config, 0).expect("contacts", object{"records": 250, "total": nil, "proof": "proven"})
		s.table("contacts", l.rows)
	})
}

func TestClampedPages(t *testing.T) {
	totals := map[string]func(int, int) string{"with a total": nil, "without": func(int, int) string { return "" }}
	each(t, totals, func(s *scenario, total func(int, int) string) {
		l := &listing{rows: plain(410), clamp: 40, total: total}
		a := s.api(l)
		s.run(s.config(a), 0).expect("contacts", object{"status": "complete", "records": 410, "published": 410})
		s.times(s.table("contacts", l.rows), 1)
		if got := a.offsets(contacts); !strings.HasPrefix(got, "0 40 80 120 160 200 240 280 320 360 400") {
			s.Errorf("offsets asked: %s", got)
		}
	})
}

func TestPagesThatRepeat(t *testing.T) {
	none := func(int, int) string { return "" }
	cases := map[string]*listing{
		"the last one past the end": {rows: plain(250), wrap: true, total: none},
		"the first one for ever":    {page: func(url.Values) string { return `{"data":[` + strings.Join(plain(100), ",") + `],"total":100000}` }},
	}
	each(t, cases, func(s *scenario, l *listing) {
		a := s.api(l)
		s.run(s.config(a), 3)
		if got := len(a.requests(contacts)); got > 10 {
			s.Errorf("%d requests until the loop was seen", got)
		}
		s.times(s.read(s.topic("contacts")), 1)
	})
}

func TestBounds(t *testing.T) {
	s := begin(t)
	a := s.api(&listing{rows: plain(1000)})
	o := s.run(s.config(a, edits{"source.resources.0.endpoint.paginator.maximum_offset": 300}), 0)
	o.expect("contacts", object{"status": "incomplete", "proof": "bounded", "records": 300, "published": 300})
	if o.summary.Status != "incomplete" {
		s.Errorf("status %s", o.summary.Status)
	}
}

func TestOtherPaginators(t *testing.T) {
	t.Run("page_number", func(t *testing.T) {
		s := begin(t)
		rows := plain(45)
		page := func(q url.Values) string {
			n := number(q, "p", 0)
			return `{"data":[` + strings.Join(rows[min(45, (n-1)*20):min(45, n*20)], ",") + `]}`
		}
		a := s.api(&listing{page: page})
		s.run(s.config(a, edits{"source.resources.0.endpoint.paginator": object{"type": "page_number", "base_page": 1, "page_param": "p", "total_path": nil}}), 0).
			expect("contacts", object{"records": 45, "published": 45})
		s.table("contacts", rows)
	})
	t.Run("single_page", func(t *testing.T) {
		s := begin(t)
		rows := plain(7)
		a := s.api(&listing{page: func(url.Values) string { return `{"result":{"items":[` + strings.Join(rows, ",") + `]}}` }})
		s.run(s.config(a, edits{"source.resources.0.endpoint.paginator": object{"type": "single_page"},
			"source.resources.0.endpoint.data_selector": "result.items"}), 0).expect("contacts", object{"records": 7, "requests": 1})
		s.table("contacts", rows)
	})
}

func TestAuthentication(t *testing.T) {
	type auth struct {
		config object
		header string
		want   func(s *scenario) string
	}
	cases := map[string]auth{
		"header": {object{"type": "api_key", "name": "X-Key", "api_key": "${API_KEY}", "location": "header"}, "X-Key", func(s *scenario) string { return s.key }},
		"bearer": {object{"type": "bearer", "token": "${API_KEY}"}, "Authorization", func(s *scenario) string { return "Bearer " + s.key }},
	}
	each(t, cases, func(s *scenario, c auth) {
		a := s.serve("", map[string]*listing{contacts: {rows: plain(3)}})
		s.run(s.config(a, edits{"source.client.auth": c.config}), 0).expect("contacts", object{"records": 3})
		if got := a.requests(contacts)[0].header.Get(c.header); got != c.want(s) {
			s.Errorf("%s is %q", c.header, got)
		}
	})
}

func TestLimitsAreExit8(t *testing.T) {
	cases := map[string]edits{"body": {"source.client.limits": object{"body": "1KiB"}}, "depth": {"source.client.limits": object{"depth": 3}}}
	each(t, cases, func(s *scenario, limit edits) {
		rows := []string{`{"id":1,"a":{"b":{"c":{"d":1}}},"t":"` + strings.Repeat("x", 2000) + `"}`}
		s.run(s.config(s.api(&listing{rows: rows}), withoutRegistry, limit), 8)
		s.table("contacts", nil)
	})
}

func TestOtherResourcesGoOn(t *testing.T) {
	s := begin(t)
	a := s.serve(s.key, map[string]*listing{"/v1/a": {always: status(404)}, "/v1/b": {rows: []string{`{"id":null}`}}, "/v1/c": {rows: plain(40)}})
	o := s.run(s.config(a, withoutRegistry, edits{"source.resources": []any{resource("a", "/v1/a"), resource("b", "/v1/b"), resource("c", "/v1/c")}}), 4)
	o.expect("a", object{"status": "failed"})
	o.expect("b", object{"status": "failed"})
	o.expect("c", object{"status": "complete", "published": 40})
	s.table("c", plain(40))
}
