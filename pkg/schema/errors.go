package schema

import (
	"fmt"
	"strings"
)

// Misfit is a value that the schema has no place for, yet: [Evolve] makes one.
type Misfit struct {
	Path string // of source names, "address.zip", "items[2].sku"
	Want string // the type of the published field; empty for a name that the schema doesn't know
	Got  string // "long", "double", "string", "boolean", "record", "array"
	Why  string // further words, may be empty
	// Final: no variant would help, as the published field is neither nullable nor has a default.
	Final bool
}

// Error names the field and what is wrong.
func (e *Misfit) Error() string {
	s := fmt.Sprintf("field %s: ", e.Path)
	if e.Want == "" {
		s += "not in the schema, got a value of type " + e.Got
	} else {
		s += fmt.Sprintf("the schema has %s, got %s", e.Want, e.Got)
	}
	if e.Why != "" {
		s += ", " + e.Why
	}
	return s
}

// ValueError is a value that can never be published: no evolution would make a place for it.
type ValueError struct {
	Path string // of source names
	Why  string
	Err  error // the cause, a *RangeError for numbers; may be nil
}

// Error names the field and what is wrong.
func (e *ValueError) Error() string {
	if e.Path == "" {
		return e.Why
	}
	return fmt.Sprintf("field %s: %s", e.Path, e.Why)
}

// Unwrap returns the cause.
func (e *ValueError) Unwrap() error { return e.Err }

// RangeError is a number beyond what Avro's types hold: an integer beyond 64 bits or a fraction beyond a double.
type RangeError struct {
	Number string // its text, shortened
	Limit  string // "64 bits" or "a double"
}

// Error says which limit.
func (e *RangeError) Error() string { return e.Number + " is beyond " + e.Limit }

// UnsupportedError is a type of a pinned schema that no JSON value can become.
type UnsupportedError struct {
	Path string
	Type string
}

// Error names the field and the type.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("field %s: values of type %s can't be made from JSON", e.Path, e.Type)
}

// SelfCheckError means that goavro read something else than the source had from the first record of an encoder. It is a defect of
// this package; nothing of that record is published.
type SelfCheckError struct {
	Path string
	Why  string
}

// Error names the field and the difference.
func (e *SelfCheckError) Error() string {
	return fmt.Sprintf("self-check of the encoder: field %s: %s", e.Path, e.Why)
}

// IncompatibleError is the first field by which a schema can't read what another wrote.
type IncompatibleError struct {
	Path string
	Why  string
}

// Error names the field and the reason.
func (e *IncompatibleError) Error() string {
	if e.Path == "" {
		return "incompatible: " + e.Why
	}
	return fmt.Sprintf("incompatible: field %s: %s", e.Path, e.Why)
}

// join puts a step before a path.
func join(step, path string) string {
	if path == "" || strings.HasPrefix(path, "[") {
		return step + path
	}
	return step + "." + path
}

// within puts a step before the path of an error of this package.
func within(step string, err error) error {
	switch e := err.(type) { //nolint:errorlint // the errors of this package are not wrapped before they leave it
	case *Misfit:
		e.Path = join(step, e.Path)
	case *ValueError:
		e.Path = join(step, e.Path)
	case *UnsupportedError:
		e.Path = join(step, e.Path)
	case *SelfCheckError:
		e.Path = join(step, e.Path)
	case *IncompatibleError:
		e.Path = join(step, e.Path)
	}
	return err
}

// short cuts text that is quoted in a message.
func short(text []byte) string {
	const most = 40
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "..."
	}
	return string(text)
}
