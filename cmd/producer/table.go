package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"producer/pkg/pipeline"
)

// column is one of the result table's.
type column struct {
	name string
	cell func(pipeline.Resource) string
	dull string // what it holds in every row when it can be left out first; "": always of use
}

func columns() []column {
	number := func(name string, of func(pipeline.Resource) int64) column {
		return column{name: name, cell: func(r pipeline.Resource) string { return strconv.FormatInt(of(r), 10) }}
	}
	deleted := number("deleted", func(r pipeline.Resource) int64 { return r.Tombstones })
	deleted.dull = "0"
	return []column{
		{name: "resource", cell: func(r pipeline.Resource) string { return r.Resource }},
		{name: "topic", cell: func(r pipeline.Resource) string { return r.Topic }},
		{name: "status", cell: func(r pipeline.Resource) string { return string(r.Status) }, dull: string(pipeline.Complete)},
		number("pages", func(r pipeline.Resource) int64 { return r.Pages }),
		number("records", func(r pipeline.Resource) int64 { return r.Records }),
		number("published", func(r pipeline.Resource) int64 { return r.Published }),
		number("unchanged", func(r pipeline.Resource) int64 { return r.Unchanged }),
		deleted,
		number("retries", func(r pipeline.Resource) int64 { return r.Retries }),
		{name: "proof", cell: func(r pipeline.Resource) string { return string(r.Proof) }},
		{name: "time", cell: func(r pipeline.Resource) string { return r.Duration().Round(time.Millisecond).String() }},
	}
}

// table prints a summary for people, in as many columns of a terminal as there are; 0 is no bound. Where it is too wide, columns go
// that say the same of every resource, then the space between them, then those that can be done without.
func table(w io.Writer, sum pipeline.Summary, width int) error {
	if _, err := w.Write(fitted(sum.Resources, width)); err != nil {
		return err
	}
	for _, r := range sum.Resources {
		if r.DeadLettered > 0 {
			fmt.Fprintf(w, "%s: %d records were discarded by schema_contract: they are in %s.dlq\n", r.Resource, r.DeadLettered, r.Topic)
		}
	}
	if slices.ContainsFunc(sum.Resources, cutShort) {
		fmt.Fprintln(w, "pages and records are those that are committed; more may have been read")
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", sum.Pipeline, sum.Status)
	return err
}

// cutShort reports whether a walk was begun and did not end: it may have read more than it committed.
func cutShort(r pipeline.Resource) bool {
	return r.Requests > 0 && (r.Status == pipeline.Failed || r.Status == pipeline.Interrupted)
}

// fitted lays the rows out.
func fitted(rows []pipeline.Resource, width int) []byte {
	cols, padding := columns(), 2
	without := func(name string) func() {
		return func() { cols = slices.DeleteFunc(cols, func(c column) bool { return c.name == name }) }
	}
	steps := []func(){
		func() { cols = slices.DeleteFunc(cols, func(c column) bool { return c.says(rows) }) },
		func() { padding = 1 },
		without("topic"), without("retries"), without("pages"), without("unchanged"), without("time"), without("deleted"),
	}
	for {
		text := laid(cols, rows, padding)
		if width <= 0 || widest(text) <= width || len(steps) == 0 {
			return text
		}
		steps[0]()
		steps = steps[1:]
	}
}

// says reports whether the column says nothing but its dull word.
func (c column) says(rows []pipeline.Resource) bool {
	return c.dull != "" && !slices.ContainsFunc(rows, func(r pipeline.Resource) bool { return c.cell(r) != c.dull })
}

func laid(cols []column, rows []pipeline.Resource, padding int) []byte {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, padding, ' ', tabwriter.AlignRight)
	line := func(cell func(column) string) {
		for _, c := range cols {
			fmt.Fprintf(t, "%s\t", cell(c))
		}
		fmt.Fprintln(t)
	}
	line(func(c column) string { return c.name })
	for _, r := range rows {
		line(func(c column) string { return c.cell(r) })
	}
	_ = t.Flush() // into memory
	return b.Bytes()
}

func widest(text []byte) (most int) {
	for line := range bytes.Lines(text) {
		most = max(most, utf8.RuneCount(bytes.TrimRight(line, "\n")))
	}
	return most
}
