package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
	"producer/pkg/registry"
	"producer/pkg/schema"
)

// codec is a resource's schema as it stands: what is registered, and the encoder compiled from it. A codec without a schema
// waits for a sample (see [worker.settle]).
type codec struct {
	subject  string
	registry registry.Registry
	opts     schema.Options
	contract config.Contract
	file     string         // the pinned file's path, "" when the schema is inferred
	pin      *schema.Schema // the file's schema
	pinned   *schema.Schema // the same until it is registered
	log      *slog.Logger

	latest      *schema.Schema // the subject's when it was asked for; nil: none
	latestFrame registry.Frame

	schema  *schema.Schema
	encoder *schema.Encoder
	frame   registry.Frame
	fresh   bool  // the schema was inferred by this walk: dlt lets columns be added to a new table for one run
	fault   error // why open failed, where that concerns this resource alone
}

// pinError says that a pinned schema file cannot be used: exit 2.
func pinError(file string, err error) error {
	return &GuardError{Text: fmt.Sprintf("%s: %v", file, err)}
}

// newCodec reads the pinned file, if there is one. It asks no registry.
func newCodec(cfg *config.Config, r config.Resource, reg registry.Registry, log *slog.Logger) (*codec, error) {
	c := &codec{subject: r.Topic.Name + "-value", registry: reg, contract: r.Contract, log: log}
	c.opts = schema.Options{Namespace: cfg.Pipeline, Name: r.Name, SnakeCase: cfg.Schema.Names == "snake_case"}
	for _, col := range r.Columns {
		c.opts.Columns = append(c.opts.Columns, schema.Column{Source: col.Name, Type: avroType(col), Required: col.Required, Doc: col.Description})
	}
	for _, p := range r.PrimaryKey {
		c.opts.Key = append(c.opts.Key, p.Names)
	}
	if r.Nested == "json" {
		c.opts.Nested = schema.JSON
	}
	c.opts.KeepNames, c.opts.KeepTypes = r.Contract.Columns != "evolve", r.Contract.DataType != "evolve"
	if cfg.Schema.Directory == "" {
		return c, nil
	}
	file := filepath.Join(cfg.Schema.Directory, r.Name+".avsc")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	} else if err != nil {
		return nil, pinError(file, err)
	}
	s, err := schema.Parse(text)
	if err != nil {
		return nil, pinError(file, err)
	}
	if _, err := schema.Compile(s, c.opts); err != nil {
		return nil, pinError(file, err)
	}
	differences, err := s.CheckColumns(c.opts.Columns)
	if err == nil {
		_, lacking, e := schema.Evolve(s, schema.NewObservation(c.opts), c.opts)
		for err = e; len(lacking) > 0; lacking = lacking[1:] {
			differences = append(differences, "column "+lacking[0].Source+" is declared, the schema lacks it")
		}
	}
	if err == nil && len(differences) > 0 {
		err = fmt.Errorf("%s: the file is what is registered; change it, or take the column out of columns", strings.Join(differences, "; "))
	}
	if err != nil {
		return nil, pinError(file, err)
	}
	c.file, c.pin = file, s
	return c, nil
}

// avroType is a column's type as a schema has it.
func avroType(c config.Column) string {
	switch c.DataType {
	case "bool":
		return `"boolean"`
	case "bigint":
		return `"long"`
	case "double":
		return `"double"`
	case "timestamp":
		return `{"type":"long","logicalType":"timestamp-millis","json_unit":"s"}` // dlt takes numbers for seconds
	case "date":
		return `{"type":"int","logicalType":"date"}`
	case "decimal":
		return fmt.Sprintf(`{"type":"bytes","logicalType":"decimal","precision":%d,"scale":%d}`, c.Precision, c.Scale)
	case "json":
		return `{"type":"string","connect.name":"io.debezium.data.Json"}`
	}
	return `"string"` // text
}

// fingerprint is a schema's as the state has it.
func fingerprint(s *schema.Schema) string { return fmt.Sprintf("%x", s.Fingerprint()) }

// forget drops what was read from the registry.
func (c *codec) forget() { c.schema, c.encoder, c.frame, c.fault = nil, nil, registry.Frame{}, nil }

// open asks the registry for what stands. It registers nothing.
func (c *codec) open(ctx context.Context) error {
	if c.ready() {
		return nil
	}
	c.fault, c.pinned = nil, c.pin
	latest, frame, err := c.registry.Latest(ctx, c.subject)
	if c.latest, c.latestFrame = latest, frame; err != nil || latest == nil {
		return err
	}
	if c.pinned != nil && !latest.Extends(c.pinned) {
		return nil // the file says something new: it is registered as it stands, before the first record
	}
	declared, err := c.declare(latest)
	if err != nil {
		return err
	}
	if c.pinned = nil; declared != latest {
		c.pinned = declared // so are columns that are new in the configuration
		return nil
	}
	return c.adopt(latest, frame)
}

// declare returns a published schema with the columns that the configuration declares beyond it.
func (c *codec) declare(latest *schema.Schema) (*schema.Schema, error) {
	differences, err := latest.CheckColumns(c.opts.Columns)
	for _, d := range differences {
		c.log.Warn(d+": a published field never changes; take the column out of columns, or publish to a new topic", "resource", c.opts.Name, "subject", c.subject)
	}
	if err != nil {
		return nil, err
	}
	declared, _, err := schema.Evolve(latest, schema.NewObservation(c.opts), c.opts)
	if err != nil {
		return nil, &DataError{Where: "subject " + c.subject, Err: err}
	}
	return declared, nil
}

// adopt takes a published schema for the one that stands.
func (c *codec) adopt(s *schema.Schema, f registry.Frame) error {
	d, err := c.compile(s, nil)
	if err == nil {
		c.schema, c.encoder, c.frame = d.schema, d.encoder, f
	}
	return err
}

// ready reports whether records can be encoded. When it is false a pinned schema must be registered, or a sample taken.
func (c *codec) ready() bool { return c.encoder != nil }

// refusesTable reports whether every record is to be discarded: there is no schema, and the contract lets none be made. As in dlt,
// discard_value then leaves out whole records too: all of a new table's values don't fit.
func (c *codec) refusesTable() bool {
	return !c.ready() && c.pinned == nil && (c.contract.Tables == "discard_row" || c.contract.Tables == "discard_value")
}

// tableMissing says why refusesTable discards.
func (c *codec) tableMissing() string {
	return fmt.Sprintf("schema_contract: tables is %s, and subject %s has no schema and %s no file in schema.directory; let tables evolve for one run, or put a file there", c.contract.Tables, c.subject, c.opts.Name)
}

// draft is a schema that is not registered yet: a record that it can't encode must not shape its subject.
type draft struct {
	schema  *schema.Schema
	encoder *schema.Encoder
	changes []schema.Change // beyond the schema before it
	frame   *registry.Frame // of one that another instance has published already
}

// compile drafts s.
func (c *codec) compile(s *schema.Schema, changes []schema.Change) (draft, error) {
	enc, err := schema.Compile(s, c.opts)
	if err != nil {
		return draft{}, &DataError{Where: "subject " + c.subject, Err: err}
	}
	return draft{schema: s, encoder: enc, changes: changes}, nil
}

// draft drafts the schema that stands with what obs holds beyond it, or the first one from obs alone.
func (c *codec) draft(ctx context.Context, obs *schema.Observation) (draft, error) {
	opts := c.opts
	if c.schema == nil {
		if c.contract.Tables == "freeze" {
			return draft{}, &DataError{Where: "schema_contract", Err: advised{fmt.Errorf("tables is freeze, and subject %s has no schema and %s no file: put one into schema.directory", c.subject, c.opts.Name)}}
		}
		c.fresh = true
	}
	opts.KeepNames = opts.KeepNames && !c.fresh
	s, changes, err := schema.Evolve(c.schema, obs, opts)
	if err != nil || s == c.schema {
		return draft{schema: s, encoder: c.encoder}, err
	}
	if c.schema == nil {
		return c.compile(s, changes)
	}
	// What another instance has published since stays in what follows: it would look taken away else.
	latest, frame, err := c.registry.Latest(ctx, c.subject)
	if err != nil {
		return draft{}, err
	}
	if latest != nil && latest.Extends(c.schema) && !c.schema.Extends(latest) {
		if s, changes, err = schema.Evolve(latest, obs, opts); err != nil {
			return draft{}, err
		}
	}
	d, err := c.compile(s, changes)
	if s == latest {
		d.frame = &frame
	}
	return d, err
}

// register publishes a draft, unless it is what stands, and says in the log what it adds.
func (c *codec) register(ctx context.Context, d draft) error {
	if d.schema == c.schema {
		return nil
	}
	if d.frame == nil {
		frame, err := c.registry.Register(ctx, c.subject, d.schema)
		if err != nil {
			return c.inFile(d.schema, err)
		}
		d.frame = &frame
	}
	grown := c.schema != nil
	c.schema, c.encoder, c.frame, c.pinned = d.schema, d.encoder, *d.frame, nil
	if !grown {
		return nil
	}
	for _, ch := range d.changes {
		args := []any{"resource", c.opts.Name, "field", ch.Path, "avro", ch.Avro, "type", ch.Type}
		if c.file != "" {
			args = append(args, "file", c.file)
		}
		switch {
		case ch.Kind == schema.Variant:
			c.log.Warn("a value does not fit its field's type: it goes to a variant field", args...)
		case c.file != "":
			c.log.Warn("a field that the pinned schema lacks was added", args...)
		default:
			c.log.Info("a new field was added to the schema", args...)
		}
	}
	return nil
}

// inFile names the file in an error about s, where s is what stands in it.
func (c *codec) inFile(s *schema.Schema, err error) error {
	if err == nil || s != c.pin {
		return err
	}
	return fmt.Errorf("%s: %w", c.file, err)
}

// mode is what the contract says to m: of columns where the name is unknown, else of data_type.
func (c *codec) mode(m *schema.Misfit) string {
	switch {
	case m.Want != "":
		return c.contract.DataType
	case c.fresh:
		return "evolve"
	}
	return c.contract.Columns
}

// discarded reports whether the contract leaves m out of its record.
func (c *codec) discarded(m *schema.Misfit) bool { return c.mode(m) == "discard_value" }

// append appends the frame and the body of rec to dst; on error dst is as it was.
func (c *codec) append(dst []byte, rec record.Value) ([]byte, error) {
	at := len(dst)
	dst = append(dst, c.frame.Prefix...)
	out, err := c.encoder.Append(dst, rec)
	if err != nil {
		return dst[:at], err
	}
	return out, nil
}
