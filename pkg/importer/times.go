package importer

import (
	"slices"
	"strings"
	"time"

	"go.starlark.net/starlark"
)

// Sources begin at a moment: pendulum.today().subtract(days=30), datetime(2024, 1, 1). What Python's datetime and pendulum make of one is
// computed here, in UTC; a moment that the clock gave is known where only the first run looks at it.

// utc is a time zone, the only one that is known.
type utc struct{}

// namespace is a module or a class with the members that are known.
type namespace struct {
	*unknown
	members map[string]starlark.Value
	make    func(args starlark.Tuple, kwargs []starlark.Tuple) any // called; nil: nothing that is known
}

// Attr is a member.
func (n *namespace) Attr(name string) (starlark.Value, error) {
	if v, ok := n.members[name]; ok {
		return v, nil
	}
	return n.unknown.Attr(name)
}

// CallInternal makes an instance.
func (n *namespace) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if n.make == nil {
		return n.unknown.CallInternal(thread, args, kwargs)
	}
	return n.session.timed(n.what+"()", line(thread), n.make(args, kwargs)), nil
}

// timed is a value of time; nil is one that is not known.
func (s *session) timed(what string, line int, v any) *unknown {
	u := s.unknown(what, line)
	u.time = v
	return u
}

// class is a namespace whose members are functions that give values of time, or such values.
func (s *session) class(what string, line int, members map[string]any) *namespace {
	n := &namespace{unknown: s.unknown(what, line), members: map[string]starlark.Value{}}
	for name, m := range members {
		full := what + "." + name
		switch m := m.(type) {
		case func(starlark.Tuple, []starlark.Tuple) any:
			n.members[name] = starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
				return s.timed(full+"()", lineOf(thread), m(args, kwargs)), nil
			})
		case starlark.Value:
			n.members[name] = m
		default:
			n.members[name] = s.timed(full, line, m)
		}
	}
	return n
}

type maker = func(starlark.Tuple, []starlark.Tuple) any

// datetimeModule is Python's module datetime.
func (s *session) datetimeModule(line int) *namespace {
	zone := s.class("timezone", line, map[string]any{"utc": utc{}})
	datetime := s.class("datetime", line, map[string]any{
		"now":           s.clock(moment{naive: true}, 0),
		"today":         s.clock(moment{naive: true}, 0),
		"utcnow":        s.clock(moment{naive: true}, 0),
		"fromisoformat": parsed(moment{naive: true}),
	})
	datetime.make = composed(moment{naive: true})
	date := s.class("date", line, map[string]any{"today": s.clock(moment{naive: true, date: true}, 0), "fromisoformat": parsed(moment{naive: true, date: true})})
	date.make = composed(moment{naive: true, date: true})
	timedelta := s.class("timedelta", line, nil)
	timedelta.make = func(args starlark.Tuple, kwargs []starlark.Tuple) any {
		return amount(named(args, kwargs, "days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"))
	}
	return s.class("datetime", line, map[string]any{"datetime": datetime, "date": date, "timedelta": timedelta, "timezone": zone, "UTC": utc{}})
}

// pendulumModule is the library pendulum, which dlt brings along.
func (s *session) pendulumModule(line int) *namespace {
	p := moment{pendulum: true}
	return s.class("pendulum", line, map[string]any{
		"now":       s.clock(p, 0),
		"today":     s.day(p, 0),
		"yesterday": s.day(p, -1),
		"tomorrow":  s.day(p, 1),
		"datetime":  composed(p),
		"parse":     parsed(p),
		"duration":  func(args starlark.Tuple, kwargs []starlark.Tuple) any { return amount(named(args, kwargs)) },
		"UTC":       utc{},
	})
}

// clock gives the moment of the import, some days off; a zone that is asked for must be UTC.
func (s *session) clock(like moment, days int) maker {
	return func(args starlark.Tuple, kwargs []starlark.Tuple) any {
		m := like
		for _, v := range named(args, kwargs, "tz") {
			if !isUTC(v) {
				return nil
			}
			m.naive = false
		}
		if s.now.IsZero() {
			return nil
		}
		m.at, m.clock = s.now.UTC().AddDate(0, 0, days).Truncate(time.Microsecond), true
		if m.date {
			m.at = m.at.Truncate(24 * time.Hour)
		}
		return m
	}
}

// day is clock at midnight.
func (s *session) day(like moment, days int) maker {
	now := s.clock(like, days)
	return func(args starlark.Tuple, kwargs []starlark.Tuple) any {
		m, ok := now(args, kwargs).(moment)
		if !ok {
			return nil
		}
		m.at = m.at.Truncate(24 * time.Hour)
		return m
	}
}

// composed is a moment from its year, month, day and so on.
func composed(like moment) maker {
	return func(args starlark.Tuple, kwargs []starlark.Tuple) any {
		m, parts := like, []int{1, 1, 1, 0, 0, 0, 0}
		given := named(args, kwargs, append(slices.Clone(partNames), "tz", "tzinfo")...)
		for i, name := range partNames {
			v, ok := given[name]
			if !ok {
				if i < 3 {
					return nil
				}
				continue
			}
			n, err := starlark.AsInt32(v)
			if err != nil {
				return nil
			}
			parts[i] = n
			delete(given, name)
		}
		for _, zone := range given {
			if !isUTC(zone) {
				return nil
			}
			m.naive = false
		}
		m.at = time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1000, time.UTC)
		if !slices.Equal(m.parts(), parts) || parts[0] < 1 || parts[0] > 9999 { // Python raises
			return nil
		}
		return m
	}
}

// parsed is a moment from its text of ISO 8601.
func parsed(like moment) maker {
	return func(args starlark.Tuple, kwargs []starlark.Tuple) any {
		if len(args) != 1 || len(kwargs) > 0 {
			return nil
		}
		m := like
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly} {
			at, err := time.Parse(layout, textOf(args[0]))
			if _, offset := at.Zone(); err == nil && offset == 0 {
				m.at, m.naive = at.UTC(), like.naive && layout != time.RFC3339Nano
				return m
			}
		}
		return nil
	}
}

// named gives the arguments their names. One without a name is in the result under "", which nobody takes.
func named(args starlark.Tuple, kwargs []starlark.Tuple, names ...string) map[string]starlark.Value {
	given := map[string]starlark.Value{}
	for i, a := range args {
		if i < len(names) {
			given[names[i]] = a
		} else {
			given[""] = a
		}
	}
	for _, kw := range kwargs {
		given[pythonText(kw[0])] = kw[1]
	}
	return given
}

func isUTC(v starlark.Value) bool {
	u, ok := v.(*unknown)
	if ok {
		_, ok = u.time.(utc)
	}
	return ok || strings.EqualFold(textOf(v), "UTC")
}
