package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"producer/pkg/pipeline"
)

// TestWhatBecomesOfInputs is the table of docs/schemas.md: under each mode of a contract, what ends the run and with which exit code,
// what goes to the dead letter topic, and what is published.
func TestWhatBecomesOfInputs(t *testing.T) {
	const (
		published = "published"
		letter    = "dead letter"
		without   = "published without it, dead letter"
		exit3     = "exit 3"
		exit4     = "exit 4"
	)
	modes := []string{"evolve", "freeze", "discard_row", "discard_value"}
	all := func(what string) [4]string { return [4]string{what, what, what, what} }
	var many strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&many, `,"n%d":1`, i)
	}
	for _, tt := range []struct {
		name, row string
		want      [4]string // by mode
	}{
		{"an unknown field", `{"id":3,"must":1,"new":1}`, [4]string{published, exit4, letter, without}},
		{"another type", `{"id":3,"must":1,"version":"x"}`, [4]string{published, exit4, letter, without}},
		{"another type where null can't be", `{"id":3,"must":"x"}`, [4]string{exit4, exit4, letter, exit4}},
		{"nothing where null can't be", `{"id":3}`, all(exit4)},
		{"null, [] and {} of unknown names", `{"id":3,"must":1,"a":null,"b":[],"c":{"d":[null]}}`, all(published)},
		{"an integer beyond 64 bits", `{"id":3,"must":1,"version":9223372036854775808}`, all(exit4)},
		{"the same, of an unknown name", `{"id":3,"must":1,"new":[9223372036854775808]}`, all(exit4)},
		{"the same, in JSON text", `{"id":3,"must":1,"text":{"n":9223372036854775808}}`, all(published)},
		{"more fields than a schema gets at once", `{"id":3,"must":1,"new":{"n":1` + many.String() + `}}`, [4]string{exit4, exit4, letter, without}},
		{"a fraction beyond a double", `{"id":3,"must":1,"version":1e999}`, all(exit4)},
		{"no key", `{"must":1}`, all(exit4)},
		{"a key that is null", `{"id":null,"must":1}`, all(exit4)},
		{"a key of another type", `{"id":"3","must":1}`, all(exit4)},
		{"a name that stands twice", `{"id":3,"must":1,"must":1}`, all(exit4)},
		{"half a surrogate pair", `{"id":3,"must":1,"text":"\ud800"}`, all(exit4)},
		{"invalid UTF-8", "{\"id\":3,\"must\":1,\"text\":\"\xff\"}", all(exit3)},
		{"no JSON", `{"id":3,"must":}`, all(exit3)},
		{"no object", `3`, all(exit3)},
	} {
		for i, mode := range modes {
			w := begin(t, `{"id":1,"must":1,"version":1}`, `{"id":2,"must":1}`, tt.row)
			pin := w.pin("rows", `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"must","type":"long"},
				{"name":"version","type":["null","long"],"default":null},{"name":"text","type":["null",{"type":"string","connect.name":"io.debezium.data.Json"}],"default":null}]}`)
			contract := fmt.Sprintf("schema_contract: {columns: %s, data_type: %s}, ", mode, mode)
			sum := w.must(w.configured(resource("rows", "rows", contract), pin, pipeline.Options{})).Run(t.Context())
			got := published
			switch r := sum.Resources[0]; {
			case sum.ExitCode != pipeline.ExitOK:
				got = fmt.Sprintf("exit %d", sum.ExitCode)
			case r.Published+r.DeadLettered != 3:
				t.Errorf("%s, %s: %+v", tt.name, mode, r)
			case r.DeadLettered == 1:
				got = letter
			case strings.HasPrefix(mode, "discard") && len(w.letters()) == 1:
				got = without
			}
			if got != tt.want[i] {
				t.Errorf("%s, %s: %s (%s), want %s", tt.name, mode, got, sum.Error, tt.want[i])
			}
		}
	}
}
