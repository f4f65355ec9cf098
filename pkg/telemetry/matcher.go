package telemetry

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxNesting bounds how often text was escaped again that is still seen through.
	maxNesting = 4
	// maxSlashes is how many backslashes may stand before one escaped character: nesting doubles them.
	maxSlashes = 1 << maxNesting
	// maxEntity is the longest HTML entity that is read.
	maxEntity = 24
	// maxEscape is the longest escape in characters: two halves of a surrogate pair, each with all its backslashes.
	maxEscape = 2 * (maxSlashes + 5)
	// maxPercent is what percent-encoding makes of one character at most.
	maxPercent = 1 + 2*maxNesting + 2
	// maxUnit is the most text that one byte of a secret can become. (A surrogate pair stands for four.)
	maxUnit = (maxSlashes + 9) * maxPercent
)

// needle is a text to find, in any escaping.
type needle struct {
	text  string // folded, unless exact
	exact bool   // letter case matters: base64 means something else in the other one
}

// reads is a byte of the text as the needle has it.
func (n needle) reads(c byte) byte {
	if 'A' <= c && c <= 'Z' && !n.exact {
		return c + 'a' - 'A'
	}
	return c
}

// folded is s in lower case, as far as it is ASCII.
func folded(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = needle{}.reads(c)
	}
	return string(b)
}

// matcher compares text with a needle byte by byte, where each byte may be escaped in one of many ways. It holds
// scratch space; the zero value is ready.
type matcher struct {
	todo []state
	seen map[state]bool
	want needle
	open bool // the last match ran out of text: more of it could be a match
}

// state is a partial match: needle[:n] has been read, and text goes on at t.
type state struct{ n, t int }

// match returns where the longest match of needle that begins at text[at] ends, or -1.
func (m *matcher) match(text string, at int, n needle) int {
	m.want, m.open = n, false
	needle := n.text
	if c := text[at]; n.reads(c) != needle[0] && !escapes(c) {
		return -1 // almost everything fails on its first character
	}
	end := -1
	clear(m.seen)
	m.todo = append(m.todo[:0], state{0, at})
	for len(m.todo) > 0 {
		s := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		for s.n < len(needle) && s.t < len(text) {
			plain := n.reads(text[s.t]) == needle[s.n]
			if escapes(text[s.t]) {
				m.branch(text, s, needle)
				if plain {
					m.push(s.n+1, s.t+1)
				}
				break
			}
			if !plain {
				break
			}
			s.n, s.t = s.n+1, s.t+1
		}
		if s.n == len(needle) {
			end = max(end, s.t)
		} else if s.t == len(text) {
			m.open = true
		}
	}
	return end
}

// escapes reports whether c can begin an escape.
func escapes(c byte) bool { return c == '%' || c == '\\' || c == '&' || c == '+' }

func (m *matcher) push(n, t int) {
	s := state{n, t}
	if m.seen[s] {
		return
	}
	if m.seen == nil {
		m.seen = map[state]bool{}
	}
	m.seen[s] = true
	m.todo = append(m.todo, s)
}

// branch pushes everything that text at s can be read as, other than what it is.
func (m *matcher) branch(text string, s state, needle string) {
	rest, want := text[s.t:], needle[s.n:]
	for size := range m.percent(rest, want[0]) {
		m.push(s.n+1, s.t+size)
	}
	var v view
	v.read(rest)
	switch v.chars[0] {
	case '+':
		if want[0] == ' ' {
			m.push(s.n+1, s.t+v.ends[0])
		}
	case '&':
		if meaning, size := entity(v.text()); size > 0 && m.means(want, meaning) {
			m.push(s.n+len(meaning), s.t+v.ends[size-1])
		}
	case '\\':
		run := 1
		for run < v.n && run < maxSlashes && v.chars[run] == '\\' {
			run++
		}
		if want[0] == '\\' {
			for n := 2; n <= run; n *= 2 {
				m.push(s.n+1, s.t+v.ends[n-1])
			}
		}
		meaning, size := unescape(v.text()[run:], v.text()[:run])
		if size > 0 && m.means(want, meaning) {
			m.push(s.n+len(meaning), s.t+v.ends[run+size-1])
		}
	}
}

// means reports whether what is wanted begins with what an escape means.
func (m *matcher) means(want, meaning string) bool {
	if !m.want.exact {
		meaning = folded(meaning)
	}
	return strings.HasPrefix(want, meaning)
}

// percent yields the sizes of the percent-encodings of c that s begins with: %41, and %2541 as the same encoded again.
func (m *matcher) percent(s string, c byte) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		if s[0] != '%' {
			return
		}
		p := 1
		for range maxNesting {
			if v, ok := hexValue(s[p:], 2); ok && m.want.reads(byte(v)) == c && !yield(p+2) {
				return
			}
			if !strings.HasPrefix(s[p:], "25") {
				return
			}
			p += 2
		}
	}
}

// view is the beginning of a text with its percent-encoding undone.
type view struct {
	chars [maxEscape]byte
	ends  [maxEscape]int // where each character's encoding ends
	n     int
}

func (v *view) read(s string) {
	for t := 0; t < len(s) && v.n < len(v.chars); v.n++ {
		c, size := s[t], 1
		if c == '%' {
			p := 1
			for p < 2*maxNesting && strings.HasPrefix(s[t+p:], "25") {
				p += 2
			}
			// The last "25" may be the encoded character itself.
			for ; p > 0; p -= 2 {
				if x, ok := hexValue(s[t+p:], 2); ok {
					c, size = byte(x), p+2
					break
				}
			}
		}
		t += size
		v.chars[v.n], v.ends[v.n] = c, t
	}
}

func (v *view) text() string { return string(v.chars[:v.n]) }

// entity reads &amp;, &#38; and &#x26;. It returns the meaning and the size, 0 for none.
func entity(s string) (meaning string, size int) {
	s = s[:min(len(s), maxEntity)]
	end := strings.IndexByte(s, ';') + 1
	if meaning = html.UnescapeString(s[:end]); meaning == s[:end] {
		return "", 0
	}
	return meaning, end
}

// unescape reads one escape of JSON or Go, whose backslashes are behind, given as slashes: as many as repeated quoting
// makes of the one. It returns what the escape means and its size without them, 0 when it is none.
func unescape(s, slashes string) (meaning string, size int) {
	if s == "" {
		return "", 0
	}
	var digits int
	switch s[0] {
	case '"', '\'', '/', '`':
		return s[:1], 1
	case 'x':
		if c, ok := hexValue(s[1:], 2); ok {
			return string([]byte{byte(c)}), 3
		}
		return "", 0
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		if i := strings.IndexByte("abfnrtv", s[0]); i >= 0 {
			return "\a\b\f\n\r\t\v"[i : i+1], 1
		}
		return "", 0
	}
	c, ok := hexValue(s[1:], digits)
	if !ok {
		return "", 0
	}
	size = 1 + digits
	if r := rune(c); utf16.IsSurrogate(r) {
		low, found := strings.CutPrefix(s[size:], slashes+"u")
		if l, ok := hexValue(low, 4); found && ok {
			if pair := utf16.DecodeRune(r, rune(l)); pair != utf8.RuneError {
				return string(pair), size + len(slashes) + 5
			}
		}
	}
	return string(rune(c)), size
}

// hexValue reads exactly n hex digits of either case.
func hexValue(s string, n int) (uint32, bool) {
	if len(s) < n {
		return 0, false
	}
	u, err := strconv.ParseUint(s[:n], 16, 32)
	return uint32(u), err == nil
}
