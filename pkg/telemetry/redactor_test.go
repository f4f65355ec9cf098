package telemetry_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"producer/pkg/telemetry"
)

// formsOf writes secret in every encoding that output is known to carry secrets in.
func formsOf(secret string) map[string]string {
	lower := regexp.MustCompile(`%[0-9A-F]{2}`)
	marshal := func(s string) string {
		text, err := json.Marshal(s)
		if err != nil {
			panic(err)
		}
		return string(text[1 : len(text)-1])
	}
	every := func(format string) string {
		var b strings.Builder
		for _, c := range []byte(secret) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
	unquoted := func(s string) string { return s[1 : len(s)-1] }
	query, path := url.QueryEscape(secret), url.PathEscape(secret)
	forms := map[string]string{
		"plain":              secret,
		"query":              query,
		"path":               path,
		"query twice":        url.QueryEscape(query),
		"every byte":         every("%%%02X"),
		"every byte, lower":  every("%%%02x"),
		"json":               marshal(secret),
		"json in json":       marshal(marshal(secret)),
		"query in json":      marshal(query),
		"json in query":      url.QueryEscape(marshal(secret)),
		"go":                 unquoted(strconv.Quote(secret)),
		"go, ascii":          unquoted(strconv.QuoteToASCII(secret)),
		"html":               html.EscapeString(secret),
		"hex":                hex.EncodeToString([]byte(secret)),
		"upper hex":          strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64":             base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64, raw":        base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"base64, url":        base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64, url, raw":   base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"base64 in query":    url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"base64 in json":     marshal(base64.StdEncoding.EncodeToString([]byte(secret))),
		"base64 after two":   base64.StdEncoding.EncodeToString([]byte("u:" + secret)),
		"base64 after three": base64.StdEncoding.EncodeToString([]byte("us:" + secret)),
		"base64 after four":  base64.StdEncoding.EncodeToString([]byte("use:" + secret + "more")),
	}
	forms["query, lower"] = lower.ReplaceAllStringFunc(query, strings.ToLower)
	forms["lower case"], forms["upper case"] = strings.ToLower(secret), strings.ToUpper(secret)
	forms["query in upper case"], forms["upper case in query"] = strings.ToUpper(query), url.QueryEscape(strings.ToUpper(secret))
	forms["upper case in json"], forms["upper case in html"] = marshal(strings.ToUpper(secret)), html.EscapeString(strings.ToUpper(secret))
	forms["path, lower"] = lower.ReplaceAllStringFunc(path, strings.ToLower)
	return forms
}

func TestRedactorForms(t *testing.T) {
	secrets := []string{
		"canary5e8f00112233", `a"b: c # d\n${X}`, "pass word+&=/?%", "naïve-ключ-🚀🚀", "<script>&'\"`", "12345678901",
		`back\slash\\"end`, "tab\tnew\rline\x00\x7f", "\xff\xfe\xfdbytes", "****", "%41%42%43", "&amp;&lt;x",
	}
	for _, secret := range secrets {
		r := telemetry.NewRedactor("", "other-secret", secret)
		for name, form := range formsOf(secret) {
			for _, around := range [][2]string{{"", ""}, {"key=", "&limit=100"}, {"\"", "\" "}, {"a", "z"}} {
				text := around[0] + form + around[1]
				got := r.String(text)
				if strings.Contains(got, form) || strings.Contains(got, secret) {
					t.Errorf("%q as %s: String(%q) = %q", secret, name, text, got)
				}
				if strings.HasPrefix(name, "base64 after") {
					continue // what stands around it stays, and a few bits of the ends
				}
				if want := around[0] + "***" + around[1]; got != want && secret != "****" {
					t.Errorf("%q as %s: String(%q) = %q, want %q", secret, name, text, got, want)
				}
			}
		}
	}
}

func TestRedactorString(t *testing.T) {
	for _, test := range []struct {
		name    string
		secrets []string
		in      string
		want    string
	}{
		{"no secrets", nil, "page 1 of 10", "page 1 of 10"},
		{"empty", []string{""}, "page 1 of 10", "page 1 of 10"},
		{"short ones would destroy output", []string{"1", "10", "p a", "age"}, "page 1 of 10", "page 1 of 10"},
		{"four bytes are enough", []string{"abcd"}, "abcd abc abcde", "*** abc ***e"},
		{"in any letter case", []string{"s3cReT"}, "S3CRET s3cret%3D S3%43%72et \\u0053\\u0033cret", "*** ***%3D *** ***"},
		{"base64 in its own only", []string{"secret!!"}, "c2VjcmV0ISE= C2VJCMV0ISE=", "*** C2VJCMV0ISE="},
		{"the longest first", []string{"secret", "secret-long"}, "secret-long secret", "*** ***"},
		{"overlapping ones go together", []string{"12345678", "5678abcd"}, "x12345678abcdx", "x***x"},
		{"twice", []string{"secret"}, "secretsecret", "******"},
		{"half a secret stays", []string{"secret"}, "secre", "secre"},
		{"an error of net/http", []string{"key/with+odd chars"},
			(&url.Error{Op: "Get", URL: "http://h/v1?" + url.Values{"api_key": {"key/with+odd chars"}}.Encode(), Err: io.EOF}).Error(),
			`Get "http://h/v1?api_key=***": EOF`},
		{"basic authentication", []string{"password1", "user:password1"}, basicHeader("user", "password1"), "Basic ***"},
		{"basic authentication of an unknown user", []string{"password1"}, basicHeader("user", "password1"), "Basic dXNlcjpw***x"},
		{"a mask can't spell a secret", []string{"****", "abcd"}, "abcd*", "***"},
		{"line by line", []string{"first line\nand second"}, "x first line, and second y", "x ***, *** y"},
		{"an escape that is none", []string{"%zz%zz"}, `%zz%zz \q \u12 \x1 &nothing &; %`, `*** \q \u12 \x1 &nothing &; %`},
	} {
		got := telemetry.NewRedactor(test.secrets...).String(test.in)
		if test.name == "basic authentication of an unknown user" {
			if !strings.HasPrefix(got, "Basic dXNlcj") || strings.Contains(got, "YXNzd29yZD") {
				t.Errorf("%s: got %q", test.name, got)
			}
			continue
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if got := (*telemetry.Redactor)(nil).String("text"); got != "text" {
		t.Errorf("nil Redactor: got %q, want %q", got, "text")
	}
}

func basicHeader(user, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

func TestWriterCuts(t *testing.T) {
	secret := `se"cret value`
	r := telemetry.NewRedactor(secret)
	for name, form := range formsOf(secret) {
		text := "before " + form + " after\nnext " + form + "\n" + form
		for cut := range len(text) {
			var out bytes.Buffer
			w := r.Writer(&out)
			write(t, w, text[:cut])
			write(t, w, text[cut:])
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got, want := out.String(), r.String(text); got != want {
				t.Fatalf("%s cut at %d: got %q, want %q", name, cut, got, want)
			}
		}
	}
}

func TestWriterSecretOfSeveralLines(t *testing.T) {
	var out bytes.Buffer
	w := telemetry.NewRedactor("a\nbc\nd").Writer(&out)
	for _, s := range []string{"x", "a\n", "bc\n", "dy\n", "a\n", "z\n"} {
		write(t, w, s)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "x***y\na\nz\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriterHoldsLinesNotEverything(t *testing.T) {
	var out bytes.Buffer
	w := telemetry.NewRedactor("canary-secret").Writer(&out)
	write(t, w, "a line\nand a ")
	if got, want := out.String(), "a line\n"; got != want {
		t.Errorf("after a line and a half: got %q, want %q", got, want)
	}
	chunk := strings.Repeat("0123456789", 1000) + "canary-secret"
	for range 300 {
		write(t, w, chunk)
	}
	if out.Len() < 1<<20 {
		t.Errorf("of an endless line %d bytes were passed on", out.Len())
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "a line\nand a " + strings.Repeat(strings.Repeat("0123456789", 1000)+"***", 300)
	if out.String() != want {
		t.Errorf("an endless line: got %d bytes, want %d, or they differ", out.Len(), len(want))
	}
}

func TestWriterError(t *testing.T) {
	broken := errors.New("broken pipe")
	w := telemetry.NewRedactor("canary").Writer(writerFunc(func([]byte) (int, error) { return 0, broken }))
	write(t, w, "half")
	if _, err := w.Write([]byte(" line\n")); !errors.Is(err, broken) {
		t.Errorf("Write: got %v, want %v", err, broken)
	}
}

func TestWriterConcurrent(t *testing.T) {
	var out bytes.Buffer
	w := telemetry.NewRedactor("canary-secret").Writer(&out)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				_, _ = fmt.Fprintf(w, "writer %d canary-secret\n", i)
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 800 {
		t.Errorf("got %d lines, want 800", len(lines))
	}
	for _, l := range lines {
		if !regexp.MustCompile(`^writer \d \*\*\*$`).MatchString(l) {
			t.Fatalf("a torn line: %q", l)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func write(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
}

func FuzzRedactor(f *testing.F) {
	f.Add("canary-secret", "key=", "&x", 7, 9)
	f.Add(`a"b\c`, `\`, `"`, 1, 2)
	f.Add("****", "*", "*", 0, 0)
	f.Add("line\nline", "", "", 3, 5)
	f.Add("\n00\n", "0", "0", 2, 5)
	f.Fuzz(func(t *testing.T, secret, before, after string, first, second int) {
		r := telemetry.NewRedactor(secret)
		if len(secret) < 4 {
			if got := r.String(before); got != before {
				t.Fatalf("a secret of %d bytes changed %q to %q", len(secret), before, got)
			}
			return
		}
		for name, form := range formsOf(secret) {
			text := before + form + after
			a, b := cutAt(text, first), cutAt(text, second)
			var out bytes.Buffer
			w := r.Writer(&out)
			for _, part := range []string{text[:min(a, b)], text[min(a, b):max(a, b)], text[max(a, b):]} {
				write(t, w, part)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); strings.Contains(got, form) || strings.Contains(got, secret) {
				t.Fatalf("%q as %s survives: %q became %q", secret, name, text, got)
			}
		}
	})
}

func cutAt(s string, n int) int {
	if n < 0 {
		n = -(n + 1)
	}
	return n % (len(s) + 1)
}

func BenchmarkRedactor(b *testing.B) {
	r := telemetry.NewRedactor("canary-secret-of-an-api", "user:canary-password", "canary-password")
	line := "2026-01-02 15:04:05 INFO  walking resource=contacts pages=250 records=25000 rate=12345/s retries=3 eta=12s"
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		r.String(line)
	}
}

// Secrets that come up later are found from then on, also by what was made of the Redactor before; the oldest are forgotten.
func TestRedactorAdd(t *testing.T) {
	r := telemetry.NewRedactor("configured")
	var out strings.Builder
	w := r.Writer(&out)
	r.Add("token-0")
	r.Add("x") // too short to be searched for
	if _, err := w.Write([]byte("configured, token%2D0 and x\n")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "***, *** and x\n" {
		t.Errorf("got %q", got)
	}
	for i := range 40 {
		r.Add(fmt.Sprintf("token-%d", i))
	}
	if got := r.String("configured token-39 token-24 token-3"); got != "*** *** *** token-3" {
		t.Errorf("got %q", got)
	}
	(*telemetry.Redactor)(nil).Add("nobody's")
	var zero telemetry.Redactor
	if got := zero.String("text"); got != "text" {
		t.Errorf("got %q", got)
	}
}
