package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An oracle is what jsontext's tokens make of a page. It is what the tokeniser was written to replace, and must agree with in all:
// values, errors and their places.
type oracle struct {
	Tape
	json     jsontext.Decoder
	in       bytes.Buffer // jsontext reads a bytes.Buffer in place, without copying it
	tokens   []token
	unclosed []int // containers that are not closed yet, outermost first
}

// A token is a value, or a name of the object before it; what is in a container follows it.
type token struct {
	off, end int
	mark     mark
	count    int
	named    bool // an object whose last token was a name
}

var errTooDeep = errors.New("too deep")

func (t *oracle) Parse(page []byte, maxDepth int) error {
	t.reset(page)
	if maxDepth <= 0 || maxDepth > MaxDepth {
		maxDepth = MaxDepth
	}
	if err := t.tokenise(maxDepth); err != nil {
		return err
	}
	return nil
}

func (t *oracle) reset(page []byte) {
	t.Tape.reset(page)
	t.tokens, t.unclosed = t.tokens[:0], t.unclosed[:0]
}

// tokenise fills the tape from its page; nil if the page is sound.
func (t *oracle) tokenise(maxDepth int) *SyntaxError {
	cause := t.read(maxDepth)
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
		err = t.located(InvalidUTF8, at, "", nil)
		t.reset(nil)
		return err
	}
	t.reset(t.page)
	if cause := t.read(maxDepth, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); cause != nil {
		err = t.explain(cause)
		t.reset(nil)
	}
	return err
}

func (t *oracle) read(maxDepth int, opts ...jsontext.Options) error {
	d := &t.json
	t.in = *bytes.NewBuffer(t.page)
	d.Reset(&t.in, opts...)
	for {
		kind := d.PeekKind()
		switch kind {
		case jsontext.KindBeginObject, jsontext.KindBeginArray, jsontext.KindEndObject, jsontext.KindEndArray:
			if (kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray) && len(t.unclosed) >= maxDepth {
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
		if len(t.unclosed) == 0 {
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

func (t *oracle) readScalar() error {
	d := &t.json
	text, err := d.ReadValue()
	if err != nil {
		return err
	}
	end := int(d.InputOffset())
	off := end - len(text)
	var kind Kind
	var flags mark
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

// count adds the token about to be written to its container, unless it is a name.
func (t *oracle) count() {
	if len(t.unclosed) == 0 {
		return
	}
	c := &t.tokens[t.unclosed[len(t.unclosed)-1]]
	if c.mark == mark(Object) {
		if c.named = !c.named; c.named {
			return
		}
	}
	c.count++
}

// explain classifies what the tokeniser or tokens refused.
func (t *oracle) explain(cause error) *SyntaxError {
	d := &t.json
	var se *jsontext.SyntacticError
	at, pointer := int(d.InputOffset()), string(d.StackPointer())
	if errors.As(cause, &se) {
		at, pointer, cause = int(se.ByteOffset), string(se.JSONPointer), firstError(cause, se.Err)
	}
	trailing := errors.Is(cause, errTrailing)
	if trailing || errors.Is(cause, errTooDeep) {
		at += spaces(t.page[at:])
	}
	rest := t.page[min(at, len(t.page)):]
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
		return t.located(Truncated, len(t.page), pointer, io.ErrUnexpectedEOF)
	case surrogateEscape(rest) && !strings.HasPrefix(cause.Error(), "invalid character"): // not where no string is open
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

func (t *oracle) scalar(k Kind, off, end int, flags mark) {
	t.tokens = append(t.tokens, token{off: off, end: end, mark: mark(k) | flags})
}

func (t *oracle) begin(k Kind, off int) {
	t.unclosed = append(t.unclosed, len(t.tokens))
	t.tokens = append(t.tokens, token{off: off, mark: mark(k)})
}

func (t *oracle) finish(end int) {
	t.tokens[t.unclosed[len(t.unclosed)-1]].end = end
	t.unclosed = t.unclosed[:len(t.unclosed)-1]
}
