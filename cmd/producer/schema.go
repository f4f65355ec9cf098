package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"producer/pkg/config"
	"producer/pkg/inspect"
	"producer/pkg/pipeline"
)

// schemaFlags are the flags of `producer schema infer` and `producer schema diff`.
type schemaFlags struct {
	config    string
	resources []string
	force     bool
	output    string
}

func schemaCommand(stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Infer schemas from the API, or compare them with it; publishes and registers nothing",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q", "schema "+args[0])
			}
			return errors.New("a command is needed: infer or diff")
		},
	}
	cmd.AddCommand(inferCommand(stdout, stderr), diffCommand(stdout, stderr))
	return cmd
}

func inferCommand(stdout, stderr io.Writer) *cobra.Command {
	var f schemaFlags
	cmd := &cobra.Command{
		Use:   "infer -c FILE",
		Short: "Sample the API and write each resource's schema to schema.directory",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(stdout, stderr, func(p *pipeline.Pipeline, out *output) error {
				files, err := inspect.Infer(cmd.Context(), p, f.force)
				for _, i := range files {
					fmt.Fprintf(stdout, "%s: %d fields, from %d records on %s\n", i.File, i.Fields, i.Records, pages(i.Pages))
				}
				if err != nil {
					return &exit{code: pipeline.ExitCode(err), text: out.redactor.String(err.Error())}
				}
				return nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite files that are there")
	return cmd
}

func diffCommand(stdout, stderr io.Writer) *cobra.Command {
	var f schemaFlags
	cmd := &cobra.Command{
		Use:   "diff -c FILE",
		Short: "Compare what the API holds with the schemas that are pinned or registered",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.output != "text" && f.output != "json" {
				return fmt.Errorf("--output %s: want text or json", f.output)
			}
			return f.with(stdout, stderr, func(p *pipeline.Pipeline, out *output) error {
				d := inspect.Compare(cmd.Context(), p)
				out.close() // progress bars end before the result
				var b strings.Builder
				if f.output == "json" {
					if err := json.NewEncoder(&b).Encode(d); err != nil {
						return err
					}
				} else {
					for _, r := range d.Resources {
						describe(&b, r)
					}
				}
				if _, err := io.WriteString(stdout, b.String()); err != nil {
					return err
				}
				if d.ExitCode == pipeline.ExitOK {
					return nil
				}
				return &exit{code: d.ExitCode, text: d.Error}
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.output, "output", "text", "the result on stdout: `text|json`")
	return cmd
}

func (f *schemaFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "the configuration `FILE` (YAML or JSON)")
	cmd.Flags().StringArrayVar(&f.resources, "resource", nil, "only the resource `NAME`; may be repeated")
}

// with calls do with the pipeline of the configuration.
func (f *schemaFlags) with(stdout, stderr io.Writer, do func(*pipeline.Pipeline, *output) error) error {
	if f.config == "" {
		return errors.New("-c FILE is needed")
	}
	refuse := func(name string, err error) error {
		if f.output == "json" {
			d := inspect.Diff{Pipeline: name, ExitCode: pipeline.ExitUsage, Error: err.Error(), Resources: []inspect.ResourceDiff{}}
			if werr := json.NewEncoder(stdout).Encode(d); werr != nil {
				return werr
			}
		}
		return &exit{code: pipeline.ExitUsage, text: err.Error()}
	}
	cfg, err := config.Load(f.config)
	if err != nil {
		return refuse("", err)
	}
	out := newOutput(cfg, f.output, "text", stdout, stderr)
	defer out.close()
	for _, w := range cfg.Warnings {
		out.log.Warn(w)
	}
	p, err := pipeline.New(cfg, pipeline.Options{Resources: f.resources, Logger: out.log, Redact: out.redactor.String, OnSecret: out.redactor.Add, Observer: out.progress, UserAgent: "producer/" + version()})
	if err != nil {
		return refuse(cfg.Pipeline, errors.New(out.redactor.String(err.Error())))
	}
	defer p.Close()
	return do(p, out)
}

// describe prints one resource's differences for people.
func describe(w io.Writer, r inspect.ResourceDiff) {
	against := "no schema yet"
	switch {
	case r.SchemaID != nil:
		against = fmt.Sprintf("%s, registered as id %d", r.Subject, *r.SchemaID)
	case r.Against == "registered":
		against = r.Subject + ", as it was published"
	case r.Against == "pinned":
		against = r.File + ", which is not registered yet"
	}
	if r.Error != "" {
		fmt.Fprintf(w, "%s: %s\n\n", r.Resource, r.Error)
		return
	}
	fmt.Fprintf(w, "%s: %d records on %s, against %s\n", r.Resource, r.Records, pages(r.Pages), against)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	feel := map[string][]string{}
	var order []string
	for _, f := range r.Findings {
		what := f.Field
		if f.Avro != "" && f.Avro != f.Field {
			what += " -> " + f.Avro
		}
		count := ""
		if f.Records > 0 {
			count = fmt.Sprintf("%d of %d records", f.Records, r.Records)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", f.Kind, what, f.Type, count, f.Why)
		for _, c := range f.Consumers {
			if feel[c] == nil {
				order = append(order, c)
			}
			if !slices.Contains(feel[c], f.Field) { // it may have several variants
				feel[c] = append(feel[c], f.Field)
			}
		}
	}
	_ = t.Flush() // a strings.Builder takes all
	if r.More > 0 {
		fmt.Fprintf(w, "  and %d more\n", r.More)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(w, "  no difference")
	}
	if len(order) > 0 {
		fmt.Fprintln(w, "  who would feel it:")
		for _, c := range order {
			fmt.Fprintf(w, "  - %s (%s)\n", c, strings.Join(first(feel[c], 5), ", "))
		}
	}
	fmt.Fprintf(w, "  %s\n\n", verdicts(r))
}

func pages(n int) string {
	if n == 1 {
		return "1 page"
	}
	return fmt.Sprintf("%d pages", n)
}

func verdicts(r inspect.ResourceDiff) string {
	switch {
	case r.Verdict == inspect.VerdictIncompatible:
		return "incompatible: " + r.Words
	case r.Refused:
		return "the next run would end with exit 4"
	}
	return map[string]string{
		inspect.VerdictUnchanged:  "nothing to register",
		inspect.VerdictNew:        "the next run registers the first schema of " + r.Subject,
		inspect.VerdictCompatible: "compatible: the next run registers a new version, which reads all that the earlier ones wrote",
		inspect.VerdictNone:       "the next run registers nothing",
	}[r.Verdict]
}

// first shortens a list.
func first(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(append([]string(nil), all[:n]...), fmt.Sprintf("and %d more", len(all)-n))
}
