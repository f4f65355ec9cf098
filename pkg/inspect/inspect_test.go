package inspect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"producer/pkg/config"
	"producer/pkg/inspect"
	"producer/pkg/pipeline"
)

// source is an API of one page and a registry; there are no brokers, which nothing here asks for.
type source struct {
	*testing.T
	page     atomic.Value // the records' JSON
	requests atomic.Int64
	config   string
}

func begin(t *testing.T, page string) *source {
	t.Helper()
	s := &source{T: t}
	s.page.Store(page)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.requests.Add(1)
		fmt.Fprintf(w, `{"data":[%s]}`, s.page.Load())
	}))
	t.Cleanup(api.Close)
	registry := srfake.New()
	t.Cleanup(registry.Close)
	s.config = fmt.Sprintf("pipeline: p\nsource:\n  client: {base_url: %q}\n  resources: [{name: rows, primary_key: id, write_disposition: merge, "+
		"endpoint: {path: /rows, data_selector: data, paginator: single_page}}]\nkafka: {brokers: ['127.0.0.1:1']}\nschema: {registry: {url: %q}, directory: %q}\n",
		api.URL, registry.URL(), filepath.Join(t.TempDir(), "schemas"))
	return s
}

func (s *source) pipeline() *pipeline.Pipeline {
	s.Helper()
	cfg, err := config.Parse("p.yaml", []byte(s.config), os.LookupEnv)
	if err != nil {
		s.Fatal(err)
	}
	p, err := pipeline.New(cfg, pipeline.Options{})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(p.Close)
	return p
}

// What Infer writes, Compare finds pinned; what the API shows beyond it is told, and what it shows no more.
func TestInferAndCompare(t *testing.T) {
	s := begin(t, `{"id":1,"name":"a","gone":true},{"id":2}`)
	if d := inspect.Compare(t.Context(), s.pipeline()); d.ExitCode != pipeline.ExitOK || d.Resources[0].Against != "nothing" || d.Resources[0].Verdict != inspect.VerdictNew {
		t.Errorf("before there is a schema: %+v", d)
	}
	files, err := inspect.Infer(t.Context(), s.pipeline(), false)
	if err != nil || len(files) != 1 || files[0].Records != 2 || files[0].Pages != 1 || files[0].Fields != 3 {
		t.Fatalf("%+v, %v", files, err)
	}
	asked := s.requests.Load()
	_, err = inspect.Infer(t.Context(), s.pipeline(), false)
	if pipeline.ExitCode(err) != pipeline.ExitUsage || !strings.Contains(err.Error(), "--force") || s.requests.Load() != asked {
		t.Errorf("a file that stands: %v, %d requests", err, s.requests.Load()-asked)
	}
	s.page.Store(`{"id":1,"name":5,"more":1}`)
	d := inspect.Compare(t.Context(), s.pipeline())
	r := d.Resources[0]
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Kind+" "+f.Field)
	}
	if want := "added more, vanished gone"; strings.Join(got, ", ") != want || r.Against != "pinned" || r.Verdict != inspect.VerdictNew || d.ExitCode != pipeline.ExitOK {
		t.Errorf("got %q, want %q: %+v", got, want, d)
	}
	s.page.Store("")
	if _, err := inspect.Infer(t.Context(), s.pipeline(), true); pipeline.ExitCode(err) != pipeline.ExitData {
		t.Errorf("without a record: %v", err)
	}
}

// A variant is told with the records whose values go to it, not with all that do not fit the field.
func TestCompareCountsVariants(t *testing.T) {
	s := begin(t, `{"id":1,"a":1}`)
	if _, err := inspect.Infer(t.Context(), s.pipeline(), false); err != nil {
		t.Fatal(err)
	}
	s.page.Store(`{"id":1,"a":"x"},{"id":2,"a":"y"},{"id":3,"a":{"b":1}},{"id":4,"a":[2]},{"id":5,"a":7}`)
	var got []string
	for _, f := range inspect.Compare(t.Context(), s.pipeline()).Resources[0].Findings {
		got = append(got, fmt.Sprintf("%s %s %d: %s", f.Kind, f.Avro, f.Records, f.Why))
	}
	want := []string{
		`variant a__v_string 2: the schema has long, got string, "x"`, `variant a__v_record 1: the schema has long, got record, {"b":1}`,
		`variant a__v_array_long 1: the schema has long, got array, [2]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
