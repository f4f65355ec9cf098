package importer

import (
	"strconv"

	"go.starlark.net/syntax"
)

// Functions that instrument puts around expressions, so that an unknown value is noticed where Starlark would decide by it, and so
// that the entries of dictionaries and lists keep their lines.
const (
	fnAt      = "__starlark_at"      // (container, (its line, its entries' lines...))
	fnCond    = "__starlark_cond"    // (condition)
	fnCompare = "__starlark_compare" // (operator, x, y)
	fnOr      = "__starlark_or"      // (x, y)
	fnEach    = "__starlark_each"    // (iterable)
	fnUnpack  = "__starlark_unpack"  // (n, value)
	fnKnown   = "__starlark_known"   // (string): unknown where it depends on the environment
	fnCopy    = "__starlark_copy"    // (container)
	fnSized   = "__starlark_sized"   // (receiver, method, its arguments...): a method that can make long text
)

// instrument rewrites the tree of a file.
func instrument(stmts []syntax.Stmt) {
	for _, s := range stmts {
		switch s := s.(type) {
		case *syntax.AssignStmt:
			s.LHS, s.RHS = target(s.LHS), exprOf(s.RHS)
			if n := targets(s.LHS); n > 0 && s.Op == syntax.EQ {
				s.RHS = call(s.OpPos, fnUnpack, integer(s.OpPos, n), s.RHS)
			}
		case *syntax.DefStmt:
			all(s.Params)
			instrument(s.Body)
		case *syntax.ExprStmt:
			s.X = exprOf(s.X)
		case *syntax.ForStmt:
			s.X = call(s.For, fnEach, exprOf(s.X))
			instrument(s.Body)
		case *syntax.WhileStmt:
			s.Cond = call(s.While, fnCond, exprOf(s.Cond))
			instrument(s.Body)
		case *syntax.IfStmt:
			s.Cond = call(s.If, fnCond, exprOf(s.Cond))
			instrument(s.True)
			instrument(s.False)
		case *syntax.ReturnStmt:
			s.Result = exprOf(s.Result)
		}
	}
}

// targets is how many names are assigned to at once, 0 where it is one alone.
func targets(e syntax.Expr) int {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return targets(e.X)
	case *syntax.TupleExpr:
		return len(e.List)
	case *syntax.ListExpr:
		return len(e.List)
	}
	return 0
}

// target is what is assigned to; a list of names is no list.
func target(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		e.X = target(e.X)
	case *syntax.TupleExpr:
		for i, x := range e.List {
			e.List[i] = target(x)
		}
	case *syntax.ListExpr:
		for i, x := range e.List {
			e.List[i] = target(x)
		}
	default:
		return exprOf(e)
	}
	return e
}

func all(list []syntax.Expr) {
	for i, e := range list {
		list[i] = exprOf(e)
	}
}

func exprOf(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case *syntax.BinaryExpr:
		return binary(e)
	case *syntax.CallExpr:
		all(e.Args)
		dot, ok := e.Fn.(*syntax.DotExpr)
		if !ok {
			e.Fn = exprOf(e.Fn)
			return e
		}
		dot.X = exprOf(dot.X)
		switch name := dot.Name.Name; {
		case name == "copy" && len(e.Args) == 0:
			return call(e.Lparen, fnCopy, dot.X)
		case readsText[name]:
			dot.X = call(e.Lparen, fnKnown, dot.X)
		}
		if name := dot.Name.Name; (name == "replace" || name == "join") && positional(e.Args) {
			return call(e.Lparen, fnSized, append([]syntax.Expr{dot.X, text(e.Lparen, name)}, e.Args...)...)
		}
		return e
	case *syntax.Comprehension:
		e.Body = exprOf(e.Body)
		for _, c := range e.Clauses {
			switch c := c.(type) {
			case *syntax.ForClause:
				c.X = call(c.For, fnEach, exprOf(c.X))
			case *syntax.IfClause:
				c.Cond = call(c.If, fnCond, exprOf(c.Cond))
			}
		}
	case *syntax.CondExpr:
		e.Cond, e.True, e.False = call(e.If, fnCond, exprOf(e.Cond)), exprOf(e.True), exprOf(e.False)
	case *syntax.DictEntry:
		e.Key, e.Value = exprOf(e.Key), exprOf(e.Value)
	case *syntax.DictExpr:
		all(e.List)
		return at(e.Lbrace, e, e.List)
	case *syntax.DotExpr:
		e.X = exprOf(e.X)
	case *syntax.IndexExpr:
		e.X, e.Y = exprOf(e.X), exprOf(e.Y)
	case *syntax.LambdaExpr:
		all(e.Params)
		e.Body = exprOf(e.Body)
	case *syntax.ListExpr:
		all(e.List)
		return at(e.Lbrack, e, e.List)
	case *syntax.ParenExpr:
		e.X = exprOf(e.X)
	case *syntax.SliceExpr:
		e.X, e.Lo, e.Hi, e.Step = call(e.Lbrack, fnKnown, exprOf(e.X)), exprOf(e.Lo), exprOf(e.Hi), exprOf(e.Step)
	case *syntax.TupleExpr:
		all(e.List)
	case *syntax.UnaryExpr:
		e.X = exprOf(e.X)
		if e.Op == syntax.NOT {
			e.X = call(e.OpPos, fnCond, e.X)
		}
	}
	return e
}

// positional reports whether no argument is named or a star's.
func positional(args []syntax.Expr) bool {
	for _, a := range args {
		switch a := a.(type) {
		case *syntax.BinaryExpr:
			if a.Op == syntax.EQ {
				return false
			}
		case *syntax.UnaryExpr:
			if a.Op == syntax.STAR || a.Op == syntax.STARSTAR {
				return false
			}
		}
	}
	return true
}

// readsText are the methods whose result depends on what a string holds.
var readsText = map[string]bool{
	"lower": true, "upper": true, "title": true, "capitalize": true, "strip": true, "lstrip": true, "rstrip": true, "split": true,
	"rsplit": true, "splitlines": true, "partition": true, "rpartition": true, "replace": true, "startswith": true, "endswith": true,
	"find": true, "rfind": true, "index": true, "count": true, "isdigit": true, "isalpha": true, "isalnum": true,
	"removeprefix": true, "removesuffix": true,
}

func binary(e *syntax.BinaryExpr) syntax.Expr {
	if e.Op == syntax.EQ { // name=value of a call or a parameter
		e.Y = exprOf(e.Y)
		return e
	}
	e.X, e.Y = exprOf(e.X), exprOf(e.Y)
	switch e.Op {
	case syntax.EQL, syntax.NEQ, syntax.LT, syntax.GT, syntax.LE, syntax.GE, syntax.IN, syntax.NOT_IN:
		return call(e.OpPos, fnCompare, text(e.OpPos, e.Op.String()), e.X, e.Y)
	case syntax.OR:
		return call(e.OpPos, fnOr, e.X, e.Y)
	}
	return e
}

// at keeps the lines of a container's entries.
func at(pos syntax.Position, container syntax.Expr, entries []syntax.Expr) syntax.Expr {
	lines := []syntax.Expr{integer(pos, int(pos.Line))}
	for _, entry := range entries {
		lines = append(lines, integer(pos, int(syntax.Start(entry).Line)))
	}
	return call(pos, fnAt, container, &syntax.TupleExpr{Lparen: pos, List: lines, Rparen: pos})
}

func call(pos syntax.Position, function string, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: pos, Name: function}, Lparen: pos, Args: args, Rparen: pos}
}

func integer(pos syntax.Position, n int) syntax.Expr {
	return &syntax.Literal{Token: syntax.INT, TokenPos: pos, Raw: strconv.Itoa(n), Value: int64(n)}
}

func text(pos syntax.Position, s string) syntax.Expr {
	return &syntax.Literal{Token: syntax.STRING, TokenPos: pos, Raw: strconv.Quote(s), Value: s}
}
