package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// keeps says what a resource makes the program remember of every record.
var keeps = []struct {
	name, resource, publish string
}{
	{"no keys", "{write_disposition: append}", "all"},
	{"keys, publish: all", "{primary_key: id, write_disposition: merge}", "all"},
	{"keys, publish: changed", "{primary_key: id, write_disposition: merge}", "changed"},
}

// runMemory measures the peak of memory of a run over 100,000 records beside one over ten times as many. The index of the
// keys grows (19 bytes each, see runIndex), and must take its place from garbage: within a tenth, the peak is the same.
func (b *bench) runMemory(ctx context.Context, out io.Writer) error {
	sizes := []int{100_000, 1_000_000}
	apis := http.NewServeMux()
	for _, n := range sizes {
		prefix := fmt.Sprintf("/%d", n)
		apis.Handle(prefix+"/", http.StripPrefix(prefix, newPages(n, b.page)))
	}
	stop, err := b.prepare(ctx, apis)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(out, "Records of about 600 bytes, pages of %d, commit_interval %s, %s broker, medians of %d rounds\n\n", b.page, b.interval, b.kafka, b.rounds)
	fmt.Fprintf(out, "| peak MiB               | %9d | %9d | growth |  %% |\n|------------------------|----------:|----------:|-------:|---:|\n", sizes[0], sizes[1])
	for _, k := range keeps {
		peaks := make([]float64, len(sizes))
		for i, n := range sizes {
			var rounds []result
			for round := range b.rounds {
				pipeline := fmt.Sprintf("memory-%s-%d-%d", strings.Map(letters, k.name), n, round)
				r, err := b.walk(ctx, pipeline, n, fmt.Sprintf(memoryConfiguration, pipeline, fmt.Sprint(b.api.URL, "/", n), k.resource, b.page, b.brokers[0], b.interval, k.publish))
				if err != nil {
					return err
				}
				rounds = append(rounds, r)
			}
			peaks[i] = float64(medianOf(rounds).peak) / (1 << 20)
		}
		fmt.Fprintf(out, "| %-22s | %9.1f | %9.1f | %6.1f | %2.0f |\n", k.name, peaks[0], peaks[1], peaks[1]-peaks[0], 100*(peaks[1]/peaks[0]-1))
	}
	return nil
}

// letters makes a topic's name of a text.
func letters(r rune) rune {
	if r < 'a' || r > 'z' {
		return '-'
	}
	return r
}

const memoryConfiguration = `pipeline: %s
source:
  client: {base_url: %q}
  resource_defaults: %s
  resources:
    - name: contacts
      endpoint: {path: /v1/contacts, data_selector: data, paginator: {type: offset, limit: %d}}
kafka: {brokers: [%q], partitions: 6, replication_factor: 1, commit_interval: %s, publish: %s}
schema: {directory: .}
`
