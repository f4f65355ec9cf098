package importer

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// Options of an import; the zero value imports a file's only source.
type Options struct {
	Source string    // which one, where a file holds several: its pipeline's name, its own, or its line
	Now    time.Time // what the file's clock shows; zero: what depends on it has no form
}

// Result is what a file became.
type Result struct {
	Pipeline string
	YAML     []byte    // the configuration; it holds what the problems are about as texts that no configuration accepts
	Problems []Problem // what has no form in ours, by line
	Notes    []Problem // how the file was read, where it could be read in two ways, by line

	lines    map[string]int
	standIns map[string]string
}

// Line is where in the Python file a key of our configuration comes from, or what is around it; 0 where it comes from nowhere.
func (r *Result) Line(key string) int {
	for key != "" {
		if l := r.lines[key]; l > 0 {
			return l
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 0
}

// LookupEnv has something to stand in for each variable that the configuration refers to, so that it can be checked without them.
func (r *Result) LookupEnv(name string) (string, bool) {
	v, ok := r.standIns[name]
	return v, ok
}

// Import reads a Python file, whose name is for messages and for the pipeline's name where the file gives none. It reads no other
// file and no environment variable. Its error is an [*Error]; what was understood but has no form in ours is among the
// result's problems.
func Import(file string, src []byte, o Options) (*Result, error) {
	s := &session{file: file, now: o.Now, lines: map[starlark.Value]positions{}}
	switch {
	case len(src) > MaxFile:
		return nil, s.errorf(0, "is larger than %d KiB, which an import reads at most", MaxFile>>10)
	case !utf8.Valid(src):
		return nil, s.errorf(0, "is not UTF-8")
	}
	if err := s.evaluate(strings.TrimPrefix(string(src), "\ufeff")); err != nil {
		return nil, err
	}
	chosen, err := s.choose(o.Source)
	if err != nil {
		return nil, err
	}
	r := &Result{Pipeline: s.pipelineName(chosen), lines: map[string]int{}, standIns: map[string]string{}}
	c := &converter{session: s, result: r}
	c.source(chosen)
	r.Problems, r.Notes = inOrder(s.problems), inOrder(s.notes)
	r.YAML, err = c.document(chosen)
	return r, err
}

func inOrder(all []Problem) []Problem {
	slices.SortStableFunc(all, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(all)
}

// choose picks the source that is asked for.
func (s *session) choose(name string) (*source, error) {
	var all []string
	var found []*source
	for _, src := range s.sources {
		all = append(all, fmt.Sprintf("%s (line %d)", s.pipelineName(src), src.line))
		if name == "" || name == src.name || name == s.pipelineName(src) || name == strconv.Itoa(src.line) {
			found = append(found, src)
		}
	}
	switch {
	case len(all) == 0:
		return nil, s.errorf(0, "makes no source: it calls neither rest_api_source nor rest_api_resources with a dictionary; only those can be imported")
	case len(found) == 0:
		return nil, s.errorf(0, "has no source %s; it has %s", name, strings.Join(all, ", "))
	case len(found) > 1:
		return nil, s.errorf(0, "makes %d sources: %s; choose one by its name or line (--source), and import each into a file of its own",
			len(found), strings.Join(all, ", "))
	}
	return found[0], nil
}

// pipelineName is dlt's name of the pipeline, else the source's own, else the file's.
func (s *session) pipelineName(src *source) string {
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(s.file, `\`, "/")), ".py")
	if src.name != "" {
		name = src.name
	}
	if src.pipeline != nil && src.pipeline.name != "" {
		name = src.pipeline.name
	}
	name = strings.Map(func(r rune) rune {
		if isKeyRune(r) {
			return r
		}
		return '_'
	}, name)
	if len(name) > 200 { // config's limit
		name = name[:200]
	}
	return cmp.Or(name, "pipeline")
}

// isKeyRune is true of what stands in keys, and names, without quotes.
func isKeyRune(r rune) bool {
	return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
