package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"producer/pkg/config"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "hunter2"
	s := config.Secret(value)
	holder := struct {
		Secret  config.Secret
		Pointer *config.Secret
		List    []config.Secret
		Map     map[string]config.Secret
		Any     any
	}{s, &s, []config.Secret{s}, map[string]config.Secret{"a": s}, s}

	var printed []string
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "% x", "%d", "%t", "%c", "%10s", "%-3.2s", "%T %v"} {
		printed = append(printed, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, holder), fmt.Sprintf(verb, []any{s}))
	}
	printed = append(printed, fmt.Sprint(s), fmt.Sprintln(holder), s.String(), s.GoString(), fmt.Errorf("key %w", fmt.Errorf("%s", s)).Error())
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		text, err := encode(holder)
		if err != nil {
			t.Fatal(err)
		}
		printed = append(printed, string(text))
	}
	text, err := xml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	printed = append(printed, string(text))
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "secret", s, "holder", holder)
	}
	printed = append(printed, log.String())

	for _, p := range printed {
		for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("% x", value)} {
			if strings.Contains(p, form) {
				t.Errorf("got %q, which shows the secret", p)
			}
		}
	}
	if got := fmt.Sprintf("%v %q %#v", s, s, s); got != "*** *** ***" {
		t.Errorf("got %q, want asterisks", got)
	}
	if got := s.Reveal(); got != value {
		t.Errorf("got %q, want %q", got, value)
	}
}

// What was kept out of the file is kept out of the output: wherever its reference stands where a variable's name says so or it comes
// from a file, and in headers, parameters and paths unless it is a word.
func TestReferencedSecrets(t *testing.T) {
	env := map[string]string{"API_TOKEN": "token-in-a-path", "VERSION": "2026-11-24-beta", "STATUS": "open", "TENANT": "tenant-in-a-path", "BOT": "harmless-name"}
	c, err := config.Parse("testdata/x.yaml", []byte(`
pipeline: crm
source:
  client:
    base_url: https://api.example.com/${TENANT}
    headers: {X-Version: "${VERSION}", X-Accept: "written-in-the-file"}
  resources:
    - name: contacts
      write_disposition: append
      endpoint:
        path: /v1/${API_TOKEN}/${BOT}/contacts
        data_selector: data
        paginator: {type: offset, limit: 100}
        params: {status: "${STATUS}", by: "${file:token.txt}", order: "${ORDER:-created-descending}"}
kafka: {brokers: ["localhost:9092"]}
`), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]bool{}
	for _, s := range c.Secrets {
		secrets[s.Reveal()] = true
	}
	for value, want := range map[string]bool{"token-in-a-path": true, "harmless-name": true, "2026-11-24-beta": true, "token-from-a-file": true,
		"tenant-in-a-path": false, "open": false, "written-in-the-file": false} {
		if secrets[value] != want {
			t.Errorf("%q is a secret: %v, want %v", value, secrets[value], want)
		}
	}
}

func TestSecrets(t *testing.T) {
	c, err := parseFile(t, "testdata/everything.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, s := range c.Secrets {
		got[s.Reveal()] = true
	}
	for _, want := range []string{
		"Bearer token-" + canary, "token-" + canary, // a header whose name says so, and the token in it
		"token-from-a-file", "password-" + canary, "${LITERAL}",
	} {
		if !got[want] {
			t.Errorf("%q is not among the secrets", want)
		}
	}
	if got["crm"] || got["user"] {
		t.Error("words are among the secrets")
	}
}

// A secret that is written into the file itself works as in dlt, and is warned of; a reference is not.
func TestSecretsInTheFile(t *testing.T) {
	for key, place := range map[string][2]string{
		"source.client.auth.api_key":       {", auth: {type: api_key, api_key: %s}"},
		"source.client.auth.token":         {", auth: {type: bearer, token: %s}"},
		"source.client.auth.password":      {", auth: {type: http_basic, username: u, password: %s}"},
		"source.client.auth.client_secret": {`, auth: {type: oauth2_client_credentials, access_token_url: "https://x", client_id: u, client_secret: %s}`},
		"source.client.headers.X-Api-Key":  {", headers: {X-Api-Key: %s}"},
		"schema.registry.password":         {"", "}\nschema: {registry: {url: 'https://x', username: u, password: %s}"},
		"kafka.sasl.password":              {"", ", sasl: {mechanism: PLAIN, username: u, password: %s}"},
	} {
		for secret, warned := range map[string]bool{"hunter22": true, `"$${hunter22"`: true, `"${TOKEN}"`: false, `"${file:token.txt}"`: false} {
			fill := func(text string) string { return strings.Replace(text, "%s", secret, 1) }
			c, err := with(fill(place[0]), listing, fill(place[1]))
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(c.Warnings, "\n")
			if got := strings.Contains(text, key+": stands in this file"); got != warned || strings.Contains(text, "hunter22") {
				t.Errorf("%s: %s: got warnings %q", key, secret, text)
			}
		}
	}
}

// A secret that is too short to be found in output is warned of, wherever it stands.
func TestShortSecrets(t *testing.T) {
	for key, place := range map[string][2]string{
		"source.client.auth.api_key":      {", auth: {type: api_key, api_key: %s}"},
		"source.client.headers.X-Api-Key": {", headers: {X-Api-Key: %s}"},
		"kafka.sasl.password":             {"", ", sasl: {mechanism: PLAIN, username: u, password: %s}"},
	} {
		for secret, warned := range map[string]bool{"abc": true, "abcd": false, `"${TOKEN}"`: false, `"${SHORT:-x}"`: true} {
			fill := func(text string) string { return strings.Replace(text, "%s", secret, 1) }
			c, err := with(fill(place[0]), listing, fill(place[1]))
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(c.Warnings, "\n"); strings.Contains(text, key+": is too short to be hidden") != warned || strings.Contains(text, "abc") {
				t.Errorf("%s: %s: got warnings %q", key, secret, text)
			}
		}
	}
}
