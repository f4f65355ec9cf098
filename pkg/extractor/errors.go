package extractor

import (
	"fmt"
	"strings"
)

// PageError is what every error of a walk is wrapped in: which resource and which page. Attempts is 0 where no request was made.
type PageError struct {
	Resource, Label string
	Attempts        int
	Err             error
}

func (e *PageError) Error() string {
	return fmt.Sprintf("fetch %s %s: %s", e.Resource, e.Label, e.Err)
}

// Unwrap returns Err.
func (e *PageError) Unwrap() error { return e.Err }

// SelectorError is a page without a list of records where data_selector points: an error message with status 200, mostly. It is
// not an empty page.
type SelectorError struct {
	Selector string
	Why      string
	Excerpt  string // of the page, at most 200 bytes, secrets taken out
}

func (e *SelectorError) Error() string {
	return fmt.Sprintf("data_selector %s %s: %s", e.Selector, e.Why, e.Excerpt)
}

// PathError is a page in which a path that the configuration counts on, such as total_path or has_more_path, finds nothing of use.
type PathError struct {
	Option, Path string
	Why          string
}

func (e *PathError) Error() string {
	if e.Path == "" {
		return e.Option + " " + e.Why
	}
	return fmt.Sprintf("%s %s %s", e.Option, e.Path, e.Why)
}

// LoopError is a walk that comes back to where it was: a page with the very records of an earlier one, or a next page that was asked
// for before. Going on would never end.
type LoopError struct {
	Earlier string // the label of that page
	Token   bool   // what repeats is the cursor or link to that page
	Guess   string // the type of the paginator, where it was found out; else ""
	Empty   int    // so many pages in a row had no records, which is all that repeats where Earlier is ""
}

func (e *LoopError) Error() string {
	if e.Earlier == "" {
		return fmt.Sprintf("%d pages in a row have no records, and still the listing goes on", e.Empty)
	}
	if e.Token {
		return fmt.Sprintf("the next page is %s again: the API's cursor or link leads back to it", e.Earlier)
	}
	return fmt.Sprintf("the same records as at %s: the API repeats a page instead of going on (it may ignore the paginator's "+
		"parameters, or repeat its last page past the end)", e.Earlier)
}

// ShortError is a walk that ended before the total that the API showed, and never changed, was reached.
type ShortError struct {
	Seen, Total int64
	Unit        string // "rows" or "pages"
}

func (e *ShortError) Error() string {
	text := fmt.Sprintf("the listing ended after %d %s, its total says %d", e.Seen, e.Unit, e.Total)
	if e.Unit == "pages" {
		return text + "; write total_path: null if the total counts rows, or pages that are not shown"
	}
	return text + "; write total_path: null if the total counts rows that are not shown"
}

// RecordError is a record that has no one meaning: a name stands twice in it, or half a surrogate pair. The rest of the page
// is sound.
type RecordError struct {
	Index int    // in the page, from 0
	Key   string // "" where it can't be told
	Field string // names joined by dots
	Err   error  // a *record.SyntaxError
}

func (e *RecordError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "record %d", e.Index+1)
	if e.Key != "" {
		fmt.Fprintf(&b, " (key %.100q)", e.Key)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, ", field %.100q", e.Field)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *RecordError) Unwrap() error { return e.Err }
