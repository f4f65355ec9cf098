package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A decoder is the part of a Tape that knows the tokeniser: the rest of the package sees nodes only.
type decoder struct {
	json jsontext.Decoder
	in   bytes.Buffer // jsontext reads a bytes.Buffer in place, without copying it
}

var (
	errTooDeep  = errors.New("too deep")
	errTrailing = errors.New("something follows the value")
)

// tokenise fills the tape from its page; nil if the page is sound.
func (t *Tape) tokenise(maxDepth int) *SyntaxError {
	cause := t.tokens(maxDepth)
	if cause == nil {
		return nil
	}
	err := t.explain(cause)
	if err.Kind != DuplicateName && err.Kind != LoneSurrogate {
		t.reset(nil)
		return err
	}
	// Only this record is at fault if the rest is sound: read all of it, to tell.
	if at := firstInvalid(t.page); at >= 0 {
		err = t.located(InvalidUTF8, int64(at), "", nil)
		t.reset(nil)
		return err
	}
	t.reset(t.page)
	if cause := t.tokens(maxDepth, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); cause != nil {
		err = t.explain(cause)
		t.reset(nil)
	}
	return err
}

func (t *Tape) tokens(maxDepth int, opts ...jsontext.Options) error {
	d := &t.decoder.json
	t.decoder.in = *bytes.NewBuffer(t.page)
	d.Reset(&t.decoder.in, opts...)
	for {
		kind := d.PeekKind()
		switch kind {
		case jsontext.KindBeginObject, jsontext.KindBeginArray, jsontext.KindEndObject, jsontext.KindEndArray:
			if (kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray) && len(t.open) >= maxDepth {
				return errTooDeep
			}
			if _, err := d.ReadToken(); err != nil {
				return err
			}
			end := int(d.InputOffset())
			switch kind {
			case jsontext.KindBeginObject:
				t.count()
				t.begin(Object, end-1)
				continue
			case jsontext.KindBeginArray:
				t.count()
				t.begin(Array, end-1)
				continue
			default:
				t.finish(end)
			}
		default:
			if err := t.readScalar(); err != nil {
				return err
			}
		}
		if len(t.open) == 0 {
			break
		}
	}
	if d.PeekKind() != jsontext.KindInvalid {
		return errTrailing
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", errTrailing, err)
	}
	return nil
}

func (t *Tape) readScalar() error {
	d := &t.decoder.json
	text, err := d.ReadValue()
	if err != nil {
		return err
	}
	end := int(d.InputOffset())
	off := end - len(text)
	var kind Kind
	var flags uint8
	switch text.Kind() {
	case jsontext.KindNull:
		kind = Null
	case jsontext.KindFalse:
		kind = False
	case jsontext.KindTrue:
		kind = True
	case jsontext.KindNumber:
		kind = Number
		if integerText(text) {
			flags = flagInteger
		}
	case jsontext.KindString:
		kind = String
		if bytes.IndexByte(text, '\\') >= 0 {
			flags = flagEscaped
		}
	default:
		return fmt.Errorf("unexpected token %v", text.Kind())
	}
	t.count()
	t.scalar(kind, off, end, flags)
	return nil
}

// count adds the node about to be written to its container, unless it is a name.
func (t *Tape) count() {
	if len(t.open) == 0 {
		return
	}
	n := &t.nodes[t.open[len(t.open)-1]]
	if n.kind == Object {
		if n.next ^= 1; n.next == 1 { // until the object is closed its next tells names from values
			return
		}
	}
	n.count++
}

// explain classifies what the tokeniser or tokens refused.
func (t *Tape) explain(cause error) *SyntaxError {
	d := &t.decoder.json
	var se *jsontext.SyntacticError
	at, pointer := d.InputOffset(), string(d.StackPointer())
	if errors.As(cause, &se) {
		at, pointer, cause = se.ByteOffset, string(se.JSONPointer), firstError(cause, se.Err)
	}
	trailing := errors.Is(cause, errTrailing)
	if trailing || errors.Is(cause, errTooDeep) {
		at += int64(spaces(t.page[at:]))
	}
	rest := t.page[min(at, int64(len(t.page))):]
	switch {
	case errors.Is(cause, errTooDeep):
		return t.located(TooDeep, at, pointer, nil)
	case len(rest) > 0 && invalidUTF8(rest):
		return t.located(InvalidUTF8, at, pointer, nil)
	case trailing:
		return t.located(Malformed, at, "", errTrailing)
	case errors.Is(cause, jsontext.ErrDuplicateName):
		return t.located(DuplicateName, at, pointer, nil)
	case errors.Is(cause, io.EOF), errors.Is(cause, io.ErrUnexpectedEOF):
		return t.located(Truncated, int64(len(t.page)), pointer, io.ErrUnexpectedEOF)
	case surrogateEscape(rest):
		return t.located(LoneSurrogate, at, pointer, nil)
	}
	return t.located(Malformed, at, pointer, cause)
}

// firstError keeps the mark of trailing data over the tokeniser's own reason.
func firstError(whole, inner error) error {
	if errors.Is(whole, errTrailing) {
		return whole
	}
	return inner
}

func (t *Tape) located(kind ErrorKind, at int64, pointer string, cause error) *SyntaxError {
	before := t.page[:min(at, int64(len(t.page)))]
	return &SyntaxError{
		Kind: kind, Offset: at, Pointer: pointer, Err: cause,
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: len(before) - bytes.LastIndexByte(before, '\n'),
	}
}

func spaces(b []byte) int { return len(b) - len(bytes.TrimLeft(b, " \t\r\n")) }

// invalidUTF8 reports whether b, which is not empty, begins with bytes that cannot begin a character. A character that is cut off
// by the end of b can.
func invalidUTF8(b []byte) bool {
	r, n := utf8.DecodeRune(b)
	return r == utf8.RuneError && n == 1 && utf8.FullRune(b)
}

func firstInvalid(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
