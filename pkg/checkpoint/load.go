package checkpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"producer/pkg/kafka"
)

// Entry is what the state topic holds for one key.
type Entry struct {
	State     State
	Timestamp time.Time // when its producer wrote it
	Err       error     // a *VersionError: State is not to be used
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

// Load reads the newest committed state of every key, up to the topic's high watermark and past open transactions. A key with a
// tombstone has none. Errors are [kafka.Cluster.Scan]'s; a state that cannot be read is an entry with Err.
func Load(ctx context.Context, c *kafka.Cluster, topic string) (map[string]Entry, error) {
	out := map[string]Entry{}
	err := c.Scan(ctx, topic, kafka.ScanOptions{}, func(r kafka.Record) error {
		key := string(r.Key)
		if r.Value == nil {
			delete(out, key)
			return nil
		}
		out[key] = parse(topic, key, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func parse(topic, resource string, r kafka.Record) Entry {
	e := Entry{Timestamp: r.Timestamp}
	var version struct {
		V int `json:"v"`
	}
	if err := json.Unmarshal(r.Value, &version); err != nil {
		e.Err = &VersionError{Topic: topic, Resource: resource, Err: err}
	} else if version.V != Version {
		e.Err = &VersionError{Topic: topic, Resource: resource, V: version.V}
	} else if err := json.Unmarshal(r.Value, &e.State); err != nil {
		e.Err = &VersionError{Topic: topic, Resource: resource, V: version.V, Err: err}
	}
	return e
}
