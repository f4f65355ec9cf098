package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	maxFile  = 4 << 20 // bytes of a configuration file
	maxNodes = 100_000 // values, aliases expanded: what a few lines of anchors could otherwise blow up without end
	maxDepth = 50      // also what ends an anchor that contains itself
)

// tree is the file as nodes. It is nil where nothing can be made of the file; then there is a problem.
func (l *loader) tree(data []byte) *node {
	if len(data) > maxFile {
		l.problem(0, "", "is larger than 4 MiB; a configuration isn't")
		return nil
	}
	if !utf8.Valid(data) {
		l.problem(lineOfInvalid(data), "", "is not UTF-8; save it as UTF-8")
		return nil
	}
	data = fromJSON(data)
	docs, err := documents(data)
	switch {
	case err != nil:
		l.problem(syntaxLine(data, err), "", syntaxText(err))
		return nil
	case len(docs) == 0 || docs[0].Content[0].Kind == yaml.ScalarNode && docs[0].Content[0].ShortTag() == "!!null" && len(docs) == 1:
		l.problem(1, "", "is empty; it needs pipeline, source and kafka")
		return nil
	case len(docs) > 1:
		l.problem(docs[1].Line, "", "a second YAML document begins here; a configuration is one document, without ---")
		return nil
	}
	c := converter{loader: l}
	root := c.convert(docs[0].Content[0], nil, "", 1, 0)
	if c.stopped {
		return nil
	}
	return root
}

func documents(data []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	for len(docs) < 2 {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, &doc)
	}
	return docs, nil
}

func lineOfInvalid(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

// syntaxText is the parser's message without its line. It never repeats text of the file, which may be a secret.
func syntaxText(err error) string {
	_, msg := yamlError(err)
	if strings.HasPrefix(msg, "unknown anchor") {
		return "is not YAML: an alias (*) here names no anchor; quote a value that begins with * or &"
	}
	if msg == "found character that cannot start any token" {
		msg += "; indent by spaces, not tabs, and quote a value that begins with @, ` or %"
	}
	return "is not YAML: " + msg
}

// yamlError takes "yaml: line 7: did not find" apart. The line is 1 where the message has none.
func yamlError(err error) (line int, msg string) {
	msg = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		digits, after, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(digits); err == nil {
			return n, after
		}
	}
	return 1, msg
}

// syntaxLine is the line after the longest run of first lines that is YAML by itself. The parser's own line is where the construct
// around the mistake begins, or one too low, so it serves only where it is the greater one (all of the file is one construct, as in
// JSON) and for files that are too long to be tried line by line.
func syntaxLine(data []byte, err error) int {
	least, _ := yamlError(err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	if len(lines) > 1000 || len(data) > 64<<10 {
		return least
	}
	end := len(data)
	for i := len(lines) - 1; i >= least; i-- {
		end -= len(lines[i])
		if _, err := documents(data[:end]); err == nil {
			return i + 1
		}
	}
	return least
}

// converter makes nodes of the YAML library's nodes: aliases are expanded, << is merged, and what the library lets pass
// (names given twice, tags, names that aren't text) is reported.
type converter struct {
	*loader
	nodes   int
	stopped bool
}

func (c *converter) convert(y *yaml.Node, parent *node, step string, line, depth int) *node {
	n := &node{parent: parent, step: step, line: line}
	c.nodes++
	if c.stopped || !c.bounded(n, depth) {
		c.stopped = true
		return n
	}
	if y.Kind == yaml.AliasNode {
		resolved := c.convert(y.Alias, parent, step, y.Line, depth+1)
		resolved.line = y.Line
		return resolved
	}
	if y.Style&yaml.TaggedStyle != 0 {
		c.problem(y.Line, n.key(), "has a YAML tag (!); leave it out, and quote a text that begins with !")
		return n
	}
	switch y.Kind {
	case yaml.ScalarNode:
		c.scalarNode(n, y)
	case yaml.SequenceNode:
		n.kind = listKind
		for i, item := range y.Content {
			n.items = append(n.items, c.convert(item, n, "["+strconv.Itoa(i)+"]", item.Line, depth+1))
		}
	default:
		n.kind = mappingKind
		c.members(n, y, depth)
	}
	return n
}

func (c *converter) bounded(n *node, depth int) bool {
	switch {
	case depth > maxDepth:
		c.problem(n.line, "", fmt.Sprintf("is nested deeper than %d levels; does an anchor (&) contain its own alias (*)?", maxDepth))
	case c.nodes > maxNodes:
		c.problem(n.line, "", fmt.Sprintf("has more than %d values, aliases counted as often as they are used", maxNodes))
	default:
		return true
	}
	return false
}

func (c *converter) scalarNode(n *node, y *yaml.Node) {
	tag := y.ShortTag()
	if tag == "!!null" {
		return
	}
	if tag == "!!timestamp" || tag == "!!merge" { // a date is text here, as it is in JSON
		tag = "!!str"
	}
	n.kind, n.line, n.text, n.tag = scalarKind, y.Line, y.Value, tag
}

func (c *converter) members(n *node, y *yaml.Node, depth int) {
	lines := make(map[string]int, len(y.Content)/2)
	var merges []*node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			merges = append(merges, c.convert(v, n, ".<<", k.Line, depth+1))
			continue
		}
		if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" {
			c.problem(y.Content[i].Line, n.key(), "has a name that is not text; put it in quotes")
			continue
		}
		if first, ok := lines[k.Value]; ok {
			c.problem(y.Content[i].Line, n.keyOf(k.Value), fmt.Sprintf("is given twice, first on line %d; remove one", first))
			continue
		}
		lines[k.Value] = y.Content[i].Line
		n.members = append(n.members, member{k.Value, y.Content[i].Line, c.convert(v, n, stepOf(k.Value), y.Content[i].Line, depth+1)})
	}
	for _, merge := range merges {
		c.merge(n, merge, lines)
	}
}

// merge adds what << names; a member's own names win, and among several mappings the first.
func (c *converter) merge(n, from *node, lines map[string]int) {
	switch from.kind {
	case mappingKind:
		for _, m := range from.members {
			if _, ok := lines[m.name]; !ok {
				lines[m.name] = m.line
				n.members = append(n.members, m)
			}
		}
	case listKind:
		for _, item := range from.items {
			if item.kind == listKind {
				c.problem(item.line, n.key(), "<< merges mappings, and here is a list in a list")
				continue
			}
			c.merge(n, item, lines)
		}
	default:
		c.problem(from.line, n.key(), "<< merges mappings, and this is none")
	}
}
