package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"producer/pkg/registry"
)

const subject = "crm.contacts-value"

// script is a registry that answers what it is told to, and notes what it is asked.
type script struct {
	mu      sync.Mutex
	asked   []string
	headers []http.Header
	answer  func(method, path string) (status int, body string)
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.headers = append(s.headers, r.Header)
	status, body := s.answer(r.Method, r.URL.EscapedPath())
	if status == 0 {
		return nil, errors.New(body)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r}, nil
}

func (s *script) registry(t *testing.T) registry.Registry {
	t.Helper()
	r, err := registry.Confluent(registry.Options{URL: "http://user:canary-pass@registry.example/base", Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func latest(r registry.Registry) error {
	_, _, err := r.Latest(context.Background(), subject)
	return err
}

// always answers everything alike.
func always(status int, body string) *script {
	return &script{answer: func(string, string) (int, string) { return status, body }}
}

func version(number, id int, schema string) string {
	return fmt.Sprintf(`{"subject":%q,"version":%d,"id":%d,"schema":%q}`, subject, number, id, schema)
}

const plain = `{"type":"record","name":"contacts","namespace":"crm","fields":[{"name":"id","type":"long"}]}`

func TestConfluentErrors(t *testing.T) {
	const (
		unavailable  = "*registry.UnavailableError"
		auth         = "*registry.AuthError"
		incompatible = "*registry.IncompatibleError"
	)
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string // type
		words  string
		once   bool // it is not asked again
	}{
		{"500", 500, `{"error_code":50001,"message":"store error"}`, unavailable, "it answers 500: store error", false},
		{"503 of a proxy", 503, "<html>\n<b>down</b>", unavailable, "it answers 503: <html> <b>down</b>", false},
		{"429", 429, "", unavailable, "it answers 429: no response", false},
		{"refused", 0, "connection refused", unavailable, "connection refused", false},
		{"501", 501, "", unavailable, "501", true},
		{"401", 401, `{"error_code":40101,"message":"Unauthorized"}`, auth, "credentials are refused", true},
		{"403", 403, `{"error_code":40301,"message":"no Read on Subject"}`, auth, "no Read on Subject", true},
		{"a 404 of something else", 404, "<h1>Not Found</h1>", unavailable, "it answers 404", true},
		{"a 404 with another code", 404, `{"error_code":404,"message":"HTTP 404 Not Found"}`, unavailable, "HTTP 404 Not Found", true},
		{"a redirect", 302, "", unavailable, "redirects elsewhere", true},
		{"400", 400, `{"error_code":40099,"message":"bad"}`, unavailable, "it answers 400: bad", true},
		{"HTML", 200, "<html>", unavailable, "not that of a schema registry", true},
		{"another shape", 200, `[1]`, unavailable, "not that of a schema registry", true},
		{"an endless answer", 200, `{"schema":"` + strings.Repeat("x", 17<<20), unavailable, "over 16 MiB", true},
		{"no id", 200, fmt.Sprintf(`{"version":1,"schema":%q}`, plain), unavailable, "0 as the schema's id", true},
		{"an id too large", 200, version(1, 1<<40, plain), unavailable, "as the schema's id", true},
		{"another type of schema", 200, `{"version":2,"id":1,"schemaType":"PROTOBUF","schema":"syntax"}`, incompatible, "PROTOBUF", true},
		{"references", 200, fmt.Sprintf(`{"version":2,"id":1,"schema":%q,"references":[{"name":"n","subject":"s","version":1}]}`, plain), incompatible, "refers", true},
		{"no record", 200, version(2, 1, `"string"`), incompatible, "version 2", true},
		{"long words", 500, `{"error_code":50001,"message":"` + strings.Repeat("word ", 1000) + `"}`, unavailable, "...", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := always(test.status, test.body)
			began := time.Now()
			err := latest(s.registry(t))
			if err == nil {
				t.Fatalf("%s: no error", test.name)
			}
			got := fmt.Sprintf("%T", err)
			if got != test.want || !strings.Contains(err.Error(), test.words) {
				t.Errorf("%s: got %s %q, want %s with %q", test.name, got, err, test.want, test.words)
			}
			if !strings.Contains(err.Error(), subject) {
				t.Errorf("%s: the subject is not in %q", test.name, err)
			}
			if strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 900 {
				t.Errorf("%s: a secret, several lines, or too long: %q", test.name, err)
			}
			if test.once && len(s.asked) != 1 {
				t.Errorf("%s: asked %d times, want once", test.name, len(s.asked))
			}
			if took := time.Since(began); !test.once && (len(s.asked) < 5 || took < 3*time.Second || took > 6*time.Second) {
				t.Errorf("%s: asked %d times in %v, want several within five seconds", test.name, len(s.asked), took)
			}
			var down *registry.UnavailableError
			if errors.As(err, &down) && !strings.Contains(test.name, "id") && down.Attempts != len(s.asked) {
				t.Errorf("%s: got %d attempts, want %d", test.name, down.Attempts, len(s.asked))
			}
		})
	}
}

func TestConfluentComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := &script{answer: func(string, string) (int, string) {
			switch n++; n {
			case 1:
				return 0, "connection refused"
			case 2, 3:
				return 503, ""
			}
			return 200, version(3, 7, plain)
		}}
		_, f, err := s.registry(t).Latest(t.Context(), subject)
		if err != nil || f.ID == nil || *f.ID != 7 || string(f.Prefix) != "\x00\x00\x00\x00\x07" {
			t.Errorf("got %+v, %v", f, err)
		}
		if got, want := s.asked[3], "GET /base/subjects/crm.contacts-value/versions/latest"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, h := range s.headers {
			if got, want := h.Get("Authorization"), "Basic dXNlcjpjYW5hcnktcGFzcw=="; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

func TestConfluentSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := registry.Confluent(registry.Options{URL: "http://registry.example", Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = latest(r)
		var down *registry.UnavailableError
		if !errors.As(err, &down) || !strings.Contains(err.Error(), "does not answer in time, after 1 attempt;") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v, want 10s", took)
		}
	})
}

func TestConfluentCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the signal")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		began := time.Now()
		_, err := always(503, "").registry(t).Register(ctx, subject, record(t))
		if !errors.Is(err, why) || time.Since(began) > 2*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestConfluentOptions(t *testing.T) {
	for _, url := range []string{"", "registry:8081", "ftp://h/", "http://", "http://h/?k=canary", "http://user:canary\x7f@h", "http://h/#f"} {
		_, err := registry.Confluent(registry.Options{URL: url})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

// TestConfluentRegisters shows what is asked for a first schema, a further one, and again.
func TestConfluentRegisters(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	fake := srfake.New()
	defer fake.Close()
	fake.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		return false
	})
	open := func() registry.Registry {
		r, err := registry.Confluent(registry.Options{URL: fake.URL() + "/"})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	check := func(what string, want ...string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(asked, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("%s: asked\n%s\nwant\n%s", what, got, strings.Join(want, "\n"))
		}
		asked = nil
	}
	const s = "a%2Fb%20c-value"
	r := open()
	f := register(t, r, "a/b c-value", record(t))
	check("first",
		"POST /subjects/"+s, "GET /subjects/"+s+"/versions", "GET /config/"+s+"?defaultToGlobal=false", "PUT /config/"+s,
		"POST /subjects/"+s+"/versions", "GET /schemas/ids/1")
	register(t, r, "a/b c-value", record(t))
	checkLookup(t, r, f, record(t))
	check("again")
	register(t, r, "a/b c-value", record(t, nullable("x", "long")))
	check("further", "POST /subjects/"+s, "GET /subjects/"+s+"/versions", "GET /subjects/"+s+"/versions/1",
		"POST /subjects/"+s+"/versions", "GET /schemas/ids/2")
	r = open()
	register(t, r, "a/b c-value", record(t))
	check("another instance", "POST /subjects/"+s, "GET /subjects/"+s+"/versions", "GET /schemas/ids/1")
}

func level(t *testing.T, url, subject string) string {
	t.Helper()
	client, err := sr.NewClient(sr.URLs(url))
	if err != nil {
		t.Fatal(err)
	}
	c := client.Compatibility(t.Context(), subject)[0]
	if c.Err != nil {
		t.Fatal(c.Err)
	}
	return c.Level.String()
}

func TestConfluentCompatibility(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*srfake.Registry)
		want    string
	}{
		{"a new subject", func(*srfake.Registry) {}, "BACKWARD_TRANSITIVE"},
		{"a level that is set", func(f *srfake.Registry) { must(t, f.SetCompat(subject, sr.CompatFull)) }, "FULL"},
		{"a subject with a schema", func(f *srfake.Registry) { f.SeedSchema(subject, 1, 1, sr.Schema{Schema: plain}) }, "BACKWARD"},
		{"set at the same moment", func(f *srfake.Registry) {
			f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut {
					return false
				}
				must(t, f.SetCompat(subject, sr.CompatBackwardTransitive))
				http.Error(w, `{"error_code":409,"message":"A rule named 'COMPATIBILITY' already exists."}`, http.StatusConflict)
				return true
			})
		}, "BACKWARD_TRANSITIVE"},
		{"only after the schema", func(f *srfake.Registry) {
			f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut || f.SubjectExists(subject) {
					return false
				}
				http.Error(w, `{"error_code":40401,"message":"Subject not found."}`, http.StatusNotFound)
				return true
			})
		}, "BACKWARD_TRANSITIVE"},
	} {
		fake := srfake.New()
		test.prepare(fake)
		r, err := registry.Confluent(registry.Options{URL: fake.URL()})
		must(t, err)
		register(t, r, subject, record(t, nullable("x", "long")))
		if got := level(t, fake.URL(), subject); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
		fake.Close()
	}
}

// TestConfluentSettles: a run that ended between its first schema and the level leaves the level to the next one, whose find returns the schema.
// Without the right to set levels a schema that is there serves.
func TestConfluentSettles(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*srfake.Registry)
		want    string
	}{
		{"without a level", func(*srfake.Registry) {}, "BACKWARD_TRANSITIVE"},
		{"a level that is set", func(f *srfake.Registry) { must(t, f.SetCompat(subject, sr.CompatFull)) }, "FULL"},
		{"a further version", func(f *srfake.Registry) {
			f.SeedSchema(subject, 2, 2, sr.Schema{Schema: string(record(t, nullable("x", "long")).JSON())})
		}, "BACKWARD"},
		{"without the right", func(f *srfake.Registry) {
			f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPut {
					http.Error(w, `{"error_code":40301,"message":"no Write"}`, http.StatusForbidden)
				}
				return r.Method == http.MethodPut
			})
		}, "BACKWARD"},
	} {
		fake := srfake.New()
		fake.SeedSchema(subject, 1, 1, sr.Schema{Schema: string(record(t).JSON())})
		test.prepare(fake)
		r, err := registry.Confluent(registry.Options{URL: fake.URL()})
		must(t, err)
		register(t, r, subject, record(t))
		if got := level(t, fake.URL(), subject); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
		fake.Close()
	}
	// The level comes after the schema, and the registry goes down between the two.
	fake, down := srfake.New(), true
	defer fake.Close()
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method != http.MethodPut:
			return false
		case !fake.SubjectExists(subject):
			http.Error(w, `{"error_code":40401,"message":"Subject not found."}`, http.StatusNotFound)
		case down:
			http.Error(w, `{"error_code":50001,"message":"down"}`, http.StatusInternalServerError)
		default:
			return false
		}
		return true
	})
	open := func() registry.Registry {
		r, err := registry.Confluent(registry.Options{URL: fake.URL(), RetryFor: time.Millisecond})
		must(t, err)
		return r
	}
	var unavailable *registry.UnavailableError
	if _, err := open().Register(t.Context(), subject, record(t)); !errors.As(err, &unavailable) {
		t.Errorf("got %v, want an *UnavailableError", err)
	}
	down = false
	register(t, open(), subject, record(t))
	if got := level(t, fake.URL(), subject); got != "BACKWARD_TRANSITIVE" {
		t.Errorf("after the registry was down: got %s", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestConfluentRefuses shows that nothing is registered before its compatibility is set, and the registry's words.
func TestConfluentRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		when   string // method and a part of the path
		status int
		want   []string
	}{
		{"409", "POST /versions", 409, []string{"IncompatibleError", "(409): Schema being registered is incompatible", subject, "compatibility level"}},
		{"422", "POST /versions", 422, []string{"IncompatibleError", "(422)", subject}},
		{"422 to find", "POST /subjects", 422, []string{"IncompatibleError", "(422)", subject, "new topic"}},
		{"400", "POST /versions", 400, []string{"IncompatibleError", "(400)", subject}},
		{"404", "POST /versions", 404, []string{"IncompatibleError", "(404)", subject}},
		{"413 to find", "POST /subjects", 413, []string{"IncompatibleError", "(413)", subject, "too large"}},
		{"409 to find", "POST /subjects", 409, []string{"IncompatibleError", "(409)", subject}},
		{"403 to set", "PUT /config", 403, []string{"AuthError", "set compatibility of " + subject, "right"}},
		{"422 to set", "PUT /config", 422, []string{"UnavailableError", "set compatibility of " + subject, "422"}},
		{"401 to read", "GET /config", 401, []string{"AuthError", "compatibility of " + subject, "credentials"}},
		{"it lies about the subject", "PUT /config", 404, []string{"UnavailableError", "set compatibility of " + subject, "doesn't know"}},
	} {
		fake := srfake.New()
		fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			method, part, _ := strings.Cut(test.when, " ")
			if r.Method != method || !strings.Contains(r.URL.Path, part) {
				return false
			}
			code := test.status
			if code == 404 {
				code = 40401
			}
			w.WriteHeader(test.status)
			must(t, json.NewEncoder(w).Encode(map[string]any{"error_code": code, "message": "Schema being registered is incompatible with an earlier schema"}))
			return true
		})
		r, err := registry.Confluent(registry.Options{URL: fake.URL()})
		must(t, err)
		_, err = r.Register(t.Context(), subject, record(t))
		text := fmt.Sprintf("%T %v", err, err)
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in %q", test.name, want, text)
			}
		}
		if n := len(versionsOf(t, fake.URL())); n > 0 && test.status != 404 {
			t.Errorf("%s: %d versions were registered", test.name, n)
		}
		fake.Close()
	}
}

// TestConfluentCheck: the registry's own verdict counts beside ours, in its words.
func TestConfluentCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   []string // in the error; nil: none
	}{
		{"compatible", 200, `{"is_compatible":true}`, nil},
		{"incompatible", 200, `{"is_compatible":false,"messages":["READER_FIELD_MISSING_DEFAULT_VALUE","at /fields/1"]}`,
			[]string{"IncompatibleError", "READER_FIELD_MISSING_DEFAULT_VALUE; at /fields/1", "compatibility level"}},
		{"without a word", 200, `{"is_compatible":false}`, []string{"IncompatibleError", "(409)", "level is BACKWARD"}},
		{"invalid", 422, `{"error_code":42201,"message":"Invalid schema"}`, []string{"IncompatibleError", "Invalid schema", "(422)"}},
		{"forbidden", 403, `{"error_code":40301,"message":"no"}`, []string{"AuthError"}},
	} {
		fake := srfake.New()
		fake.SeedSchema(subject, 1, 1, sr.Schema{Schema: plain})
		fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/compatibility") {
				return false
			}
			w.WriteHeader(test.status)
			_, err := w.Write([]byte(test.body))
			must(t, err)
			return true
		})
		r, err := registry.Confluent(registry.Options{URL: fake.URL()})
		must(t, err)
		err = r.Check(t.Context(), subject, record(t, nullable("x", "long")))
		if (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v", test.name, err)
		}
		for _, want := range test.want {
			if text := fmt.Sprintf("%T %v", err, err); !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in %q", test.name, want, text)
			}
		}
		fake.Close()
	}
}

func versionsOf(t *testing.T, url string) []int {
	t.Helper()
	client, err := sr.NewClient(sr.URLs(url))
	must(t, err)
	versions, err := client.SubjectVersions(t.Context(), subject)
	var answer *sr.ResponseError
	if err != nil && !errors.As(err, &answer) {
		t.Fatal(err)
	}
	return versions
}

// TestConfluentVerifies shows that an id is not used under which another schema stands.
func TestConfluentVerifies(t *testing.T) {
	other := strings.Replace(plain, "long", "string", 1)
	answer := func(byID int, body string) *script {
		return &script{answer: func(method, path string) (int, string) {
			switch {
			case strings.Contains(path, "/schemas/ids/"):
				return byID, body
			case method == http.MethodGet:
				return 200, "[1, 2]"
			}
			return 200, version(1, 9, plain)
		}}
	}
	s := answer(200, fmt.Sprintf(`{"schema":%q}`, other))
	_, err := s.registry(t).Register(t.Context(), subject, record(t))
	var incompatible *registry.IncompatibleError
	if !errors.As(err, &incompatible) || !strings.Contains(err.Error(), "id 9") {
		t.Errorf("another schema: got %v", err)
	}
	s = answer(404, `{"error_code":40403,"message":"Schema not found"}`)
	if f := register(t, s.registry(t), subject, record(t)); *f.ID != 9 {
		t.Errorf("a node that lags: got id %d, want 9", *f.ID)
	}
	s = answer(200, `{"schema":"\"string\""}`)
	var unknown *registry.UnknownSchemaError
	if _, err := s.registry(t).Register(t.Context(), subject, record(t)); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "can't be used") {
		t.Errorf("no record: got %v", err)
	}
}

// TestConfluentDeletedVersion shows that a version that goes while they are read is left out.
func TestConfluentDeletedVersion(t *testing.T) {
	s := &script{answer: func(method, path string) (int, string) {
		switch {
		case method == "POST" && strings.HasSuffix(path, "/versions"):
			return 200, `{"id":3}`
		case method == "POST":
			return 404, `{"error_code":40403,"message":"Schema not found"}`
		case strings.HasSuffix(path, "/versions"):
			return 200, "[2,1]"
		case strings.HasSuffix(path, "/versions/1"):
			return 404, `{"error_code":40402,"message":"Version not found"}`
		case strings.Contains(path, "/ids/"):
			return 404, `{"error_code":40403,"message":"Schema not found"}`
		}
		return 200, version(2, 2, plain)
	}}
	if f := register(t, s.registry(t), subject, record(t, nullable("x", "long"))); *f.ID != 3 {
		t.Errorf("got id %d, want 3", *f.ID)
	}
}

// TestConfluentRedirects shows that credentials stay with the origin.
func TestConfluentRedirects(t *testing.T) {
	var visits []string
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits = append(visits, r.Header.Get("Authorization"))
	}))
	defer evil.Close()
	to := ""
	status := http.StatusFound
	posts := 0
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/new") && r.Method == http.MethodGet:
			_, _ = io.WriteString(w, version(1, 1, plain))
		case strings.HasPrefix(r.URL.Path, "/new"):
			posts++
			http.Error(w, `{"error_code":40403,"message":"not found"}`, http.StatusNotFound)
		default:
			http.Redirect(w, r, to+r.URL.EscapedPath(), status)
		}
	}))
	defer good.Close()
	r, err := registry.Confluent(registry.Options{URL: good.URL, Username: "u", Password: "canary"})
	must(t, err)
	var down *registry.UnavailableError
	for _, target := range []string{evil.URL, strings.Replace(evil.URL, "127.0.0.1", "localhost", 1), strings.Replace(good.URL, "http://", "http://localhost@", 1)} {
		to = target
		if err := latest(r); !errors.As(err, &down) {
			t.Errorf("redirected to %s: got %v", to, err)
		}
	}
	if len(visits) > 0 {
		t.Errorf("another origin was asked, with %q", visits)
	}
	to = good.URL + "/new"
	if err := latest(r); err != nil {
		t.Errorf("redirected within the origin: got %v", err)
	}
	if _, err := r.Register(t.Context(), subject, record(t)); !errors.As(err, &down) || posts > 0 {
		t.Errorf("a POST that would become a GET: got %v", err)
	}
	status = http.StatusTemporaryRedirect
	if _, err := r.Register(t.Context(), subject, record(t)); posts == 0 {
		t.Errorf("a POST that stays one: got %v", err)
	}
	to = good.URL
	if err := latest(r); !errors.As(err, &down) {
		t.Errorf("a loop: got %v", err)
	}
}

// A registry whose certificate cannot be verified is told nothing, the password least of all.
func TestConfluentTLS(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	r, err := registry.Confluent(registry.Options{URL: server.URL, Username: "u", Password: "canary", RetryFor: 10 * time.Millisecond})
	must(t, err)
	var down *registry.UnavailableError
	if err := latest(r); !errors.As(err, &down) || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "canary") || asked.Load() != 0 {
		t.Errorf("got %v after %d requests, want the certificate refused", err, asked.Load())
	}
}
