package config

import (
	"fmt"
	"strings"
)

// Resource is one listing of the API and the topic it goes to.
type Resource struct {
	Name        string // also the state's key and the record's name
	Line        int    // where it stands in the file
	PrimaryKey  []Path // empty only for append
	Disposition string // "merge", "append" or "replace"
	Endpoint    Endpoint
	Topic       Topic
	Nested      string // "record" or "json"
	Steps       []Step // what becomes of a record before it is keyed, hashed and encoded, in order

	Parent     *Resource // whose records fill the endpoint's holes, one after another; nil: there is none. It may be unselected
	FromParent []string  // fields of the parent's record that each record gets, as _<parent>_<field>
	Contract   Contract
	Columns    []Column // in order of names
}

// resourceContext is what a resource takes from around it.
type resourceContext struct {
	endpointContext
	topic  topicBlock
	nested string
}

// unfinished is a resource whose topic has no name yet.
type unfinished struct {
	Resource
	at       *node
	nameAt   *node
	selected bool
	topic    topicBlock
}

// resources reads source.resources under resource_defaults.
func (l *loader) resources(n, defaults *node, ctx resourceContext) []unfinished {
	if defaults == nil {
		defaults = &node{kind: mappingKind}
	} else if l.object(defaults).bad {
		defaults = &node{kind: mappingKind}
	} else {
		l.defaults(defaults, ctx)
	}
	if n.kind != listKind || len(n.items) == 0 {
		l.wrong(n, "is %s; it must be a list of at least one resource", emptyOr(n))
		return nil
	}
	var all []unfinished
	for _, item := range n.items {
		own := l.normal(item)
		if own == nil {
			continue
		}
		all = append(all, l.resource(mergeDefaults(own, defaults), ctx))
	}
	return all
}

func emptyOr(n *node) string {
	if n.kind == listKind {
		return "empty"
	}
	return n.what()
}

// defaults checks resource_defaults by themselves: each resource might override a mistake in them.
func (l *loader) defaults(n *node, ctx resourceContext) {
	ctx.partial = true
	if e := n.get("endpoint"); e != nil && e.kind == scalarKind {
		l.wrong(e, "is text; in resource_defaults it must be a mapping")
		return
	}
	if p := n.get("endpoint").get("path"); p != nil {
		l.wrong(p, "can't be a default: a resource without a path of its own has its name for one")
	}
	l.resource(n, ctx)
}

// normal gives a resource its long form: "contacts" is {name: contacts}, an endpoint that is text is its path, and one without a
// path has the resource's name for it. dlt does this before it looks at the defaults.
func (l *loader) normal(n *node) *node {
	if n.kind == scalarKind && n.tag == "!!str" {
		long := *n
		long.kind = mappingKind
		long.members = []member{{"name", n.line, n}}
		n = &long
	}
	if n.kind != mappingKind {
		l.wrong(n, "is %s; it must be a mapping with name and endpoint, or a name", n.what())
		return nil
	}
	e := n.get("endpoint")
	switch {
	case e == nil || e.kind == nullKind:
		e = &node{parent: n, step: ".endpoint", line: n.line, kind: mappingKind}
	case e.kind == scalarKind:
		long := *e
		long.kind = mappingKind
		long.members = []member{{"path", e.line, e}}
		e = &long
	}
	if name := n.get("name"); name != nil && e.kind == mappingKind && !given(e.get("path")) {
		e = e.with(member{"path", name.line, name})
	}
	return n.with(member{"endpoint", e.line, e})
}

// mergeDefaults is dlt's merge: a resource's keys win whole, in endpoint they win one by one, and so they do in its params. Columns
// merge field by field, and key by key.
func mergeDefaults(own, defaults *node) *node {
	merged := own.over(defaults)
	if c, d := byName(own.get("columns")), byName(defaults.get("columns")); isMapping(c) && isMapping(d) {
		columns := c.over(d)
		for _, m := range c.members {
			if under := d.get(m.name); isMapping(m.value) && isMapping(under) {
				columns = columns.with(member{m.name, m.line, m.value.over(under)})
			}
		}
		merged = merged.with(member{"columns", c.line, columns})
	}
	a, b := own.get("endpoint"), defaults.get("endpoint")
	if !isMapping(a) || !isMapping(b) {
		return merged
	}
	endpoint := a.over(b)
	for _, name := range []string{"params", "json"} {
		if p, q := a.get(name), b.get(name); isMapping(p) && isMapping(q) {
			endpoint = endpoint.with(member{name, p.line, p.over(q)})
		}
	}
	return merged.with(member{"endpoint", a.line, endpoint})
}

func isMapping(n *node) bool { return n != nil && n.kind == mappingKind }

const (
	warehouse = "it means something in a warehouse only; leave it out"
	parent    = "the placeholder {resources.PARENT.FIELD} in its endpoint makes a resource a child; kafka.topic names its topic"
)

// resource reads a resource that has its defaults, or the defaults themselves.
func (l *loader) resource(n *node, ctx resourceContext) unfinished {
	o := l.object(n)
	u := unfinished{at: n, selected: true, topic: ctx.topic}
	u.Line, u.Nested = n.line, ctx.nested
	u.Contract = Contract{Tables: "evolve", Columns: "evolve", DataType: "evolve"}
	if ctx.partial {
		if name := o.get("name"); name != nil {
			l.wrong(name, "can't be a default; each resource has its own")
		}
	} else if u.nameAt = o.want("name", "give the resource a name of letters, digits, _ and -"); u.nameAt != nil {
		u.Name = l.resourceName(u.nameAt)
	}
	o.setBool("selected", &u.selected)
	u.Disposition = l.disposition(o, ctx.partial || !u.selected)
	if k := o.get("primary_key"); given(k) {
		u.PrimaryKey = l.primaryKey(k)
	} else if u.Disposition != "append" && u.Disposition != "" && !ctx.partial {
		o.missing("primary_key", u.Disposition+" needs the field, or the list of fields, that identifies a record")
	}
	ctx.name = u.Name
	switch e := o.get("endpoint"); {
	case given(e):
		u.Endpoint = l.endpoint(e, ctx.endpointContext)
	case !ctx.partial:
		empty := &node{parent: n, step: ".endpoint", line: n.line, kind: mappingKind}
		u.Endpoint = l.endpoint(empty, ctx.endpointContext)
	}
	if v := o.get("parallelized"); v != nil {
		l.boolean(v) // source.client.concurrency decides for all resources
	}
	if v := o.get("include_from_parent"); given(v) {
		u.FromParent = l.fromParent(v)
	}
	if v := o.accept("table_name"); given(v) && (v.kind != scalarKind || u.nameAt == nil || v.text != u.nameAt.text) {
		l.wrong(v, "is not supported; kafka.topic names the topic")
	}
	o.setWord("nested", &u.Nested, "record", "json")
	if v := o.get("columns"); given(v) {
		u.Columns = l.columns(v, u.PrimaryKey, ctx.partial)
	}
	if v := o.get("schema_contract"); given(v) {
		u.Contract = l.contract(v)
	}
	if v := o.get("processing_steps"); given(v) {
		u.Steps = l.steps(v)
		if v.kind == listKind {
			l.checkSteps(v, &u)
		}
	}
	if k := o.get("kafka"); k != nil {
		inner := l.object(k)
		u.topic = l.topic(inner, u.topic)
		inner.done()
	}
	o.refuse(map[string]string{
		"merge_key":         "primary_key alone identifies a record",
		"parent_table_name": parent,
		"max_table_nesting": "nested: json keeps objects as JSON text",
		"nested_hints":      warehouse,
		"references":        warehouse,
		"table_format":      warehouse,
		"file_format":       warehouse,
		"incremental":       "its place is in endpoint",
	})
	o.done()
	l.checkDeletes(&u, ctx)
	if u.Disposition == "append" && u.topic.FullWalkEvery > 0 && !ctx.partial {
		if u.topic.fullWalk != ctx.topic.fullWalk {
			l.wrong(u.topic.fullWalk, "needs write_disposition merge or replace; a full walk of an append resource publishes everything again")
		}
		u.topic.FullWalkEvery = 0
	}
	return u
}

func (l *loader) resourceName(n *node) string {
	text, ok := l.text(n)
	switch {
	case !ok:
		return ""
	case text == "state" || text == "schemas":
		l.wrong(n, "is %s, a topic of the pipeline's own; take another name", n.got())
	case strings.ContainsFunc(text, func(c rune) bool { return !isNameRune(c) }) || len(text) > maxTopicName:
		l.wrong(n, "is %s; it must be letters, digits, _ and -, at most %d of them", n.got(), maxTopicName)
	}
	return text
}

// disposition reads write_disposition: a word, or dlt's mapping as far as it says no more than the word. quiet says that nothing is
// published by it.
func (l *loader) disposition(o *object, quiet bool) string {
	n := o.get("write_disposition")
	if n == nil {
		if !quiet && !o.bad {
			l.warn(o.at, "has no write_disposition, so it is append, dlt's default: every run publishes all that it reads; write merge, replace or append")
		}
		return "append"
	}
	if n.kind == mappingKind {
		inner := l.object(n)
		word := inner.want("disposition", "it must be merge, append or replace")
		if s := inner.get("strategy"); given(s) && s.text != "upsert" {
			l.wrong(s, "is not supported; a compacted topic does what upsert does")
		}
		inner.refuse(map[string]string{"deduplicated": warehouse, "source_filter": warehouse, "destination_scope": warehouse,
			"skip_unchanged_rows": warehouse, "row_version_column_name": warehouse, "validity_column_names": warehouse,
			"active_record_timestamp": warehouse, "boundary_timestamp": warehouse})
		inner.done()
		if word == nil {
			return ""
		}
		n = word
	}
	if n.kind == scalarKind && n.text == "skip" {
		l.wrong(n, "skip is not supported; selected: false leaves a resource out")
		return ""
	}
	word, _ := l.word(n, "merge", "append", "replace")
	return word
}

func (l *loader) primaryKey(n *node) []Path {
	items := n.items
	if n.kind != listKind {
		items = []*node{n}
	}
	if len(items) == 0 {
		l.wrong(n, "is an empty list; name a field, or leave the key out")
	}
	var keys []Path
	seen := map[string]bool{}
	for _, item := range items {
		p, ok := l.fieldPath(item)
		if !ok {
			continue
		}
		id := fmt.Sprintf("%q", p.Names)
		if seen[id] {
			l.wrong(item, "names a field twice; remove one")
		}
		seen[id] = true
		keys = append(keys, p)
	}
	return keys
}

// checkDeletes looks at deletes once the key and the disposition are known. Records of an append topic are never deleted: what the
// kafka block says is then not for this resource, what the resource itself says is a mistake.
func (l *loader) checkDeletes(u *unfinished, ctx resourceContext) {
	d := &u.topic.Deletes
	if d.Mode != "confirmed" || ctx.partial {
		return
	}
	if u.Disposition == "append" {
		if u.topic.deletes != ctx.topic.deletes {
			l.wrong(u.topic.deletes, "needs write_disposition merge or replace; an append topic holds what happened, not what is")
		}
		*d = Deletes{Mode: "off"}
		return
	}
	if d.Path == "" {
		return
	}
	named := false
	for rest := d.Path; ; {
		_, after, open := strings.Cut(rest, "{")
		name, behind, closed := strings.Cut(after, "}")
		if !open {
			break
		}
		if !closed || !u.hasKey(name) {
			l.wrong(u.topic.deletes, "has a path with braces that hold no field of primary_key; write it as in /v1/contacts/{id}")
			return
		}
		named, rest = true, behind
	}
	if !named {
		l.wrong(u.topic.deletes, "has a path without a field of primary_key; write it as in /v1/contacts/{id}")
	}
}

func (u *unfinished) hasKey(name string) bool {
	for _, p := range u.PrimaryKey {
		if p.Text == name {
			return true
		}
	}
	return false
}
