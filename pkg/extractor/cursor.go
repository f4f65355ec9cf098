package extractor

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"producer/pkg/config"
	"producer/pkg/record"
)

// cursor is a value of cursor_path, or a bound of such values. The zero cursor is none.
type cursor struct {
	record.Value
	stamped bool // it is text that is a timestamp
}

func newCursor(v record.Value) cursor { return cursor{v, stamped(v)} }

// parseCursor reads one of the configuration or of a state; "" is none.
func parseCursor(text config.Literal) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	v, err := literal(text)
	return newCursor(v), err
}

// converted is a timestamp in a form of convert; up: what is cut off is rounded up, so that no row is left out. ok is false of anything
// else, which is sent as it is.
func (c cursor) converted(form string, up bool) (v config.Value, ok bool) {
	if form == "" || c.Kind() != record.String {
		return v, false
	}
	at, _, ok := timestamp(string(textOf(c.Value)))
	if !ok {
		return v, false
	}
	unit := map[string]time.Duration{"unix": time.Second, "unix_ms": time.Millisecond, "date": 24 * time.Hour}[form]
	at = at.UTC()
	if cut := at.Truncate(unit); up && cut.Before(at) {
		at = cut.Add(unit)
	}
	switch form {
	case "unix":
		v.Text = strconv.FormatInt(at.Unix(), 10)
	case "unix_ms":
		v.Text = strconv.FormatInt(at.UnixMilli(), 10)
	default:
		text := at.Format(time.DateOnly)
		return config.Value{Text: text, JSON: strconv.Quote(text)}, true
	}
	v.JSON = v.Text
	return v, true
}

// compareCursors orders two cursors: timestamps as instants, whatever their form, numeric text beside a number as one, else as
// [record.Compare] does.
func compareCursors(a, b record.Value) (int, bool) {
	if a.Kind() == record.String && b.Kind() == record.String {
		s, t := textOf(a), textOf(b)
		if len(s) == len(t) && len(s) > 0 && s[len(s)-1] == 'Z' && t[len(t)-1] == 'Z' { // one form, most likely
			return bytes.Compare(s, t), true
		}
		if x, _, ok := timestamp(string(s)); ok {
			if y, _, ok := timestamp(string(t)); ok {
				return x.Compare(y), true
			}
		}
		return bytes.Compare(s, t), true
	}
	return record.Compare(asNumber(a, b), asNumber(b, a))
}

// asNumber is v, or the number that its text is where it stands beside one.
func asNumber(v, beside record.Value) record.Value {
	if v.Kind() == record.String && beside.Kind() == record.Number {
		if n, err := literal(config.Literal(textOf(v))); err == nil && n.Kind() == record.Number {
			return n
		}
	}
	return v
}

// stamped reports whether v is text that is a timestamp.
func stamped(v record.Value) bool {
	if v.Kind() != record.String {
		return false
	}
	s := textOf(v)
	if len(s) >= len("2006-01-02T15:04:05Z") && s[4] == '-' && s[7] == '-' && s[len(s)-1] == 'Z' { // of one form, most likely
		return true
	}
	_, _, ok := timestamp(string(s))
	return ok
}

func textOf(v record.Value) []byte {
	if text, plain := v.Text(); plain {
		return text
	}
	return v.AppendText(nil)
}

// timestamp reads ISO 8601 as APIs write it, and returns its layout. What has no offset is UTC.
func timestamp(s string) (at time.Time, layout string, ok bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return at, "", false
	}
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at, time.DateOnly, true
	}
	layout = "2006-01-02" + s[10:11] + "15:04:05"
	if i := strings.IndexByte(s, '.'); i > 0 {
		layout += "." + strings.Repeat("0", len(s[i+1:])-len(strings.TrimLeft(s[i+1:], "0123456789")))
	}
	for _, zone := range []string{"Z07:00", "", "Z0700"} {
		if at, err := time.Parse(layout+zone, s); err == nil {
			return at, layout + zone, true
		}
	}
	return at, "", false
}

// moved is a cursor moved back by lag: seconds of a timestamp, days of a date, else a plain number. forward: the other way.
func moved(v record.Value, lag float64, forward bool) (config.Literal, error) {
	if !forward {
		lag = -lag
	}
	text := string(v.AppendText(nil))
	if v.Kind() == record.String {
		at, layout, ok := timestamp(text)
		if !ok {
			return "", fmt.Errorf("the cursor %.40q is neither a timestamp nor a number", text)
		}
		unit := time.Second
		if layout == time.DateOnly {
			unit = 24 * time.Hour
		}
		return config.Literal(`"` + at.Add(time.Duration(lag*float64(unit))).Format(layout) + `"`), nil
	}
	f, err := v.Float64() // of a size that a rational takes well
	x, ok := new(big.Rat).SetString(text)
	if err != nil || !ok || f != 0 && (f > 1e300 || f < -1e300) || len(text) > 64 {
		return "", fmt.Errorf("the cursor %.40s is too large a number", text)
	}
	y := new(big.Rat).SetFloat64(lag)
	sum := x.Add(x, y)
	if sum.IsInt() {
		return config.Literal(sum.Num().String()), nil
	}
	return config.Literal(strings.TrimRight(sum.FloatString(9), "0")), nil
}
