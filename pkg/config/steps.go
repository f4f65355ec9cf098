package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Step is one of a resource's processing_steps. One of its fields is set.
type Step struct {
	Filter  *Filter  // keep the records that pass
	Include []Path   // keep these fields alone
	Exclude []Path   // leave these fields out
	Rename  []Rename // give fields another name, where they stand
}

// Filter passes a record whose field passes all tests. A field that is absent or null passes ne, not_in and exists: false only.
type Filter struct {
	Field Path
	Tests []Test
}

// Test is one comparison with a field's value: eq, ne, in, not_in, gt, gte, lt and lte with Values, exists with Exists, matches with
// Pattern.
type Test struct {
	Op      string
	Values  []Literal
	Exists  bool
	Pattern *regexp.Regexp
}

// Rename gives the field at From the name To, in the object that it stands in.
type Rename struct {
	From Path
	To   string
}

const pythonStep = "it is a Python callable; write filter, include, exclude or rename, as in {filter: {field: status, in: [open, won]}}"

// steps reads processing_steps.
func (l *loader) steps(n *node) []Step {
	if n.kind != listKind {
		l.wrong(n, "is %s; it must be a list of steps, as in [{exclude: [notes]}]", n.what())
		return nil
	}
	var steps []Step
	for _, item := range n.items {
		o := l.object(item)
		var s Step
		if f := o.get("filter"); f != nil {
			s.Filter = l.filter(f)
		}
		if v := o.get("include"); v != nil {
			s.Include = l.fieldPaths(v)
		}
		if v := o.get("exclude"); v != nil {
			s.Exclude = l.fieldPaths(v)
		}
		if v := o.get("rename"); v != nil {
			s.Rename = l.renames(v)
		}
		o.refuse(map[string]string{"map": pythonStep, "yield_map": pythonStep})
		o.done()
		if len(item.members) != 1 && !o.bad {
			l.wrong(item, "holds %d names; a step is one of filter, include, exclude and rename, and the order of steps is the list's", len(item.members))
		}
		steps = append(steps, s)
	}
	return steps
}

func (l *loader) fieldPaths(n *node) []Path {
	return some(l, n, "fields, as in [id, address.city]", l.fieldPath)
}

func (l *loader) renames(n *node) []Rename {
	if l.object(n).bad {
		return nil
	}
	if len(n.members) == 0 {
		l.wrong(n, "is empty; it must be a mapping of old names to new ones, as in {hs_id: id}")
	}
	var out []Rename
	taken := map[string]bool{}
	for _, m := range n.members {
		names, err := parseNames(m.name)
		if err != nil || len(names) == 0 {
			l.problem(m.line, m.value.key(), "is no field; write names only, as in address.city")
			continue
		}
		to, ok := l.text(m.value)
		if !ok {
			continue
		}
		r := Rename{From: Path{Text: m.name, Names: names}, To: to}
		id := fmt.Sprintf("%q", append(slices.Clone(names[:len(names)-1]), to))
		if taken[id] {
			l.wrong(m.value, "is the new name of two fields; each needs its own")
		}
		taken[id] = true
		out = append(out, r)
	}
	return out
}

func (l *loader) filter(n *node) *Filter {
	if n.kind == scalarKind {
		l.wrong(n, "is not supported; %s", pythonStep)
		return nil
	}
	o := l.object(n)
	f := &Filter{}
	if v := o.want("field", "name the field to look at, as in status or owner.id"); v != nil {
		p, ok := l.fieldPath(v)
		assign(&f.Field, p, ok)
	}
	for _, op := range []string{"eq", "ne", "gt", "gte", "lt", "lte"} {
		if v := o.get(op); v != nil {
			if x, ok := l.literal(v); ok {
				f.Tests = append(f.Tests, Test{Op: op, Values: []Literal{x}})
			}
		}
	}
	for _, op := range []string{"in", "not_in"} {
		if v := o.get(op); v != nil {
			f.Tests = append(f.Tests, Test{Op: op, Values: some(l, v, "at least one value, as in [open, won]", l.literal)})
		}
	}
	if v := o.get("exists"); v != nil {
		b, _ := l.boolean(v)
		f.Tests = append(f.Tests, Test{Op: "exists", Exists: b})
	}
	if v := o.get("matches"); v != nil {
		if text, ok := l.text(v); ok {
			re, err := regexp.Compile(text)
			if err != nil {
				l.wrong(v, "is no regular expression (RE2): %s", err)
			}
			f.Tests = append(f.Tests, Test{Op: "matches", Pattern: re})
		}
	}
	o.done()
	if len(n.members) < 2 && !o.bad {
		l.wrong(n, "tests nothing; add one of eq, ne, in, not_in, gt, gte, lt, lte, exists and matches")
	}
	return f
}

// checkSteps follows the primary key back through the steps: it is read from what they leave. The step that is to be mended is named.
func (l *loader) checkSteps(at *node, u *unfinished) {
	for _, key := range u.PrimaryKey {
		names, by := key.Names, -1 // the step that gave it these names
		dropped := -1              // the step that leaves it out, unless one before has renamed it
		for i, s := range slices.Backward(u.Steps) {
			after := names
			for _, r := range s.Rename {
				depth := len(r.From.Names) - 1
				if renamed := append(slices.Clone(r.From.Names[:depth]), r.To); hasPrefix(after, renamed) {
					names, by = append(slices.Clone(r.From.Names), after[depth+1:]...), i
				}
			}
			if slices.Equal(names, after) && slices.ContainsFunc(s.Rename, func(r Rename) bool { return hasPrefix(names, r.From.Names) }) {
				l.wrong(at.items[i], "renames %s, a field of primary_key, which is read from what the steps leave; give primary_key its new name", key)
				dropped = -1
				break
			}
			covered := func(p Path) bool { return hasPrefix(names, p.Names) }
			leaves := slices.ContainsFunc(s.Exclude, covered) || len(s.Include) > 0 && !slices.ContainsFunc(s.Include, covered)
			if leaves && by >= 0 && dropped < 0 {
				l.wrong(at.items[by], "makes %s, a field of primary_key, of %s, which processing_steps[%d] leaves out; keep it there", key, strings.Join(names, "."), i)
				break
			}
			if leaves && dropped < 0 {
				dropped = i
			}
		}
		if dropped >= 0 {
			l.wrong(at.items[dropped], "leaves out %s, a field of primary_key, which identifies the record; keep it", key)
		}
	}
}

func hasPrefix(names, prefix []string) bool {
	return len(names) >= len(prefix) && slices.Equal(names[:len(prefix)], prefix)
}
