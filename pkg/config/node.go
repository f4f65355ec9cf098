package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// shown is how many characters of a file's text a message repeats.
const shown = 60

type kind uint8

const (
	nullKind kind = iota
	scalarKind
	mappingKind
	listKind
)

// node is one value of the file as it was written, with the name and the line under which mistakes in it are reported. Merging
// resource_defaults builds new mappings from old members, so that each member keeps the name and the line it was written under.
type node struct {
	parent  *node
	step    string // the last part of its name: ".limit" or "[0]"
	line    int
	kind    kind
	text    string // of a scalar
	tag     string // of a scalar: !!str, !!int, !!float, !!bool
	members []member
	items   []*node
}

type member struct {
	name  string
	line  int // of the name
	value *node
}

// key is the node's full name.
func (n *node) key() string {
	if n.parent == nil {
		return ""
	}
	return strings.TrimPrefix(n.parent.key()+n.step, ".")
}

// keyOf is the full name of a member, be it there or not.
func (n *node) keyOf(name string) string {
	return strings.TrimPrefix(n.key()+stepOf(name), ".")
}

func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// within is the member, or n itself where it has none of the name: where a mistake in either is shown.
func (n *node) within(name string) *node {
	if m := n.get(name); m != nil {
		return m
	}
	return n
}

// over lays n's members over those of under: under's order, n's values. The result is called what n is called.
func (n *node) over(under *node) *node {
	own := make(map[string]member, len(n.members))
	for _, m := range n.members {
		own[m.name] = m
	}
	merged := *n
	merged.kind = mappingKind
	merged.members = nil
	for _, m := range under.members {
		if mine, ok := own[m.name]; ok {
			m = mine
			delete(own, m.name)
		}
		merged.members = append(merged.members, m)
	}
	for _, m := range n.members {
		if _, left := own[m.name]; left {
			merged.members = append(merged.members, m)
		}
	}
	return &merged
}

// with is n with one member replaced or added.
func (n *node) with(m member) *node {
	changed := *n
	changed.members = nil
	for _, old := range n.members {
		if old.name != m.name {
			changed.members = append(changed.members, old)
		}
	}
	changed.members = append(changed.members, m)
	return &changed
}

// stepOf is the part of a full name that stands for a member.
func stepOf(name string) string {
	if name == "" || len(name) > shown || strings.ContainsFunc(name, func(c rune) bool { return !isNameRune(c) }) {
		return "[" + quote(name) + "]"
	}
	return "." + name
}

// quote shows text of the file in quotes, cut where it is long.
func quote(s string) string { return strconv.Quote(cut(s)) }

func cut(s string) string {
	if utf8.RuneCountInString(s) > shown {
		return string([]rune(s)[:shown]) + "…"
	}
	return s
}

// isNameRune is true of the characters that names of pipelines and resources may have.
func isNameRune(c rune) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
