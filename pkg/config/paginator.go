package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Paginator says how a listing is walked. The fields of the other types are zero.
type Paginator struct {
	Type string // "auto" (to be found out from the first answer), or dlt's other names, of which json_response is json_link

	Limit, Offset                 int64 // of offset: rows asked for, and the first offset
	OffsetParam, LimitParam       string
	OffsetBodyPath, LimitBodyPath []string // places in the JSON body instead of the parameters; nil: none

	BasePage, Page int64 // of page_number: the number of the API's first page, and of the first page asked
	PageParam      string
	PageBodyPath   []string

	CursorPath     *Query // of cursor
	CursorKey      string // of header_cursor: the response header
	CursorParam    string // of both
	CursorBodyPath []string

	NextURLPath  *Query // of json_link
	LinksNextKey string // of header_link: the relation type

	// How a walk ends. offset counts rows in total and maximum, page_number pages; the others have no maximum, and their total,
	// which dlt doesn't know, counts rows.
	TotalPath      *Query // nil: not used
	TotalGiven     bool   // TotalPath is the user's own, so that its absence in a page is an error
	Maximum        *int64 // the walk ends once the next offset or page reaches it; nil: no bound
	StopAfterEmpty bool
	HasMorePath    *Query // nil: not used
}

// isAuto is true of everything by which dlt guesses: null, auto, and a mapping without a type.
func isAuto(n *node) bool {
	t := n
	if n.kind == mappingKind {
		t = n.get("type")
	}
	return t == nil || t.kind == nullKind || t.kind == scalarKind && t.text == "auto"
}

// params are the query parameters that the paginator sets in every request, as the first one has them. A cursor's parameter is not among
// them: it may hold what the first request asks for.
func (p Paginator) params() []Param {
	var params []Param
	for _, set := range []struct {
		name  string
		value int64
	}{{p.OffsetParam, p.Offset}, {p.LimitParam, p.Limit}, {p.PageParam, p.Page}} {
		if set.name != "" {
			params = append(params, Param{Name: set.name, Values: []string{strconv.FormatInt(set.value, 10)}})
		}
	}
	return params
}

// says reports whether the first request has this parameter with this value by the paginator already.
func (p Paginator) says(name string, values ...string) bool {
	return slices.ContainsFunc(p.params(), func(set Param) bool { return set.Name == name && slices.Equal(set.Values, values) })
}

// Named reports whether the API names the next page, by a cursor or a link; else pages are counted, or there is but one.
func (p Paginator) Named() bool {
	switch p.Type {
	case "cursor", "header_cursor", "json_link", "header_link":
		return true
	}
	return false
}

// bodyPaths are the places in the JSON body that the paginator sets.
func (p Paginator) bodyPaths() [][]string {
	var paths [][]string
	for _, path := range [][]string{p.OffsetBodyPath, p.LimitBodyPath, p.PageBodyPath, p.CursorBodyPath} {
		if path != nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// paginator reads a type's name or a mapping with type.
func (l *loader) paginator(n *node) Paginator {
	if isAuto(n) {
		return l.autoPaginator(n)
	}
	t := n
	if n.kind == mappingKind {
		t = n.get("type")
	}
	kind, ok := l.word(t, "auto", "offset", "page_number", "cursor", "header_cursor", "json_link", "json_response", "header_link", "single_page")
	if !ok {
		return Paginator{}
	}
	if n.kind == scalarKind {
		n = &node{parent: n.parent, step: n.step, line: n.line, kind: mappingKind}
	}
	o := l.object(n)
	o.get("type")
	p := Paginator{Type: kind}
	switch kind {
	case "offset":
		l.offset(o, &p)
	case "page_number":
		l.pageNumber(o, &p)
	case "cursor":
		p.CursorPath = o.queryOr("cursor_path", defaultQuery("cursors.next", "cursors", "next"))
		p.CursorParam, p.CursorBodyPath = o.placed("cursor_param", "cursor_body_path", "cursor")
		l.tokenEnds(o, &p)
	case "header_cursor":
		p.CursorKey, p.CursorParam = "next", "cursor"
		if v := o.get("cursor_key"); v != nil {
			l.headerName(v, &p.CursorKey)
		}
		o.setText("cursor_param", &p.CursorParam)
		l.total(o, &p, nil)
	case "json_link", "json_response":
		p.Type = "json_link"
		p.NextURLPath = o.queryOr("next_url_path", defaultQuery("next", "next"))
		l.total(o, &p, nil)
	case "header_link":
		p.LinksNextKey = "next"
		o.setText("links_next_key", &p.LinksNextKey)
		l.total(o, &p, nil)
	}
	o.done()
	return p
}

// autoPaginator reads what leaves the paginator open. Parameters without a type are dlt's silent loss.
func (l *loader) autoPaginator(n *node) Paginator {
	for _, m := range n.members {
		if m.name != "type" {
			l.problem(m.line, m.value.key(), "stands beside no type, so dlt would ignore it and guess; give the paginator its type, or write auto alone")
		}
	}
	return Paginator{Type: "auto"}
}

// maxPosition keeps positions from overflowing while they advance.
const maxPosition = 1 << 53

func (l *loader) offset(o *object, p *Paginator) {
	if v := o.want("limit", "give the number of rows to ask for, as in limit: 100"); v != nil {
		i, ok := l.integer(v, 1, math.MaxInt32)
		assign(&p.Limit, i, ok)
	}
	if v := o.get("offset"); v != nil {
		i, ok := l.integer(v, 0, maxPosition)
		assign(&p.Offset, i, ok)
	}
	p.OffsetParam, p.OffsetBodyPath = o.placed("offset_param", "offset_body_path", "offset")
	p.LimitParam, p.LimitBodyPath = o.placed("limit_param", "limit_body_path", "limit")
	if p.OffsetParam != "" && p.OffsetParam == p.LimitParam {
		l.wrong(o.at, "has one name for offset_param and limit_param; give them two")
	}
	if p.OffsetBodyPath != nil && p.LimitBodyPath != nil && (within(p.OffsetBodyPath, p.LimitBodyPath) || within(p.LimitBodyPath, p.OffsetBodyPath)) {
		l.wrong(o.at, "has one place for offset_body_path and limit_body_path; give them two")
	}
	l.ends(o, p, "maximum_offset", p.Offset)
}

// within is true of a path that leads into, or to, another one.
func within(path, other []string) bool {
	return len(path) >= len(other) && slices.Equal(path[:len(other)], other)
}

func (l *loader) pageNumber(o *object, p *Paginator) {
	if v := o.get("base_page"); v != nil {
		i, ok := l.integer(v, 0, math.MaxInt32)
		assign(&p.BasePage, i, ok)
	}
	p.Page = p.BasePage
	if v := o.get("page"); given(v) {
		i, ok := l.integer(v, p.BasePage, maxPosition)
		assign(&p.Page, i, ok)
	}
	p.PageParam, p.PageBodyPath = o.placed("page_param", "page_body_path", "page")
	l.ends(o, p, "maximum_page", p.Page)
}

// placed reads where a value goes: a query parameter, or a dotted path in the JSON body. One excludes the other; the parameter has a
// default.
func (o *object) placed(param, body, fallback string) (name string, path []string) {
	inQuery, inBody := o.get(param), o.get(body)
	if given(inQuery) && given(inBody) {
		o.wrong(inBody, "excludes %s; give one of the two", param)
	}
	if !given(inBody) {
		name = fallback
		if given(inQuery) {
			v, ok := o.text(inQuery)
			assign(&name, v, ok)
		}
		return name, nil
	}
	text, ok := o.text(inBody)
	if !ok {
		return "", nil
	}
	path = strings.Split(text, ".")
	if slices.Contains(path, "") {
		o.wrong(inBody, "is %s; it must be names joined by dots, as in page.number", inBody.got())
	}
	return "", path
}

// queryOr reads a JSONPath into a page.
func (o *object) queryOr(name string, fallback *Query) *Query {
	n := o.get(name)
	if n == nil {
		return fallback
	}
	if q := o.innerQuery(n); q != nil {
		return q
	}
	return fallback
}

func (l *loader) headerName(n *node, dst *string) {
	v, ok := l.text(n)
	if ok && !isToken(v) {
		l.wrong(n, "is no name of a header; it must be letters, digits and any of !#$%%&'*+-.^_`|~")
	}
	assign(dst, v, ok)
}

// total reads the count that proves a walk complete.
func (l *loader) total(o *object, p *Paginator, fallback *Query) {
	p.TotalPath = fallback
	if v := o.get("total_path"); v != nil {
		p.TotalPath = nil
		if given(v) {
			p.TotalPath, p.TotalGiven = l.innerQuery(v), true
		}
	}
}

// tokenEnds reads what ends a walk by cursors besides their end.
func (l *loader) tokenEnds(o *object, p *Paginator) {
	l.total(o, p, nil)
	o.setBool("stop_after_empty_page", &p.StopAfterEmpty)
	if more := o.get("has_more_path"); given(more) {
		p.HasMorePath = l.innerQuery(more)
	}
}

// ends reads what ends a walk. maximum must lie behind the first position.
func (l *loader) ends(o *object, p *Paginator, maximum string, first int64) {
	wanted := o.get("total_path")
	l.total(o, p, defaultQuery("total", "total"))
	bound := o.get(maximum)
	if given(bound) {
		if i, ok := l.integer(bound, first+1, math.MaxInt64); ok {
			p.Maximum = &i
		}
	}
	p.StopAfterEmpty = true
	o.setBool("stop_after_empty_page", &p.StopAfterEmpty)
	more := o.get("has_more_path")
	if given(more) {
		p.HasMorePath = l.innerQuery(more)
	}
	if wanted != nil && !given(wanted) && !given(bound) && !p.StopAfterEmpty && !given(more) {
		l.wrong(o.at, "would never end; at least one of total_path, %s, has_more_path and stop_after_empty_page must be on", maximum)
	}
}

// given is true of a value that is there and isn't null.
func given(n *node) bool { return n != nil && n.kind != nullKind }

// defaultQuery is a query for names that stand in dlt's own text.
func defaultQuery(text string, names ...string) *Query {
	q := QueryOf(names...)
	q.Text = text
	return &q
}
