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

func TestDifferences(t *testing.T) {
	const (
		quiet = `retry: {max_retries: 4, status_codes: [429, 500, 599]}`
		plain = `paginator: single_page`
		names = "schema: {names: snake_case}"
	)
	least := differ(t, quiet, plain, plain, names)
	if len(least) != 2 || !strings.HasPrefix(least[0], "dates and times stay") || !strings.HasPrefix(least[1], "objects and lists stay") {
		t.Errorf("got %q, want what always differs", least)
	}
	for name, tt := range map[string]struct{ client, a, more, want string }{
		"selector":       {quiet, plain + `, data_selector: data`, names, "a: a page in which data_selector finds nothing"},
		"offset":         {quiet, `paginator: {type: offset, limit: 10, total_path: null}`, names, "a: offset goes on by the rows that came"},
		"default total":  {quiet, `paginator: page_number`, names, "a: where a page has no total"},
		"own total":      {quiet, `paginator: {type: json_link, total_path: count}`, names, "a: total_path of this paginator"},
		"maximum":        {quiet, `paginator: {type: page_number, maximum_page: 3}`, names, "a: a walk that a maximum"},
		"ignore":         {quiet, plain + `, response_actions: [{status_code: 404, action: ignore}]`, names, "a: a walk that a maximum"},
		"repeated page":  {quiet, `paginator: cursor`, names, "a: a page that repeats the one before"},
		"other origin":   {quiet, `paginator: json_link, auth: {token: x}`, names, "a: a link to another origin"},
		"cookie":         {quiet, plain + `, auth: {type: api_key, name: k, api_key: x, location: cookie}`, names, "a: a key in a cookie"},
		"key in a query": {quiet, plain + `, auth: {type: api_key, name: k, api_key: x, location: query}`, names, "a: no message holds the key"},
		"incremental":    {quiet, plain + `, incremental: {cursor_path: at}`, names, "a: a row that changed while its cursor"},
		"child":          {quiet, plain + `, path: "x/{resources.b.id}"`, names, "a: a child whose key stands under two parents"},
		"names":          {quiet, plain, "", "fields keep the API's names"},
		"retry":          {"timeout: 60s", plain, names, "a request is made up to 4 times, on 429 500 502 503 504; dlt"},
	} {
		got := differ(t, tt.client, tt.a, plain, tt.more)
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, tt.want) }) {
			t.Errorf("%s: got %q, want %s among them", name, got, tt.want)
		}
	}
	replaced := differ(t, quiet, plain, plain+`}, write_disposition: replace, kafka: {partitions: 1`, names)
	if !slices.ContainsFunc(replaced, func(line string) bool { return strings.HasPrefix(line, "b: rows that are gone at the source") }) {
		t.Errorf("replace: got %q", replaced)
	}
}
