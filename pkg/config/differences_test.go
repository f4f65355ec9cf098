package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"producer/pkg/config"
)

// differ gives the differences of a configuration with the resources a and b, whose endpoints are written in YAML's flow style.
func differ(t *testing.T, client, a, b, more string) []string {
	t.Helper()
	text := fmt.Sprintf(`
pipeline: p
source:
  client: {base_url: "https://a.example", %s}
  resources:
    - {name: a, primary_key: id, write_disposition: merge, endpoint: {%s}}
    - {name: b, primary_key: id, endpoint: {%s}}
kafka: {brokers: ["localhost:9092"]}
%s`, client, a, b, more)
	c, err := config.Parse("c.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Differences()
}

// What a configuration's own keys bring about is told, one line each, and in one line what every configuration has.
func TestDifferences(t *testing.T) {
	const (
		plain  = `paginator: single_page, data_selector: data`
		always = "in every configuration, fields keep the API's names and nesting"
	)
	for name, tt := range map[string]struct {
		client, a, more string
		want            []string // beginnings
	}{
		"nothing":      {"", plain, "", nil},
		"snake_case":   {"", plain, "schema: {names: snake_case}", []string{"in every configuration, fields keep the API's nesting"}},
		"offset":       {"", `paginator: {type: offset, limit: 10, total_path: null}`, "", []string{"a: offset goes on by the rows that came"}},
		"no total":     {"", `paginator: page_number`, "", []string{"a: where a page has no total"}},
		"own total":    {"", `paginator: {type: json_link, total_path: count}`, "", []string{"a: total_path of this paginator"}},
		"maximum":      {"", `paginator: {type: page_number, total_path: null, maximum_page: 3}`, "", []string{"a: a walk that a maximum"}},
		"ignore":       {"", plain + `, response_actions: [{status_code: 404, action: ignore}]`, "", []string{"a: a walk that a maximum"}},
		"other origin": {"", `paginator: json_link, auth: {token: x}`, "", []string{"a: a link to another origin"}},
		"cookie":       {"auth: {type: api_key, name: k, api_key: x, location: cookie}", plain, "", []string{"a key in a cookie"}},
		"incremental":  {"", plain + `, incremental: {cursor_path: at}`, "", []string{"a: a row that changed while its cursor"}},
		"child":        {"", plain + `, path: "x/{resources.b.id}"`, "", []string{"a: a child whose key stands under two parents"}},
		"several":      {"retry: {max_retries: 1}", `paginator: {type: offset, limit: 10}`, "", []string{"a: offset goes on", "a: where a page has no total"}},
	} {
		if name != "snake_case" {
			tt.want = append(tt.want, always)
		}
		got := differ(t, tt.client, tt.a, plain, tt.more)
		if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	replaced := differ(t, "", plain, plain+`}, write_disposition: replace, kafka: {partitions: 1`, "")
	stamped := differ(t, "", plain, plain+`}, write_disposition: merge, columns: {at: {data_type: timestamp}`, "")
	if !slices.EqualFunc(stamped, []string{"b: a timestamp column takes whole seconds", always}, strings.HasPrefix) {
		t.Errorf("columns: got %q", stamped)
	}
	if !slices.EqualFunc(replaced, []string{"b: rows that are gone at the source", always}, strings.HasPrefix) {
		t.Errorf("replace: got %q", replaced)
	}
}
