package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// latency is how long the API of -parallel takes to answer.
const latency = 20 * time.Millisecond

// runParallel measures one walk over an API that takes 20 ms a request, one page at a time beside several (source.client.concurrency).
// All topics must hold the same values.
func (b *bench) runParallel(ctx context.Context, out io.Writer) error {
	pages := newPages(b.records, b.page)
	stop, err := b.prepare(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(latency)
		pages.ServeHTTP(w, r)
	}))
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(out, "%d records in %d pages, %s a request, commit_interval %s, %s broker, medians of %d rounds\n\n", b.records, len(pages.bodies), latency, b.interval, b.kafka, b.rounds)
	fmt.Fprintln(out, "| at a time |  wall s |   CPU s | peak MiB | records/s | faster |\n|----------:|--------:|--------:|---------:|----------:|-------:|")
	var alone result
	for _, n := range []int{1, 2, 4, 8, 16} {
		var rounds []result
		for round := range b.rounds {
			r, err := b.walkWith(ctx, n, round)
			if err != nil {
				return err
			}
			rounds = append(rounds, r)
		}
		m := medianOf(rounds)
		if n == 1 {
			alone = m
		}
		if m.sum != alone.sum {
			return fmt.Errorf("with %d at a time the topic holds other values", n)
		}
		fmt.Fprintf(out, "| %9d | %7.2f | %7.2f | %8.1f | %9.0f | %6.2f |\n", n, m.wall.Seconds(), m.cpu.Seconds(), float64(m.peak)/(1<<20),
			float64(m.records)/m.wall.Seconds(), ratio(alone.wall, m.wall))
	}
	fmt.Fprintln(out, "\nAll topics hold the same keys and values, byte for byte.")
	return nil
}

// walkWith runs the program with n requests at a time into a topic of its own.
func (b *bench) walkWith(ctx context.Context, n, round int) (result, error) {
	pipeline := fmt.Sprintf("parallel-%d-%d", n, round)
	return b.walk(ctx, pipeline, b.records, fmt.Sprintf(parallelConfiguration, pipeline, b.api.URL, n, b.page, b.brokers[0], b.interval))
}

const parallelConfiguration = `pipeline: %s
source:
  client: {base_url: %q, concurrency: %d}
  resource_defaults: {primary_key: id, write_disposition: merge}
  resources:
    - name: contacts
      endpoint: {path: /v1/contacts, data_selector: data, paginator: {type: offset, limit: %d}}
kafka: {brokers: [%q], partitions: 6, replication_factor: 1, commit_interval: %s}
schema: {directory: .}
`
