package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// A contract that discards every row leaves an empty topic: that is no loss.
func TestAllRowsMayBeDiscarded(t *testing.T) {
	w := begin(t)
	for i := range 20 {
		w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"version":"x"}`, i+1))
	}
	schemas := t.TempDir()
	pin := `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"version","type":["null","long"],"default":null}]}`
	if err := os.WriteFile(filepath.Join(schemas, "rows.avsc"), []byte(pin), 0o600); err != nil {
		t.Fatal(err)
	}
	strict := resource("rows", "rows", "schema_contract: {data_type: discard_row}, ")
	p := w.must(w.configured(strict, "}\nschema: {directory: "+schemas, pipeline.Options{}))
	for range 2 {
		if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 20 || got.Published != 0 {
			t.Errorf("%d dead letters, %d published; want 20, 0", got.DeadLettered, got.Published)
		}
	}
}

// A row that the contract discards is a dead letter, in the transaction of its page; its key keeps what it has.
func TestDiscardedRowsAreDeadLetters(t *testing.T) {
	w := begin(t, rows(30)...)
	frozen := resource("rows", "rows", "schema_contract: {data_type: discard_row, columns: freeze}, ")
	p := w.must(w.configured(frozen, "commit_interval: 10s", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[11] = `{"id":12,"version":"two"}`; w.rows[20] = row(21, 2) })
	got := w.run(p, pipeline.ExitOK)
	if got.DeadLettered != 1 || got.Published != 1 || got.Unchanged != 28 || got.Records != 30 {
		t.Errorf("%+v; want 1 dead letter, 1 published, 28 unchanged", got)
	}
	letters := 0
	err := w.cluster().Scan(t.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		letters++
		if string(r.Key) != "12" || string(r.Value) != `{"id":12,"version":"two"}` || len(r.Headers) != 2 || string(r.Headers[1].Value) != "version" {
			t.Errorf("dead letter %s: %s %v", r.Key, r.Value, r.Headers)
		}
		return nil
	})
	if err != nil || letters != 1 {
		t.Errorf("%d dead letters, %v; want 1", letters, err)
	}
	if keys, _, _ := w.live(); len(keys) != 30 {
		t.Errorf("%d keys, want 30: the dead letter's key keeps what it has", len(keys))
	}
}

// Dead letters and records stand or fall together.
func TestDeadLettersAreAtomic(t *testing.T) {
	w := begin(t, rows(10)...)
	p := w.must(w.configured(resource("rows", "rows", "schema_contract: {data_type: discard_row}, "), "commit_timeout: 5s", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[3], w.rows[4] = `{"id":4,"version":"x"}`, row(5, 2) })
	fault := w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "p.rows.dlq", Err: kerr.InvalidRecord, Count: -1})
	if sum := p.Run(t.Context()); sum.ExitCode != pipeline.ExitData || sum.Resources[0].Published != 0 {
		t.Errorf("exit %d (%s), published %d; want 4, nothing", sum.ExitCode, sum.Error, sum.Resources[0].Published)
	}
	fault.Remove()
	if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 1 || got.Published != 1 {
		t.Errorf("%d dead letters, %d published; want 1, 1", got.DeadLettered, got.Published)
	}
}

func TestContractsThatAreRefused(t *testing.T) {
	w := begin(t)
	for _, contract := range []string{"discard_value", "{columns: discard_value}", "{data_type: discard_value}", "{tables: discard_value}"} {
		_, err := w.configured(resource("rows", "rows", "schema_contract: "+contract+", "), "", pipeline.Options{})
		if pipeline.ExitCode(err) != pipeline.ExitUsage || !strings.Contains(fmt.Sprint(err), "schema_contract") || !strings.Contains(fmt.Sprint(err), "discard_value") {
			t.Errorf("%s: %v; want exit 2 that names it", contract, err)
		}
	}
}

// noise is text that doesn't compress.
func noise(n int) string {
	var b strings.Builder
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b.WriteByte('A' + byte(x>>24)%26)
	}
	return b.String()
}

// A record that the brokers refuse for its size is named, and the pages before it are kept: also without a key, and of dead letters.
func TestTooLargeKeepsThePagesBefore(t *testing.T) {
	keyless := "    - {name: rows, write_disposition: append, schema_contract: {data_type: discard_row}, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n"
	for name, tt := range map[string]struct{ resources, policy, row string }{
		"record":      {resource("rows", "rows", ""), "compact", `{"id":26,"text":"%s"}`},
		"keyless":     {keyless, "delete", `{"id":26,"text":"%s"}`},
		"dead letter": {keyless, "delete", `{"id":26,"version":"%s"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, rows(40)...)
			var specs []kafka.TopicSpec
			for topic, policy := range map[string]string{"p.rows": tt.policy, "p.rows.dlq": "delete"} {
				specs = append(specs, kafka.TopicSpec{Name: topic, Partitions: 2, ReplicationFactor: 1,
					Config: map[string]string{"cleanup.policy": policy, "max.message.bytes": "20000"}})
			}
			if err := w.cluster().Create(t.Context(), specs); err != nil {
				t.Fatal(err)
			}
			p := w.must(w.configured(tt.resources, "commit_interval: 10s, compression: none", pipeline.Options{}))
			w.run(p, pipeline.ExitOK) // the schema stands
			w.set(func() {
				for i := range w.rows {
					w.rows[i] = row(i+1, 2)
				}
				w.rows[25] = fmt.Sprintf(tt.row, noise(60_000))
			})
			got := w.run(p, pipeline.ExitData)
			if got.Published != 20 || got.Pages != 2 || got.DeadLettered != 0 || !strings.Contains(got.Error, "offset 20") {
				t.Errorf("published %d, %d pages, %d dead letters (%.200s); want the 20 rows of 2 pages, and offset 20 named", got.Published, got.Pages, got.DeadLettered, got.Error)
			}
			w.set(func() { w.rows[25] = row(26, 2) })
			if got := w.run(p, pipeline.ExitOK); got.Published != 20 {
				t.Errorf("then published %d, want the 20 that were left", got.Published)
			}
		})
	}
}

// A dead letter of a record that has no key has none either.
func TestDeadLettersWithoutAKey(t *testing.T) {
	w := begin(t, rows(10)...)
	p := w.must(w.configured("    - {name: rows, write_disposition: append, schema_contract: {data_type: discard_row}, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n",
		"", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[3] = `{"id":4,"version":"x"}` })
	if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 1 || got.Published != 9 {
		t.Errorf("%d dead letters, %d published; want 1, 9", got.DeadLettered, got.Published)
	}
	err := w.cluster().Scan(t.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		if r.Key != nil {
			t.Errorf("key %q, want none", r.Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
