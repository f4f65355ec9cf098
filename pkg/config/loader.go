package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// loader reads one file: it knows where values come from and gathers what is to be said about them.
type loader struct {
	file     string
	env      func(string) (string, bool)
	problems []Problem
	warnings []Problem
	secrets  []Secret
	hiding   bool // what a reference stands for is hidden unless it is a word
}

func (l *loader) problem(line int, key, text string) {
	if len(l.problems) < 4*maxProblems { // some may be repetitions
		l.problems = append(l.problems, Problem{File: l.file, Line: line, Key: key, Text: text})
	}
}

// wrong reports a mistake in the value n.
func (l *loader) wrong(n *node, format string, args ...any) {
	l.problem(n.line, n.key(), fmt.Sprintf(format, args...))
}

func (l *loader) warn(n *node, text string) {
	l.warnings = append(l.warnings, Problem{File: l.file, Line: n.line, Key: n.key(), Text: text})
}

func (l *loader) secret(values ...string) {
	for _, v := range values {
		if v != "" && !slices.Contains(l.secrets, Secret(v)) {
			l.secrets = append(l.secrets, Secret(v))
		}
	}
}

// path resolves a path of the file against the file's own directory.
func (l *loader) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(l.file), p)
}

// object reads one mapping name by name. What nobody asked for by the time of done is a mistake.
type object struct {
	*loader
	at      *node
	known   []string
	hidden  []string          // known, but not worth naming
	refused map[string]string // name to what to use instead
	bad     bool              // not a mapping; reported already
}

// object is n as a mapping. Null is an empty one: what a block is whose lines are all commented out.
func (l *loader) object(n *node) *object {
	o := &object{loader: l, at: n}
	if n.kind != mappingKind && n.kind != nullKind {
		l.wrong(n, "is %s; it must be a mapping of names to values", n.what())
		o.bad = true
	}
	return o
}

// get is the member, nil where it is absent.
func (o *object) get(name string) *node {
	o.known = append(o.known, name)
	return o.at.get(name)
}

// accept is the member, as get; its name is not among those that are suggested.
func (o *object) accept(name string) *node {
	o.hidden = append(o.hidden, name)
	return o.at.get(name)
}

// want is the member; its absence is a mistake, and right says what would be right.
func (o *object) want(name, right string) *node {
	n := o.get(name)
	if n == nil && !o.bad {
		o.missing(name, right)
	}
	return n
}

func (o *object) missing(name, right string) {
	o.problem(o.at.line, o.at.keyOf(name), "is missing; "+right)
}

// refuse names members that dlt has and that are not built, and what to use instead. Absent, null and an empty list are fine:
// that is what dlt does without.
func (o *object) refuse(names map[string]string) { o.refused = names }

// done reports the members that are refused and those that nobody asked for.
func (o *object) done() {
	known := make(map[string]bool, len(o.known))
	for _, name := range slices.Concat(o.known, o.hidden) {
		known[name] = true
	}
	for _, m := range o.at.members {
		instead, refused := o.refused[m.name]
		switch {
		case known[m.name]:
		case !refused:
			o.problem(m.line, m.value.key(), "is unknown here; "+suggest(m.name, o.known))
		case m.value.kind != nullKind && (m.value.kind != listKind || len(m.value.items) > 0):
			o.problem(m.line, m.value.key(), "is not supported; "+instead)
		}
	}
}

// suggest says which of the known names was meant, or which there are.
func suggest(name string, known []string) string {
	known = slices.Compact(slices.Sorted(slices.Values(known)))
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := distance(name, k, least); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known are " + strings.Join(known, ", ")
}

// distance is the number of letters to insert, remove, replace or swap with their neighbour that lead from a to b (optimal string
// alignment), or limit where it is no less.
func distance(a, b string, limit int) int {
	if len(a) > shown || len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return min(last[len(b)], limit)
}
