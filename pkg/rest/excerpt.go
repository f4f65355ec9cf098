package rest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	excerptBytes  = 200
	excerptWindow = 64 << 10 // of a long body this much is looked at
	longestSecret = 8 << 10
)

// excerpt redacts before it cuts: a secret cut in half is no longer found, and half of it is still a secret. That is also
// why the tail of a window that was cut itself is never shown.
func excerpt(body []byte, redact func(string) string) string {
	cut := len(body) > excerptWindow
	text := redact(string(body[:min(len(body), excerptWindow)]))
	if cut {
		text = text[:max(0, len(text)-longestSecret)]
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) <= excerptBytes {
		return text
	}
	const more = "…"
	end := excerptBytes - len(more)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
