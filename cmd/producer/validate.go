package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"producer/pkg/config"
	"producer/pkg/pipeline"
)

func validateCommand(stdout, stderr io.Writer) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "validate -c FILE",
		Short: "Check a configuration and its pinned schemas, and say where it differs from dlt; asks no network",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return fmt.Errorf("-c FILE is needed")
			}
			cfg, err := config.Load(file)
			if err != nil {
				return &exit{code: pipeline.ExitUsage, text: err.Error()}
			}
			out := newOutput(cfg, "text", "text", stdout, stderr)
			defer out.close()
			p, err := pipeline.New(cfg, pipeline.Options{Logger: out.log})
			if err != nil {
				return &exit{code: pipeline.ExitUsage, text: out.redactor.String(err.Error())}
			}
			defer p.Close()
			for _, w := range append(cfg.Warnings, p.Warnings()...) {
				out.log.Warn(w)
			}
			count := fmt.Sprintf("%d resources", len(cfg.Resources))
			if len(cfg.Resources) == 1 {
				count = "1 resource"
			}
			fmt.Fprintf(stdout, "%s: pipeline %s, %s: good\n", file, cfg.Pipeline, count)
			for _, d := range cfg.Differences() {
				fmt.Fprintf(stdout, "differs from dlt: %s\n", d)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "the configuration `FILE` (YAML or JSON)")
	return cmd
}
