package config

import (
	"maps"
	"math"
	"strconv"
	"strings"
	"time"
)

// Topic is where a resource is published: the kafka block with the resource's own over it.
type Topic struct {
	Name              string            // expanded
	Partitions        int32             // of a topic that is created
	ReplicationFactor int16             // of a topic that is created; -1: the broker's default
	Config            map[string]string // of a topic that is created, over our defaults; never cleanup.policy
	Publish           string            // "changed" or "all"
	Deletes           Deletes
	MaxDeletes        MaxDeletes
	FullWalkEvery     time.Duration // how often an incremental resource is walked in full; 0: never, but for --full
}

// Deletes says whether records that are gone at the source are deleted in the topic.
type Deletes struct {
	Mode string // "off" or "confirmed"
	Path string // asked once per record to confirm, with the primary key's fields in braces, as in /v1/contacts/{id}; "": none
}

// MaxDeletes guards a topic against a source that lost its records by mistake. Either Share or Count counts; the zero value
// allows nothing.
type MaxDeletes struct {
	Share float64 // of the live keys, from 0 to 1
	Count int64
}

// minShareOfDeletes is what any share allows, so that small topics can shrink.
const minShareOfDeletes = 5

// Allow is how many of live keys one walk may delete: at least 5 where it is a share, and never all of them.
func (m MaxDeletes) Allow(live int64) int64 {
	allowed := m.Count
	if m.Share > 0 {
		exact := m.Share * float64(live)
		allowed = int64(exact)
		if nearest := math.Round(exact); math.Abs(exact-nearest) < 1e-6 { // 29% of 100 are 28.999999999999996
			allowed = int64(nearest)
		}
		allowed = max(allowed, minShareOfDeletes)
	}
	return max(0, min(allowed, live-1))
}

// topicBlock is a Topic on its way through the two blocks.
type topicBlock struct {
	Topic
	template *node // nil: the default
	fullWalk *node // nil: the default
	deletes  *node // nil: the default
}

func defaultTopic() topicBlock {
	return topicBlock{Topic: Topic{
		Partitions:        6,
		ReplicationFactor: -1,
		Publish:           "changed",
		Deletes:           Deletes{Mode: "off"},
		MaxDeletes:        MaxDeletes{Share: 0.1},
	}}
}

// topic reads the keys that the kafka block and a resource's own have in common, over what t holds.
func (l *loader) topic(o *object, t topicBlock) topicBlock {
	if n := o.get("topic"); n != nil {
		t.template = n
	}
	if n := o.get("partitions"); n != nil {
		i, ok := l.integer(n, 1, 100_000)
		assign(&t.Partitions, int32(i), ok)
	}
	if n := o.get("replication_factor"); n != nil {
		if i, ok := l.integer(n, -1, math.MaxInt16); ok {
			t.ReplicationFactor = int16(i)
			if i == 0 {
				l.wrong(n, "is 0; it must be 1 or more, or -1 for the broker's default")
			}
		}
	}
	if n := o.get("config"); n != nil {
		t.Config = l.topicConfig(n, t.Config)
	}
	o.setWord("publish", &t.Publish, "changed", "all")
	if n := o.get("deletes"); n != nil {
		t.deletes, t.Deletes = n, l.readDeletes(n)
	}
	if n := o.get("max_deletes"); n != nil {
		t.MaxDeletes = l.maxDeletes(n)
	}
	if n := o.get("full_walk_every"); n != nil {
		d, ok := l.duration(n, 0)
		t.fullWalk = n
		assign(&t.FullWalkEvery, d, ok)
	}
	return t
}

func (l *loader) topicConfig(n *node, under map[string]string) map[string]string {
	l.object(n)
	config := maps.Clone(under)
	if config == nil {
		config = make(map[string]string, len(n.members))
	}
	for _, m := range n.members {
		switch {
		case m.name == "cleanup.policy":
			l.problem(m.line, m.value.key(), "follows from write_disposition (merge and replace: compact, append: delete); leave it out")
			continue
		case !isTopicName(m.name):
			l.problem(m.line, m.value.key(), "is no name of a topic's setting; it must be one such as delete.retention.ms")
			continue
		}
		if v, ok := l.plain(m.value, nil); ok {
			config[m.name] = v
		}
	}
	return config
}

func (l *loader) readDeletes(n *node) Deletes {
	if n.kind != mappingKind {
		if n.kind == scalarKind && n.tag == "!!bool" {
			l.wrong(n, `is %s; it must be "off" (in quotes, for some YAML takes a bare off for false) or confirmed`, n.text)
			return Deletes{Mode: "off"}
		}
		mode, _ := l.word(n, "off", "confirmed")
		return Deletes{Mode: mode}
	}
	o := l.object(n)
	d := Deletes{Mode: "confirmed"}
	if confirm := o.want("confirm", `it must be off, confirmed or {confirm: {path: "/v1/contacts/{id}"}}`); confirm != nil {
		inner := l.object(confirm)
		if p := inner.want("path", `give the path of one record, as in "/v1/contacts/{id}"`); p != nil {
			text, ok := l.text(p)
			assign(&d.Path, text, ok)
		}
		inner.done()
	}
	o.done()
	return d
}

func (l *loader) maxDeletes(n *node) MaxDeletes {
	text, tag, ok := l.typed(n)
	if !ok {
		return MaxDeletes{}
	}
	if i, ok := parseInt(text, tag); ok && i >= 0 {
		return MaxDeletes{Count: i}
	}
	if percent, ok := strings.CutSuffix(text, "%"); ok && tag == "!!str" && strings.Trim(percent, "0123456789.") == "" {
		if f, err := strconv.ParseFloat(percent, 64); err == nil && f > 0 && f <= 100 {
			return MaxDeletes{Share: f / 100}
		}
	}
	l.wrong(n, "is %s; it must be a share of more than 0%% up to 100%%, as in 10%%, or a whole number of records%s", n.got(), n.unquote())
	return MaxDeletes{}
}

// isTopicName is Kafka's rule.
func isTopicName(name string) bool {
	return name != "" && len(name) <= maxTopicName && name != "." && name != ".." &&
		!strings.ContainsFunc(name, func(c rune) bool { return c != '.' && !isNameRune(c) })
}

const maxTopicName = 249 // characters; Kafka's limit, from the length of file names
