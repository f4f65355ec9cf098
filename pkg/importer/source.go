package importer

import (
	"strings"

	"go.starlark.net/starlark"
)

// source is one call of rest_api_source or rest_api_resources.
type source struct {
	*unknown // what dlt's DltSource has else
	config   *starlark.Dict
	line     int
	function string // that made it
	name     string // what the file calls it: pipeline_name, name= or the function around it
	pipeline *pipeline
	kwargs   []starlark.Tuple // what dlt takes outside of the dictionary
	only     []string         // with_resources
}

// pipeline is dlt.pipeline(...).
type pipeline struct {
	*unknown
	name string
}

// restAPI is what dlt's rest_api takes, in place of a dictionary of it.
var restAPI = model{params: []string{"client", "resources", "resource_defaults"}}

// restAPISource is rest_api_source, rest_api_resources and rest_api.
func (s *session) restAPISource(thread *starlark.Thread, fn *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	at := line(thread)
	src := &source{unknown: s.unknown("source", at), line: at}
	src.source = true
	var config starlark.Value
	if fn.Name() == "rest_api" && len(args)+len(kwargs) > 1 {
		whole, err := s.dictionary(thread, fn.Name(), restAPI, args, kwargs)
		if err != nil {
			return nil, err
		}
		args, kwargs = starlark.Tuple{whole}, nil
	}
	if len(args) > 0 {
		config = args[0]
	}
	for i, name := range []string{"name", "section", "max_table_nesting", "root_key", "schema", "schema_contract", "parallelized"} {
		if i+1 < len(args) {
			kwargs = append(kwargs, starlark.Tuple{starlark.String(name), args[i+1]})
		}
	}
	for _, kw := range kwargs {
		switch name := pythonText(kw[0]); name {
		case "config":
			config = kw[1]
		case "name":
			src.name = textOf(kw[1])
		default:
			if kw[1] != starlark.None {
				src.kwargs = append(src.kwargs, kw)
			}
		}
	}
	src.function = around(thread)
	if src.name == "" {
		src.name = src.function
	}
	dict, ok := config.(*starlark.Dict)
	if !ok {
		what := "nothing"
		if config != nil {
			what = kindOf(config)
		}
		return nil, s.errorf(at, "calls %s with %s; it must be a dictionary that the file holds", fn.Name(), what)
	}
	src.config = dict
	s.sources = append(s.sources, src)
	return src, nil
}

// around is the function that a source is made in, "" at the top level.
func around(thread *starlark.Thread) string {
	for depth := 1; depth < thread.CallStackDepth(); depth++ {
		if name := thread.CallFrame(depth).Name; !strings.HasPrefix(name, "<") && name != "main" && !strings.HasPrefix(name, "__starlark") {
			return name
		}
	}
	return ""
}

// Attr is what a DltSource has.
func (x *source) Attr(name string) (starlark.Value, error) {
	switch name {
	case "with_resources":
		return starlark.NewBuiltin(name, x.withResources), nil
	case "name":
		return starlark.String(x.name), nil
	}
	return x.then("." + name), nil
}

// Truth is dlt's.
func (x *source) Truth() starlark.Bool { return true }

// withResources selects some of the resources.
func (x *source) withResources(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	chosen := *x
	chosen.only = []string{}
	for _, a := range args {
		chosen.only = append(chosen.only, textOf(a))
	}
	for i, s := range x.session.sources {
		if s == x {
			x.session.sources[i] = &chosen
		}
	}
	return &chosen, nil
}

// newPipeline is dlt.pipeline.
func (s *session) newPipeline(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	p := &pipeline{unknown: s.unknown("pipeline", line(thread))}
	if len(args) > 0 {
		p.name = textOf(args[0])
	}
	for _, kw := range kwargs {
		if textOf(kw[0]) == "pipeline_name" {
			p.name = textOf(kw[1])
		}
	}
	return p, nil
}

// Attr is run, extract, or what is unknown.
func (p *pipeline) Attr(name string) (starlark.Value, error) {
	if name == "run" || name == "extract" {
		return starlark.NewBuiltin(name, p.run), nil
	}
	return p.then("." + name), nil
}

// Truth is dlt's.
func (p *pipeline) Truth() starlark.Bool { return true }

// run gives its name to the sources that were made since the last run.
func (p *pipeline) run(thread *starlark.Thread, fn *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	s := p.session
	for _, src := range s.sources {
		if src.pipeline != nil {
			continue
		}
		src.pipeline = p
		for _, kw := range kwargs {
			switch name := textOf(kw[0]); name {
			case "data", "destination", "staging", "dataset_name", "credentials", "loader_file_format", "table_format", "refresh":
			case "write_disposition", "primary_key":
				src.kwargs = append(src.kwargs, kw)
			default:
				if kw[1] != starlark.None {
					s.problem(line(thread), "", "pipeline."+fn.Name()+" is called with "+name+", which has no form here; put it into the resources")
				}
			}
		}
	}
	return p.then("." + fn.Name() + "()"), nil
}

// yield is what a source's function yields: the resources of rest_api_resources, or something that can't be imported.
func (s *session) yield(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	switch v := args[0].(type) {
	case *source, starlark.NoneType:
	case *unknown:
		if !v.source {
			s.problem(line(thread), "", "yields "+v.what+", which is a resource written in Python; only the dictionaries of rest_api can be imported")
		}
	default:
		s.problem(line(thread), "", "yields "+kindOf(v)+", which is a resource written in Python; only the dictionaries of rest_api can be imported")
	}
	return starlark.None, nil
}

// generated is the source that a generator function has yielded.
func (s *session) generated(thread *starlark.Thread, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	function := around(thread)
	if n := len(s.sources); n > 0 && s.sources[n-1].function == function {
		return s.sources[n-1], nil
	}
	return s.unknown(function+"()", line(thread)), nil
}

// finish is the last call of a file. Where it made no source, its functions are called: those that dlt decorates first.
func (s *session) finish(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	list := args[0].(*starlark.List)
	for i := range list.Len() {
		f, ok := list.Index(i).(starlark.Tuple)[1].(*starlark.Function)
		if !ok || len(s.sources) > 0 || required(f) > 0 {
			continue
		}
		if _, err := starlark.Call(thread, f, nil, nil); err != nil {
			return nil, err
		}
	}
	return starlark.None, nil
}

func required(f *starlark.Function) int {
	n := 0
	for i := range f.NumParams() {
		if f.ParamDefault(i) == nil && !(f.HasVarargs() && i >= f.NumParams()-1-f.NumKwonlyParams()) && !(f.HasKwargs() && i == f.NumParams()-1) {
			n++
		}
	}
	return n
}

// loose takes a dictionary that looks like a configuration where the file calls nothing with it.
func (s *session) loose(globals starlark.StringDict) {
	if len(s.sources) > 0 {
		return
	}
	for _, name := range globals.Keys() {
		d, ok := globals[name].(*starlark.Dict)
		if !ok {
			continue
		}
		_, hasClient, _ := d.Get(starlark.String("client"))
		_, hasResources, _ := d.Get(starlark.String("resources"))
		if hasClient && hasResources {
			s.sources = append(s.sources, &source{unknown: s.unknown(name, 0), config: d, line: s.lines[d].own, name: name})
		}
	}
}
