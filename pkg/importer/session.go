package importer

import (
	"errors"
	"fmt"
	"runtime/metrics"
	"strings"
	"time"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Bounds of one import.
const (
	MaxFile   = 512 << 10 // bytes
	maxSteps  = 2_000_000 // of Starlark
	maxMemory = 64 << 20  // bytes that the evaluation may add to the heap
	maxTime   = 20 * time.Second
	maxRange  = 100_000 // of range()
)

// session is one import.
type session struct {
	file     string
	now      time.Time // zero: nobody knows
	marks    []mark
	lines    map[starlark.Value]positions // of dictionaries and lists
	sources  []*source
	problems []Problem
	notes    []Problem
}

// positions are the lines of a container and its entries.
type positions struct {
	own     int
	entries map[string]int // by key, or by index as in [0]
}

// positionsOf are the lines of a dictionary or a list; those of another value are zero.
func (s *session) positionsOf(v starlark.Value) positions {
	switch v.(type) {
	case *starlark.Dict, *starlark.List:
		return s.lines[v]
	}
	return positions{}
}

func (s *session) problem(line int, key, text string) {
	s.problems = append(s.problems, Problem{line, key, text})
}

// note is said once a line.
func (s *session) note(line int, format string, args ...any) {
	n := Problem{Line: line, Text: fmt.Sprintf(format, args...)}
	for _, said := range s.notes {
		if said == n {
			return
		}
	}
	s.notes = append(s.notes, n)
}

func (s *session) unknown(what string, line int) *unknown {
	return &unknown{session: s, what: what, line: line}
}

// evaluate runs the file, so that the session knows its sources.
func (s *session) evaluate(src string) error {
	if i := strings.IndexFunc(src, isMark); i >= 0 {
		return s.errorf(1+strings.Count(src[:i], "\n"), "holds a character of a private plane of Unicode")
	}
	text, err := rewrite(src)
	if err != nil {
		return s.failure(err)
	}
	options := &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}
	tree, err := options.Parse(s.file, text, 0)
	if err != nil {
		return s.failure(err)
	}
	instrument(tree.Stmts)
	predeclared := s.functions()
	program, err := starlark.FileProgram(tree, func(name string) bool {
		if !predeclared.Has(name) && !starlark.Universe.Has(name) {
			predeclared[name] = s.unknown(name, 0) // a builtin of Python, or what an import of * brought
		}
		return predeclared.Has(name)
	})
	if err != nil {
		return s.failure(err)
	}
	globals, err := program.Init(s.thread(), predeclared)
	if err != nil {
		return s.failure(err)
	}
	s.loose(globals)
	return nil
}

// thread counts steps and looks at the memory as it goes.
func (s *session) thread() *starlark.Thread {
	const every = 4 // a value can double in so few
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	limit := heap[0].Value.Uint64() + maxMemory
	thread := &starlark.Thread{Name: s.file, Print: func(*starlark.Thread, string) {}}
	thread.SetMaxExecutionSteps(every)
	thread.OnMaxSteps = func(t *starlark.Thread) {
		metrics.Read(heap)
		switch {
		case t.ExecutionSteps() > maxSteps:
			t.Cancel("it does not come to its end; an import may take " + fmt.Sprint(maxSteps) + " steps")
		case heap[0].Value.Uint64() > limit:
			t.Cancel("it builds too much; an import may take " + fmt.Sprint(maxMemory>>20) + " MiB")
		}
		t.SetMaxExecutionSteps(t.ExecutionSteps() + every)
	}
	time.AfterFunc(maxTime, func() { // a step may be long; of a thread that has ended it is nothing
		thread.Cancel("it does not come to its end; an import may take " + maxTime.String())
	})
	return thread
}

func (s *session) errorf(line int, format string, args ...any) error {
	return &Error{s.file, line, fmt.Sprintf(format, args...)}
}

// failure is an error of rewriting, parsing or evaluating as one of ours.
func (s *session) failure(err error) error {
	var (
		ours      *Error
		python    *syntaxError
		parsing   syntax.Error
		resolving resolve.ErrorList
		running   *starlark.EvalError
	)
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &python):
		return s.errorf(python.line, "%s", python.text)
	case errors.As(err, &parsing):
		return s.errorf(int(parsing.Pos.Line), "is Python that the import does not understand (%s); write it another way, or take it out", parsing.Msg)
	case errors.As(err, &resolving):
		return s.errorf(int(resolving[0].Pos.Line), "is Python that the import does not understand (%s)", resolving[0].Msg)
	case errors.As(err, &running):
		at := 0
		for i := len(running.CallStack) - 1; i >= 0 && at == 0; i-- {
			at = int(running.CallStack[i].Pos.Line)
		}
		return s.errorf(at, "can't be evaluated: %s", s.readable(running.Msg))
	}
	return s.errorf(0, "%s", err)
}

// readable is a message without marks.
func (s *session) readable(text string) string {
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return '…'
		}
		return r
	}, text)
}
