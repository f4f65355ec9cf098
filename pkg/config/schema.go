package config

import (
	"errors"
	"io/fs"
	"os"
)

// Schema says where schemas come from and where they are registered.
type Schema struct {
	Names     string    // of fields: "source", made valid, or "snake_case"
	Directory string    // holds <resource>.avsc, which pin schemas; resolved; "": none are pinned
	Registry  *Registry // nil: values carry fingerprints, and schemas stand in SchemasTopic
}

// Registry is a schema registry with Confluent's API.
type Registry struct {
	URL      string // http or https, without a slash at its end
	Username string // "": no authentication
	Password Secret
}

// Contract says what becomes of data that doesn't fit the schema. Each is "evolve", "freeze", "discard_row" or "discard_value".
type Contract struct {
	Tables, Columns, DataType string
}

// Discards reports whether records or values may be left out, which need a topic for dead letters.
func (c Contract) Discards() bool {
	for _, mode := range []string{c.Tables, c.Columns, c.DataType} {
		if mode == "discard_row" || mode == "discard_value" {
			return true
		}
	}
	return false
}

// schema reads the schema block and the default of nested. n is nil where there is none.
func (l *loader) schema(n *node) (s Schema, nested string) {
	s.Names, nested = "source", "record"
	if n == nil {
		return s, nested
	}
	o := l.object(n)
	if d := o.get("directory"); d != nil {
		s.Directory = l.directory(d)
	}
	o.setWord("nested", &nested, "record", "json")
	o.setWord("names", &s.Names, "source", "snake_case")
	if r := o.get("registry"); given(r) {
		s.Registry = l.registry(r)
	}
	o.done()
	return s, nested
}

// directory reads the schema directory. One that isn't there pins nothing, which a misspelt name shouldn't do in silence.
func (l *loader) directory(n *node) string {
	text, ok := l.text(n)
	if !ok {
		return ""
	}
	p := l.path(text)
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.warn(n, "is the directory "+quote(n.text)+", which isn't there: every schema is inferred (producer schema infer makes it)")
	case err != nil:
		l.wrong(n, "is the directory %s, which can't be read: %s; paths are relative to this file", quote(n.text), cause(err))
	case !info.IsDir():
		l.wrong(n, "is %s, which is no directory; it must be the one that holds <resource>.avsc", quote(n.text))
	}
	return p
}

func (l *loader) registry(n *node) *Registry {
	o := l.object(n)
	r := &Registry{}
	if u := o.want("url", "give the registry's URL, as in http://localhost:8081"); u != nil {
		r.URL = l.baseURL(u)
	}
	name, password := o.get("username"), o.get("password")
	if name != nil {
		t, ok := l.text(name)
		assign(&r.Username, t, ok)
	}
	if password != nil {
		t, ok := l.secretText(password)
		assign(&r.Password, t, ok)
		if unprotected(r.URL) {
			l.warn(password, "goes to another machine over http, readable on its way; use https in url")
		}
	}
	if (name == nil) != (password == nil) {
		l.wrong(n, "has only one of username and password; it needs both, or neither")
	}
	o.done()
	return r
}

// contract reads dlt's schema_contract: a mode for all, or one for each of three.
func (l *loader) contract(n *node) Contract {
	modes := []string{"evolve", "freeze", "discard_row", "discard_value"}
	c := Contract{Tables: "evolve", Columns: "evolve", DataType: "evolve"}
	if n.kind != mappingKind {
		if mode, ok := l.word(n, modes...); ok {
			c = Contract{Tables: mode, Columns: mode, DataType: mode}
		}
		return c
	}
	o := l.object(n)
	read := func(name string, dst *string) {
		if v := o.get(name); v != nil {
			mode, ok := l.word(v, modes...)
			assign(dst, mode, ok)
		}
	}
	read("tables", &c.Tables)
	read("columns", &c.Columns)
	read("data_type", &c.DataType)
	o.done()
	return c
}
