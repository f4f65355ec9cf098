package importer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-strftime"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// moment is a datetime or a date. It is what an unknown value holds, so that what it can't do is unknown and nothing else.
type moment struct {
	at       time.Time
	clock    bool // it is as late as the import
	naive    bool // Python's, without a zone
	date     bool
	pendulum bool
}

// delta is a timedelta, or a pendulum.duration.
type delta struct {
	years, months, days int
	rest                time.Duration
}

// partNames are what Python calls the parts of a moment.
var partNames = []string{"year", "month", "day", "hour", "minute", "second", "microsecond"}

// parts are in the order of partNames.
func (m moment) parts() []int {
	year, month, day := m.at.Date()
	return []int{year, int(month), day, m.at.Hour(), m.at.Minute(), m.at.Second(), m.at.Nanosecond() / 1000}
}

// units of a delta that are of one length.
var units = map[string]time.Duration{"weeks": 7 * 24 * time.Hour, "days": 24 * time.Hour, "hours": time.Hour, "minutes": time.Minute,
	"seconds": time.Second, "milliseconds": time.Millisecond, "microseconds": time.Microsecond}

// amount is a delta, or nil where a part of it is not known.
func amount(given map[string]starlark.Value) any {
	var d delta
	for name, v := range given {
		whole, notInt := starlark.AsInt32(v)
		number, isNumber := starlark.AsFloat(v)
		unit := units[name]
		switch {
		case !isNumber || number < -1e6 || number > 1e6:
			return nil
		case name == "years" && notInt == nil:
			d.years = whole
		case name == "months" && notInt == nil:
			d.months = whole
		case unit == 0:
			return nil
		case notInt == nil && unit >= 24*time.Hour:
			d.days += whole * int(unit/(24*time.Hour))
		default:
			d.rest += time.Duration(number * float64(unit))
		}
	}
	return d
}

// plus is the moment a delta later, or as much earlier. Of a month that is too short it is the last day, as in pendulum.
func (m moment) plus(d delta, sign int) any {
	year, month, day := m.at.Date()
	first := time.Date(year, month, 1, m.at.Hour(), m.at.Minute(), m.at.Second(), m.at.Nanosecond(), time.UTC).AddDate(sign*d.years, sign*d.months, 0)
	last := first.AddDate(0, 1, -1).Day()
	m.at = first.AddDate(0, 0, min(day, last)-1+sign*d.days)
	if m.date { // of a timedelta it takes the whole days, rounded down
		const day = 24 * time.Hour
		d.rest -= (d.rest%day + day) % day
	}
	m.at = m.at.Add(time.Duration(sign) * d.rest)
	if m.at.Year() < 1 || m.at.Year() > 9999 {
		return nil
	}
	return m
}

// arithmetic is a moment ± a delta, else nil.
func (u *unknown) arithmetic(op syntax.Token, y starlark.Value, side starlark.Side) *unknown {
	other, ok := y.(*unknown)
	if !ok || op != syntax.PLUS && op != syntax.MINUS {
		return nil
	}
	x := u
	if side == starlark.Right {
		x, other = other, u
	}
	if op == syntax.PLUS {
		if _, isMoment := other.time.(moment); isMoment {
			x, other = other, x
		}
	}
	m, isMoment := x.time.(moment)
	d, isDelta := other.time.(delta)
	if !isMoment || !isDelta {
		return nil
	}
	sign := 1
	if op == syntax.MINUS {
		sign = -1
	}
	return u.session.timed(x.then(" "+op.String()+" …").what, u.line, m.plus(d, sign))
}

// member is what is known of a moment's attributes, else nil.
func (m moment) member(u *unknown, name string) starlark.Value {
	derived := func(f func(given map[string]starlark.Value, args starlark.Tuple) any) starlark.Value {
		return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			what := u.then("." + name + "()").what
			v := f(named(args, kwargs), args)
			if text, ok := v.(string); ok {
				return u.session.momentText(what, lineOf(thread), m, text)
			}
			return u.session.timed(what, lineOf(thread), v), nil
		})
	}
	text := func(layout string) starlark.Value {
		return derived(func(given map[string]starlark.Value, _ starlark.Tuple) any {
			if len(given) > 0 {
				return nil
			}
			return m.at.Format(layout)
		})
	}
	switch {
	case name == "add" && m.pendulum, name == "subtract" && m.pendulum:
		return derived(func(given map[string]starlark.Value, _ starlark.Tuple) any {
			if d, ok := amount(given).(delta); ok {
				return m.plus(d, map[string]int{"add": 1, "subtract": -1}[name])
			}
			return nil
		})
	case name == "isoformat":
		return derived(func(given map[string]starlark.Value, _ starlark.Tuple) any {
			switch {
			case len(given) == 0:
				return m.iso("T")
			case len(given) == 1 && textOf(given["timespec"]) == "seconds":
				m.at = m.at.Truncate(time.Second)
				return m.iso("T")
			}
			return nil
		})
	case name == "to_iso8601_string" && m.pendulum:
		return derived(func(map[string]starlark.Value, starlark.Tuple) any {
			return strings.TrimSuffix(m.iso("T"), "+00:00") + "Z"
		})
	case name == "to_date_string" && m.pendulum:
		return text(time.DateOnly)
	case name == "to_datetime_string" && m.pendulum:
		return text(time.DateTime)
	case name == "strftime":
		return derived(func(_ map[string]starlark.Value, args starlark.Tuple) any {
			if len(args) != 1 || u.session.unknownIn(textOf(args[0])) != nil {
				return nil
			}
			return strftime.Format(textOf(args[0]), m.at)
		})
	case name == "date" && !m.date:
		return derived(func(map[string]starlark.Value, starlark.Tuple) any {
			return moment{at: m.at.Truncate(24 * time.Hour), clock: m.clock, naive: true, date: true, pendulum: m.pendulum}
		})
	case name == "start_of" && m.pendulum:
		return derived(func(_ map[string]starlark.Value, args starlark.Tuple) any {
			y, mo, d := m.at.Date()
			starts := map[string]time.Time{"day": m.at.Truncate(24 * time.Hour), "hour": m.at.Truncate(time.Hour), "month": time.Date(y, mo, 1, 0, 0, 0, 0, time.UTC),
				"year": time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), "week": time.Date(y, mo, d-(int(m.at.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)}
			at, ok := starts[textOf(append(args, starlark.None)[0])]
			if !ok {
				return nil
			}
			m.at = at
			return m
		})
	case name == "replace":
		return derived(func(given map[string]starlark.Value, _ starlark.Tuple) any { return m.replaced(given) })
	case name == "astimezone", name == "in_timezone", name == "in_tz":
		return derived(func(_ map[string]starlark.Value, args starlark.Tuple) any {
			if len(args) != 1 || !isUTC(args[0]) {
				return nil
			}
			m.naive = false
			return m
		})
	}
	if i := slices.Index(partNames[:6], name); i >= 0 && !m.clock {
		return starlark.MakeInt(m.parts()[i])
	}
	return nil
}

// replaced is the moment with other parts.
func (m moment) replaced(given map[string]starlark.Value) any {
	all := map[string]starlark.Value{}
	for i, n := range m.parts() {
		all[partNames[i]] = starlark.MakeInt(n)
	}
	for name, v := range given {
		all[name] = v
	}
	if all["tzinfo"] == starlark.None {
		delete(all, "tzinfo")
		m.naive = true
	}
	var kwargs []starlark.Tuple
	for name, v := range all {
		kwargs = append(kwargs, starlark.Tuple{starlark.String(name), v})
	}
	r, ok := composed(m)(nil, kwargs).(moment)
	if !ok {
		return nil
	}
	return r
}

// iso is what isoformat gives, and with a space for separator str.
func (m moment) iso(separator string) string {
	if m.date {
		return m.at.Format(time.DateOnly)
	}
	text := m.at.Format(time.DateOnly + separator + time.TimeOnly)
	if us := m.at.Nanosecond() / 1000; us > 0 {
		text += fmt.Sprintf(".%06d", us)
	}
	if !m.naive {
		text += "+00:00"
	}
	return text
}

// momentText is a moment's text: a mark where the clock decides.
func (s *session) momentText(what string, line int, m moment, text string) (starlark.String, error) {
	if !m.clock {
		return starlark.String(text), nil
	}
	return s.text(mark{what: what, line: line, now: text})
}
