package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"producer/pkg/kafka"
)

// Entry is what the state topic holds for one key.
type Entry struct {
	State     State
	Timestamp time.Time // when its producer wrote it
	Err       error     // a *VersionError: State is not to be used

	own bool // of the partition that the key belongs to
}

// VersionError is a state that this version of the program cannot read.
type VersionError struct {
	Topic, Resource string
	V               int // 0 where it could not be read at all
	Err             error
}

func (e *VersionError) Error() string {
	what := fmt.Sprintf("is of version %d, this program knows %d", e.V, Version)
	if e.Err != nil {
		what = "cannot be read: " + e.Err.Error()
	}
	return fmt.Sprintf("the state of resource %s in topic %s %s; upgrade, or run once with --reset: it forgets the state and adopts the topic as it is",
		e.Resource, e.Topic, what)
}

func (e *VersionError) Unwrap() error { return e.Err }

// Load reads the newest committed state of every resource, up to the topic's high watermark and past open transactions. A key with
// a tombstone has none, and keys with a slash, parts of resources to later versions, are passed over. A state that cannot be read is
// an entry with Err. Other errors are [kafka.Cluster.Scan]'s, of a topic that does not exist too.
//
// Should the topic's partitions have become more, a key may stand in several: then its own partition's record is the newest, and
// without one the youngest.
func Load(ctx context.Context, c *kafka.Cluster, topic string) (map[string]Entry, error) {
	return load(ctx, c, topic, kafka.ScanOptions{})
}

// Glance is Load without waiting: what stands behind an open transaction is not seen. What it returns was the state; it may not be
// the newest.
func Glance(ctx context.Context, c *kafka.Cluster, topic string) (map[string]Entry, error) {
	return load(ctx, c, topic, kafka.ScanOptions{Stable: true})
}

func load(ctx context.Context, c *kafka.Cluster, topic string, o kafka.ScanOptions) (map[string]Entry, error) {
	infos, err := c.Describe(ctx, topic)
	if err != nil {
		return nil, err
	}
	type place struct {
		key       string
		partition int32
	}
	found := map[place]Entry{}
	err = c.Scan(ctx, topic, o, func(r kafka.Record) error {
		p := place{string(r.Key), r.Partition}
		switch {
		case r.Value == nil:
			delete(found, p)
		case r.Key != nil && !strings.Contains(p.key, "/"):
			found[p] = entry(topic, p.key, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]Entry, len(found))
	for p, e := range found {
		own := p.partition == kafka.Partition([]byte(p.key), infos[topic].Partitions)
		if other, ok := out[p.key]; !ok || own || !other.own && e.Timestamp.After(other.Timestamp) {
			e.own = own
			out[p.key] = e
		}
	}
	return out, nil
}

func entry(topic, resource string, r kafka.Record) Entry {
	e := Entry{Timestamp: r.Timestamp}
	e.State, e.Err = Parse(r.Value)
	if v, ok := errors.AsType[*VersionError](e.Err); ok {
		v.Topic, v.Resource = topic, resource
	}
	return e
}
