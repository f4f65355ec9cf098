package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"producer/pkg/config"
)

// lineOf is the line of text that holds needle first, 0 where none does.
func lineOf(text, needle string) int {
	before, _, ok := strings.Cut(text, needle)
	if !ok {
		return 0
	}
	return strings.Count(before, "\n") + 1
}

// TestMistakes makes one mistake in the seed's configuration and looks for its key and its line.
func TestMistakes(t *testing.T) {
	data, err := os.ReadFile("../../examples/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seed := string(data)
	for _, test := range []struct {
		name, old, new string
		key            string // end of the problem's key
		word           string // in its text
		at             string // text on its line; "": any line
	}{
		{"unknown key", "          limit: 100", "          limit: 100\n          limmit: 5", "paginator.limmit", "limit?", "limmit"},
		{"unknown client key", "    auth:", "    authentication: x\n    auth:", "client.authentication", "unknown", "authentication"},
		{"unknown top key", "kafka:", "kafkaa: {}\nkafka:", "kafkaa", "kafka?", "kafkaa"},
		{"no base_url", "    base_url: https://api.example.com\n", "", "client.base_url", "missing", "client:"},
		{"unset variable", "${API_KEY}", "${NOT_SET}", "auth.api_key", "NOT_SET", "NOT_SET"},
		{"paginator type", "type: offset", "type: ofset", "paginator.type", "ofset", "ofset"},
		{"duplicate resource", "name: companies", "name: contacts", "resources[1].name", "contacts", ""},
		{"duplicate key", "    base_url", "    base_url: http://127.0.0.1:1\n    base_url", "client.base_url", "twice", "base_url: https"},
		{"pipeline", "pipeline: crm", "pipeline: a.b", "pipeline", "a.b", "a.b"},
		{"no pipeline", "pipeline: crm", "", "pipeline", "missing", ""},
		{"limit is text", "limit: 100", "limit: many", "paginator.limit", "many", "many"},
		{"limit is 0", "limit: 100", "limit: 0", "paginator.limit", "0", "limit: 0"},
		{"limit in quotes", "limit: 100", "limit: '100'", "paginator.limit", "without quotes", "limit: '100'"},
		{"limit is fractional", "limit: 100", "limit: 1.0", "paginator.limit", "1.0", "limit: 1.0"},
		{"limit is too large", "limit: 100", "limit: 99999999999999999999", "paginator.limit", "999", "limit: 999"},
		{"limit is null", "limit: 100", "limit:", "paginator.limit", "empty", "limit:"},
		{"disposition", "write_disposition: merge", "write_disposition: upsert", "write_disposition", "upsert", "upsert"},
		{"publish", "kafka:\n", "kafka:\n  publish: sometimes\n", "kafka.publish", "sometimes", "sometimes"},
		{"no brokers", `  brokers: ["localhost:9092"]`, "  partitions: 2", "kafka.brokers", "missing", ""},
		{"no kafka", "kafka:\n  brokers: [\"localhost:9092\"]\n", "", "kafka.brokers", "missing", ""},
		{"reserved name", "name: companies", "name: state", "resources[1].name", "state", "name: state"},
		{"resource name", "name: companies", "name: a.b", "resources[1].name", "a.b", "name: a.b"},
		{"one topic", "kafka:\n", "kafka:\n  topic: one\n", "kafka.topic", "resources[1]", "topic: one"},
		{"internal topic", "kafka:\n", "kafka:\n  topic: '{pipeline}.state'\n", "kafka.topic", "state", "{pipeline}.state"},
		{"a topic of Kafka's own", "kafka:\n", "kafka:\n  topic: __consumer_offsets\n", "kafka.topic", "Kafka itself", "__consumer_offsets"},
		{"no key", "    primary_key: id\n", "", "primary_key", "missing", ""},
		{"no duration", "    auth:", "    retry: {initial_interval: soon}\n    auth:", "retry.initial_interval", "soon", "soon"},
		{"waits", "    auth:", "    retry: {initial_interval: 60s}\n    auth:", "retry.initial_interval", "max_interval", "60s"},
		{"deletes", "kafka:\n", "kafka:\n  deletes: sometimes\n", "kafka.deletes", "sometimes", "sometimes"},
		{"max_deletes", "kafka:\n", "kafka:\n  max_deletes: lots\n", "kafka.max_deletes", "lots", "lots"},
		{"max_deletes as a fraction", "kafka:\n", "kafka:\n  max_deletes: 0.1\n", "kafka.max_deletes", "10%", "0.1"},
		{"SASL without TLS", `["localhost:9092"]`, "[\"localhost:9092\", \"kafka.example.com:9092\"]\n  sasl: {mechanism: PLAIN, username: u, password: p}",
			"kafka.sasl", "tls: true", "sasl"},
		{"scheme", "https://api.example.com", "ftp://127.0.0.1/x", "client.base_url", "http", "ftp:"},
		{"user in the URL", "https://api", "https://u:p@api", "client.base_url", "auth", "u:p@"},
		{"query in the URL", "https://api.example.com", "https://api.example.com?a=b", "client.base_url", "params", "?a=b"},
		{"fragment in the URL", "https://api.example.com", "https://api.example.com#a", "client.base_url", "fragment", "#a"},
		{"port of the URL", "https://api.example.com", "https://api.example.com:0", "client.base_url", "port", ":0"},
		{"no host in the URL", "https://api.example.com", "https:///v1", "client.base_url", "host", ":///"},
		{"location", "location: query", "location: body", "auth.location", "body", "location: body"},
		{"placeholder", "path: /v1/deals", "path: /v1/deals/{id}", "endpoint.path", "placeholder", "{id}"},
		{"cookie", "location: query", "location: query\n      cookie: a", "auth.cookie", "unknown", "cookie"},
		{"retry list", "    auth:", "    retry: {status_codes: 500}\n    auth:", "retry.status_codes", "list", "500"},
		{"nothing selected", "    write_disposition: merge", "    write_disposition: merge\n    selected: false", "source.resources", "selected", ""},
		{"a long name", "pipeline: crm", "pipeline: " + strings.Repeat("x", 300), "pipeline", "200", "xxx"},
		{"a long topic", "kafka:\n", "kafka:\n  topic: \"{resource}" + strings.Repeat("x", 249) + "\"\n", "kafka.topic", "249", "xxx"},
		{"no room for dead letters", "kafka:\n", "  schema_contract: evolve\nkafka:\n  topic: \"{resource}" + strings.Repeat("x", 249) + "\"\n", "kafka.topic", "249", "xxx"},
		{"name over cookies", "      location: query", "      location: cookie", "auth.api_key", "semicolon", ""},
		{"one file of TLS", "kafka:\n", "kafka:\n  tls: {key: ../pkg/config/testdata}\n", "kafka.tls.key", "not a file", "testdata"},
		{"a key that may be null", "    primary_key: id\n", "    primary_key: id\n    columns: {id: {nullable: true}}\n", "columns.id.nullable", "never null", "columns:"},
		{"must be there without a type", "    - name: companies\n", "    - name: companies\n      columns: {born: {nullable: false}}\n", "columns.born.nullable", "data_type", "columns:"},
		{"no data type", "    - name: companies\n", "    - name: companies\n      columns: {born: {data_type: int}}\n", "columns.born.data_type", "bigint", "columns:"},
		{"a column of another name", "    - name: companies\n", "    - name: companies\n      columns: {born: {name: died}}\n", "columns.born.name", "born", "columns:"},
		{"a column twice", "    - name: companies\n", "    - name: companies\n      columns: [{name: a, data_type: text}, {name: a, data_type: text}]\n", "columns[1]", "second", "columns:"},
		{"a column without a name", "    - name: companies\n", "    - name: companies\n      columns: [{data_type: text}]\n", "columns[0].name", "missing", "columns:"},
		{"columns are text", "    - name: companies\n", "    - name: companies\n      columns: a\n", "resources[1].columns", "mapping", "columns:"},
		{"scale", "    - name: companies\n", "    - name: companies\n      columns: {a: {data_type: decimal, precision: 5}}\n", "columns.a", "scale", "columns:"},
		{"naming", "kafka:\n", "schema: {names: camel}\nkafka:\n", "schema.names", "snake_case", "names"},
		{"schema is a file", "kafka:\n", "schema: {directory: seed.yaml}\nkafka:\n", "schema.directory", "no directory", "directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(seed, test.old, test.new, 1)
			if text == seed {
				t.Fatalf("%q is not in the seed", test.old)
			}
			_, err := config.Parse("../../examples/seed.yaml", []byte(text), func(name string) (string, bool) {
				return "a;b", name == "API_KEY"
			})
			var all *config.Errors
			if !errors.As(err, &all) {
				t.Fatalf("got %v, want problems", err)
			}
			want := lineOf(text, test.at)
			for _, p := range all.Problems {
				if strings.HasSuffix(p.Key, test.key) && strings.Contains(p.Text, test.word) && p.Line > 0 && (test.at == "" || p.Line == want) {
					return
				}
			}
			t.Errorf("got\n%s\nwant a problem of %s with %q on line %d", err, test.key, test.word, want)
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	data, err := os.ReadFile("testdata/seed.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("type: offset", "type: ofset", "merge", "upsert", "kafka:", "kafkaa: {}\nkafka:").Replace(string(data))
	_, err = config.Parse("crm.yaml", []byte(text), environ)
	var all *config.Errors
	if !errors.As(err, &all) || len(all.Problems) != 3 {
		t.Fatalf("got %v, want three problems", err)
	}
	for i, want := range []string{"upsert", "ofset", "kafkaa"} {
		if got := all.Problems[i].String(); !strings.Contains(got, want) {
			t.Errorf("problem %d: got %q, want %q in it", i, got, want)
		}
	}
}

// TestManyMistakes bounds what one file can make us print.
func TestManyMistakes(t *testing.T) {
	var b strings.Builder
	for range 5000 {
		b.WriteString("x")
		b.WriteString(strings.Repeat("y", b.Len()%500))
		b.WriteString("z" + strings.Repeat("0", b.Len()%7) + ": 1\n")
	}
	_, err := config.Parse("crm.yaml", []byte(b.String()), environ)
	if err == nil {
		t.Fatal("got no error")
	}
	if got := len(err.Error()); got > 200_000 {
		t.Errorf("got %d bytes of messages", got)
	}
}

func TestLoad(t *testing.T) {
	large := t.TempDir() + "/large.yaml"
	if err := os.WriteFile(large, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"testdata/nothere.yaml": "no such file",
		"testdata":              "not a file",
		"/dev/null":             "not a file",
		large:                   "larger than",
	} {
		_, err := config.Load(path)
		var all *config.Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}
