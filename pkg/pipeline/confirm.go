package pipeline

import (
	"context"
	"errors"
	"fmt"

	"producer/pkg/checkpoint"
	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/record"
)

// ask requests each candidate by id. 404 and 410 mean gone; 200 means alive, and what came is published; anything else stops.
// First a key that the walk saw is asked for, which must answer 200: a path that finds nothing would make everything look gone.
func (w *worker) ask(ctx context.Context, candidates []string) ([]string, error) {
	control, err := w.anySeen(ctx)
	if err != nil {
		return nil, err
	}
	if control == "" {
		return nil, &LimitError{Text: fmt.Sprintf("deletes.confirm.path %s cannot be tried: the walk saw no key", w.res.Topic.Deletes.Path)}
	}
	if alive, err := w.alive(ctx, control); err != nil {
		return nil, err
	} else if !alive {
		return nil, &LimitError{Text: fmt.Sprintf("deletes.confirm.path %s finds nothing for key %q, which the listing shows: nothing was deleted; mend the path",
			w.res.Topic.Deletes.Path, control)}
	}
	var gone []string
	for _, key := range candidates {
		alive, err := w.alive(ctx, key)
		if err != nil {
			return nil, err
		}
		if !alive {
			gone = append(gone, key)
		}
	}
	if !w.batch.empty() {
		if err := w.commit(w.checkpoint(checkpoint.Walking)); err != nil {
			return nil, err
		}
	}
	return gone, w.await()
}

// alive asks for one key, and brings what is there into the batch.
func (w *worker) alive(ctx context.Context, key string) (bool, error) {
	path, err := extractor.ItemPath(w.res.Topic.Deletes.Path, key)
	if err != nil {
		return false, &DataError{Where: "by id", Err: err}
	}
	item, err := w.extractor.Get(ctx, path)
	w.asked.requests += int64(item.Requests)
	w.asked.retries += int64(item.Retries)
	if err != nil || item.Gone() {
		return false, err
	}
	var tape record.Tape
	if err := tape.Parse(item.Body, w.p.cfg.Client.Limits.Depth); err != nil {
		return false, fmt.Errorf("by id %q: %w", key, err)
	}
	rec, ok := w.extractor.Find(tape.Root(), key)
	if !ok {
		return false, fmt.Errorf("by id %q: %s answers 200 without that record: nothing was deleted", key, w.res.Topic.Deletes.Path)
	}
	if w.index.Seen([]byte(key)) { // the control: the walk has brought it
		return true, nil
	}
	return true, w.encode(ctx, &extractor.Page{Records: []record.Value{rec}, Label: fmt.Sprintf("by id %q", key)})
}

// anySeen returns a live key that this walk saw, "" where there is none.
func (w *worker) anySeen(ctx context.Context) (key string, err error) {
	err = w.p.cluster.Scan(ctx, w.res.Topic.Name, kafka.ScanOptions{}, func(r kafka.Record) error {
		if r.Value != nil && w.index.Seen(r.Key) {
			key = string(r.Key)
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return key, err
}
