// Package record tokenises a page of JSON once, strictly, and gives views of it.
//
// A [Tape] is parsed from the bytes of one page and then read through [Value], a small view that points into the tape and,
// through it, into the page. Nothing is decoded before it is asked for: a number keeps the digits it came with, a string its
// escapes, and whoever needs a key, a hash or an Avro field reads it from the same tape, so that a page is scanned once.
//
//	var tape record.Tape
//	if err := tape.Parse(page, 500); err != nil {
//		return err // a *record.SyntaxError
//	}
//	rows, _ := tape.Root().Get("data")
//	for row := range rows.Elements() {
//		id, _ := row.Get("id")
//		...
//	}
//
// Strict means RFC 8259 and more: a name may stand once in an object, text is valid UTF-8, a surrogate escape has its partner,
// nothing follows the value, and no byte order mark precedes it. What breaks these rules is refused, never repaired; a
// [*SyntaxError] says which rule and where.
//
// Views stay valid until the next Parse of their tape, and as long as the page's bytes are left alone. A tape that is reused
// reaches a state in which parsing allocates nothing.
//
// [AppendKey] and [Hasher] turn values into the two byte strings that are compared for the lifetime of a topic: the record's key
// and its content hash. Both are frozen by test vectors: a change to either publishes every record again, or worse.
package record
