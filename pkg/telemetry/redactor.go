package telemetry

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

const (
	// mask stands where a secret was.
	mask = "***"
	// minSecret is the shortest secret that is searched for. One to three bytes occur by chance in every line (a key "1"
	// would blank all offsets), and protect nothing that could not be guessed.
	minSecret = 4
)

// Redactor replaces secrets by "***", in whatever encoding and letter case they come: as they are, percent-encoded (either case of
// hex digits, any choice of escaped characters, "+" for a blank, twice encoded), JSON- and Go-escaped (also quoted
// again), as HTML entities, in hex, and in base64 of either alphabet, padded or not, alone or in the middle of
// something longer such as the `user:password` of basic authentication. Base64 and hex are found in escaped text too.
//
// In hex, too, case does not matter; base64 means something else in another one. Letters beyond ASCII are found as given, all small and
// all capital.
//
// Where secrets overlap, everything they cover goes. A secret shorter than four bytes is not searched for, because
// output would not survive it. A secret of several lines is also searched for line by line.
//
// A Redactor is safe for concurrent use. The nil Redactor has no secrets, and takes none.
type Redactor struct {
	finder atomic.Pointer[finder]

	mu     sync.Mutex
	given  []string
	recent []string // what was added, the newest last
}

// mostRecent is how many added secrets are remembered. Those that were replaced so often are worth nothing any more.
const mostRecent = 16

// NewRedactor returns a Redactor for the given secrets. Empty and short ones (see [Redactor]) are left out, duplicates
// do no harm.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{given: slices.Clone(secrets)}
	r.finder.Store(newFinder(secrets))
	return r
}

// Add takes a secret that came to be known later, such as an access token. Of these the last 16 are searched for.
func (r *Redactor) Add(secret string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent = append(r.recent, secret)
	r.recent = r.recent[max(0, len(r.recent)-mostRecent):]
	r.finder.Store(newFinder(slices.Concat(r.given, r.recent)))
}

// String returns s with "***" in place of every secret. Text without a secret is returned as it is.
func (r *Redactor) String(s string) string { return r.now().String(s) }

func (r *Redactor) now() *finder {
	if r == nil {
		return nil
	}
	return r.finder.Load()
}

// finder finds one set of secrets. It is immutable; nil finds none.
type finder struct {
	needles []needle  // longest first
	first   [256]bool // bytes a match can begin with
	reach   int       // no match is longer than this, in bytes of escaped text
	again   bool      // a secret holds the mask's own character: replacing can spell it anew
	lines   []needle  // the needles that go over a line end
}

func newFinder(secrets []string) *finder {
	f := &finder{}
	seen := map[needle]bool{}
	add := func(n needle) {
		if len(n.text) < minSecret || seen[n] {
			return
		}
		seen[n] = true
		f.needles = append(f.needles, n)
	}
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		lines := strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' })
		for _, s := range append(lines, s) {
			for _, form := range formsOf(s) {
				add(form)
			}
		}
	}
	slices.SortStableFunc(f.needles, func(a, b needle) int { return len(b.text) - len(a.text) })
	for _, n := range f.needles {
		for c := range f.first {
			f.first[c] = f.first[c] || n.reads(byte(c)) == n.text[0]
		}
		f.again = f.again || strings.Contains(n.text, "*")
		if strings.Contains(n.text, "\n") {
			f.lines = append(f.lines, n)
		}
		f.reach = max(f.reach, len(n.text)*maxUnit)
	}
	if len(f.needles) > 0 {
		for _, c := range []byte(`%\&+`) { // an escape can stand for any byte
			f.first[c] = true
		}
	}
	return f
}

// formsOf lists the texts whose escaped or plain presence gives a secret away.
func formsOf(s string) []needle {
	if len(s) < minSecret {
		return nil
	}
	texts := []string{s, hex.EncodeToString([]byte(s))}
	if !utf8.ValidString(s) {
		texts = append(texts, validUTF8(s)) // encoders write U+FFFD for what they can't
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf }) { // bytes fold the letters of ASCII only
		texts = append(texts, strings.ToLower(s), strings.ToUpper(s))
	}
	var forms []needle
	for _, text := range texts {
		forms = append(forms, needle{text: folded(text)})
	}
	exact := func(texts ...string) {
		for _, text := range texts {
			forms = append(forms, needle{text: text, exact: true})
		}
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		exact(e.EncodeToString([]byte(s)), e.WithPadding(base64.NoPadding).EncodeToString([]byte(s)))
		for before := range 3 {
			exact(base64Core(e, s, before))
		}
	}
	return forms
}

// base64Core is what base64 makes of s wherever s begins before bytes into a group of three: the characters that
// depend on nothing around s.
func base64Core(e *base64.Encoding, s string, before int) string {
	text := e.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, before), s...))
	from := (before*8 + 5) / 6
	to := (before + len(s)) * 8 / 6
	return text[from:to]
}

// validUTF8 replaces each invalid byte by U+FFFD, as encoding/json does.
func validUTF8(s string) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteRune(c)
	}
	return b.String()
}

// String does what [Redactor.String] says.
func (f *finder) String(s string) string {
	if f == nil || len(f.needles) == 0 {
		return s
	}
	for {
		spans := f.find(s)
		if len(spans) == 0 {
			return s
		}
		s = cover(s, spans)
		if !f.again {
			return s
		}
	}
}

// span is a range of text, from included, to not.
type span struct{ from, to int }

// find returns the ranges of s that secrets cover, in order, overlapping ones as one.
func (f *finder) find(s string) []span {
	var spans []span
	var m matcher
	for i := range len(s) {
		if !f.first[s[i]] {
			continue
		}
		end := -1
		for _, n := range f.needles {
			end = max(end, m.match(s, i, n))
		}
		switch {
		case end < 0:
		case len(spans) > 0 && i < spans[len(spans)-1].to:
			last := &spans[len(spans)-1]
			last.to = max(last.to, end)
		default:
			spans = append(spans, span{i, end})
		}
	}
	return spans
}

// cover replaces the spans of s by the mask.
func cover(s string, spans []span) string {
	var b strings.Builder
	b.Grow(len(s))
	at := 0
	for _, sp := range spans {
		b.WriteString(s[at:sp.from])
		b.WriteString(mask)
		at = sp.to
	}
	b.WriteString(s[at:])
	return b.String()
}
