package config_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"producer/pkg/config"
)

// with parses the seed with one more line of client, endpoint and kafka.
func with(client, endpoint, kafka string) (*config.Config, error) {
	return withKey("id", client, endpoint, kafka)
}

func withKey(key, client, endpoint, kafka string) (*config.Config, error) {
	text := fmt.Sprintf(`pipeline: crm
source:
  client: {base_url: "https://api.example.com"%s}
  resources:
    - name: contacts
      primary_key: %s
      write_disposition: merge
      endpoint: {path: /v1/contacts%s}
kafka: {brokers: ["localhost:9092"]%s}
`, client, key, endpoint, kafka)
	return config.Parse("testdata/x.yaml", []byte(text), environ)
}

const listing = ", data_selector: data, paginator: single_page"

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "2s": 2 * time.Second, "24h": 24 * time.Hour, "3": 3 * time.Second, "0.3": 300 * time.Millisecond,
		`"${LIMIT}"`: 40 * time.Second, `"${LIMIT}s"`: 40 * time.Second, "1e1": 10 * time.Second, "1h30m": 90 * time.Minute,
		"0": -1, "0s": -1, "-1": -1, "-5s": -1, `"3"`: -1, "soon": -1, ".inf": -1, ".nan": -1, "1e12": -1, "99999999h": -1, "true": -1, "[1]": -1, "": -1,
	} {
		c, err := with(", timeout: "+text, listing, "")
		switch {
		case want < 0 && err == nil:
			t.Errorf("%s: got %s, want an error", text, c.Client.Timeout)
		case want >= 0 && err != nil:
			t.Errorf("%s: %v", text, err)
		case want >= 0 && c.Client.Timeout != want:
			t.Errorf("%s: got %s, want %s", text, c.Client.Timeout, want)
		}
	}
}

func TestDurationsOfFlags(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "24h": 24 * time.Hour, "3": 3 * time.Second, "0.3": 300 * time.Millisecond, "-5s": -5 * time.Second,
		"soon": -1, "": -1, "1d": -1, "NaN": -1, ".inf": -1, "1e12": -1, "true": -1,
	} {
		if d, ok := config.ParseDuration(text); ok != (want != -1) || ok && d != want {
			t.Errorf("%q: got %s, %v", text, d, ok)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "64KiB": 64 << 10, "256MiB": 256 << 20, "1GiB": 1 << 30, "1.5GiB": 3 << 29, "2 kB": 2000, "3MB": 3e6, `"${LIMIT}"`: 40, "0x10": 16,
		"7B": 7, "2TiB": 2 << 40,
		"0": -1, "-1": -1, "5XB": -1, "MiB": -1, `"12"`: -1, "1e30GiB": -1, "99999999TiB": -1, "1.2.3MiB": -1, "-5MiB": -1, "1.5": -1, "": -1,
	} {
		c, err := with(", limits: {body: "+text+"}", listing, "")
		switch {
		case want < 0 && err == nil:
			t.Errorf("%s: got %d, want an error", text, c.Client.Limits.Body)
		case want >= 0 && err != nil:
			t.Errorf("%s: %v", text, err)
		case want >= 0 && c.Client.Limits.Body != want:
			t.Errorf("%s: got %d, want %d", text, c.Client.Limits.Body, want)
		}
	}
}

func TestPaths(t *testing.T) {
	for text, want := range map[string][]string{
		"data": {"data"}, "data.items": {"data", "items"}, "$.a.b": {"a", "b"}, "['odd key']": {"odd key"}, "$['a']['b.c']": {"a", "b.c"},
		`["x"].y`: {"x", "y"}, "@odata": {"@odata"}, "row-count.x_1": {"row-count", "x_1"}, "a.'b c'.d": {"a", "b c", "d"}, "1st": {"1st"},
		"größe.日本": {"größe", "日本"}, `['it\'s']`: {"it's"}, "true.null": {"true", "null"}, "a.['b']": {"a", "b"}, "['a]b']": {"a]b"}, " data ": {"data"},
		`['\u00e4']`: {"ä"}, "$.$ref": {"!"}, "$": {"!whole value"},
		"data[*]": {"!wildcard"}, "*": {"!wildcard"}, "$..a": {"!descent"}, "data[0]": {"!indices"}, "data[0:2]": {"!slices"},
		"['a','b']": {"!union"},
	} {
		c, err := withKey(fmt.Sprintf("%q", text), "", listing, "")
		if strings.HasPrefix(want[0], "!") {
			if err == nil {
				t.Errorf("%s: got %q, want an error", text, c.Resources[0].PrimaryKey)
			} else if !strings.Contains(err.Error(), want[0][1:]) {
				t.Errorf("%s: got %v, want %q in it", text, err, want[0][1:])
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Resources[0].PrimaryKey[0]; !reflect.DeepEqual(got.Names, want) || got.Text != text {
			t.Errorf("%s: got %+v, want %q", text, got, want)
		}
	}
}

// What a query finds is the extractor's business; here is what it is read as, in RFC 9535's notation, or why it is refused.
func TestQueries(t *testing.T) {
	for text, want := range map[string]string{
		"data": `$["data"]`, " $.data ": `$["data"]`, "$": "$", "a.'b c'.d": `$["a"]["b c"]["d"]`, `["x"].y`: `$["x"]["y"]`, "1st": `$["1st"]`,
		"data[*]": `$["data"][*]`, "*": "$[*]", "data.*": `$["data"][*]`, "$..a": `$..["a"]`, "a..b": `$["a"]..["b"]`, "a..*": `$["a"]..[*]`,
		"a..[0]": `$["a"]..[0]`, "data[0]": `$["data"][0]`, "data.[0]": `$["data"][0]`, "data[-1]": `$["data"][-1]`, "data[0:2]": `$["data"][:2]`,
		"data[::-1]": `$["data"][::-1]`, "['a','b']": `$["a","b"]`, "a[0,2]": `$["a"][0,2]`,
		"data[?(@.a == 1)]": "!filter", "data[?a == 1]": "!filter", "data[?count(@.a) > 1]": "!filter", "a|b": "!union", "a,b": "!union", "a&b": "!union",
		"a where b": "!where", "a.`parent`": "!back quotes", "a.": "!dot", "a..": "!dot", "..a": "!", "a...b": "!", "a b": "!", "[": "!", "['a": "!",
		"a'": "!", "$$": "!", "a]": "!", "$a": "!", "a[b]": "!", "a[01]": "!",
	} {
		c, err := with("", ", paginator: single_page, data_selector: "+fmt.Sprintf("%q", text), "")
		if want[0] == '!' {
			if err == nil {
				t.Errorf("%s: got %s, want an error", text, c.Resources[0].Endpoint.Selector.Canonical())
			} else if !strings.Contains(err.Error(), want[1:]) {
				t.Errorf("%s: got %v, want %q in it", text, err, want[1:])
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := c.Resources[0].Endpoint.Selector
		if again, err := config.ParseQuery(got.Canonical()); err != nil || again.Canonical() != want || got.Canonical() != want || got.Text != text {
			t.Errorf("%s: got %s (%s again), want %s", text, got.Canonical(), again.Canonical(), want)
		}
	}
}

func TestMaxDeletes(t *testing.T) {
	for _, test := range []struct {
		text string
		want map[int64]int64 // live to allowed
	}{
		{"10%", map[int64]int64{0: 0, 1: 0, 2: 1, 5: 4, 6: 5, 30: 5, 70: 7, 1000: 100, 1009: 100}},
		{"29%", map[int64]int64{100: 29, 1_000_000_000: 290_000_000}},
		{"0.5%", map[int64]int64{10_000: 50}},
		{"100%", map[int64]int64{1: 0, 100: 99}},
		{"3", map[int64]int64{0: 0, 1: 0, 3: 2, 4: 3, 1000: 3}},
		{"0", map[int64]int64{1000: 0}},
		{`"${LIMIT}"`, map[int64]int64{1000: 40}},
		{`"${LIMIT}%"`, map[int64]int64{1000: 400}},
		{"0%", nil}, {"101%", nil}, {"-1", nil}, {`"5"`, nil}, {"0.1", nil}, {"1e1%", nil}, {"%", nil}, {"", nil}, {"NaN%", nil},
	} {
		c, err := with("", listing, ", max_deletes: "+test.text)
		if (err != nil) != (test.want == nil) {
			t.Errorf("%s: got error %v", test.text, err)
		}
		for live, want := range test.want {
			if got := c.Resources[0].Topic.MaxDeletes.Allow(live); got != want {
				t.Errorf("%s of %d: got %d, want %d", test.text, live, got, want)
			}
		}
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "$": "$", "a$b": "a$b", "$$": "$$", "$${X}": "${X}", "$$${X}": "$${X}", "$NAME": "$NAME",
		"${LIMIT}": "40", "<${LIMIT}>": "<40>", "${LIMIT}${LIMIT}": "4040", "${UNSET:-d}": "d", "${EMPTY:-d}": "d", "${EMPTY:-}x": "x", "${LIMIT:-d}": "40",
		"${UNSET:-http://x:1/?a=b-c}": "http://x:1/?a=b-c", "${EMPTY}x": "x", "${NAME}": "{kept} 'as it' is: ${X}", "${file:token.txt}": "token-from-a-file",
		"${UNSET:-$}": "$", "$${LIMIT}${LIMIT}": "${LIMIT}40",
		"${UNSET}": "!UNSET", "${file:nothere}": "!nothere", "${": "!}", "${LIMIT": "!}", "${}": "!reference", "${1A}": "!reference", "${A-B:-c}": "!reference",
		"${A:-${B}}": "!default", "${file:}": "!path", "${file:.}": "!not a file",
	} {
		c, err := with("", listing+", params: {p: '"+strings.ReplaceAll(text, "'", "''")+"'}", "")
		if why, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%s: got %v, want an error with %q", text, err, why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Resources[0].Endpoint.Params[0].Values[0]; got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// TestReferencedTypes puts text that YAML would take for something else into places that want text.
func TestReferencedTypes(t *testing.T) {
	for _, value := range []string{"12345678901", "true", "null", "1e5", `a"b: c # d\n${X}`, "[a]", "{{", "2024-01-01", "~"} {
		text := `pipeline: crm
source:
  client: {base_url: "https://api.example.com", headers: {X-A: "${V}"}, auth: {type: bearer, token: "${V}"}}
  resources:
    - {name: contacts, endpoint: {data_selector: data, paginator: single_page, params: {p: "${V}"}}}
kafka: {brokers: ["localhost:9092"]}
`
		c, err := config.Parse("x.yaml", []byte(text), func(string) (string, bool) { return value, true })
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		for where, got := range map[string]string{
			"token": c.Client.Auth.Token.Reveal(), "header": c.Client.Headers["X-A"], "param": c.Resources[0].Endpoint.Params[0].Values[0],
		} {
			if got != value {
				t.Errorf("%s: got %q, want %q", where, got, value)
			}
		}
	}
}

func TestBrokers(t *testing.T) {
	for text, want := range map[string][]string{
		`["a:1", "b:2"]`: {"a:1", "b:2"}, "a:1": {"a:1"}, `"a:1, b:2"`: {"a:1", "b:2"}, `["[::1]:9092"]`: {"[::1]:9092"}, "10.0.0.1:65535": {"10.0.0.1:65535"},
		"[]": nil, "a": nil, "a:0": nil, "a:65536": nil, "':1'": nil, `"a:1,"`: nil, "[5]": nil, "a b:1": nil, "{a: 1}": nil, "a/b:1": nil,
	} {
		c, err := config.Parse("x.yaml", []byte(`pipeline: crm
source:
  client: {base_url: "https://api.example.com"}
  resources: [{name: contacts, endpoint: {data_selector: data, paginator: single_page}}]
kafka:
  brokers: `+text+"\n"), environ)
		if (err != nil) != (want == nil) {
			t.Errorf("%s: got error %v", text, err)
		}
		if err == nil && !reflect.DeepEqual(c.Kafka.Brokers, want) {
			t.Errorf("%s: got %q, want %q", text, c.Kafka.Brokers, want)
		}
	}
}

// TestOwnAuth tells a resource's own authentication from the client's, which must not leave the client's origin.
func TestOwnAuth(t *testing.T) {
	client := `, auth: {type: api_key, api_key: "${API_KEY}"}`
	for auth, want := range map[string]struct{ own, none bool }{
		"": {}, ", auth: null": {none: true}, `, auth: {token: "${TOKEN}"}`: {own: true},
	} {
		c, err := with(client, listing+auth, "")
		if err != nil {
			t.Errorf("%s: %v", auth, err)
			continue
		}
		e := c.Resources[0].Endpoint
		if e.OwnAuth != want.own || (e.Auth == nil) != want.none || !want.own && !want.none && e.Auth != c.Client.Auth {
			t.Errorf("%q: got %+v, own %t, want %+v", auth, e.Auth, e.OwnAuth, want)
		}
	}
}

// TestOrigins: a full URL elsewhere is asked without the client's authentication, and the warnings say so.
func TestOrigins(t *testing.T) {
	for path, warned := range map[string]bool{
		"https://api.example.com/v2": false, "HTTPS://API.example.com:443/v2": false, "/v2": false, "v2?next=https://other.example.com": false,
		"http://api.example.com/v2": true, "https://api.example.com:8443/v2": true, "https://example.com/v2": true,
	} {
		text := `pipeline: crm
source:
  client: {base_url: "https://api.example.com", auth: {type: http_basic, username: admin, password: ""}}
  resources: [{name: a, write_disposition: append, endpoint: {path: "` + path + `", data_selector: data, paginator: single_page}}]
kafka: {brokers: ["localhost:9092"]}
`
		c, err := config.Parse("x.yaml", []byte(text), nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := len(c.Warnings) > 0; got != warned {
			t.Errorf("%s: got warnings %q, want %t", path, c.Warnings, warned)
		}
		if c.Client.Auth.Username != "admin" || c.Client.Auth.Password != "" {
			t.Errorf("got user %q, password %q", c.Client.Auth.Username.Reveal(), c.Client.Auth.Password.Reveal())
		}
	}
}

func TestAbsolutePaths(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"lf": "secret\n", "crlf": "secret\r\n", "none": "secret"} {
		file := dir + "/" + name
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := with(`, auth: {token: "${file:`+file+`}"}`, listing, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.Client.Auth.Token.Reveal(); got != "secret" {
			t.Errorf("%s: got %q, want %q", name, got, "secret")
		}
	}
	for name, text := range map[string]string{"binary": "\xff", "two lines": "secret\n\n", "empty": "\n"} {
		file := dir + "/" + name
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := with(`, auth: {token: "${file:`+file+`}"}`, listing, ""); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// The default write_disposition is warned of where something is published by it.
func TestDefaultDispositionIsWarnedOf(t *testing.T) {
	const listed = "endpoint: {path: a, data_selector: data, paginator: single_page}"
	for resources, want := range map[string]int{
		"[{name: a, " + listed + "}]":                            1,
		"[{name: a, write_disposition: append, " + listed + "}]": 0,
		"[{name: a, selected: false, " + listed + "}, {name: b, write_disposition: append, endpoint: {path: \"a/{resources.a.id}\", data_selector: data, paginator: single_page}}]": 0,
	} {
		text := "pipeline: crm\nsource:\n  client: {base_url: \"https://api.example.com\"}\n  resources: " + resources + "\nkafka: {brokers: [\"localhost:9092\"]}\n"
		c, err := config.Parse("x.yaml", []byte(text), environ)
		if err != nil {
			t.Errorf("%s: %v", resources, err)
		} else if got := strings.Count(strings.Join(c.Warnings, "\n"), "every run publishes all that it reads"); got != want {
			t.Errorf("%s: %d warnings, want %d: %q", resources, got, want, c.Warnings)
		}
	}
}

// table_name is accepted where it says what the name says; it is not among the keys that a mistake is shown.
func TestTableNameIsNotSuggested(t *testing.T) {
	for key, want := range map[string]string{"table_name: contacts": "", "table_name: people": "kafka.topic names the topic", "qqqqqqqq: 1": "known are columns, endpoint, "} {
		_, err := withKey("id\n      "+key, "", listing, "")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ", table_name")) {
			t.Errorf("%s: got %v, want %q", key, err, want)
		}
	}
}
