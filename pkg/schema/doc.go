// Package schema turns what JSON records hold into Avro schemas, lets these evolve without breaking a reader, and compiles them to
// encoders.
//
//	obs := schema.NewObservation(opts)                    // what a sample of records holds, in any order
//	obs.Add(rec)
//	s, _, err := schema.Evolve(nil, obs, opts)            // the first schema
//	enc, err := schema.Compile(s, opts)
//	body, err := enc.Append(nil, rec)                     // a *Misfit asks for Evolve(s, obs of the page, opts)
//
// The only change ever made to a published schema is a new nullable field: for a name that was unknown, or, as a variant
// `<name>__v_<type>`, for values that the published field does not take. So the latest schema reads every record ever written.
//
// # Where the rules leave room
//
//   - Values of several shapes that come together before a name is published: the field takes arrays, else objects, else scalars, and
//     the other shapes go to its variants. Scalars of several kinds are text, but integers and fractions are doubles where a double
//     equals every integer.
//   - Elements of arrays are always nullable. Arrays of scalars, of objects and of arrays are different types; elements of unlike shapes
//     in one array are JSON text, each as a whole.
//   - null, [] and {}, and what holds only such, give no type. Where a typed field or element can't take one it is null.
//   - A string takes any other scalar as its JSON text; JSON text (nested: json) takes anything, strings in quotes.
//   - Field and record names, once given, stay. New fields of a file whose fields are not in the order of the rules come after them.
//   - Pinned timestamp-millis take numbers and RFC 3339 text in UTC, date numbers and full-dates, decimal numbers and numeric text, uuid its
//     textual form: exactly, or the value is a misfit. bytes other than decimal, and fixed, can't be made from JSON.
package schema
