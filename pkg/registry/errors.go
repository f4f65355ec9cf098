package registry

import (
	"fmt"
	"net/http"
)

// IncompatibleError means that a schema cannot become a version of its subject, or that the subject holds what cannot be
// built on.
type IncompatibleError struct {
	Subject string
	Version int   // the version that is in the way; 0: the registry refused, and Err holds its words
	Status  int   // the registry's answer, as 409 or 422; 0: found here, before asking
	Err     error // why; a *schema.IncompatibleError names the field
}

// Error says why, and what to do about it.
func (e *IncompatibleError) Error() string {
	switch {
	case e.Version > 0:
		return fmt.Sprintf("subject %s: the schema can't follow version %d: %v; only new nullable fields can be added: "+
			"keep the published fields as they are, or publish to a new topic", e.Subject, e.Version, e.Err)
	case e.Status > 0:
		return fmt.Sprintf("subject %s: the registry refuses the schema as incompatible, invalid or too large (%d): %v; check the subject's "+
			"compatibility level, or publish to a new topic", e.Subject, e.Status, e.Err)
	}
	return fmt.Sprintf("subject %s: %v", e.Subject, e.Err)
}

// Unwrap returns the reason.
func (e *IncompatibleError) Unwrap() error { return e.Err }

// UnavailableError means that the registry did not answer, or not as a registry does, after retries.
type UnavailableError struct {
	URL      string // of the registry, without credentials
	Op       string // what was wanted
	Attempts int
	Err      error
}

// Error says what was asked, how often, and what came of it.
func (e *UnavailableError) Error() string {
	times := "1 attempt"
	if e.Attempts != 1 {
		times = fmt.Sprintf("%d attempts", e.Attempts)
	}
	return fmt.Sprintf("registry %s: %s: %v, after %s; check schema.registry.url and that the registry is up", e.URL, e.Op, e.Err, times)
}

// Unwrap returns the last attempt's error.
func (e *UnavailableError) Unwrap() error { return e.Err }

// AuthError means that the registry refused the credentials (401) or the right to do it (403).
type AuthError struct {
	URL    string
	Op     string
	Status int
	Err    error // the registry's words
}

// Error says what was refused.
func (e *AuthError) Error() string {
	what := "the credentials are refused; check schema.registry.username and password"
	if e.Status == http.StatusForbidden {
		what = "the right to do it is missing"
	}
	return fmt.Sprintf("registry %s: %s: %s (%d: %v)", e.URL, e.Op, what, e.Status, e.Err)
}

// Unwrap returns the registry's words.
func (e *AuthError) Unwrap() error { return e.Err }

// TextChangedError means that a schema has the fingerprint of a stored one but another text: doc, default, or property.
// In the single-object encoding the two could not be told apart.
type TextChangedError struct {
	Subject     string
	Fingerprint [8]byte
}

// Error says what to do.
func (e *TextChangedError) Error() string {
	return fmt.Sprintf("subject %s: the schema's text has changed but not its fingerprint %x: restore the text, make a change "+
		"to the fields with it, or use a registry, which keeps both", e.Subject, e.Fingerprint)
}

// FrameError means that a value does not begin with a frame of this registry.
type FrameError struct {
	Why string
}

// Error says what is wrong.
func (e *FrameError) Error() string { return "value without a schema's frame: " + e.Why }

// UnknownSchemaError means that a frame names a schema that the registry doesn't hold, or holds as something else than
// a schema of records.
type UnknownSchemaError struct {
	Name string // "id 7", "fingerprint 0123456789abcdef"
	Err  error  // why it can't be used; nil where it isn't there
}

// Error names the schema.
func (e *UnknownSchemaError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("the schema with %s can't be used: %v", e.Name, e.Err)
	}
	return "there is no schema with " + e.Name
}

// Unwrap returns why the schema can't be used.
func (e *UnknownSchemaError) Unwrap() error { return e.Err }
