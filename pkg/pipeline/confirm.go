package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/record"
)

// ask requests the candidates by id, until more of them are gone than allow. 404 and 410 mean gone; 200 means alive, and what came is
// published; anything else stops.
func (w *worker) ask(ctx context.Context, candidates []string, allow int64) ([]string, error) {
	if err := w.tryPath(ctx); err != nil {
		return nil, err
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
		if int64(len(gone)) > allow { // none will be deleted
			break
		}
	}
	if !w.batch.empty() {
		if err := w.commit(w.walking()); err != nil {
			return nil, err
		}
	}
	return gone, w.await()
}

// controls is how many keys that the walk saw may be gone since.
const controls = 3

// tryPath asks for a key that the walk saw, which must answer 200: a path that finds nothing would make everything look gone. The
// record may be gone since, so that some more are asked for.
func (w *worker) tryPath(ctx context.Context) error {
	keys, err := w.someSeen(ctx, controls)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return &LimitError{Text: fmt.Sprintf("deletes.confirm.path %s cannot be tried: the walk saw no key", w.res.Topic.Deletes.Path)}
	}
	for _, key := range keys {
		if alive, err := w.alive(ctx, key); alive || err != nil {
			return err
		}
	}
	return &LimitError{Text: fmt.Sprintf("deletes.confirm.path %s finds nothing for %q, which the listing shows: nothing was deleted; mend the path",
		w.res.Topic.Deletes.Path, keys)}
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
	if err != nil {
		return false, fmt.Errorf("deletes.confirm.path %s: %w", w.res.Topic.Deletes.Path, err)
	}
	if item.Gone() {
		return false, nil
	}
	var tape record.Tape
	if err := tape.Parse(item.Body, w.p.cfg.Client.Limits.Depth); err != nil {
		return false, fmt.Errorf("by id %q: %w", key, err)
	}
	rec, ok := w.extractor.Find(tape.Root(), key)
	if !ok {
		return false, advised{fmt.Errorf("by id %q: %s answers 200 without that record: nothing was deleted; mend deletes.confirm.path", key, w.res.Topic.Deletes.Path)}
	}
	if w.index.Seen([]byte(key)) { // a control: the walk has brought it
		return true, nil
	}
	at := position(w.state) // the walk's, which this page leaves as it is
	since, _ := w.extractor.Since(w.state.Since)
	return true, w.encode(ctx, &extractor.Page{Records: []record.Value{rec}, Label: fmt.Sprintf("by id %q", key), At: at, Next: at, Since: since})
}

// someSeen returns live keys that this walk saw, at most n.
func (w *worker) someSeen(ctx context.Context, n int) (keys []string, err error) {
	err = w.p.cluster.Scan(ctx, w.res.Topic.Name, kafka.ScanOptions{}, func(r kafka.Record) error {
		if key := string(r.Key); r.Value != nil && w.index.Seen(r.Key) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		if len(keys) == n {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return keys, err
}
