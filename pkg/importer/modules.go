package importer

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// module is dlt, or a module or object in it that has nothing of its own to import: its attributes are looked up by their names alone,
// wherever dlt keeps them. Called, it gives an unknown value.
type module struct {
	*unknown
}

// importName is what import and from … import bind.
func (s *session) importName(thread *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	from, name := string(args[0].(starlark.String)), string(args[1].(starlark.String))
	root, _, _ := strings.Cut(strings.TrimLeft(from, "."), ".")
	at := line(thread)
	switch {
	case root == "dlt" || strings.Contains(from, "rest_api") || strings.Contains(from, "rest_client"): // also a copy in the user's own folder
		if name == "" {
			return &module{s.unknown(from, at)}, nil
		}
		return s.member(name, name, at), nil
	case root == "os":
		if name == "" {
			return &environment{s.unknown("os", at)}, nil
		}
		return (&environment{s.unknown("os", at)}).Attr(name)
	case root == "datetime" || root == "pendulum":
		times := s.pendulumModule(at)
		if root == "datetime" {
			times = s.datetimeModule(at)
		}
		if name == "" || name == root && root == "pendulum" {
			return times, nil
		}
		return times.Attr(name)
	case root == "copy":
		if name == "copy" || name == "deepcopy" {
			return s.deepCopy(), nil
		}
		if name == "" {
			return &copyModule{s.unknown("copy", at)}, nil
		}
	}
	if name != "" {
		return s.unknown(name, at), nil
	}
	return s.unknown(from, at), nil
}

// member is what dlt calls name; messages call it label.
func (s *session) member(label, name string, line int) starlark.Value {
	switch name {
	case "rest_api_source", "rest_api_resources", "rest_api":
		return starlark.NewBuiltin(name, s.restAPISource)
	case "pipeline":
		return starlark.NewBuiltin(name, s.newPipeline)
	case "pendulum":
		return s.pendulumModule(line)
	case "secrets", "config":
		return &secrets{s.unknown("dlt."+name, line)}
	case "source", "resource", "transformer":
		return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return s.unknown("dlt."+name+"()", lineOf(thread)), nil
		})
	}
	if m, ok := models[name]; ok {
		return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			return s.dictionary(thread, name, m, args, kwargs)
		})
	}
	return &module{s.unknown(label, line)}
}

func lineOf(thread *starlark.Thread) int { return line(thread) }

// Attr is a member of dlt.
func (m *module) Attr(name string) (starlark.Value, error) {
	return m.session.member(m.then("."+name).what, name, m.line), nil
}

// secrets is dlt.secrets or dlt.config.
type secrets struct{ *unknown }

// Attr is value, the secret that is named by where it is used, or get.
func (x *secrets) Attr(name string) (starlark.Value, error) {
	switch name {
	case "value":
		return x.session.text(mark{reference: byPlace})
	case "get":
		return starlark.NewBuiltin("get", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			if len(args) == 0 {
				return nil, fmt.Errorf("%s.get wants a name", x.what)
			}
			v, _, err := x.Get(args[0])
			return v, err
		}), nil
	}
	return x.then("." + name), nil
}

// byPlace is the reference whose name follows from the key that it stands under.
const byPlace = "(by its place)"

// Get is a secret by its name.
func (x *secrets) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(key)
	if !ok || x.session.unknownIn(name) != nil {
		return x.then("[…]"), true, nil
	}
	v, err := x.session.text(mark{reference: variableOf(name)})
	return v, true, err
}

// variableOf is where dlt looks for a secret in the environment: in upper case, with __ between sections. A name that systems set
// themselves gets the section of all sources, under which dlt looks too.
func variableOf(name string) string {
	name = strings.ReplaceAll(strings.ToUpper(name), ".", "__")
	name = strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if slices.Contains(setBySystems, name) {
		return "SOURCES__" + name
	}
	return name
}

// setBySystems are variables that log-ins, shells, containers and Windows set to something of their own (POSIX.1-2017, Base Definitions,
// 8.1 and 8.3, has most of them), so that a secret of this name would be found to be something else.
var setBySystems = strings.Fields(`COLUMNS COMPUTERNAME DISPLAY EDITOR EUID GID GROUPS HOME HOST HOSTNAME LANG LANGUAGE LINES LOGNAME MAIL
	NAME OLDPWD OS PAGER PATH PROMPT PUBLIC PWD SHELL SHLVL TEMP TERM TMP TMPDIR TZ UID USER USERDOMAIN USERNAME VISUAL`)

// namedValue is dlt.secrets.value as the default of a parameter, which names it.
func (s *session) namedValue(_ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return s.text(mark{reference: variableOf(string(args[0].(starlark.String)))})
}

// environment is the module os.
type environment struct{ *unknown }

// Attr is environ or getenv; nothing else of os is known.
func (x *environment) Attr(name string) (starlark.Value, error) {
	switch name {
	case "environ":
		return &variables{x.session.unknown("os.environ", x.line)}, nil
	case "getenv":
		return starlark.NewBuiltin("getenv", x.session.getenv), nil
	}
	return x.then("." + name), nil
}

// variables is os.environ.
type variables struct{ *unknown }

// Attr is get.
func (x *variables) Attr(name string) (starlark.Value, error) {
	if name == "get" {
		return starlark.NewBuiltin("get", x.session.getenv), nil
	}
	return x.then("." + name), nil
}

// Get is a variable that must be set.
func (x *variables) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(key)
	if !ok || !isVariable(name) {
		return x.then("[…]"), true, nil
	}
	v, err := x.session.text(mark{reference: name})
	return v, true, err
}

func isVariable(name string) bool {
	return name != "" && !isDigit(name[0]) && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// getenv is os.getenv and os.environ.get.
func (s *session) getenv(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var fallback starlark.Value = starlark.None
	if err := starlark.UnpackArgs("getenv", args, kwargs, "key", &name, "default?", &fallback); err != nil {
		return nil, err
	}
	if !isVariable(name) {
		return s.unknown("os.getenv(…)", line(thread)), nil
	}
	if fallback == starlark.None {
		return s.text(mark{reference: name, optional: true})
	}
	return s.withDefault(name, fallback)
}

// withDefault is a variable that may be unset.
func (s *session) withDefault(name string, fallback starlark.Value) (starlark.Value, error) {
	text := pythonText(fallback)
	if fallback == starlark.None {
		return s.text(mark{reference: name, optional: true})
	}
	if s.unknownIn(text) != nil || strings.ContainsAny(text, "}\n") || strings.Contains(text, "${") {
		return s.unknown("the default of ${"+name+"}", 0), nil
	}
	return s.text(mark{reference: name + ":-" + text, optional: true})
}

// copyModule is the module copy.
type copyModule struct{ *unknown }

// Attr is copy or deepcopy.
func (x *copyModule) Attr(name string) (starlark.Value, error) {
	if name == "copy" || name == "deepcopy" {
		return x.session.deepCopy(), nil
	}
	return x.then("." + name), nil
}

func (s *session) deepCopy() starlark.Value {
	return starlark.NewBuiltin("deepcopy", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		if len(args) == 0 {
			return nil, fmt.Errorf("copy wants a value")
		}
		return s.clone(args[0], 0)
	})
}

const maxNesting = 50 // of a configuration, as config reads it

// clone copies dictionaries and lists all the way down, with their lines.
func (s *session) clone(v starlark.Value, depth int) (starlark.Value, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("a value is nested too deep; at most %d levels are copied", maxNesting)
	}
	switch v := v.(type) {
	case *starlark.Dict:
		c := new(starlark.Dict)
		for _, item := range v.Items() {
			inner, err := s.clone(item[1], depth+1)
			if err != nil {
				return nil, err
			}
			if err := c.SetKey(item[0], inner); err != nil {
				return nil, err
			}
		}
		s.lines[c] = s.lines[v]
		return c, nil
	case *starlark.List:
		c := starlark.NewList(nil)
		for i := range v.Len() {
			inner, err := s.clone(v.Index(i), depth+1)
			if err != nil {
				return nil, err
			}
			if err := c.Append(inner); err != nil {
				return nil, err
			}
		}
		s.lines[c] = s.lines[v]
		return c, nil
	}
	return v, nil
}
