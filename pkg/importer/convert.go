package importer

import (
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.yaml.in/yaml/v3"
)

// converter writes a source's dictionary as YAML.
type converter struct {
	session *session
	result  *Result
	depth   int
	values  int // converted so far
	root    *yaml.Node
}

// maxValues bounds what is written: a list that holds one other a hundred times is small in memory only.
const maxValues = 100_000

// source converts the dictionary and what dlt takes beside it.
func (c *converter) source(src *source) {
	c.root = c.value("source", "", src.config, src.line)
	for _, kw := range src.kwargs {
		c.argument(pythonText(kw[0]), kw[1], src.line)
	}
	if resources := member(c.root, "resources"); resources != nil && src.only != nil {
		c.selectOnly(resources, src)
	}
	c.completeAuth("source.client.auth", member(member(c.root, "client"), "auth"))
	for i, r := range items(member(c.root, "resources")) {
		c.completeAuth("source.resources["+strconv.Itoa(i)+"].endpoint.auth", member(member(r, "endpoint"), "auth"))
	}
}

// argument puts an argument of rest_api_source or pipeline.run where our configuration has it.
func (c *converter) argument(name string, v starlark.Value, line int) {
	defaults := member(c.root, "resource_defaults")
	switch name {
	case "section":
		c.session.note(line, "section is left out: it names a section of dlt's own configuration")
		return
	case "write_disposition", "primary_key": // of pipeline.run: over the resources' own
		for _, r := range items(member(c.root, "resources")) {
			remove(r, name)
		}
	case "schema_contract", "parallelized":
		if v == starlark.False || member(defaults, name) != nil {
			return
		}
	default: // max_table_nesting, root_key, schema
		if v != starlark.False {
			put(c.root, name, c.value("source."+name, name, v, line))
		}
		return
	}
	if defaults == nil {
		defaults = &yaml.Node{Kind: yaml.MappingNode}
		put(c.root, "resource_defaults", defaults)
	}
	put(defaults, name, c.value("source.resource_defaults."+name, name, v, line))
}

// selectOnly is with_resources: the others are not loaded.
func (c *converter) selectOnly(resources *yaml.Node, src *source) {
	chosen := map[string]bool{}
	for _, name := range src.only {
		chosen[name] = true
	}
	for i, r := range resources.Content {
		if r.Kind == yaml.ScalarNode {
			if chosen[r.Value] {
				continue
			}
			named := &yaml.Node{Kind: yaml.MappingNode}
			put(named, "name", r)
			resources.Content[i], r = named, named
		}
		if name := member(r, "name"); name != nil && chosen[name.Value] {
			continue
		}
		put(r, "selected", scalar("!!bool", "false"))
	}
}

// secretsOf are the keys of an auth that dlt looks up in its secrets where they are absent.
var secretsOf = map[string][]string{
	"bearer":                    {"token"},
	"api_key":                   {"api_key"},
	"http_basic":                {"username", "password"},
	"oauth2_client_credentials": {"access_token_url", "client_id", "client_secret"},
}

// completeAuth names a variable for each secret that the file leaves to dlt.
func (c *converter) completeAuth(key string, auth *yaml.Node) {
	if auth == nil || auth.Kind == yaml.SequenceNode || auth.Tag == "!!null" {
		return
	}
	kind := "bearer"
	if auth.Kind == yaml.ScalarNode {
		kind = auth.Value
		if secretsOf[kind] == nil {
			return
		}
		*auth = yaml.Node{Kind: yaml.MappingNode}
		put(auth, "type", scalar("!!str", kind))
	} else if t := member(auth, "type"); t != nil {
		kind = t.Value
	}
	for _, name := range secretsOf[kind] {
		if given := member(auth, name); given != nil && given.Tag != "!!null" {
			continue
		}
		text, err := c.session.text(mark{reference: variableOf(name)})
		if err != nil {
			return
		}
		line := c.result.Line(key)
		c.session.note(line, "the file leaves %s to dlt's secrets; it is ${%s} here", name, variableOf(name))
		put(auth, name, c.value(key+"."+name, name, text, line))
	}
}

// value converts one value. key is its full name in our configuration, name the last part of it.
func (c *converter) value(key, name string, v starlark.Value, line int) *yaml.Node {
	switch c.values++; {
	case c.values == maxValues:
		return c.refuse(key, line, "is beyond the "+strconv.Itoa(maxValues)+" values that a configuration may have")
	case c.values > maxValues:
		return scalar("!!null", "null")
	}
	c.result.lines[key] = line
	if c.depth > maxNesting {
		return c.refuse(key, line, "is nested too deep, or holds itself")
	}
	c.depth++
	defer func() { c.depth-- }()
	switch v := v.(type) {
	case starlark.NoneType:
		return scalar("!!null", "null")
	case starlark.Bool:
		return scalar("!!bool", strconv.FormatBool(bool(v)))
	case starlark.Int:
		return scalar("!!int", v.String())
	case starlark.Float:
		return scalar("!!float", v.String())
	case starlark.String:
		return c.text(key, name, string(v), line)
	case *starlark.Dict:
		return c.mapping(key, v)
	case *starlark.List:
		return c.list(key, name, v, line)
	case starlark.Tuple:
		return c.list(key, name, starlark.NewList(v), line)
	case *unknown:
		if m, ok := v.time.(moment); ok {
			text, err := c.session.momentText(v.what, v.line, m, m.iso("T"))
			if err != nil {
				return c.refuse(key, line, "has no form: "+err.Error())
			}
			return c.text(key, name, string(text), line)
		}
	case *starlark.Function:
		at := line
		if p := v.Position(); p.Line > 0 {
			at = int(p.Line)
		}
		return c.refuse(key, at, "is "+describe(v)+"; "+instead(key))
	}
	return c.refuse(key, line, "is "+kindOf(v)+"; "+instead(key))
}

// instead is what stands for a Python object at a key.
func instead(key string) string {
	switch {
	case strings.Contains(key, ".processing_steps"):
		return stepsInstead
	case strings.Contains(key, ".response_actions"):
		return "an action may be ignore, by status_code and content"
	case strings.HasSuffix(key, ".session"):
		return "client.retry, client.timeout and client.headers set what a session would"
	case strings.HasSuffix(key, ".convert") || strings.HasSuffix(key, ".transform") || strings.HasSuffix(key, ".last_value_func"):
		return "only max and min have a form here, and for convert unix, unix_ms and date"
	case strings.HasSuffix(key, ".paginator"):
		return "only dlt's own paginators have a form here"
	case strings.HasSuffix(key, ".auth"):
		return "only bearer, api_key, http_basic and oauth2_client_credentials have a form here"
	case strings.Contains(key, ".columns") || strings.HasSuffix(key, ".schema"):
		return "write columns as a mapping of names to {data_type: ...}, or pin the schema with a file: schema.directory"
	}
	return `write the value itself, or "${NAME}" for a variable of the environment`
}

// refuse reports a value and gives what stands for it: a text that no configuration accepts.
func (c *converter) refuse(key string, line int, text string) *yaml.Node {
	c.session.problem(line, key, text)
	what, _, _ := strings.Cut(text, ";")
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle,
		Value: "${?} line " + strconv.Itoa(line) + " of the Python file " + strings.ReplaceAll(what, "${", "$ {")}
}

// text writes references for marks, and keeps apart what only looks like one.
func (c *converter) text(key, name, text string, line int) *yaml.Node {
	var b strings.Builder
	reference := false
	for i, r := range text {
		m, ok := c.session.at(r)
		switch {
		case !ok && r == '$' && strings.HasPrefix(text[i:], "${"):
			b.WriteString("$$")
		case !ok:
			b.WriteRune(r)
		case m.now != "" && name == "initial_value":
			c.session.note(m.line, "%s is taken as it is now, %s: only the first walk begins there", m.what, m.now)
			b.WriteString(m.now)
		case m.reference == "":
			return c.refuse(key, max(line, m.line), "depends on "+m.what+", which only Python knows; "+instead(key))
		default:
			variable := m.reference
			if variable == byPlace {
				variable = variableOf(name)
			}
			b.WriteString("${" + variable + "}")
			c.standIn(variable, name, b.Len() == len(variable)+3)
			reference = true
		}
	}
	n := scalar("!!str", b.String())
	if reference {
		n.Style = yaml.DoubleQuotedStyle
	} else if err := n.Encode(b.String()); err != nil { // with quotes where any YAML needs them
		return c.refuse(key, line, "has no form in YAML")
	}
	return n
}

// standIn keeps something that a variable could hold where it is used.
func (c *converter) standIn(reference, name string, first bool) {
	if strings.Contains(reference, ":-") {
		return
	}
	value := "1"
	if first && (strings.HasSuffix(name, "url") || name == "path") {
		value = "https://api.example.com"
	}
	c.result.standIns[reference] = value
}

func (c *converter) mapping(key string, d *starlark.Dict) *yaml.Node {
	lines := c.session.lines[d]
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, item := range d.Items() {
		name, ok := starlark.AsString(item[0])
		line := lines.entries[pythonText(item[0])]
		if line == 0 {
			line = lines.own
		}
		if line == 0 {
			line = c.result.Line(key)
		}
		if !ok || c.session.unknownIn(name) != nil {
			c.session.problem(line, key, "has a key that is no plain text; keys must be texts that the file holds")
			continue
		}
		n.Content = append(n.Content, scalar("!!str", name), c.value(key+step(name), name, item[1], line))
	}
	return n
}

func (c *converter) list(key, name string, l *starlark.List, line int) *yaml.Node {
	lines := c.session.lines[l]
	n := &yaml.Node{Kind: yaml.SequenceNode}
	scalars := true
	for i := range l.Len() {
		index := "[" + strconv.Itoa(i) + "]"
		at := line
		if d := c.session.positionsOf(l.Index(i)); d.own > 0 {
			at = d.own
		} else if lines.entries[index] > 0 {
			at = lines.entries[index]
		}
		item := c.value(key+index, name, l.Index(i), at)
		scalars = scalars && item.Kind == yaml.ScalarNode
		n.Content = append(n.Content, item)
	}
	if scalars {
		n.Style = yaml.FlowStyle
	}
	return n
}

// step is a member's part of a full name, as config writes it.
func step(name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isKeyRune(r) }) {
		return "[" + strconv.Quote(name) + "]"
	}
	return "." + name
}
