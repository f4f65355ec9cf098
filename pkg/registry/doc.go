// Package registry maps schemas to the frame that stands before each Avro value, and frames back to schemas.
//
// There are two registries. [Confluent] is a schema registry with the Confluent API: a value begins with a zero byte and
// the schema's id in four bytes, big-endian. [SingleObject] needs no server: a value begins with C3 01 and the schema's
// fingerprint in eight bytes, the single-object encoding of the Avro specification, and the schemas are kept in a [Store].
//
//	reg, err := registry.Confluent(registry.Options{URL: "http://localhost:8081"})
//	if err != nil { … }
//	frame, err := reg.Register(ctx, "crm.contacts-value", s)
//	if err != nil { … }
//	value := append(frame.Prefix, body...)
//
// Either refuses a schema that could not read everything that its subject's schemas have written: a compacted topic
// holds records of all of them for ever.
package registry
