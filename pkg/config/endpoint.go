package config

import (
	"errors"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// Endpoint is the listing that a resource is read from.
type Endpoint struct {
	Method    string            // "GET" or "POST"; "" is GET
	JSON      map[string]any    // the JSON body: objects, []any, string, Template, json.Number, bool and nil in it; nil: none
	Form      []Param           // the body as a form; nil: none
	Data      string            // the body as it is; "": none
	Path      string            // below Client.BaseURL, or a full http or https URL; without a query, which is in Params
	Params    []Param           // in the file's order
	Headers   map[string]string // canonical names, over Client.Headers; nil: none
	Selector  Query             // leads from a page to its list of records, or to each of them; zero: to be found out from the first answer
	Paginator Paginator
	Auth      *Auth   // resolved: the endpoint's own or Client.Auth; nil: none
	OwnAuth   bool    // Auth is the endpoint's own, so it is meant for whatever origin Path has
	Ignore    []Match // answers that end a walk without an error

	Incremental *Incremental // nil: every walk reads the whole listing
	Slots       []Slot       // where Path, Params, Headers, Form and Data have placeholders; see Bind
	Holes       []Hole       // the fields of a parent's record among them, and among those in JSON, each once
}

// Param is a query parameter. Several values repeat it.
type Param struct {
	Name   string
	Values []string
}

// endpointContext is what an endpoint takes from around it.
type endpointContext struct {
	name      string // the resource's, "" where it is unknown
	client    *Client
	headers   *node // the client's
	paginator *node // the client's
	partial   bool  // these are defaults: what is missing may still come from a resource
}

func (l *loader) endpoint(n *node, ctx endpointContext) Endpoint {
	o := l.object(n)
	e := Endpoint{Path: ctx.name, Auth: ctx.client.Auth}
	f := &format{}
	if v := o.get("incremental"); given(v) {
		e.Incremental = l.incremental(v, "")
	}
	if p := o.get("path"); p != nil {
		l.endpointPath(p, &e, o.at.get("auth") == nil, ctx.client.BaseURL, f)
	}
	if p := o.get("params"); p != nil {
		e.Params = append(e.Params, l.params(p, &e, f)...)
	}
	if h := o.get("headers"); h != nil {
		e.Headers = l.headers(h, f.literal)
	}
	if a := o.get("auth"); a != nil {
		e.Auth = nil
		if a.kind != nullKind {
			e.Auth, e.OwnAuth = l.auth(a), true
		}
	}
	if s := o.get("data_selector"); given(s) {
		v, ok := l.query(s)
		assign(&e.Selector, v, ok)
	} else if f.entity {
		e.Selector = QueryOf()
	}
	if n := o.get("paginator"); n == nil && f.entity {
		e.Paginator = Paginator{Type: "single_page"}
	} else {
		e.Paginator = l.endpointPaginator(o, ctx)
	}
	l.requestBody(o, &e, f)
	if !ctx.partial {
		l.slots(o.at, &e, f)
	}
	if a := o.get("response_actions"); given(a) {
		e.Ignore = l.responseActions(a)
	}
	o.done()
	l.collisions(o, e, ctx)
	e.Params = slices.DeleteFunc(e.Params, func(p Param) bool { return e.Paginator.says(p.Name, p.Values...) })
	return e
}

// endpointPaginator is the endpoint's own, or the client's; what neither says is found out from the first answer.
func (l *loader) endpointPaginator(o *object, ctx endpointContext) Paginator {
	n := o.get("paginator")
	switch {
	case n != nil && !isAuto(n):
		return l.paginator(n)
	case ctx.paginator != nil && !isAuto(ctx.paginator):
		if n != nil {
			l.autoPaginator(n)
		}
		return l.paginator(ctx.paginator)
	case n != nil:
		return l.autoPaginator(n)
	case ctx.paginator != nil:
		return l.autoPaginator(ctx.paginator)
	}
	return Paginator{Type: "auto"}
}

// endpointPath reads a path, or a full URL. A query in it becomes parameters, as dlt's requests do.
func (l *loader) endpointPath(n *node, e *Endpoint, clientAuth bool, base string, f *format) {
	f.path, l.hiding = true, true
	text, ok := l.textWith(n, f.literal)
	f.path, l.hiding = false, false
	if !ok {
		return
	}
	path, query, _ := strings.Cut(text, "?")
	switch {
	case strings.Contains(text, "#"):
		l.wrong(n, "has a fragment (#), which is never sent; leave it out")
	case strings.Contains(path, "://"):
		if origin, _, _ := strings.Cut(path[strings.Index(path, "://")+3:], "/"); strings.Contains(origin, markOpen) {
			l.wrong(n, "has a placeholder in the name of its host; data must not say whom to ask")
			return
		}
		if why := notBaseURL(path); why != "" {
			l.wrong(n, "%s; it must be a path, or an http or https URL", why)
			return
		}
		if e.Auth != nil && clientAuth && base != "" && !sameOrigin(path, base) {
			l.warn(n, "has another origin than source.client.base_url, so it is asked without client.auth; give the endpoint its own auth if it needs one")
		}
	case strings.HasPrefix(path, "//") || strings.Contains(path, "\\"):
		l.wrong(n, "is neither a path nor a full URL; write /v1/contacts or https://host/v1/contacts")
	case !validEscapes(path):
		l.wrong(n, "has a %% that begins no escape; write it as %%25")
	}
	e.Path = path
	f.entity = strings.Contains(path[strings.LastIndexByte(path, '/')+1:], markOpen)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			l.wrong(n, "has a query that can't be read; give its parameters in params")
			return
		}
		e.Params = append(e.Params, Param{Name: name, Values: []string{value}})
		if looksSecret(name) {
			l.secret(value)
		}
	}
}

func validEscapes(path string) bool {
	_, err := url.PathUnescape(path)
	return err == nil
}

func sameOrigin(a, b string) bool {
	u, errA := url.Parse(a)
	v, errB := url.Parse(b)
	return errA == nil && errB == nil && u.Scheme == v.Scheme && strings.EqualFold(u.Hostname(), v.Hostname()) && portOf(u) == portOf(v)
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func (l *loader) params(n *node, e *Endpoint, f *format) []Param {
	l.object(n)
	var params []Param
	for _, m := range n.members {
		v := m.value
		if m.name == "" || strings.Contains(m.name, "${") {
			l.problem(m.line, v.key(), "is no name of a parameter; references such as ${NAME} stand in values only")
			continue
		}
		switch v.kind {
		case nullKind: // not sent, also where the defaults have it
		case mappingKind:
			if p := l.paramMapping(m.name, v, e, f); p != nil {
				params = append(params, *p)
			}
		case listKind:
			p := Param{Name: m.name}
			for _, item := range v.items {
				l.param(item, &p, f)
			}
			if len(p.Values) > 0 {
				params = append(params, p)
			}
		default:
			p := Param{Name: m.name}
			l.param(v, &p, f)
			params = append(params, p)
		}
	}
	return params
}

func (l *loader) param(n *node, p *Param, f *format) {
	if n.kind == scalarKind && n.tag == "!!bool" {
		l.wrong(n, `is true or false, which dlt sends as Python's True or False; write the text that the API wants, in quotes`)
		return
	}
	v, ok := l.plain(n, f.literal)
	if !ok {
		return
	}
	p.Values = append(p.Values, v)
	if hides(p.Name, n, v) {
		l.secret(v)
	}
}

// collisions reports what would be sent twice under one name, where one of the two would be lost. It shows names of the file only:
// those of auth and the paginator may be references.
func (l *loader) collisions(o *object, e Endpoint, ctx endpointContext) {
	taken := map[string]string{}
	for _, set := range e.Paginator.params() {
		taken[set.Name] = "the paginator"
	}
	if e.Auth != nil && e.Auth.Location == "query" {
		if taken[e.Auth.Name] != "" {
			l.wrong(o.at, "has one parameter for the paginator and for auth; rename one of them")
		}
		if e.Auth.Name == e.Paginator.CursorParam {
			l.wrong(o.at, "has one parameter for the paginator and for auth; rename one of them")
		}
		taken[e.Auth.Name] = "auth"
	}
	if i := e.Incremental; i != nil {
		for _, name := range []string{i.StartParam, i.EndParam} {
			if by := taken[name]; by != "" {
				l.wrong(o.at, "has one parameter for incremental and for %s; rename one of them", strings.TrimPrefix(by, "the "))
			}
			if name != "" {
				taken[name] = "incremental"
			}
		}
	}
	written := map[string]bool{}
	if params := o.at.get("params"); params != nil {
		for _, m := range params.members {
			written[m.name] = true
			if by := taken[m.name]; by != "" && m.value.kind != nullKind && !isIncremental(m.value) && !e.Paginator.says(m.name, m.value.text) {
				l.problem(m.line, m.value.key(), "is a parameter that "+by+" sets; leave it out")
			}
		}
	}
	for _, p := range e.Params {
		if by := taken[p.Name]; by != "" && !written[p.Name] && !e.Paginator.says(p.Name, p.Values...) {
			l.problem(o.at.line, o.at.keyOf("path"), "has a query with a parameter that "+by+" sets; leave it out")
		}
	}
	for _, headers := range []*node{ctx.headers, o.at.get("headers")} {
		if headers == nil {
			continue
		}
		for _, m := range headers.members {
			if textproto.CanonicalMIMEHeaderKey(m.name) == e.Auth.header() {
				l.problem(m.line, m.value.key(), "is a header that auth sets; leave it out, or remove auth with auth: null")
			}
		}
	}
}

// header is the canonical name of the header that the authentication sets, "" where it sets none.
func (a *Auth) header() string {
	switch {
	case a == nil || a.Location == "query" || a.Location == "cookie": // a cookie joins others
		return ""
	case a.Location == "header":
		return textproto.CanonicalMIMEHeaderKey(a.Name)
	}
	return "Authorization"
}

// unformat takes the doubling off the braces of a text in Python's format syntax, which dlt's paths, parameters and headers are
// written in. A single { begins a placeholder; a single } passes, since $${X} leaves one.
func unformat(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		doubled := i+1 < len(s) && s[i+1] == s[i]
		switch {
		case s[i] == '{' && !doubled:
			return "", errors.New("has a placeholder in braces, such as {resources.…}, and here is nothing to fill it; " +
				"write braces that are meant themselves twice: {{ and }}")
		case (s[i] == '{' || s[i] == '}') && doubled:
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String(), nil
}
