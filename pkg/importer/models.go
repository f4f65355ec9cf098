package importer

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

// model is a class of dlt that stands for a dictionary.
type model struct {
	kind   string   // its type in the dictionary form, "" for none
	params []string // in the order of the constructor (dlt 1.31)
	typed  bool     // a TypedDict: any keyword is a key
}

// models are the classes of dlt.sources.helpers.rest_client and dlt.sources.rest_api.typing that have a dictionary form.
var models = map[string]model{
	"BearerTokenAuth": {kind: "bearer", params: []string{"token"}},
	"APIKeyAuth":      {kind: "api_key", params: []string{"name", "api_key", "location"}},
	"HttpBasicAuth":   {kind: "http_basic", params: []string{"username", "password"}},
	"OAuth2ClientCredentials": {kind: "oauth2_client_credentials", params: []string{"access_token", "access_token_url", "client_id",
		"client_secret", "access_token_request_data", "default_token_expiration", "session"}},

	"SinglePagePaginator":   {kind: "single_page"},
	"JSONLinkPaginator":     {kind: "json_link", params: []string{"next_url_path"}},
	"JSONResponsePaginator": {kind: "json_link", params: []string{"next_url_path"}},
	"HeaderLinkPaginator":   {kind: "header_link", params: []string{"links_next_key"}},
	"HeaderCursorPaginator": {kind: "header_cursor", params: []string{"cursor_key", "cursor_param"}},
	"JSONResponseCursorPaginator": {kind: "cursor", params: []string{"cursor_path", "cursor_param", "cursor_body_path",
		"stop_after_empty_page", "has_more_path"}},
	"OffsetPaginator": {kind: "offset", params: []string{"limit", "offset", "offset_param", "limit_param", "total_path",
		"maximum_offset", "stop_after_empty_page", "has_more_path", "offset_body_path", "limit_body_path"}},
	"PageNumberPaginator": {kind: "page_number", params: []string{"base_page", "page", "page_param", "total_path", "maximum_page",
		"stop_after_empty_page", "has_more_path", "page_body_path"}},

	"incremental": {kind: "incremental", params: []string{"cursor_path", "initial_value", "last_value_func", "primary_key", "end_value",
		"row_order", "allow_external_schedulers", "on_cursor_value_missing", "lag", "range_start", "range_end"}},

	"RESTAPIConfig":                     {typed: true},
	"ClientConfig":                      {typed: true},
	"EndpointResource":                  {typed: true},
	"Endpoint":                          {typed: true},
	"ProcessingSteps":                   {typed: true},
	"ResponseAction":                    {typed: true},
	"IncrementalConfig":                 {typed: true},
	"IncrementalRESTArgs":               {typed: true},
	"IncrementalParamConfig":            {typed: true},
	"ResolveParamConfig":                {typed: true},
	"BearerTokenAuthConfig":             {typed: true},
	"ApiKeyAuthConfig":                  {typed: true},
	"HttpBasicAuthConfig":               {typed: true},
	"OAuth2ClientCredentialsConfig":     {typed: true},
	"OffsetPaginatorConfig":             {typed: true},
	"PageNumberPaginatorConfig":         {typed: true},
	"JSONLinkPaginatorConfig":           {typed: true},
	"HeaderLinkPaginatorConfig":         {typed: true},
	"HeaderCursorPaginatorConfig":       {typed: true},
	"JSONResponseCursorPaginatorConfig": {typed: true},
}

// dictionary is what an instance of a class stands for.
func (s *session) dictionary(thread *starlark.Thread, name string, m model, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	d := new(starlark.Dict)
	at := line(thread)
	lines := positions{own: at, entries: map[string]int{}}
	set := func(key string, v starlark.Value) {
		_ = d.SetKey(starlark.String(key), v) // a new dictionary takes text as its key
		lines.entries[key] = at
	}
	if m.kind != "" {
		set("type", starlark.String(m.kind))
	}
	if m.typed {
		for _, a := range args {
			from, ok := a.(*starlark.Dict)
			if !ok {
				return nil, fmt.Errorf("%s wants a dictionary, not %s", name, kindOf(a))
			}
			for _, item := range from.Items() {
				set(pythonText(item[0]), item[1])
			}
		}
	} else if len(args) > len(m.params) {
		return nil, fmt.Errorf("%s takes %d arguments, not %d", name, len(m.params), len(args))
	} else {
		for i, a := range args {
			set(m.params[i], a)
		}
	}
	for _, kw := range kwargs {
		key := pythonText(kw[0])
		if !m.typed && !slices.Contains(m.params, key) {
			return nil, fmt.Errorf("%s has no argument %s", name, key)
		}
		set(key, kw[1])
	}
	for _, item := range d.Items() { // what the constructor takes for its default
		if key := pythonText(item[0]); !m.typed && item[1] == starlark.None && key != "total_path" {
			_, _, _ = d.Delete(item[0])
		}
	}
	s.lines[d] = lines
	return d, nil
}

// kindOf is a value's type as Python's users call it.
func kindOf(v starlark.Value) string {
	switch v := v.(type) {
	case *unknown:
		return v.what + ", which only Python knows"
	case *starlark.Function:
		return describe(v)
	case *starlark.Builtin:
		return "the function " + v.Name()
	case starlark.NoneType:
		return "None"
	}
	return "a " + v.Type()
}

func describe(f *starlark.Function) string {
	if f.Name() == "lambda" {
		return "a lambda"
	}
	return "the function " + f.Name()
}
