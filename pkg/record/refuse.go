package record

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// none is an offset beyond all pages.
const none = math.MaxInt

var (
	errTrailing = errors.New("something follows the value")
	errNoName   = errors.New("object member name must be a string")
	errNoValue  = errors.New("missing value after object name")
)

const (
	startOfValue = "at start of value"
	afterName    = "after object name (expecting ':')"
	afterMember  = "after object value (expecting ',' or '}')"
	afterElement = "after array element (expecting ',' or ']')"
	inNumber     = "in number (expecting digit)"
	inString     = "in string (expecting non-control character)"
)

// doubt returns what makes one record of a sound page unfit: the first duplicate name or half surrogate pair.
func (t *Tape) doubt() *SyntaxError {
	switch at := min(t.lone, t.duplicate); at {
	case none:
		return nil
	case t.duplicate:
		return t.located(DuplicateName, at, t.pointerTo(at, true), nil)
	default:
		return t.located(LoneSurrogate, at, t.pointerTo(at, false), nil)
	}
}

// refuse empties the tape and says what is wrong after mark, the end of the last sound token. named: that is a name. What is wrong with
// the page outweighs what is wrong with a record of it, and bytes that are not text outweigh both.
func (t *Tape) refuse(mark int, named bool, maxDepth int) *SyntaxError {
	for i, f := range t.frames {
		if f.kind == Object && f.fresh {
			names := t.values(i)
			if named || i+1 < len(t.frames) { // one has no value yet
				names++
			}
			t.distinct(t.shapes.names(f.at, names), names, f.off, t.open[f.base:])
		}
	}
	var err *SyntaxError
	if at := firstInvalid(t.page); min(t.lone, t.duplicate) != none && at >= 0 {
		err = t.located(InvalidUTF8, at, "", nil)
	} else {
		err = t.fault(mark, named, maxDepth)
	}
	t.reset(nil)
	return err
}

// fault reads the token after mark again, as a parser would that does not know yet what is wrong.
func (t *Tape) fault(mark int, named bool, maxDepth int) *SyntaxError {
	b, f, count := t.page, t.frames[len(t.frames)-1], t.values(len(t.frames)-1)
	start := mark + spaces(b[mark:])
	here := t.pointer(here, named)
	next := t.pointer(next, named)
	if f.kind == Invalid && count > 0 {
		return t.malformed(start, "", errTrailing)
	}
	if start == len(b) {
		return t.truncated(here)
	}
	at, delimiter := start, byte(0)
	if b[at] == ':' || b[at] == ',' {
		delimiter = b[at]
		at += 1 + spaces(b[at+1:])
	}
	c := byte('"') // where nothing follows a delimiter a name or a value may
	if at < len(b) {
		c = b[at]
	}
	want, where := byte(0), startOfValue
	switch {
	case named:
		want, where = ':', afterName
	case count > 0 && c != '}' && c != ']':
		want, where = ',', afterElement
		if f.kind == Object {
			where = afterMember
		}
	}
	switch {
	case delimiter != want:
		return t.malformed(start, here, invalidCharacter(b[start:], where))
	case at == len(b):
		return t.truncated(here)
	}

	switch c {
	case '{', '[':
		if len(t.frames) > maxDepth {
			return t.located(TooDeep, start, t.pointer(previous, named), nil)
		}
	case '}', ']':
		if c == '}' && f.kind == Object {
			return t.malformed(at, next, errNoValue)
		}
		switch where = startOfValue; {
		case f.kind == Array && count > 0:
			where, next = afterElement, parent(next)
		case f.kind == Object && (count > 0 || named):
			where, next = afterMember, parent(next)
		}
		return t.malformed(at, next, invalidCharacter(b[at:], where))
	case '"':
		end, _ := t.text(at + 1)
		return t.malformed(^end, next, stringFault(b[^end:]))
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if end, _ := number(b, at); end < 0 {
			return t.malformed(^end, next, wrong(b[^end:], inNumber))
		}
	case 'n', 't', 'f':
		text := map[byte]string{'n': "null", 't': "true", 'f': "false"}[c]
		if end := literal(b, at, text); end < 0 {
			expected := rune(text[^end-at])
			return t.malformed(^end, next, wrong(b[^end:], "in literal "+text+" (expecting "+strconv.QuoteRune(expected)+")"))
		}
	default:
		return t.malformed(at, next, wrong(b[at:], startOfValue))
	}
	return t.malformed(at, next, errNoName) // a sound value where a name must be
}

// stringFault says why a string isn't sound, from where it isn't.
func stringFault(rest []byte) error {
	switch {
	case len(rest) == 0 || rest[0] >= utf8.RuneSelf: // malformed tells bytes that are no text from text that is cut off
		return io.ErrUnexpectedEOF
	case rest[0] != '\\':
		return wrong(rest, inString)
	case len(rest) == 1 || rest[1] == 'u' && len(rest) < 6 && hex4(append(bytes.Clone(rest[2:]), "0000"...)) >= 0:
		return io.ErrUnexpectedEOF
	case rest[1] != 'u':
		rest = rest[:2]
	}
	return invalidEscape(rest[:min(6, len(rest))])
}

// wrong says that rest begins with what can't stand there, or is empty.
func wrong(rest []byte, where string) error {
	if len(rest) == 0 {
		return io.ErrUnexpectedEOF
	}
	return invalidCharacter(rest, where)
}

func invalidCharacter(b []byte, where string) error {
	r, n := utf8.DecodeRune(b)
	what := strconv.QuoteRune(r)
	if r == utf8.RuneError && n == 1 {
		what = `'\x` + strconv.FormatUint(uint64(b[0]), 16) + `'`
	}
	return errors.New("invalid character " + what + " " + where)
}

func invalidEscape(b []byte) error {
	what := "`" + string(b) + "`"
	if bytes.ContainsFunc(b, func(r rune) bool { return r == '`' || r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		what = strconv.Quote(string(b))
	}
	return errors.New("invalid escape sequence " + what + " in string")
}

func (t *Tape) malformed(at int, pointer string, cause error) *SyntaxError {
	switch rest := t.page[at:]; {
	case len(rest) > 0 && invalidUTF8(rest):
		return t.located(InvalidUTF8, at, pointer, nil)
	case errors.Is(cause, io.ErrUnexpectedEOF):
		return t.truncated(pointer)
	}
	return t.located(Malformed, at, pointer, cause)
}

func (t *Tape) truncated(pointer string) *SyntaxError {
	return t.located(Truncated, len(t.page), pointer, io.ErrUnexpectedEOF)
}

func (t *Tape) located(kind ErrorKind, at int, pointer string, cause error) *SyntaxError {
	before := t.page[:at]
	return &SyntaxError{
		Kind: kind, Offset: int64(at), Pointer: pointer, Err: cause,
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
