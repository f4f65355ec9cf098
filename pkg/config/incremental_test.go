package config_test

import (
	"fmt"
	"strings"
	"testing"

	"producer/pkg/config"
)

func TestIncremental(t *testing.T) {
	c, err := with("", listing+`, incremental: {cursor_path: a.updated, initial_value: 2024-01-01, start_param: since, end_param: until, end_value: "${LIMIT}",
        last_value_func: min, row_order: desc, lag: 1.5, on_cursor_value_missing: exclude, range_start: open, range_end: closed, primary_key: id, allow_external_schedulers: false, convert: unix_ms}`, ", full_walk_every: 24h")
	if err != nil {
		t.Fatal(err)
	}
	r := c.Resources[0]
	if got, want := fmt.Sprintf("%v %v", *r.Endpoint.Incremental, r.Topic.FullWalkEvery), `{a.updated "2024-01-01" 40 since until true desc 1.5 exclude true true unix_ms} 24h0m0s`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c, err = with("", listing+`, params: {since: {type: incremental, cursor_path: u, initial_value: 5}}`, "")
	if err != nil {
		t.Fatal(err)
	}
	if e := c.Resources[0].Endpoint; fmt.Sprint(*e.Incremental) != "{u 5  since  false  0 raise false false }" || len(e.Params) != 0 {
		t.Errorf("got %+v, %v", *e.Incremental, e.Params)
	}
}

func TestIncrementalMistakes(t *testing.T) {
	const cursor = ", incremental: {cursor_path: u"
	for _, test := range []struct{ endpoint, at, text string }{
		{", incremental: {}", "incremental.cursor_path", "missing"},
		{", incremental: u", "endpoint.incremental", "mapping"},
		{cursor + ", convert: \"lambda x: x\"}", "incremental.convert", "Python"},
		{cursor + ", convert: unixx}", "incremental.convert", "unix, unix_ms or date"},
		{cursor + ", transform: f}", "incremental.transform", "Python"},
		{cursor + ", end_value: 5}", "incremental.initial_value", "missing"},
		{cursor + ", initial_value: true}", "incremental.initial_value", "boolean"},
		{cursor + ", last_value_func: sum}", "incremental.last_value_func", "max or min"},
		{cursor + ", row_order: up}", "incremental.row_order", "asc or desc"},
		{cursor + ", lag: -1}", "incremental.lag", "0 to"},
		{cursor + ", on_cursor_value_missing: skip}", "incremental.on_cursor_value_missing", "exclude"},
		{cursor + ", range_start: half}", "incremental.range_start", "closed or open"},
		{cursor + ", allow_external_schedulers: true}", "incremental.allow_external_schedulers", "scheduler"},
		{cursor + ", start_para: since}", "incremental.start_para", "start_param?"},
		{cursor + ", start_param: a}, params: {a: b}", "params.a", "incremental sets"},
		{cursor + "}, params: {s: {type: incremental, cursor_path: u}}", "params.s", "second incremental"},
		{", params: {s: {type: incremental, cursor_path: u, initial_value: 1, end_value: 5}}", "params.s.end_value", "a start only"},
		{", params: {s: {type: incremental, cursor_path: u, end_param: until}}", "params.s.end_param", "unknown"},
		{", params: {q: \"{incremental.start_value}\"}", "resources[0].endpoint", "no incremental"},
		{cursor + "}, params: {q: \"{incremental.start_value}\"}", "resources[0].endpoint", "no initial_value"},
		{cursor + ", initial_value: 5}, params: {q: \"{incremental.end_value}\"}", "resources[0].endpoint", "no end_value"},
		{", params: {q: \"{incremental.now}\"}", "params.q", "placeholder"},
		{", params: {q: \"{\"}", "params.q", "without its }"},
	} {
		_, err := with("", listing+test.endpoint, "")
		if err == nil || !strings.Contains(err.Error(), test.at+": ") || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v, want %s: …%s…", test.endpoint, err, test.at, test.text)
		}
	}
}

// A full walk of an append resource would publish everything again: the kafka block's schedule is not for it.
func TestFullWalkEvery(t *testing.T) {
	const text = `pipeline: p
source:
  client: {base_url: "https://api.example.com"}
  resources: [{name: a, write_disposition: append, endpoint: {path: a}%s}]
kafka: {brokers: ["localhost:9092"], full_walk_every: 24h}
`
	c, err := config.Parse("x.yaml", fmt.Appendf(nil, text, ""), environ)
	if err != nil || c.Resources[0].Topic.FullWalkEvery != 0 {
		t.Errorf("got %v, %v", c, err)
	}
	if _, err := config.Parse("x.yaml", fmt.Appendf(nil, text, ", kafka: {full_walk_every: 1h}"), environ); err == nil || !strings.Contains(err.Error(), "resources[0].kafka.full_walk_every: needs write_disposition") {
		t.Errorf("got %v", err)
	}
}

// Placeholders become slots wherever they stand; a path takes its bare ones from params, which are then not sent.
func TestPlaceholders(t *testing.T) {
	c, err := config.Parse("x.yaml", []byte(`pipeline: p
source:
  client: {base_url: "https://api.example.com"}
  resources:
    - name: a
      primary_key: id
      write_disposition: merge
      endpoint:
        path: "/v1/{kind}/{incremental.start_value}?q={incremental.initial_value}"
        params: {kind: "a b", n: [1, "x{{}}{incremental.last_value}"]}
        headers: {X-From: "v{incremental.start_value}"}
        incremental: {cursor_path: u, initial_value: 5}
        data_selector: data
        paginator: single_page
kafka: {brokers: ["localhost:9092"]}
`), environ)
	if err != nil {
		t.Fatal(err)
	}
	e := c.Resources[0].Endpoint
	if got, want := fmt.Sprint(e.Path, e.Params, e.Headers), "/v1/a%20b/{incremental.start_value}[{q [{incremental.initial_value}]} {n [1 x{}{incremental.last_value}]}] map[X-From:v{incremental.start_value}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	bound, err := e.Bind(func(h config.Hole) (config.Value, error) { return config.Value{Text: "<" + h.Cursor + "/>"}, nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(bound.Path, bound.Params, bound.Headers), "/v1/a%20b/%3Cstart_value%2F%3E[{q [<initial_value/>]} {n [1 x{}<last_value/>]}] map[X-From:v<start_value/>]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if e.Path != "/v1/a%20b/{incremental.start_value}" || e.Params[0].Values[0] != "{incremental.initial_value}" {
		t.Error("binding changed the endpoint")
	}
	for _, v := range []string{"", ".", ".."} {
		if _, err := e.Bind(func(config.Hole) (config.Value, error) { return config.Value{Text: v}, nil }); err == nil {
			t.Errorf("%q stands in a path", v)
		}
	}
}
