package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"producer/pkg/config"
	"producer/pkg/importer"
	"producer/pkg/pipeline"
)

func importCommand(stdout, stderr io.Writer) *cobra.Command {
	var output, source string
	cmd := &cobra.Command{
		Use:   "import FILE.py",
		Short: "Write the configuration of a dlt rest_api source, read from its Python file without Python",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("import needs one FILE.py, the Python file of the dlt source; %d are given", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return importFile(args[0], source, output, stdout, stderr)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of stdout; an existing one is kept")
	cmd.Flags().StringVar(&source, "source", "", "which source, where the file makes several: the `NAME` of its pipeline or its line")
	return cmd
}

// importFile writes the configuration, and what can't be meant as it stands to stderr.
func importFile(file, source, output string, stdout, stderr io.Writer) error {
	refuse := func(err error) error { return &exit{code: pipeline.ExitUsage, text: err.Error()} }
	python, err := os.Open(file)
	if err != nil {
		return refuse(err)
	}
	defer python.Close() //nolint:errcheck // it is read only
	text, err := io.ReadAll(io.LimitReader(python, importer.MaxFile+1))
	if err != nil {
		return refuse(err)
	}
	result, err := importer.Import(file, text, importer.Options{Source: source, Now: time.Now()})
	if err != nil {
		return refuse(err)
	}
	if output == "" {
		if _, err := stdout.Write(result.YAML); err != nil {
			return refuse(err)
		}
	} else if err := writeNew(output, result.YAML); err != nil {
		return refuse(err)
	}
	for _, n := range result.Notes {
		fmt.Fprintln(stderr, "note:", n.In(file))
	}
	problems := append(result.Problems, refused(file, result)...)
	if len(problems) == 0 {
		return nil
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.In(file)
	}
	return &exit{code: pipeline.ExitUsage, text: strings.Join(lines, "\n")}
}

// refused is what validate would say of the result, by the lines of the Python file.
func refused(file string, result *importer.Result) []importer.Problem {
	_, err := config.Parse(file, result.YAML, func(name string) (string, bool) {
		if v, ok := os.LookupEnv(name); ok {
			return v, true
		}
		return result.LookupEnv(name)
	})
	var all *config.Errors
	if !errors.As(err, &all) {
		return nil
	}
	var problems []importer.Problem
	for _, p := range all.Problems {
		if slices.ContainsFunc(result.Problems, func(said importer.Problem) bool { return said.Key != "" && said.Key == p.Key }) {
			continue
		}
		problems = append(problems, importer.Problem{Line: result.Line(p.Key), Key: p.Key, Text: p.Text})
	}
	return problems
}

// writeNew writes a file that isn't there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // it holds no secret
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("-o %s: the file exists and is kept as it is; name another one, or move it away first", path)
	case err != nil:
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
