package config

import (
	"slices"
	"strings"
)

// difference is something that the program does otherwise than dlt, on purpose.
type difference struct {
	text    string
	matters func(r *Resource) bool
}

// differences are those that a key of the configuration brings about, in the order of docs/compatibility.md, where each has its reason;
// test/dlt shows each. What differs for every configuration is there alone.
var differences = []difference{
	{"offset goes on by the rows that came; dlt goes on by limit, and skips rows where the API answers less",
		func(r *Resource) bool { return paged(r).Type == "offset" }},
	{"where a page has no total, the listing is read to its first empty page; dlt fails",
		func(r *Resource) bool {
			return r.counted() && paged(r).TotalPath != nil && !paged(r).TotalGiven
		}},
	{"total_path of this paginator is a key of this program's own, which dlt refuses",
		func(r *Resource) bool { return !r.counted() && paged(r).TotalGiven }},
	{"a walk that a maximum or an ignored answer ended leaves the run incomplete; dlt says nothing",
		func(r *Resource) bool { return paged(r).Maximum != nil || len(r.Endpoint.Ignore) > 0 }},
	{"a link to another origin fails the run; dlt follows it, and sends the credential along",
		func(r *Resource) bool {
			return slices.Contains([]string{"json_link", "header_link", "auto"}, paged(r).Type) && r.Endpoint.Auth != nil
		}},
	{"a key in a cookie works; in dlt the first request fails",
		func(r *Resource) bool {
			return r.Endpoint.Auth != nil && r.Endpoint.Auth.Location == "cookie"
		}},
	{"a timestamp column takes whole seconds, and text in UTC alone, the rest goes to a variant; dlt turns fractions and other text into UTC too",
		func(r *Resource) bool {
			return slices.ContainsFunc(r.Columns, func(c Column) bool { return c.DataType == "timestamp" })
		}},
	{"rows that are gone at the source are deleted after a proven walk only; dlt writes the table anew",
		func(r *Resource) bool { return r.Disposition == "replace" }},
	{"a row that changed while its cursor is still the last walk's is published; dlt drops it",
		func(r *Resource) bool { return r.Endpoint.Incremental != nil && len(r.PrimaryKey) > 0 }},
	{"a child whose key stands under two parents fails the run; dlt keeps one of the two",
		func(r *Resource) bool { return r.Parent != nil && r.Disposition != "append" }},
}

func paged(r *Resource) *Paginator { return &r.Endpoint.Paginator }

// counted is true of the paginators whose total dlt knows.
func (r *Resource) counted() bool { return paged(r).Type == "offset" || paged(r).Type == "page_number" }

// Differences says where this configuration has the program do otherwise than dlt would, on purpose: one line each, with the names of
// the resources unless it is all of them. The last line, which is always there, is about what differs for every configuration.
func (c *Config) Differences() []string {
	var lines []string
	for _, d := range differences {
		var names []string
		for i := range c.Resources {
			if d.matters(&c.Resources[i]) {
				names = append(names, c.Resources[i].Name)
			}
		}
		switch len(names) {
		case 0:
		case len(c.Resources):
			lines = append(lines, d.text)
		default:
			lines = append(lines, strings.Join(names, ", ")+": "+d.text)
		}
	}
	names := "names and "
	if c.Schema.Names == "snake_case" {
		names = ""
	}
	return append(lines, "in every configuration, fields keep the API's "+names+"nesting, and dates and times their text; docs/compatibility.md has the rest")
}
