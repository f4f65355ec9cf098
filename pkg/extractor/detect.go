package extractor

import (
	"net/http"
	"slices"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
)

// What dlt finds out from a listing's first answer where the configuration doesn't say it (rest_client/detector.py of dlt 1.31).

// detectPaginator looks at, in this order: a Link header, a link in the body, a number of pages, a cursor. A listing that has none of
// them is one page.
func detectPaginator(root record.Value, header http.Header) config.Paginator {
	if text, ok := linkOf(header, "next"); ok && text != "" {
		return detected("header_link", config.Query{})
	}
	names, v := findNext(root, nil)
	text := ""
	if v.Kind() == record.String {
		text = string(v.AppendText(nil))
	}
	if strings.HasPrefix(text, "http") || strings.HasPrefix(text, "/") {
		return detected("json_link", config.QueryOf(names...))
	}
	if names, ok := findPages(root, nil); ok {
		return detected("page_number", config.QueryOf(names...))
	}
	if v.IsValid() {
		return detected("cursor", config.QueryOf(names...))
	}
	return detected("single_page", config.Query{})
}

// detected is a paginator of a type with dlt's defaults and the path that was found in the body.
func detected(kind string, q config.Query) config.Paginator {
	switch kind {
	case "header_link":
		return config.Paginator{Type: kind, LinksNextKey: "next"}
	case "json_link":
		return config.Paginator{Type: kind, NextURLPath: &q}
	case "page_number":
		return config.Paginator{Type: kind, PageParam: "page", TotalPath: &q, TotalGiven: true, StopAfterEmpty: true}
	case "cursor":
		return config.Paginator{Type: kind, CursorPath: &q, CursorParam: "cursor"}
	}
	return config.Paginator{Type: "single_page"}
}

// noted is the text of a detected paginator in a position, parseDetected what reads it.
func noted(p config.Paginator) string {
	for _, q := range []*config.Query{p.NextURLPath, p.TotalPath, p.CursorPath} {
		if q != nil {
			return p.Type + " " + q.Canonical()
		}
	}
	return p.Type
}

func parseDetected(text string) (config.Paginator, bool) {
	kind, path, _ := strings.Cut(text, " ")
	var q config.Query
	if path != "" {
		var err error
		if q, err = config.ParseQuery(path); err != nil {
			return config.Paginator{}, false
		}
	}
	p := detected(kind, q)
	return p, noted(p) == text
}

// findNext finds the first member, on any level of objects, whose name begins with next and that holds text or a number; or whose
// member href... or url... does.
func findNext(v record.Value, path []string) ([]string, record.Value) {
	for name, value := range v.Members() {
		at := append(slices.Clip(path), name.String())
		if strings.HasPrefix(strings.ToLower(at[len(path)]), "next") {
			if isScalar(value) {
				return at, value
			}
			for inner, link := range value.Members() {
				text := strings.ToLower(inner.String())
				if (strings.HasPrefix(text, "href") || strings.HasPrefix(text, "url")) && isScalar(link) {
					return append(at, inner.String()), link
				}
			}
		}
		if found, inner := findNext(value, at); inner.IsValid() {
			return found, inner
		}
	}
	return nil, record.Value{}
}

// findPages finds the first member, on any level of objects, that is named as a number of pages and is one.
func findPages(v record.Value, path []string) ([]string, bool) {
	for name, value := range v.Members() {
		at := append(slices.Clip(path), name.String())
		switch strings.ToLower(at[len(path)]) {
		case "total_pages", "pages", "totalpages":
			if isScalar(value) {
				_, ok := count(value)
				return at, ok
			}
		}
		if found, ok := findPages(value, at); found != nil {
			return found, ok
		}
	}
	return nil, false
}

func isScalar(v record.Value) bool {
	switch v.Kind() {
	case record.String, record.Number, record.True, record.False:
		return true
	}
	return false
}

// recordNames are what lists of records are called.
var recordNames = []string{"data", "items", "results", "entries", "records", "rows", "entities", "payload", "content", "objects", "values"}

// detectSelector finds the list of records: the answer itself, or the first list within three levels of objects that is called as
// such lists are, else the first one, else the answer is a record. named says that it was found by its name, or is the answer itself.
func detectSelector(root record.Value) (q config.Query, named bool) {
	var paths [][]string
	if root.Kind() == record.Object {
		paths = findLists(root, nil, nil)
	}
	if len(paths) == 0 {
		return config.QueryOf(), true
	}
	for _, path := range paths {
		if slices.Contains(recordNames, path[len(path)-1]) {
			return config.QueryOf(path...), true
		}
	}
	return config.QueryOf(paths[0]...), false
}

func findLists(v record.Value, path []string, found [][]string) [][]string {
	if len(path) > 2 {
		return found
	}
	for name, value := range v.Members() {
		at := append(slices.Clip(path), name.String())
		switch value.Kind() {
		case record.Array:
			found = append(found, at)
		case record.Object:
			found = findLists(value, at, found)
		}
	}
	return found
}
