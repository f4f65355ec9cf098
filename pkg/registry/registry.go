package registry

import (
	"context"

	"producer/pkg/schema"
)

// Registry keeps the schemas of subjects, in versions. A subject is what a topic's values go by, "<topic>-value".
// Implementations are safe for concurrent use. Their errors are those of this package, a cancelled context's, and, of
// [SingleObject], the Store's.
type Registry interface {
	// Latest returns the newest schema of a subject and its frame; a nil schema where there is none yet. It always asks.
	Latest(ctx context.Context, subject string) (*schema.Schema, Frame, error)
	// Register makes s a version of the subject, unless it is one already, and returns its frame. A schema that can't
	// read what an earlier version wrote is an *IncompatibleError. What was registered once is not asked for again.
	Register(ctx context.Context, subject string, s *schema.Schema) (Frame, error)
	// Check says whether Register would take s, and registers nothing: nil, or the error that Register would return. It asks.
	Check(ctx context.Context, subject string, s *schema.Schema) error
	// Lookup returns the schema that a value was written with, and where its body begins. It asks once for each schema.
	// A value that doesn't begin with a frame is a *FrameError, one of an unknown schema an *UnknownSchemaError.
	Lookup(ctx context.Context, value []byte) (s *schema.Schema, body int, err error)
}

// Frame is what ties values to their schema.
type Frame struct {
	Prefix []byte // stands before each body; not to be changed
	ID     *int   // the registry's number; nil without one
}

// checkEvolution has s keep what the newest version published, and read what all of them wrote, the newest first.
func checkEvolution(subject string, s *schema.Schema, versions []version) error {
	if n := len(versions); n > 0 {
		if err := s.Keeps(versions[n-1].schema); err != nil {
			return &IncompatibleError{Subject: subject, Version: versions[n-1].number, Err: err}
		}
	}
	for i := len(versions) - 1; i >= 0; i-- {
		if err := s.CanRead(versions[i].schema); err != nil {
			return &IncompatibleError{Subject: subject, Version: versions[i].number, Err: err}
		}
	}
	return nil
}

// version is a published schema; versions count from 1.
type version struct {
	number int
	schema *schema.Schema
}

// parse reads a version of a subject.
func parse(subject string, number int, text []byte) (*schema.Schema, error) {
	s, err := schema.Parse(text)
	if err != nil {
		return nil, &IncompatibleError{Subject: subject, Version: number, Err: err}
	}
	return s, nil
}
