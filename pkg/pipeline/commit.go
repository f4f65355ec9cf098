package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
	"producer/pkg/table"
)

// commitTries bounds how often one batch is committed after clean aborts.
const commitTries = 3

// flight is a commit that is out: the worker may fill the next batch, but owns neither batch nor state until it has landed.
type flight struct {
	batch   *batch
	state   checkpoint.State
	records []kafka.Record
	deleted int64 // tombstones among the records
	began   time.Time
	done    chan error // buffered
}

// walking is the state that the batch commits: where the walk goes on after its last page.
func (w *worker) walking() checkpoint.State {
	st := w.checkpoint(checkpoint.Walking)
	if n := len(w.batch.pages); n > 0 {
		st.Position = w.batch.pages[n-1].next.JSON()
		st.Since = w.batch.pages[n-1].since.JSON()
	}
	return st
}

// checkpoint is the state of this walk in a phase; launch makes it the successor of the last one.
func (w *worker) checkpoint(phase string) checkpoint.State {
	st := checkpoint.State{
		Walk: w.number, Phase: phase, Shape: w.extractor.Shape(), Identity: w.identity(), TopicID: w.info.ID, Partitions: w.info.Partitions,
		FirstTotal: w.first, Resumed: w.resumed, Since: w.since.JSON(), Instance: w.p.instance,
	}
	if w.codec.schema != nil {
		st.Schema, st.Frame = fingerprint(w.codec.schema), fmt.Sprintf("%x", w.codec.frame.Prefix)
	}
	st.Rewrite = w.rewrite && phase == checkpoint.Walking
	return st
}

// commit closes the batch and sends it with st, in one transaction. The commit before it is landed first.
func (w *worker) commit(st checkpoint.State) error {
	if err := w.await(); err != nil {
		return err
	}
	records := w.batch.records(w.sent, target{topic: w.res.Topic.Name, deadLetters: w.deadLetters(), partitions: w.info.Partitions})
	w.sent = nil
	w.launch(st, records, 0)
	return nil
}

// launch sends records and st in one transaction. No commit may be out.
func (w *worker) launch(st checkpoint.State, records []kafka.Record, deleted int64) {
	c := w.batch.counts()
	st.Populated = st.Populated || c.published+c.unchanged > 0
	st = w.state.Next(st)
	st.Missing = slices.DeleteFunc(slices.Clone(st.Missing), w.batch.met)
	records = append(records, st.Record(w.p.cfg.StateTopic(), w.res.Name))
	f := &flight{batch: w.batch, state: st, records: records, deleted: deleted, began: time.Now(), done: make(chan error, 1)}
	w.flight, w.batch, w.spare = f, w.spare, nil
	producer := w.producer
	ctx := w.lasting
	go func() {
		f.done <- producer.Commit(ctx, kafka.Batch{Records: f.records})
	}()
}

// grace is a context that ends lastWord after ctx does: what is in hand when a signal comes is committed under it.
func grace(ctx context.Context) (context.Context, func()) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(lastWord, cancel)
		context.AfterFunc(out, func() { t.Stop() })
	})
	return out, func() { stop(); cancel() }
}

// await lands the commit that is out, if one is.
func (w *worker) await() error {
	if w.flight == nil {
		return nil
	}
	return w.land(<-w.flight.done) // a commit ends soon after its context does
}

// land takes the outcome of the commit that is out. Only a confirmed commit moves anything; an unknown outcome is decided by
// fencing again and reading the state back. On error the batch that was being filled is dropped: it stood on this one.
func (w *worker) land(outcome error) error {
	ctx, f := w.lasting, w.flight
	for try := 1; outcome != nil; try++ {
		again := false
		switch {
		case as[*kafka.AbortedError](outcome) && try < commitTries:
			again = true
		case as[*kafka.UnknownOutcomeError](outcome) && try < commitTries:
			committed, err := w.p.reread(ctx, w.session, f.state)
			if err != nil {
				outcome = err
			} else if committed {
				outcome = nil
			} else {
				again = true
			}
		}
		if !again {
			break
		}
		outcome = w.producer.Commit(ctx, kafka.Batch{Records: f.records})
	}
	w.flight = nil
	if as[*kafka.UnavailableError](outcome) { // to a process that was stopped for long, all brokers look silent
		outcome = w.p.outlasted(ctx, w.session, outcome)
	}
	if outcome != nil {
		w.abandon()
		return w.tooLarge(f, outcome)
	}
	return w.landed(f)
}

// landed moves memory to where the topic now is.
func (w *worker) landed(f *flight) error {
	w.state, w.stateAt, w.rewrite = f.state, time.Now(), f.state.Rewrite
	w.noteEnds(f.records)
	c := f.batch.counts()
	w.sum.add(c)
	w.sum.Tombstones += f.deleted
	w.p.opts.Observer.Commit(w.res.Name, c.published, c.unchanged, c.duplicates, c.deadLettered, f.deleted, time.Since(f.began))
	err := w.remember(f.batch)
	f.batch.reset() // also then: what is in hand goes out in another commit
	f.batch.handOver(w.batch)
	w.spare, w.sent = f.batch, f.records[:0]
	return err
}

// remember brings what was committed into the index. An index that is not the topic's, and the keys of dead letters, serve the proof
// alone: where they outgrow their bound the walk is blind from then on. Otherwise that is a [*table.TooLargeError].
func (w *worker) remember(b *batch) error {
	if !b.keyed {
		return nil
	}
	for i := range b.rows {
		// Of children it also tells whether a key stands under two records of the parent.
		r, x, proofOnly := &b.rows[i], w.index, !w.diff && !w.deletes() && (w.under == "" || w.extractor.Apart())
		key := b.bytes(r.key)
		if r.fate == deadLetter {
			if live, _ := x.Same(key, r.hash); live {
				continue
			}
			if w.buried == nil {
				w.buried = table.New(w.p.cfg.Kafka.IndexMaxBytes)
			}
			x, proofOnly = w.buried, true
		} else if !standing(r) || r.fate == unchanged {
			continue
		}
		if w.blind && proofOnly {
			continue
		}
		err := x.Apply(key, r.hash, true)
		switch {
		case err == nil:
			x.See(key)
		case proofOnly:
			w.blind = true
			if x == w.index {
				w.ends = nil
			}
		default:
			w.ends = nil // it lacks what was committed: the next cycle folds the topic again
			return err
		}
	}
	if w.index != nil { // a --reset has none
		w.p.opts.Observer.Index(w.res.Name, w.index.Len(), w.index.Bytes())
	}
	return nil
}

// tooLarge keeps the pages before a record that the broker refused for its size, and names the record.
func (w *worker) tooLarge(f *flight, err error) error {
	var large *kafka.TooLargeError
	if !errors.As(err, &large) || len(f.batch.pages) == 0 {
		return err
	}
	i := f.batch.culprit(large, w.res.Topic.Name)
	if i < 0 {
		return err
	}
	n := int(f.batch.rows[i].page)
	fault := &DataError{Where: f.batch.pages[n].label, Err: err}
	f.batch.truncate(n)
	if f.batch.empty() {
		return fault
	}
	w.spare, w.batch = w.batch, f.batch
	if err := w.commit(w.walking()); err != nil {
		return err
	}
	if err := w.await(); err != nil {
		return err
	}
	return fault
}
