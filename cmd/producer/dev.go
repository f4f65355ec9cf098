package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"producer/pkg/devserver"
	"producer/pkg/pipeline"
)

func devCommand(stdout, stderr io.Writer) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Serve a broker, a registry and a sample API on loopback, until SIGINT or SIGTERM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := devserver.Start(cmd.Context(), devserver.Options{Dir: dir, Faults: true})
			if err != nil {
				return &exit{code: pipeline.ExitUnavailable, text: err.Error()}
			}
			for _, line := range [][2]string{{"broker", s.Brokers()[0]}, {"registry", s.RegistryURL()}, {"api", s.APIURL()}} {
				if _, err := fmt.Fprintln(stdout, line[0], line[1]); err != nil {
					return err
				}
			}
			fmt.Fprintf(stderr, "the API key is %s; serving until SIGINT or SIGTERM\n", s.Key())
			<-cmd.Context().Done()
			return s.Close()
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "keep the topics in the folder `DIR`; without it they end with the process")
	return cmd
}
