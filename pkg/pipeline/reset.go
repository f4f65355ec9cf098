package pipeline

import (
	"bytes"
	"context"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
)

// stray is a live record that stands in another partition than its key's.
type stray struct {
	value   []byte // nil: the key's own partition knows better
	headers []kafka.Header
	at      time.Time
	in      []int32 // the wrong partitions that hold it
}

// adoptTopic is --reset: the state is written anew, and live keys in a wrong partition move to their own. A key's tombstones and its
// record are in one transaction, of which many keys may need several.
func (w *worker) adoptTopic(ctx context.Context) error {
	var records []kafka.Record
	var moved, tombstones, size int64
	if w.keyed() {
		strays, err := w.strays(ctx)
		if err != nil {
			return err
		}
		send := func() error {
			st := w.checkpoint(checkpoint.Walking)
			st.Identity = "an unfinished --reset" // should it end here, only another one may go on
			w.launch(st, records, tombstones)
			records, tombstones, size = nil, 0, 0
			return w.await()
		}
		for k, s := range strays {
			key := []byte(k)
			for _, p := range s.in {
				records = append(records, kafka.Record{Topic: w.res.Topic.Name, Partition: p, Key: key})
				tombstones++
			}
			if s.value != nil {
				records = append(records, kafka.Record{Topic: w.res.Topic.Name, Partition: kafka.Partition(key, w.info.Partitions), Key: key, Value: s.value, Headers: s.headers})
			}
			moved++
			if size += int64(len(k) + len(s.value)); len(records) >= batchRecords || size >= batchBytes {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
	w.index = nil
	w.p.log.Info("the topic is adopted as it is", "resource", w.res.Name, "topic", w.res.Topic.Name, "moved", moved)
	st := w.checkpoint(checkpoint.Walking)
	var err error
	if st.Populated, err = w.p.populated(ctx, w.info); err != nil {
		return err
	}
	w.launch(st, records, tombstones)
	if err := w.await(); err != nil {
		return err
	}
	w.adopt = false
	return nil
}

// strays folds the topic by partition and key and returns the live records that stand in a wrong partition. They are held in
// memory, bounded like the index.
func (w *worker) strays(ctx context.Context) (map[string]*stray, error) {
	out := map[string]*stray{}
	settled := map[string]bool{} // of the keys in out: whether their own partition holds them, or a tombstone that is newer
	size := int64(0)
	scan := func(fn func(r kafka.Record, own bool) error) error {
		return w.p.cluster.Scan(ctx, w.res.Topic.Name, kafka.ScanOptions{}, func(r kafka.Record) error {
			return fn(r, r.Partition == kafka.Partition(r.Key, w.info.Partitions))
		})
	}
	type place struct {
		key       string
		partition int32
	}
	wrong := map[place]kafka.Record{}
	err := scan(func(r kafka.Record, own bool) error {
		if own || r.Key == nil {
			return nil
		}
		p := place{string(r.Key), r.Partition}
		if old, ok := wrong[p]; ok {
			size -= int64(len(old.Value) + len(old.Key))
			delete(wrong, p)
		}
		if r.Value == nil {
			return nil
		}
		if size += int64(len(r.Value) + len(r.Key)); size > w.p.cfg.Kafka.IndexMaxBytes {
			return &LimitError{Text: "more live records stand in a wrong partition of topic " + r.Topic + " than kafka.index.max_bytes holds: raise it for this run"}
		}
		c := kafka.Record{Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value), Timestamp: r.Timestamp}
		if c.Value == nil {
			c.Value = []byte{}
		}
		for _, h := range r.Headers {
			c.Headers = append(c.Headers, kafka.Header{Key: h.Key, Value: bytes.Clone(h.Value)})
		}
		wrong[p] = c
		return nil
	})
	if err != nil || len(wrong) == 0 {
		return nil, err
	}
	for p, r := range wrong {
		s := out[p.key]
		if s == nil {
			s = &stray{}
			out[p.key] = s
		}
		s.in = append(s.in, p.partition)
		if s.value == nil || r.Timestamp.After(s.at) {
			s.value, s.headers, s.at = r.Value, r.Headers, r.Timestamp
		}
	}
	err = scan(func(r kafka.Record, own bool) error {
		if s := out[string(r.Key)]; own && s != nil {
			settled[string(r.Key)] = r.Value != nil || r.Timestamp.After(s.at)
		}
		return nil
	})
	for k := range settled {
		if settled[k] {
			out[k].value = nil
		}
	}
	return out, err
}
