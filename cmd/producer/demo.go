package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"producer"
	"producer/pkg/config"
	"producer/pkg/devserver"
	"producer/pkg/kafka"
	"producer/pkg/pipeline"
	"producer/pkg/registry"
)

func demoCommand(stdout, stderr io.Writer) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a configuration against a broker, a registry and a sample API in this process, twice",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "producer-demo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary directory is no failure
			named := file
			if file == "" {
				if err := os.CopyFS(dir, producer.Example); err != nil {
					return err
				}
				file, named = filepath.Join(dir, producer.ExampleConfig), producer.ExampleConfig+", which is built in"
			}
			return demo(cmd.Context(), file, named, dir, stdout, stderr)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "the configuration `FILE`; without it "+producer.ExampleConfig+", which is built in")
	return cmd
}

// demo walks the sample CRM into its topics, which are kept under dir, shows what landed, changes a handful of records at the source, and
// walks again. named is what it calls the file.
func demo(ctx context.Context, file, named, dir string, stdout, stderr io.Writer) error {
	s, err := devserver.Start(ctx, devserver.Options{Dir: filepath.Join(dir, "data"), Faults: true})
	if err != nil {
		return &exit{code: pipeline.ExitUnavailable, text: err.Error()}
	}
	defer s.Close() //nolint:errcheck // what it kept is thrown away
	text, err := os.ReadFile(file)
	if err != nil {
		return &exit{code: pipeline.ExitUsage, text: err.Error()}
	}
	env := map[string]string{"API_URL": s.APIURL(), "API_KEY": s.Key(), "KAFKA_BROKERS": s.Brokers()[0], "REGISTRY_URL": s.RegistryURL()}
	cfg, err := config.Parse(file, text, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		return &exit{code: pipeline.ExitUsage, text: err.Error()}
	}
	if cfg.Schema.Registry == nil {
		return &exit{code: pipeline.ExitUsage, text: file + ": schema.registry is missing: the demo decodes by it what landed; write url: ${REGISTRY_URL}"}
	}
	out := newOutput(cfg, "text", "text", stdout, stderr)
	defer func() { out.close() }()
	cycle := func() error {
		p, err := pipeline.New(cfg, pipeline.Options{Logger: out.log, Observer: out.progress, Redact: out.redactor.String, OnSecret: out.redactor.Add, UserAgent: "producer/demo"})
		if err != nil {
			return &exit{code: pipeline.ExitUsage, text: err.Error()}
		}
		defer p.Close()
		sum := p.Run(ctx)
		out.close() // the bars have ended; the table comes after them
		fmt.Fprintln(stdout)
		if err := out.print(sum); err != nil {
			return err
		}
		if sum.ExitCode != pipeline.ExitOK {
			return &exit{code: sum.ExitCode}
		}
		return nil
	}
	fmt.Fprintf(stdout, "broker %s, registry %s, API %s; configuration %s\n\n", s.Brokers()[0], s.RegistryURL(), s.APIURL(), named)
	if err := cycle(); err != nil {
		return err
	}
	seen, err := show(ctx, cfg, stdout, nil, 2)
	if err != nil {
		return err
	}
	changes := s.Mutate(7)
	fmt.Fprintf(stdout, "\n%d records change at the source; the second run publishes these and nothing else:\n\n", len(changes))
	out = newOutput(cfg, "text", "text", stdout, stderr)
	if err := cycle(); err != nil {
		return err
	}
	_, err = show(ctx, cfg, stdout, seen, 5)
	return err
}

// shownBytes is how much of a record show prints.
const shownBytes = 300

// show prints up to n decoded records of each topic that lie at or beyond the offsets in after, and how many there are. It
// returns the offsets where the topics end.
func show(ctx context.Context, cfg *config.Config, w io.Writer, after map[string]int64, n int) (map[string]int64, error) {
	cluster, err := kafka.Open(ctx, kafka.Options{Brokers: cfg.Kafka.Brokers, Timeout: cfg.Kafka.Timeout})
	if err != nil {
		return nil, err
	}
	defer cluster.Close()
	reg, err := registry.Confluent(registry.Options{URL: cfg.Schema.Registry.URL})
	if err != nil {
		return nil, err
	}
	ends := map[string]int64{}
	for _, r := range cfg.Resources {
		topic, count, shown := r.Topic.Name, 0, []string(nil)
		err := cluster.Scan(ctx, topic, kafka.ScanOptions{}, func(rec kafka.Record) error {
			place := fmt.Sprintf("%s/%d", topic, rec.Partition)
			if from, ok := after[place]; rec.Offset < from && ok {
				return nil
			}
			ends[place] = rec.Offset + 1
			if count++; len(shown) >= n {
				return nil
			}
			s, at, err := reg.Lookup(ctx, rec.Value)
			if err != nil {
				return err
			}
			text, err := s.Text(rec.Value[at:])
			if len(text) > shownBytes {
				text = append(text[:shownBytes:shownBytes], "…"...)
			}
			shown = append(shown, fmt.Sprintf("  %s -> %s", rec.Key, text))
			return err
		})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "\n%s: %d records\n", topic, count)
		for _, line := range shown {
			fmt.Fprintln(w, line)
		}
	}
	return ends, nil
}
