package importer

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is the whole file: the pipeline, the source, and the blocks that dlt has in other places.
func (c *converter) document(src *source) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Imported from %s by producer import.\n", oneLine(path.Base(c.session.file)))
	c.comments(&b, "What needs a decision:", c.result.Problems)
	c.comments(&b, "How it was read:", c.result.Notes)

	if src.config.Len() == 0 {
		c.root.Style = yaml.FlowStyle
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	put(root, "pipeline", scalar("!!str", c.result.Pipeline))
	put(root, "source", c.root)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, c.session.errorf(src.line, "can't be written as YAML: %s", err)
	}
	b.WriteString(rest)
	return b.Bytes(), nil
}

// rest is what dlt's destination was.
const rest = `kafka:
  brokers: "${KAFKA_BROKERS:-localhost:9092}" # one address, several with commas between them, or a list
  # tls: true
  # sasl: {mechanism: SCRAM-SHA-512, username: producer, password: "${KAFKA_PASSWORD}"}
# schema:
#   registry: {url: "http://localhost:8081"} # without one: Avro single-object encoding
`

func (c *converter) comments(b *bytes.Buffer, title string, all []Problem) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "# %s\n", title)
	for _, p := range all {
		fmt.Fprintf(b, "#   %s\n", oneLine(p.In(path.Base(c.session.file))))
	}
}

// oneLine keeps a text inside its comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

func scalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// member is the value of a mapping's key, or nil.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// put sets a mapping's key.
func put(n *yaml.Node, name string, value *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, scalar("!!str", name), value)
}

func remove(n *yaml.Node, name string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
			return
		}
	}
}

func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}
