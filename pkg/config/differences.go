package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// difference is something that the program does otherwise than dlt, on purpose.
type difference struct {
	text    string
	matters func(c *Config, r *Resource) bool
}

// differences are in the order of docs/compatibility.md, where each has its reason; test/dlt shows each.
var differences = []difference{
	{"a page in which data_selector finds nothing fails the run; dlt ends the walk there and succeeds",
		func(_ *Config, r *Resource) bool { return len(r.Endpoint.Selector.Segments()) > 0 }},
	{"offset goes on by the rows that came; dlt goes on by limit, and skips rows where the API answers less",
		func(_ *Config, r *Resource) bool { return r.Endpoint.Paginator.Type == "offset" }},
	{"where a page has no total, the listing is read to its first empty page; dlt fails",
		func(_ *Config, r *Resource) bool {
			return r.counted() && paged(r).TotalPath != nil && !paged(r).TotalGiven
		}},
	{"total_path of this paginator is a key of this program's own, which dlt refuses",
		func(_ *Config, r *Resource) bool { return !r.counted() && paged(r).TotalGiven }},
	{"a walk that a maximum or an ignored answer ended leaves the run incomplete; dlt says nothing",
		func(_ *Config, r *Resource) bool { return paged(r).Maximum != nil || len(r.Endpoint.Ignore) > 0 }},
	{"a page that repeats the one before fails the run; dlt loads it again, or asks for ever",
		func(_ *Config, r *Resource) bool { return paged(r).Type != "single_page" }},
	{"a link to another origin fails the run; dlt follows it, and sends the credential along",
		func(_ *Config, r *Resource) bool {
			return slices.Contains([]string{"json_link", "header_link", "auto"}, paged(r).Type) && r.Endpoint.Auth != nil
		}},
	{"a key in a cookie works; in dlt the first request fails",
		func(_ *Config, r *Resource) bool {
			return r.Endpoint.Auth != nil && r.Endpoint.Auth.Location == "cookie"
		}},
	{"no message holds the key; dlt's hold a query parameter whose name it does not know for a secret",
		func(_ *Config, r *Resource) bool {
			return r.Endpoint.Auth != nil && r.Endpoint.Auth.Location == "query"
		}},
	{"rows that are gone at the source are deleted after a proven walk only; dlt writes the table anew",
		func(_ *Config, r *Resource) bool { return r.Disposition == "replace" }},
	{"a row that changed while its cursor is still the last walk's is published; dlt drops it",
		func(_ *Config, r *Resource) bool { return r.Endpoint.Incremental != nil && len(r.PrimaryKey) > 0 }},
	{"a child whose key stands under two parents fails the run; dlt keeps one of the two",
		func(_ *Config, r *Resource) bool { return r.Parent != nil && r.Disposition != "append" }},
	{"dates and times stay the text that the API sends, unless columns or a schema file declare them; dlt makes UTC timestamps of them",
		always},
	{"objects and lists stay in their record; dlt makes columns and tables of them", always},
	{"fields keep the API's names; dlt makes them snake_case, as schema.names: snake_case does",
		func(c *Config, _ *Resource) bool { return c.Schema.Names != "snake_case" }},
}

func always(*Config, *Resource) bool { return true }

func paged(r *Resource) *Paginator { return &r.Endpoint.Paginator }

// counted is true of the paginators whose total dlt knows.
func (r *Resource) counted() bool { return paged(r).Type == "offset" || paged(r).Type == "page_number" }

// Differences says where this configuration has the program do otherwise than dlt would, on purpose: one line each, with the names of
// the resources unless it is all of them. It is never empty.
func (c *Config) Differences() []string {
	var lines []string
	for _, d := range differences {
		var names []string
		for i := range c.Resources {
			if d.matters(c, &c.Resources[i]) {
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
	if r := c.Client.Retry; !r.isDlts() {
		lines = append(lines, fmt.Sprintf("a request is made up to %d times, on %s; dlt makes it up to 5 times, on 429 and every 5xx",
			r.MaxRetries+1, strings.Trim(fmt.Sprint(r.StatusCodes), "[]")))
	}
	return lines
}

// isDlts is true of dlt's own retries (request_max_attempts, request_backoff_factor), as far as a list of codes can be.
func (r Retry) isDlts() bool {
	return r.MaxRetries == 4 && r.Factor == 2 && r.InitialInterval == time.Second && slices.Contains(r.StatusCodes, 429) &&
		slices.Contains(r.StatusCodes, 500) && slices.Contains(r.StatusCodes, 599)
}
