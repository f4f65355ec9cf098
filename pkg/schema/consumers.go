package schema

import "fmt"

// What is here says who can't read what. It is what was seen when ten consumers were run on topics of ours; docs/consumers.md has the
// table.

// Consumers says which kinds of consumers feel that a published schema gets the change, and how: one text a kind. Readers that hold an
// older schema go on in any case.
func (c Change) Consumers() []string {
	out := []string{"Debezium's JDBC sink adds a column (schema.evolution=basic); Flink, Spark and ClickHouse show the field once their table declares it"}
	if c.Kind == Variant {
		out = append(out, fmt.Sprintf("everyone who reads %s finds null where a value went to %s", c.Source, c.Avro))
	}
	if c.Path != c.Source {
		out = append(out, "ClickHouse (AvroConfluent) can't read a nested record that has evolved; JDBC sinks read no nested records")
	} else if nested(c.typ) {
		out = append(out, "JDBC sinks and ClickHouse: no column for a nested record; leave it out in the connector, or publish it as text (nested: json)")
	}
	if c.large {
		out = append(out, "kafkajs throws at integers beyond 2^53 without a type hook for them")
	}
	switch c.typ.logical {
	case "decimal":
		out = append(out, "Kafka Streams, kafkajs and Java's own Avro see a decimal as bytes")
	case "date", "timestamp-millis":
		out = append(out, "Kafka Streams and kafkajs see a "+c.typ.logical+" as a number")
	}
	return out
}

// nested reports whether values of a type hold records.
func nested(t *typ) bool {
	types, _ := t.alternatives()
	for _, a := range types {
		if a.kind == kRecord || a.kind == kMap || a.kind == kArray && (nested(a.items) || holdsArrays(a.items)) {
			return true
		}
	}
	return false
}

func holdsArrays(t *typ) bool {
	types, _ := t.alternatives()
	return pick(types, kArray) != nil
}

// Warnings says which types of a pinned schema some consumers can't read, and who: one text a field.
func Warnings(s *Schema) []string {
	var out []string
	warn(s.root, "", map[*typ]bool{}, &out)
	return out
}

func warn(t *typ, path string, done map[*typ]bool, out *[]string) {
	t = t.real()
	if t.kind == kRecord {
		if done[t] {
			return
		}
		done[t] = true
		for _, f := range t.fields {
			at := f.name
			if path != "" {
				at = path + "." + f.name
			}
			warn(f.typ, at, done, out)
		}
		return
	}
	say := func(what, who string) { *out = append(*out, fmt.Sprintf("field %s is %s: %s", path, what, who)) }
	switch {
	case t.logical == "timestamp-micros" || t.logical == "time-micros":
		say("a "+t.logical, "Flink reads it off by a factor of 1000; use timestamp-millis")
	case t.kind == kEnum:
		say("an enum", "Flink can't read it; use a string")
	case t.kind == kMap:
		say("a map", "JDBC sinks other than PostgreSQL's hstore can't take it; use a record or JSON text")
	case t.kind == kUnion:
		if alts, _ := t.alternatives(); len(alts) > 1 {
			say("a union of "+t.String(), "Flink and Debezium's JDBC sink can't read it; use one type, nullable at most")
		}
	}
	for _, b := range t.branches {
		warn(b, path, done, out)
	}
	if t.items != nil {
		warn(t.items, path+"[]", done, out)
	}
}
