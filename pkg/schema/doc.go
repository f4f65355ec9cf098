// Package schema turns what JSON records hold into Avro schemas, lets these evolve without breaking a reader, and compiles them to
// encoders.
//
//	obs := schema.NewObservation(opts)          // what some records hold, in any order
//	err := obs.Add(rec)
//	s, _, err := schema.Evolve(nil, obs, opts)  // the first schema
//	enc, err := schema.Compile(s, opts)
//	body, err := enc.Append(nil, rec)           // a *Misfit asks for Evolve(s, obs of the page, opts); a *ValueError can't be helped
//
// [Parse] reads a schema that was registered or reviewed before; both kinds evolve and compile alike. The only change ever made to a
// published schema is a new nullable field: for a name that was unknown, or, as a variant `<name>__v_<type>`, for values that the
// published field does not take. So the latest schema reads every record ever written, which [Schema.CanRead] proves before it is
// registered.
//
// # How a value finds its field
//
// The fields of a record that take the members of one JSON name (property "json", else the field's name) are a group: the published
// one, then its variants (property "variant_of"), the exact ones before those that take more. The first that takes the value as it is
// gets it; the others are null. Of an object only the shape counts: what a record lacks is a misfit of the member, not of the object.
//
// # Where the rules leave room
//
//   - Values of several shapes that come together before a name is published: the field takes arrays, else objects, else scalars, and
//     the other shapes go to its variants. Scalars of several kinds are text, but integers and fractions are doubles where a double
//     equals every integer.
//   - Elements of arrays are always nullable. Arrays of scalars, of objects and of arrays are different types; elements of unlike shapes
//     in one array are JSON text, each as a whole.
//   - null, [] and {}, and what holds only such, give no type. Where a typed field or element can't take one it is null.
//   - A string takes any other scalar as its JSON text; JSON text (nested: json) takes anything, strings in quotes, numbers as they came.
//   - Field and record names, once given, stay. New fields of a file whose fields are not in the order of the rules come after them.
//   - Pinned timestamp-millis take numbers and RFC 3339 text in UTC, date numbers and full-dates, decimal numbers and numeric text, uuid its
//     textual form: exactly, or the value is a misfit. Micros and times take the numbers that they are stored as. bytes other than
//     decimal, and fixed, can't be made from JSON.
//   - A default stands for null and absence alike, as these are one in a record's hash; never for a value that went to a variant: then
//     the field is null where its type allows.
//   - A column that is declared is published from the start, in the type that was declared, whether it was seen or not.
//   - A union is tried from its exact types to doubles, strings and JSON text.
//
// # Files
//
// schema.go and avro.go read schemas, write.go writes them and their canonical form, text.go shows bodies; observation.go says what was
// seen, evolve.go, infer.go, widen.go, columns.go, names.go and covers.go what follows from it; plan.go compiles them and encoder.go
// writes records: fits.go says which type takes a value, body.go, logical.go and defaults.go write it, misfit.go says why none does,
// selfcheck.go has goavro read an encoder's first, without.go leaves out of a record what does not fit; compat.go compares schemas,
// vanished.go a schema with records, and consumers.go says who can't read what.
package schema
