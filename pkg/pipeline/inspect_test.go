package pipeline_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"producer/pkg/inspect"
	"producer/pkg/pipeline"
	"producer/pkg/schema"
)

// Of package inspect, what needs a run before it; the rest is tested there.

// told renders findings for comparison: kind, field, Avro name, type and how many records.
func told(d inspect.ResourceDiff) string {
	var out []string
	for _, f := range d.Findings {
		out = append(out, strings.TrimRight(fmt.Sprintf("%s %s %s %s %d", f.Kind, f.Field, f.Avro, f.Type, f.Records), " "))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// drift changes the source in every way that a schema can feel.
func (w *world) drift() {
	w.set(func() {
		for i := range w.rows {
			w.rows[i] = fmt.Sprintf(`{"id":%d,"version":%d,"address":{"zip":"1","extra":%d},"lines":[{"sku":"a"}],"gone":null}`, i+1, i, i)
		}
		w.rows[3] = `{"id":4,"version":"four","address":{"zip":1},"tags":["a"],"lines":[{"sku":"a"},{"sku":{"n":1}},{"sku":{"n":2}}]}`
		w.rows[4] = `{"id":5,"version":"five","big":9007199254740993,"deep":{"x":{"y":1}}}`
	})
}

const before = `{"id":%d,"version":1,"address":{"zip":"1","street":"s"},"lines":[{"sku":"a","price":1.5}],"gone":true,"lost":"x"}`

// TestDiff: what the API holds against what is registered, by every mode of a contract. Nothing is registered or produced.
func TestDiff(t *testing.T) {
	const vanished = "vanished address.street   0\nvanished gone   0\nvanished lines[].price   0\nvanished lost   0"
	for name, tt := range map[string]struct {
		contract, want, verdict string
		exit                    int
	}{
		"evolve": {"evolve", "added address.extra extra long 28\nadded big big long 1\nadded deep deep record 1\nadded tags tags array of string 1\n" + vanished +
			"\nvariant lines[].sku sku__v_record record 1\nvariant version version__v_string string 2", inspect.VerdictCompatible, pipeline.ExitOK},
		"freeze": {"freeze", "conflicting address.extra   28\nconflicting big   1\nconflicting deep   1\nconflicting lines[].sku   1\nconflicting tags   1\nconflicting version   2\n" +
			vanished, inspect.VerdictUnchanged, pipeline.ExitData},
		"discard": {"{columns: discard_value, data_type: discard_row}", "discarded address.extra   28\ndiscarded big   1\ndiscarded deep   1\ndiscarded lines[].sku   1\n" +
			"discarded tags   1\ndiscarded version   2\n" + vanished, inspect.VerdictUnchanged, pipeline.ExitOK},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			for i := range 30 {
				w.rows = append(w.rows, fmt.Sprintf(before, i+1))
			}
			w.run(w.pipeline("merge", ""), pipeline.ExitOK)
			ends := fmt.Sprint(w.ends("p.rows"), w.ends("p.schemas"), w.ends("p.state"))
			w.drift()
			d := inspect.Compare(t.Context(), w.must(w.configured(resource("rows", "rows", "schema_contract: "+tt.contract+", "), "", pipeline.Options{})))
			r := d.Resources[0]
			if got := told(r); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if d.ExitCode != tt.exit || r.Refused != (tt.exit == pipeline.ExitData) || r.Verdict != tt.verdict || r.Against != "registered" || r.Records != 30 || r.Pages != 3 {
				t.Errorf("exit %d, %+v; want exit %d, %s", d.ExitCode, r, tt.exit, tt.verdict)
			}
			if got := fmt.Sprint(w.ends("p.rows"), w.ends("p.schemas"), w.ends("p.state")); got != ends {
				t.Errorf("the topics end at %s, they did at %s", got, ends)
			}
		})
	}
}

// TestDiffTellsWhoFeelsIt: each kind of change names its consumers and an example.
func TestDiffTellsWhoFeelsIt(t *testing.T) {
	w := begin(t)
	for i := range 30 {
		w.rows = append(w.rows, fmt.Sprintf(before, i+1))
	}
	p := w.pipeline("merge", "")
	w.run(p, pipeline.ExitOK)
	w.drift()
	want := map[string][]string{
		"version":       {"everyone who reads version finds null", "JDBC", `"four"`},
		"address.extra": {"ClickHouse (AvroConfluent) can't read a nested record that has evolved"},
		"deep":          {"no column for a nested record"},
		"big":           {"kafkajs throws"},
		"tags":          {"adds a column"},
		"gone":          {"everyone who reads it", "null or empty"},
		"lost":          {"no record of the sample"},
	}
	for _, f := range inspect.Compare(t.Context(), p).Resources[0].Findings {
		for _, text := range want[f.Field] {
			if all := f.Why + strings.Join(f.Consumers, "; "); !strings.Contains(all, text) {
				t.Errorf("%s: %q is not in %q", f.Field, text, all)
			}
		}
		delete(want, f.Field)
	}
	if len(want) > 0 {
		t.Errorf("nothing was said of %v", want)
	}
}

// TestDiffBeforeTheFirstRun: without a schema all is new; there need not be a topic.
func TestDiffBeforeTheFirstRun(t *testing.T) {
	w := begin(t, `{"id":1,"a":{"b":1}}`, `{"id":2,"n":9223372036854775808}`)
	for contract, want := range map[string]string{
		"evolve":                "added a a record 0\nadded id id long 0\nadded n n long 0\nconflicting n   1",
		"{tables: freeze}":      "conflicting    2",
		"{tables: discard_row}": "discarded    2",
	} {
		d := inspect.Compare(t.Context(), w.must(w.configured(resource("rows", "rows", "schema_contract: "+contract+", "), "", pipeline.Options{})))
		if got := told(d.Resources[0]); got != want || d.Resources[0].Against != "nothing" {
			t.Errorf("%s: got\n%s\nwant\n%s", contract, got, want)
		}
		if refused := d.ExitCode == pipeline.ExitData; refused != strings.Contains(want, "conflicting") {
			t.Errorf("%s: exit %d (%s)", contract, d.ExitCode, d.Error)
		}
	}
	infos, err := w.cluster().Describe(t.Context(), "p.rows", "p.schemas", "p.state")
	if err != nil {
		t.Fatal(err)
	}
	for name, info := range infos {
		if info.Exists {
			t.Errorf("topic %s was made", name)
		}
	}
}

// registered serves a registry and returns what follows in a configuration, and what it was asked that changes something.
func registered(t *testing.T) (fake *srfake.Registry, config string, changed func() []string) {
	t.Helper()
	fake = srfake.New()
	t.Cleanup(fake.Close)
	var mu sync.Mutex
	var asked []string
	fake.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodGet && !strings.HasPrefix(r.URL.Path, "/compatibility") && (r.Method != http.MethodPost || strings.HasSuffix(r.URL.Path, "/versions")) {
			asked = append(asked, r.Method+" "+r.URL.Path)
		}
		return false
	})
	return fake, "}\nschema: {registry: {url: " + fake.URL() + "}", func() []string {
		mu.Lock()
		defer mu.Unlock()
		return asked
	}
}

// TestDiffAsksTheRegistry: a registry's no is exit 4, in its words; no broker is asked.
func TestDiffAsksTheRegistry(t *testing.T) {
	w := begin(t, rows(20)...)
	fake, config, changed := registered(t)
	w.run(w.must(w.configured(resource("rows", "rows", ""), config, pipeline.Options{})), pipeline.ExitOK)
	before := len(changed())
	w.set(func() { w.rows[0] = `{"id":1,"version":1,"new":1}` })
	w.brokers = []string{"127.0.0.1:1"}
	p := w.must(w.configured(resource("rows", "rows", ""), config, pipeline.Options{}))
	d := inspect.Compare(t.Context(), p)
	if r := d.Resources[0]; d.ExitCode != pipeline.ExitOK || r.Verdict != inspect.VerdictCompatible || r.SchemaID == nil || *r.SchemaID != 1 {
		t.Errorf("exit %d (%s), %+v", d.ExitCode, d.Error, r)
	}
	fake.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/compatibility") {
			return false
		}
		_, err := rw.Write([]byte(`{"is_compatible":false,"messages":["the house says no"]}`))
		return err == nil
	})
	d = inspect.Compare(t.Context(), p)
	if r := d.Resources[0]; d.ExitCode != pipeline.ExitData || r.Verdict != inspect.VerdictIncompatible || !r.Refused || !strings.Contains(r.Words, "the house says no") {
		t.Errorf("exit %d (%s), %+v", d.ExitCode, d.Error, r)
	}
	if len(changed()) != before {
		t.Errorf("the registry was asked %v", changed()[before:])
	}
}

// TestDiffOfAFile: a pinned file is compared, and the registry's verdict is on it too.
func TestDiffOfAFile(t *testing.T) {
	w := begin(t, rows(10)...)
	w.rows[2] = `{"id":3,"version":null}`
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	for fields, want := range map[string]struct {
		findings, verdict string
		exit              int
	}{
		`{"name":"version","type":["null","string"],"default":null}`:                                                     {"", inspect.VerdictIncompatible, pipeline.ExitData}, // long was written
		`{"name":"version","type":"long"}`:                                                                               {"conflicting version   1", "", pipeline.ExitData},   // null can't be
		`{"name":"version","type":["null","long"],"default":null},{"name":"more","type":["null","long"],"default":null}`: {"vanished more   0", inspect.VerdictCompatible, pipeline.ExitOK},
	} {
		pin := w.pin("rows", `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},`+fields+`]}`)
		d := inspect.Compare(t.Context(), w.must(w.configured(resource("rows", "rows", ""), pin, pipeline.Options{})))
		r := d.Resources[0]
		if told(r) != want.findings || want.verdict != "" && r.Verdict != want.verdict || d.ExitCode != want.exit || r.Against != "pinned" {
			t.Errorf("%s: exit %d, %+v; want %+v", fields, d.ExitCode, r, want)
		}
	}
}

// TestDiffErrors: what fails keeps its exit code, and the other resources are compared.
func TestDiffErrors(t *testing.T) {
	w := begin(t, rows(10)...)
	two := resource("rows", "rows", "") + strings.Replace(resource("bad", "rows", ""), "data_selector: data", "data_selector: nothing", 1)
	d := inspect.Compare(t.Context(), w.must(w.configured(two, "", pipeline.Options{})))
	if d.ExitCode != pipeline.ExitSource || d.Resources[0].Verdict != inspect.VerdictNew || d.Resources[1].Error == "" {
		t.Errorf("%+v", d)
	}
	w.brokers = []string{"127.0.0.1:1"}
	if d := inspect.Compare(t.Context(), w.must(w.configured(two, "timeout: 1s", pipeline.Options{}))); d.ExitCode != pipeline.ExitUnavailable || len(d.Resources) != 0 {
		t.Errorf("without a broker: %+v", d)
	}
}

// TestInfer: the files hold what the first run registers.
func TestInfer(t *testing.T) {
	w := begin(t)
	for i := range 300 { // a field is found on the tenth page, another is not, on the eleventh
		more := map[int]string{99: `,"last":1.5`, 100: `,"late":1`}[i]
		w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"a-b":{"c":[%d]}%s}`, i+1, i, more))
	}
	dir := filepath.Join(t.TempDir(), "new", "schemas")
	config := "}\nschema: {directory: " + dir
	p := w.must(w.configured(resource("rows", "rows", ""), config, pipeline.Options{}))
	files, err := inspect.Infer(t.Context(), p, false)
	file := filepath.Join(dir, "rows.avsc")
	if err != nil || len(files) != 1 || files[0].File != file || files[0].Records != 100 || files[0].Pages != 10 || files[0].Fields != 3 {
		t.Fatalf("%+v %v", files, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	written, err := schema.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	if first := w.schemas()[0]; first != string(written.JSON()) {
		t.Errorf("inferred\n%s\nthe first run registered\n%s", written.JSON(), first)
	}

	// A file that stands is kept.
	p = w.must(w.configured(resource("rows", "rows", ""), config, pipeline.Options{}))
	asked := len(w.asked)
	if _, err := inspect.Infer(t.Context(), p, false); pipeline.ExitCode(err) != pipeline.ExitUsage || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a file that stands: %v", err)
	}
	if len(w.asked) != asked {
		t.Error("the API was asked for nothing")
	}
	w.set(func() { w.rows = rows(3) })
	if _, err := inspect.Infer(t.Context(), p, true); err != nil {
		t.Error(err)
	}
	if again, err := os.ReadFile(file); err != nil || !strings.Contains(string(again), `"version"`) {
		t.Errorf("with force: %v %s", err, again)
	}
	w.set(func() { w.rows = nil })
	if _, err := inspect.Infer(t.Context(), p, true); pipeline.ExitCode(err) != pipeline.ExitData {
		t.Errorf("without a record: %v", err)
	}
	if _, err := inspect.Infer(t.Context(), w.pipeline("merge", ""), false); pipeline.ExitCode(err) != pipeline.ExitUsage || !strings.Contains(err.Error(), "schema.directory") {
		t.Errorf("without a directory: %v", err)
	}
}

// TestDiffIsBounded: where ids are names there is no end of findings, and the gravest are told.
func TestDiffIsBounded(t *testing.T) {
	w := begin(t, rows(20)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, `,"id%d":1`, i)
	}
	w.set(func() {
		w.rows[3] = `{"id":4,"` + strings.Repeat("n", 100_000) + `":1` + b.String() + `,"version":9223372036854775808}`
	})
	d := inspect.Compare(t.Context(), w.pipeline("merge", ""))
	r := d.Resources[0]
	if d.ExitCode != pipeline.ExitData || len(r.Findings) != 500 || r.More != 2502 || r.Findings[0].Kind != inspect.FindingConflicting || r.Findings[0].Field != "version" {
		t.Errorf("exit %d, %d findings and %d more, the first %+v", d.ExitCode, len(r.Findings), r.More, r.Findings[:1])
	}
	for _, f := range r.Findings {
		if len(f.Field)+len(f.Avro)+len(f.Why) > 4000 {
			t.Errorf("a finding of %d bytes", len(f.Field)+len(f.Avro)+len(f.Why))
		}
	}
}

// TestLookingIsInterrupted: a signal ends diff and infer, too.
func TestLookingIsInterrupted(t *testing.T) {
	w := begin(t, rows(50)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	p := w.must(w.configured(resource("rows", "rows", ""), "}\nschema: {directory: "+t.TempDir(), pipeline.Options{}))
	for name, look := range map[string]func(context.Context) int{
		"diff":  func(ctx context.Context) int { return inspect.Compare(ctx, p).ExitCode },
		"infer": func(ctx context.Context) int { _, err := inspect.Infer(ctx, p, false); return pipeline.ExitCode(err) },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		w.set(func() {
			w.before = func(offset int) {
				if offset == 20 {
					cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
				}
			}
		})
		if got := look(ctx); got != pipeline.ExitTerminate {
			t.Errorf("%s: exit %d, want 143", name, got)
		}
		cancel(nil)
	}
}
