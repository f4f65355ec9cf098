package table

import (
	"context"
	"errors"

	"producer/pkg/kafka"
)

// Load folds a topic, up to its high watermark, into an index of at most maxBytes. progress, if not nil, hears how many of the topic's
// offsets are done, and sees the index as it is then, only in the call. A record that stands in another partition than its key's does not
// count: it is not what a consumer of the key's partition finds last. A topic that does not exist is an empty one.
//
// Errors are [kafka.Cluster.Scan]'s and [*TooLargeError].
func Load(ctx context.Context, c *kafka.Cluster, topic string, maxBytes int64, progress func(x *Index, done, total int64)) (*Index, error) {
	infos, err := c.Describe(ctx, topic)
	if err != nil {
		return nil, err
	}
	x, partitions := New(maxBytes), infos[topic].Partitions
	if !infos[topic].Exists {
		return x, nil
	}
	var passed, all int64 // records, offsets
	err = c.Scan(ctx, topic, kafka.ScanOptions{Progress: func(done, total int64) {
		all = total
		if progress != nil {
			progress(x, done, total)
		}
	}}, func(r kafka.Record) error {
		passed++
		if r.Key == nil || r.Partition != kafka.Partition(r.Key, partitions) {
			return nil
		}
		if r.Value == nil {
			x.Delete(r.Key)
			return nil
		}
		hash, known := contentHash(r.Headers)
		return x.Apply(r.Key, hash, known)
	})
	if err != nil {
		if large, ok := errors.AsType[*TooLargeError](err); ok {
			large.Need = max(large.Need, mostBytes(int64(float64(x.live)*float64(all)/float64(passed))))
		}
		return nil, err
	}
	return x, nil
}

func contentHash(headers []kafka.Header) (hash [16]byte, ok bool) {
	for _, h := range headers {
		if h.Key == kafka.ContentHash && len(h.Value) == len(hash) {
			return [16]byte(h.Value), true
		}
	}
	return hash, false
}
