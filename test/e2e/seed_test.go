package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// seed is the configuration that the project began with, key for key.
const seed = `pipeline: %s
source:
  client:
    base_url: %s
    auth:
      type: api_key
      name: api_key
      api_key: "${API_KEY}"
      location: query
  resource_defaults:
    primary_key: id
    write_disposition: merge
  resources:
    - name: contacts
      endpoint:
        path: /v1/contacts
        data_selector: data
        paginator:
          type: offset
          limit: 100
    - name: companies
      endpoint:
        path: /v1/companies
        data_selector: data
        paginator:
          type: offset
          limit: 100
    - name: deals
      endpoint:
        path: /v1/deals
        data_selector: data
        paginator:
          type: offset
          limit: 100
kafka:
  brokers: %s
`

func (s *scenario) seed(a *api) string {
	return fmt.Sprintf(seed, s.pipeline, a.URL, text(env.brokers))
}

func TestSeedConfiguration(t *testing.T) {
	registry := map[string]string{"registry": fmt.Sprintf("schema:\n  registry: {url: %q}\n", env.registryURL), "single object": ""}
	each(t, registry, func(s *scenario, schema string) {
		rows := map[string][]string{"contacts": people(1037), "companies": plain(200), "deals": nil}
		listings := map[string]*listing{}
		for name, r := range rows {
			listings["/v1/"+name] = &listing{rows: r}
		}
		a := s.serve(s.key, listings)
		config := s.write(s.seed(a) + schema)

		first := s.run(config, 0)
		first.expect("contacts", object{"status": "complete", "proof": "proven", "error": "", "topic": s.topic("contacts"), "pages": 11,
			"records": 1037, "published": 1037, "unchanged": 0, "duplicates": 0, "dead_lettered": 0, "tombstones": 0, "requests": 11,
			"retries": 0, "total": 1037})
		first.expect("companies", object{"status": "complete", "proof": "proven", "pages": 2, "published": 200, "requests": 2, "total": 200})
		first.expect("deals", object{"status": "complete", "proof": "proven", "pages": 0, "records": 0, "requests": 1, "total": 0})
		if got, want := a.offsets("/v1/contacts"), "0 100 200 300 400 500 600 700 800 900 1000"; got != want {
			s.Errorf("offsets asked: %s, want %s", got, want)
		}
		for _, r := range a.requests("/v1/companies") {
			if len(r.query) != 3 || r.query.Get("limit") != "100" {
				s.Errorf("asked %v, want api_key, limit=100 and offset", r.query)
			}
		}

		second := s.run(config, 0)
		second.expect("contacts", object{"status": "complete", "records": 1037, "published": 0, "unchanged": 1037})
		second.expect("companies", object{"records": 200, "published": 0, "unchanged": 200})
		for _, name := range []string{"contacts", "companies"} {
			records := s.table(name, rows[name])
			s.times(records, 1)
			if got := s.topicConfig(s.topic(name), "cleanup.policy"); got != "compact" {
				s.Errorf("cleanup.policy of %s is %q", name, got)
			}
			if got := s.partitions(s.topic(name)); got != 6 {
				s.Errorf("%s has %d partitions", name, got)
			}
			if schema == "" {
				continue
			}
			if got := s.versions(name); len(got) != 1 {
				s.Errorf("the subject of %s has %d versions", name, len(got))
			}
			if id := fmt.Sprint(first.resource(name)["schema_id"]); id == "<nil>" {
				s.Errorf("%s has no schema_id", name)
			}
		}
		if schema == "" {
			if got := len(s.schemas()); got != 2 || len(s.read(s.pipeline+".schemas")) != 2 {
				s.Errorf("the schemas topic holds %d schemas, want each of 2 once", got)
			}
		}
		state := fold(s.read(s.pipeline + ".state"))
		for name := range rows {
			if state[name] == nil {
				s.Errorf("no state of %s", name)
				continue
			}
			got := parse(string(state[name].Value)).(object)
			if fmt.Sprintf("%v %v %v", got["v"], got["phase"], got["partitions"]) != "1 done 6" {
				s.Errorf("state of %s: %v", name, got)
			}
		}
	})
}

func TestOnlyChangesArePublished(t *testing.T) {
	s := begin(t)
	l := &listing{rows: people(230)}
	config := s.config(s.api(l))
	s.run(config, 0).expect("contacts", object{"published": 230})
	first := fold(s.table("contacts", l.rows))

	l.rows[141] = strings.Replace(l.rows[141], `"lon":-0.5`, `"lon":1.5`, 1)
	s.run(config, 0).expect("contacts", object{"published": 1, "unchanged": 229})
	l.rows = append(l.rows, strings.Replace(l.rows[0], `"id":1,`, `"id":9000,`, 1))
	s.run(config, 0).expect("contacts", object{"published": 1, "unchanged": 230})

	// White space, the order of names, and null against absent change nothing.
	for i, row := range l.rows {
		v := parse(row).(object)
		if i%2 == 0 {
			v["nothing"] = nil
		}
		l.rows[i] = "\n\t" + strings.ReplaceAll(text(v), `":`, `" : `)
	}
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 231})
	if got := fmt.Sprint(newer(first, fold(s.table("contacts", l.rows)))); got != "[142 9000]" {
		s.Errorf("records of %s were published, want 142 and 9000", got)
	}
}

func TestPublishAll(t *testing.T) {
	s := begin(t)
	rows := plain(120)
	config := s.config(s.api(&listing{rows: rows}), edits{"kafka.publish": "all"})
	s.run(config, 0).expect("contacts", object{"published": 120, "unchanged": 0})
	first := fold(s.table("contacts", rows))
	s.run(config, 0).expect("contacts", object{"published": 120, "unchanged": 0})
	if got := len(newer(first, fold(s.table("contacts", rows)))); got != 120 {
		s.Errorf("%d records were published again, want all 120", got)
	}
}

func TestAppend(t *testing.T) {
	s := begin(t)
	rows := plain(30)
	// append is the default, and a default that is merely defaulted is said.
	config := s.config(s.api(&listing{rows: rows}), edits{"source.resource_defaults.write_disposition": gone})
	for range 2 {
		o := s.run(config, 0)
		o.expect("contacts", object{"published": 30, "unchanged": 0})
		o.mentions("append")
	}
	s.times(s.table("contacts", rows), 2)
	if got := s.topicConfig(s.topic("contacts"), "cleanup.policy"); got != "delete" {
		s.Errorf("cleanup.policy is %q", got)
	}
}

func TestReplaceDeletesWhatIsGone(t *testing.T) {
	s := begin(t)
	l := &listing{rows: plain(300)}
	config := s.config(s.api(l), edits{"source.resource_defaults.write_disposition": "replace"})
	s.run(config, 0).expect("contacts", object{"published": 300, "tombstones": 0})

	l.rows = slices.Delete(slices.Clone(l.rows), 16, 18) // ids 17 and 18
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 298, "tombstones": 2})
	var dead []string
	for _, r := range s.table("contacts", l.rows) {
		if r.Value == nil {
			dead = append(dead, string(r.Key))
		}
	}
	if slices.Sort(dead); fmt.Sprint(dead) != "[17 18]" {
		s.Errorf("tombstones of %v, want 17 and 18", dead)
	}

	l.rows = l.rows[:100] // two thirds gone: more than max_deletes allows
	s.run(config, 8)
	if got := len(fold(s.read(s.topic("contacts")))); got != 298 {
		s.Errorf("%d keys live after a mass deletion was refused, want 298", got)
	}
}

func TestResourceFlag(t *testing.T) {
	s := begin(t)
	a := s.serve(s.key, map[string]*listing{"/v1/contacts": {rows: plain(3)}, "/v1/companies": {rows: plain(4)}, "/v1/deals": {rows: plain(5)}})
	config := s.write(s.seed(a))
	o := s.run(config, 0, "--resource", "companies", "--resource", "deals")
	if len(o.summary.Resources) != 2 || len(a.requests("/v1/contacts")) != 0 {
		s.Errorf("ran %v", o.summary.Resources)
	}
	o.expect("companies", object{"published": 4})
	s.run(config, 2, "--resource", "nothere").mentions("nothere")
}
