package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Readers of scalars: each takes the node of one value, reports what is wrong with it, and says whether the result can be used.
// References are put in here. None of them takes null; who does looks for it first.

// what says what kind of value n is, without showing it.
func (n *node) what() string {
	switch n.kind {
	case nullKind:
		return "empty"
	case mappingKind:
		return "a mapping"
	case listKind:
		return "a list"
	case scalarKind:
	}
	switch n.tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	}
	return "text"
}

// got shows n as it was written: references unexpanded.
func (n *node) got() string {
	switch {
	case n.kind != scalarKind:
		return n.what()
	case n.tag != "!!str":
		return cut(n.text)
	case strings.Contains(n.text, "${"):
		return "what " + quote(n.text) + " stands for"
	}
	return "the text " + quote(n.text)
}

// unquote is the advice for text where something else is wanted.
func (n *node) unquote() string {
	if n.kind == scalarKind && n.tag == "!!str" && !strings.Contains(n.text, "${") {
		return ", without quotes"
	}
	return ""
}

// typed is n with its references in. One reference alone gets the type that YAML gives its text; it may then be null.
func (l *loader) typed(n *node) (text, tag string, ok bool) {
	if n.kind != scalarKind {
		return "", "", true
	}
	if n.tag != "!!str" {
		return n.text, n.tag, true
	}
	text, whole, err := l.expand(n.text, nil)
	if err != nil {
		l.wrong(n, "%s", err)
		return "", "", false
	}
	if whole {
		return text, (&yaml.Node{Kind: yaml.ScalarNode, Value: text}).ShortTag(), true
	}
	return text, n.tag, true
}

// text reads text that holds no line breaks or other control characters.
func (l *loader) text(n *node) (string, bool) {
	return l.textWith(n, nil)
}

func (l *loader) textWith(n *node, literal func(string) (string, error)) (string, bool) {
	if n.kind != scalarKind || n.tag != "!!str" {
		right := "it must be text"
		if n.kind == scalarKind {
			right += ", in quotes"
		}
		l.wrong(n, "is %s; %s", n.what(), right)
		return "", false
	}
	s, _, err := l.expand(n.text, literal)
	switch {
	case err != nil:
		l.wrong(n, "%s", err)
	case s == "":
		l.wrong(n, "is empty; give it a value or leave the key out")
	case hasControl(s):
		l.wrong(n, "holds a control character; line breaks, tabs and the like are not allowed here")
	default:
		return s, true
	}
	return "", false
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 || c == 0x7f })
}

// secretText reads a secret and remembers it for redaction.
func (l *loader) secretText(n *node) (Secret, bool) {
	if n.kind == scalarKind && strings.HasPrefix(strings.TrimSpace(n.text), "dlt.secrets") {
		l.wrong(n, `is Python, and dlt's secrets are not read; write "${NAME}" for an environment variable or "${file:PATH}"`)
		return "", false
	}
	s, ok := l.text(n)
	if ok {
		l.hide(n, s)
		l.warnWritten(n)
	}
	return Secret(s), ok
}

// minHidden is the least number of bytes that a secret needs to be looked for in output: a shorter one stands in every line by chance.
const minHidden = 4

// hide remembers secrets at n for redaction, and warns of one that is too short for it.
func (l *loader) hide(n *node, values ...string) {
	l.secret(values...)
	if v := values[0]; v != "" && len(v) < minHidden {
		l.warn(n, fmt.Sprintf("is too short to be hidden: a secret of fewer than %d bytes is left as it is wherever it is echoed; use a longer one where it protects anything", minHidden))
	}
}

// warnWritten warns of a secret that stands in the file itself. $${ is no reference.
func (l *loader) warnWritten(n *node) {
	if n.text != "" && !strings.Contains(strings.ReplaceAll(n.text, "$${", ""), "${") {
		l.warn(n, `stands in this file for all its readers; write "${NAME}" for an environment variable, or "${file:PATH}"`)
	}
}

// word reads one of a set of words.
func (l *loader) word(n *node, words ...string) (string, bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return "", false
	}
	if tag != "!!str" || !slices.Contains(words, text) {
		l.wrong(n, "is %s; it must be %s", n.got(), alternatives(words))
		return "", false
	}
	return text, true
}

func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func (l *loader) boolean(n *node) (value, ok bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return false, false
	}
	if tag != "!!bool" {
		l.wrong(n, "is %s; it must be true or false%s", n.got(), n.unquote())
		return false, false
	}
	return strings.EqualFold(text, "true"), true
}

// integer reads a whole number from least to most.
func (l *loader) integer(n *node, least, most int64) (int64, bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return 0, false
	}
	i, isInt := parseInt(text, tag)
	if !isInt || i < least || i > most {
		right := "a whole number, " + strconv.FormatInt(least, 10) + " or more"
		if most != math.MaxInt64 {
			right = "a whole number from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatInt(most, 10)
		}
		l.wrong(n, "is %s; it must be %s%s", n.got(), right, n.unquote())
		return 0, false
	}
	return i, true
}

func parseInt(text, tag string) (int64, bool) {
	if tag != "!!int" {
		return 0, false
	}
	var i int64
	err := (&yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}).Decode(&i)
	return i, err == nil
}

// number reads a number from least to most.
func (l *loader) number(n *node, least, most float64) (float64, bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return 0, false
	}
	f, isNumber := parseNumber(text, tag)
	if !isNumber || f < least || f > most {
		l.wrong(n, "is %s; it must be a number from %g to %g%s", n.got(), least, most, n.unquote())
		return 0, false
	}
	return f, true
}

// parseNumber is a finite number.
func parseNumber(text, tag string) (float64, bool) {
	if tag != "!!int" && tag != "!!float" {
		return 0, false
	}
	var f float64
	err := (&yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}).Decode(&f)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// duration reads a Go duration or a bare number of seconds.
func (l *loader) duration(n *node, least time.Duration) (time.Duration, bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return 0, false
	}
	d, isDuration := parseDuration(text, tag)
	if !isDuration || d < least {
		right := "more than 0"
		if least == 0 {
			right = "not negative"
		}
		l.wrong(n, "is %s; it must be a duration such as 500ms, 2s or 1h, or a number of seconds, and %s", n.got(), right)
		return 0, false
	}
	return d, true
}

// maxDuration keeps sums of durations from overflowing.
const maxDuration = 10 * 365 * 24 * time.Hour

// ParseDuration reads a duration as the configuration's are written: Go's (500ms, 2s, 24h), or a bare number of seconds.
func ParseDuration(text string) (d time.Duration, ok bool) {
	if d, ok = parseDuration(text, "!!float"); !ok {
		d, ok = parseDuration(text, "!!str")
	}
	return d, ok
}

func parseDuration(text, tag string) (time.Duration, bool) {
	if seconds, ok := parseNumber(text, tag); ok {
		if math.Abs(seconds) > maxDuration.Seconds() {
			return 0, false
		}
		return time.Duration(math.Round(seconds * float64(time.Second))), true
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && tag == "!!str" && d.Abs() <= maxDuration
}

// size reads a positive number of bytes: bare, or with a unit.
func (l *loader) size(n *node) (int64, bool) {
	text, tag, ok := l.typed(n)
	if !ok {
		return 0, false
	}
	size, isSize := parseSize(text, tag)
	if !isSize || size <= 0 {
		l.wrong(n, "is %s; it must be a size such as 64KiB, 256MiB or 1GiB, or a number of bytes, and more than 0", n.got())
		return 0, false
	}
	return size, true
}

func parseSize(text, tag string) (int64, bool) {
	if i, ok := parseInt(text, tag); ok {
		return i, true
	}
	end := len(strings.TrimLeft(text, "0123456789."))
	f, err := strconv.ParseFloat(text[:len(text)-end], 64)
	if err != nil || tag != "!!str" {
		return 0, false
	}
	units := map[string]float64{
		"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
	f *= units[strings.TrimSpace(text[len(text)-end:])] // 0 of an unknown unit is no size
	return int64(f), f < math.MaxInt64
}

// plain reads text, or a number or boolean that is written as every language writes it, so that its text is beyond doubt.
func (l *loader) plain(n *node, literal func(string) (string, error)) (string, bool) {
	if n.kind == scalarKind {
		switch n.tag {
		case "!!int":
			if i, ok := parseInt(n.text, n.tag); ok && strconv.FormatInt(i, 10) == n.text {
				return n.text, true
			}
		case "!!float":
			if f, ok := parseNumber(n.text, n.tag); ok && strconv.FormatFloat(f, 'f', -1, 64) == n.text {
				return n.text, true
			}
		case "!!bool":
			if n.text == "true" || n.text == "false" {
				return n.text, true
			}
		default:
			s, _, err := l.expand(n.text, literal)
			if err != nil {
				l.wrong(n, "%s", err)
			}
			return s, err == nil
		}
	}
	l.wrong(n, "is %s; write it as text, in quotes", n.what())
	return "", false
}

// assign stores what a reader returned, unless it failed.
func assign[T any](dst *T, value T, ok bool) {
	if ok {
		*dst = value
	}
}
