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
