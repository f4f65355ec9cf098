package config

import "math"

// Paginator says how a listing is walked. The fields of the other types are zero.
type Paginator struct {
	Type string // "offset", "page_number" or "single_page"

	Limit, Offset           int64 // of offset: rows asked for, and the first offset
	OffsetParam, LimitParam string

	BasePage, Page int64 // of page_number: the number of the API's first page, and of the first page asked
	PageParam      string

	// Of both. offset counts rows in them, page_number pages.
	TotalPath      *Query // nil: not used
	TotalGiven     bool   // TotalPath is the user's own, so that its absence in a page is an error
	Maximum        *int64 // the walk ends once the next offset or page reaches it; nil: no bound
	StopAfterEmpty bool
	HasMorePath    *Query // nil: not used
}

const autoRefusal = "dlt would guess how the listing is paged, and guessing is not supported; " +
	"write {type: offset, limit: 100}, {type: page_number} or single_page"

// isAuto is true of everything by which dlt guesses: null, auto, and a mapping without a type.
func isAuto(n *node) bool {
	t := n
	if n.kind == mappingKind {
		t = n.get("type")
	}
	return t == nil || t.kind == nullKind || t.kind == scalarKind && t.text == "auto"
}

// params are the query parameters that the paginator sets.
func (p Paginator) params() []string {
	switch p.Type {
	case "offset":
		return []string{p.OffsetParam, p.LimitParam}
	case "page_number":
		return []string{p.PageParam}
	}
	return nil
}

// paginator reads a type's name or a mapping with type.
func (l *loader) paginator(n *node) Paginator {
	t := n
	if n.kind == mappingKind {
		t = n.get("type")
	}
	if t.kind == scalarKind {
		switch t.text {
		case "cursor", "header_cursor", "json_link", "json_response", "header_link":
			l.wrong(t, "%s is not supported; offset, page_number and single_page are", t.text)
			return Paginator{}
		}
	}
	kind, ok := l.word(t, "offset", "page_number", "single_page")
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
	}
	o.done()
	return p
}

// maxPosition keeps positions from overflowing while they advance.
const maxPosition = 1 << 53

const noBody = "only GET is sent, without a body; name a query parameter with "

func (l *loader) offset(o *object, p *Paginator) {
	p.OffsetParam, p.LimitParam = "offset", "limit"
	if v := o.want("limit", "give the number of rows to ask for, as in limit: 100"); v != nil {
		i, ok := l.integer(v, 1, math.MaxInt32)
		assign(&p.Limit, i, ok)
	}
	if v := o.get("offset"); v != nil {
		i, ok := l.integer(v, 0, maxPosition)
		assign(&p.Offset, i, ok)
	}
	o.paramName("offset_param", &p.OffsetParam)
	o.paramName("limit_param", &p.LimitParam)
	if p.OffsetParam == p.LimitParam {
		l.wrong(o.at, "has one name for offset_param and limit_param; give them two")
	}
	o.refuse(map[string]string{"offset_body_path": noBody + "offset_param", "limit_body_path": noBody + "limit_param"})
	l.ends(o, p, "maximum_offset", p.Offset)
}

func (l *loader) pageNumber(o *object, p *Paginator) {
	p.PageParam = "page"
	if v := o.get("base_page"); v != nil {
		i, ok := l.integer(v, 0, math.MaxInt32)
		assign(&p.BasePage, i, ok)
	}
	p.Page = p.BasePage
	if v := o.get("page"); given(v) {
		i, ok := l.integer(v, p.BasePage, maxPosition)
		assign(&p.Page, i, ok)
	}
	o.paramName("page_param", &p.PageParam)
	o.refuse(map[string]string{"page_body_path": noBody + "page_param"})
	l.ends(o, p, "maximum_page", p.Page)
}

// ends reads what ends a walk. maximum must lie behind the first position.
func (l *loader) ends(o *object, p *Paginator, maximum string, first int64) {
	p.TotalPath = defaultQuery("total", "total")
	if v := o.get("total_path"); v != nil {
		p.TotalPath = nil
		if given(v) {
			p.TotalPath, p.TotalGiven = l.innerQuery(v), true
		}
	}
	bound := o.get(maximum)
	if given(bound) {
		if i, ok := l.integer(bound, first+1, math.MaxInt64); ok {
			p.Maximum = &i
		}
	}
	p.StopAfterEmpty = true
	if v := o.get("stop_after_empty_page"); v != nil {
		b, ok := l.boolean(v)
		assign(&p.StopAfterEmpty, b, ok)
	}
	more := o.get("has_more_path")
	if given(more) {
		p.HasMorePath = l.innerQuery(more)
	}
	if p.TotalPath == nil && !p.TotalGiven && !given(bound) && !p.StopAfterEmpty && !given(more) {
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

func (o *object) paramName(name string, dst *string) {
	if n := o.get(name); n != nil {
		v, ok := o.text(n)
		assign(dst, v, ok)
	}
}
