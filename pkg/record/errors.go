package record

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrorKind says which rule of the syntax a page broke.
type ErrorKind uint8

// The kinds of [SyntaxError]. Only Truncated is worth another request: the others would come again.
const (
	Malformed     ErrorKind = iota + 1 // no JSON text, or something follows it
	Truncated                          // a beginning of a JSON text that ended early; an empty page too
	InvalidUTF8                        // bytes that are not UTF-8
	DuplicateName                      // an object that has a name twice
	LoneSurrogate                      // an escape of half a surrogate pair
	TooDeep                            // more nested brackets than allowed
	TooLarge                           // a page of 4 GiB or more
)

// String returns the kind in words.
func (k ErrorKind) String() string {
	switch k {
	case Malformed:
		return "malformed JSON"
	case Truncated:
		return "JSON ends early"
	case InvalidUTF8:
		return "invalid UTF-8"
	case DuplicateName:
		return "duplicate name"
	case LoneSurrogate:
		return "lone surrogate"
	case TooDeep:
		return "JSON nested too deeply"
	case TooLarge:
		return "JSON too large"
	}
	return "error kind " + strconv.Itoa(int(k))
}

// SyntaxError is what [Tape.Parse] returns. Its text never quotes more of the page than a name or a character.
type SyntaxError struct {
	Kind ErrorKind
	// Offset is that of the first byte that is wrong; the page's length when it ended early.
	Offset int64
	// Line and Column are those of Offset and count from 1; columns are bytes.
	Line, Column int
	// Pointer is the JSON Pointer (RFC 6901) of the value that is wrong, or of the innermost one around it that is known.
	// For a DuplicateName it ends in the name itself.
	Pointer string
	// Err is the cause; io.ErrUnexpectedEOF when Kind is Truncated. It may be nil.
	Err error
}

// Error says what is wrong and where.
func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("%v at offset %d (line %d, column %d)", e.Kind, e.Offset, e.Line, e.Column)
	if e.Pointer != "" {
		s += fmt.Sprintf(" in %.200q", e.Pointer)
	}
	if e.Err != nil && e.Kind == Malformed {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err, so that errors.Is(err, io.ErrUnexpectedEOF) holds for a page that ended early.
func (e *SyntaxError) Unwrap() error {
	if e.Kind == Truncated {
		return io.ErrUnexpectedEOF
	}
	return e.Err
}

// Errors of [Value.Int64] and [Value.Float64].
var (
	ErrNotNumber  = errors.New("not a number")
	ErrNotInteger = errors.New("not an integer")
	ErrRange      = errors.New("out of range")
)

// KeyError is a value that cannot be a key, or part of one.
type KeyError struct {
	Index int    // which of the values
	Why   string // "is null", "is fractional", ...
}

// Error names the reason; the caller knows the field by Index.
func (e *KeyError) Error() string { return "key field " + strconv.Itoa(e.Index+1) + " " + e.Why }
