package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxProblems bounds what a hostile file can make us print. Nobody mends more than this at a time.
const maxProblems = 500

// Errors is every mistake of a configuration file, ordered by line. It is the only error type that [Load] and [Parse] return.
type Errors struct { //nolint:errname // it is many, as config.Errors says
	Problems []Problem
}

// Error has one line for each problem.
func (e *Errors) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problem is one mistake. It never holds what a reference such as ${NAME} stands for, nor the value of a secret key.
type Problem struct {
	File string // as it was given to Load
	Line int    // from 1; 0 where the mistake has no line, as with a file that can't be read
	Key  string // full name, as in source.resources[0].endpoint.path; may be empty
	Text string // what is wrong; what would be right
}

// String is "file:line: key: text", without the parts that the problem doesn't have.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(p.Line))
	}
	if p.Key != "" {
		b.WriteString(": ")
		b.WriteString(p.Key)
	}
	b.WriteString(": ")
	b.WriteString(p.Text)
	return b.String()
}

// tidy orders problems by line, drops repetitions (a mistake in resource_defaults is met once per resource) and cuts the list.
func tidy(ps []Problem) []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	seen := make(map[Problem]bool, len(ps))
	ps = slices.DeleteFunc(ps, func(p Problem) bool {
		if seen[p] {
			return true
		}
		seen[p] = true
		return false
	})
	if more := len(ps) - maxProblems; more > 0 {
		ps = append(ps[:maxProblems:maxProblems], Problem{File: ps[0].File, Text: "and " + strconv.Itoa(more) + " more mistakes"})
	}
	return ps
}
