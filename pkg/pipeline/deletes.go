package pipeline

import (
	"context"
	"fmt"
	"slices"

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
		return w.tooMany(unseen, allow)
	}
	gone, err := w.candidates(ctx)
	if err != nil {
		return err
	}
	before := checkpoint.NewMissing(gone)
	if !replace {
		if gone, err = w.confirm(ctx, gone); err != nil {
			return err
		}
	}
	if n := int64(len(gone)); n > allow {
		w.state.Missing = before // they stay candidates: the next proven walk asks again
		return w.tooMany(n, allow)
	}
	for chunk := range slices.Chunk(gone, batchRecords) {
		if err := w.entomb(chunk); err != nil {
			return err
		}
	}
	return nil
}

// tooMany is the error of a walk that would delete n keys where allow are the most.
func (w *worker) tooMany(n, allow int64) error {
	allowed := fmt.Sprintf("run once with max_deletes: %d in the resource's kafka block", n)
	if n >= w.index.Len() { // an exact count doesn't help: never all
		allowed = "delete the topic and run once with --reset: max_deletes never lets all go"
	}
	return &LimitError{Text: fmt.Sprintf(
		"%d of the %d live keys of topic %s are gone from the source, max_deletes allows %d: none was deleted; check that they are "+
			"(rights, filters or another primary_key make rows vanish from a listing, too), and if so %s",
		n, w.index.Len(), w.res.Topic.Name, allow, allowed)}
}

// candidates reads the live keys that this walk did not see from the topic: the index knows only their prints.
func (w *worker) candidates(ctx context.Context) ([]string, error) {
	found := map[string]struct{}{}
	err := w.p.cluster.Scan(ctx, w.res.Topic.Name, kafka.ScanOptions{}, func(r kafka.Record) error {
		if known, _ := w.index.Same(r.Key, [16]byte{}); known && !w.index.Seen(r.Key) && r.Partition == kafka.Partition(r.Key, w.info.Partitions) {
			if r.Value == nil {
				delete(found, string(r.Key))
			} else {
				found[string(r.Key)] = struct{}{}
			}
		}
		return nil
	})
	keys := make([]string, 0, len(found))
	for k := range found {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys, err
}

// confirm keeps the candidates that a second look finds gone: by id where a path is given, else those that the proven walk
// before this one did not see either. The others are remembered with this walk's end.
func (w *worker) confirm(ctx context.Context, candidates []string) ([]string, error) {
	if w.res.Topic.Deletes.Path != "" {
		w.state.Missing = nil // of walks before the path was configured: it decides alone
		return w.ask(ctx, candidates)
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
