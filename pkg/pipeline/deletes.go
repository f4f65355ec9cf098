package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
)

// remove sends a tombstone for each live key that a proven walk did not see and that the configuration lets go. The number is
// guarded by max_deletes: beyond it none is sent (exit 8).
func (w *worker) remove(ctx context.Context) error {
	replace := w.res.Disposition == "replace"
	if w.sum.Proof != Proven {
		w.state.Missing = nil
		if n := w.index.Unseen(); n > 0 || replace {
			w.p.log.Warn("the walk is not proven: nothing is deleted", "resource", w.res.Name, "proof", string(w.sum.Proof), "unseen", n)
		}
		return nil
	}
	unseen := w.index.Unseen()
	if unseen == 0 {
		w.state.Missing = nil
		return nil
	}
	allow := w.res.Topic.MaxDeletes.Allow(w.index.Len())
	if replace && unseen > allow {
		return w.tooMany(unseen, unseen, allow)
	}
	candidates, err := w.candidates(ctx)
	if err != nil {
		return err
	}
	gone := candidates
	if !replace {
		if gone, err = w.confirm(ctx, candidates, allow); err != nil {
			return err
		}
	}
	if n := int64(len(gone)); n > allow {
		if w.res.Topic.Deletes.Path != "" {
			return w.tooMany(n, int64(len(candidates)), allow)
		}
		w.state.Missing = checkpoint.NewMissing(candidates) // they stay candidates: the next proven walk finds them missing again
		return w.tooMany(n, n, allow)
	}
	for chunk := range slices.Chunk(gone, batchRecords) {
		if err := w.entomb(chunk); err != nil {
			return err
		}
	}
	return nil
}

// tooMany is the error of a walk that would delete n keys, or more, up to most, where allow are allowed.
func (w *worker) tooMany(n, most, allow int64) error {
	number := strconv.FormatInt(n, 10)
	if n < most {
		number = "at least " + number
	}
	allowed := fmt.Sprintf("run once with max_deletes: %d in the resource's kafka block", most)
	if most >= w.index.Len() { // an exact count doesn't help: never all
		allowed = "delete the topic and run once with --reset: max_deletes never lets all go"
	}
	return &LimitError{Text: fmt.Sprintf(
		"%s of the %d live keys of topic %s are gone from the source, max_deletes allows %d: none was deleted; check that they are "+
			"(rights, filters or another primary_key make rows vanish from a listing, too), and if so %s",
		number, w.index.Len(), w.res.Topic.Name, allow, allowed)}
}

// candidateBytes is what a candidate takes beside its key's text, in a map and a list.
const candidateBytes = 64

// candidates reads the live keys that this walk did not see from the topic: the index knows only their prints. They are held in memory,
// bounded like the index.
func (w *worker) candidates(ctx context.Context) ([]string, error) {
	found, size := map[string]struct{}{}, int64(0)
	err := w.p.cluster.Scan(ctx, w.res.Topic.Name, kafka.ScanOptions{}, func(r kafka.Record) error {
		if known, _ := w.index.Same(r.Key, [16]byte{}); known && !w.index.Seen(r.Key) && r.Partition == kafka.Partition(r.Key, w.info.Partitions) {
			if _, there := found[string(r.Key)]; there == (r.Value != nil) {
				return nil
			}
			add := int64(len(r.Key) + candidateBytes)
			if r.Value == nil {
				delete(found, string(r.Key))
				size -= add
				return nil
			}
			if size += add; size > w.p.cfg.Kafka.IndexMaxBytes {
				return &LimitError{Text: fmt.Sprintf("the walk did not see %d of the %d live keys of topic %s, more than kafka.index.max_bytes "+
					"(%d) holds as candidates for deletion: none was deleted; check the listing, and if it is right raise index.max_bytes for this run",
					w.index.Unseen(), w.index.Len(), r.Topic, w.p.cfg.Kafka.IndexMaxBytes)}
			}
			found[string(r.Key)] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(found))
	for k := range found {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys, nil
}

// confirm keeps the candidates that a second look finds gone: by id where a path is given, else those that the proven walk
// before this one did not see either. The others are remembered with this walk's end. More than allow need not be all that are gone.
func (w *worker) confirm(ctx context.Context, candidates []string, allow int64) ([]string, error) {
	if w.res.Topic.Deletes.Path != "" {
		w.state.Missing = nil // of walks before the path was configured: it decides alone
		return w.ask(ctx, candidates, allow)
	}
	var gone, waiting []string
	for _, k := range candidates {
		if w.state.Missing.Has(k) {
			gone = append(gone, k)
		} else {
			waiting = append(waiting, k)
		}
	}
	w.state.Missing = checkpoint.NewMissing(waiting)
	return gone, nil
}

// entomb commits one tombstone for each key.
func (w *worker) entomb(keys []string) error {
	records := make([]kafka.Record, 0, len(keys)+1)
	for _, k := range keys {
		key := []byte(k)
		records = append(records, kafka.Record{Topic: w.res.Topic.Name, Partition: kafka.Partition(key, w.info.Partitions), Key: key})
	}
	w.launch(w.checkpoint(checkpoint.Walking), records, int64(len(keys)))
	if err := w.await(); err != nil {
		return err
	}
	for _, k := range keys {
		w.index.Delete([]byte(k))
	}
	return nil
}
