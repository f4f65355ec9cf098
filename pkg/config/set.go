package config

import "time"

// set reads the option name, where it is given, into dst. null is for read to judge.
func set[T any](o *object, name string, dst *T, read func(*node) (T, bool)) {
	if n := o.get(name); n != nil {
		v, ok := read(n)
		assign(dst, v, ok)
	}
}

func (o *object) setDuration(name string, dst *time.Duration, least time.Duration) {
	set(o, name, dst, func(n *node) (time.Duration, bool) { return o.duration(n, least) })
}

func (o *object) setInt(name string, dst *int, least, most int64) {
	set(o, name, dst, func(n *node) (int, bool) {
		i, ok := o.integer(n, least, most)
		return int(i), ok
	})
}

func (o *object) setWord(name string, dst *string, words ...string) {
	set(o, name, dst, func(n *node) (string, bool) { return o.word(n, words...) })
}

func (o *object) setBool(name string, dst *bool) { set(o, name, dst, o.boolean) }

func (o *object) setText(name string, dst *string) { set(o, name, dst, o.text) }
