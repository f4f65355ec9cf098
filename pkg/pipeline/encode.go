package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/zeebo/xxh3"

	"producer/pkg/extractor"
	"producer/pkg/record"
	"producer/pkg/schema"
)

// encode brings a page into the batch and releases it: first every record is keyed, hashed and compared with what its key holds,
// then those that are news are encoded. The batch is closed when it is full. On error the page has left no trace in the batch.
func (w *worker) encode(ctx context.Context, page *extractor.Page) error {
	defer page.Release()
	n := len(w.batch.pages)
	if n == 0 {
		w.opened = time.Now()
	}
	w.batch.begin(page)
	first := len(w.batch.rows)
	if err := w.key(page, n); err != nil {
		w.batch.truncate(n)
		return err
	}
	if err := w.body(ctx, page, first); err != nil {
		w.batch.truncate(n)
		return err
	}
	if w.deadLetters() != "" {
		w.tellLetters(page, w.batch.rows[first:])
	}
	w.records += int64(len(page.Records))
	w.overlap = false
	if w.batch.full() || w.p.cfg.Kafka.CommitInterval == 0 {
		return w.commit(w.walking())
	}
	return nil
}

// key adds a row for each record of the page: its key, its hash, and whether the topic already holds it.
func (w *worker) key(page *extractor.Page, n int) (err error) {
	w.descend(page)
	for i, rec := range page.Records {
		at := len(w.batch.arena)
		if len(w.res.PrimaryKey) > 0 {
			if w.batch.arena, err = w.extractor.AppendKey(w.batch.arena, rec); err != nil {
				w.batch.arena = w.batch.arena[:at]
				return w.dataError(page, i, err)
			}
		}
		hash := w.hasher.Sum(rec)
		verdict := publish
		if key := w.batch.arena[at:]; len(key) > 0 {
			same, again := w.meet(key, hash, n)
			if again && w.elsewhere(page, key) {
				w.batch.arena = w.batch.arena[:at]
				return w.dataError(page, i, errTwoParents)
			}
			if w.under != "" {
				w.here[xxh3.Hash(key)] = struct{}{}
			}
			if same && (w.diff || w.overlap) {
				verdict = unchanged
			}
		}
		w.batch.add(at, hash, verdict)
	}
	return nil
}

// meet marks key as seen in page n of the batch and reports whether the topic, once the commit in flight is through, holds it
// with this hash, and whether this walk has met it before.
func (w *worker) meet(key []byte, hash [16]byte, n int) (same, again bool) {
	same, seen := w.index.Meet(key, hash)
	same = same && (seen || !w.rewrite)
	seen = seen || w.buried != nil && w.buried.Seen(key)
	w.unsure = w.unsure || w.blind
	if w.flight != nil {
		if h, ok := w.flight.batch.content(key); ok {
			same = h == hash
		}
		seen = seen || w.flight.batch.shows(key) >= 0
	}
	switch at := w.batch.shows(key); {
	case at == n: // twice in one page
		again = true
	case at >= 0 || seen:
		w.twice, again = true, true
	default:
		w.keys++
	}
	return same, again
}

var errTwoParents = advised{errors.New("its key was already met under another record of the parent, so that one would hide the other; " +
	"add the parent's key to primary_key, by way of include_from_parent")}

// elsewhere reports whether a key that the walk has met before stood under another record of the parent.
func (w *worker) elsewhere(page *extractor.Page, key []byte) bool {
	if page.Under == "" || !w.keyed() {
		return false
	}
	_, here := w.here[xxh3.Hash(key)]
	return !here
}

// descend takes note of the parent's record that the page belongs to.
func (w *worker) descend(page *extractor.Page) {
	if page.Under != w.under {
		w.under, w.here = page.Under, map[uint64]struct{}{}
	}
}

// body encodes the page's rows from first on that are to be published. A misfit lets the schema grow once, by all that the page
// holds, and the bodies are written again.
func (w *worker) body(ctx context.Context, page *extractor.Page, first int) error {
	b := w.batch
	if w.codec.refusesTable() {
		for i, rec := range page.Records {
			if b.rows[first+i].fate == publish {
				l := newLetter(rec.Raw())
				l.reason = w.codec.tableMissing()
				b.bury(first+i, l)
			}
		}
		return nil
	}
	mark := len(b.arena)
	grown := false
	for i := 0; i < len(page.Records); i++ {
		r := &b.rows[first+i]
		if r.fate != publish {
			continue
		}
		at := len(b.arena)
		arena, without, err := w.write(b.arena, page.Records[i])
		if err == nil {
			b.arena, r.value = arena, [2]int{at, len(arena)}
			r.letter = nil // of a body that is written again
			if len(without) > 0 {
				b.enclose(r, newLetter(page.Records[i].Raw(), without...))
			}
			continue
		}
		var misfit *schema.Misfit
		if !errors.As(err, &misfit) {
			return w.dataError(page, i, err)
		}
		switch mode := w.codec.mode(misfit); {
		case mode == "discard_row":
			b.bury(first+i, newLetter(page.Records[i].Raw(), misfit))
		case mode == "freeze" || mode == "discard_value" || misfit.Final || grown:
			return w.dataError(page, i, err)
		default:
			if err := w.grow(ctx, page); err != nil {
				return err
			}
			b.arena, grown = b.arena[:mark], true
			i = -1
		}
	}
	return nil
}

// write appends a record's frame and body, without the values that the contract discards, which it returns.
func (w *worker) write(dst []byte, rec record.Value) (out []byte, without []*schema.Misfit, err error) {
	out, err = w.codec.append(dst, rec)
	var misfit *schema.Misfit
	if err == nil || !errors.As(err, &misfit) || !w.codec.discarded(misfit) {
		return out, nil, err
	}
	text, without := w.codec.encoder.Without(rec, w.codec.discarded)
	if err := w.left.Parse(text, record.MaxDepth); err != nil {
		return dst, nil, err
	}
	out, err = w.codec.append(dst, w.left.Root())
	return out, without, err
}

// maxTold bounds the fields of which a walk says that they were discarded.
const maxTold = 50

// tellLetters logs the first dead letter of each field in this walk.
func (w *worker) tellLetters(page *extractor.Page, rows []row) {
	for i := range rows {
		r := &rows[i]
		if !r.lettered() || w.told[r.letter.field] || len(w.told) >= maxTold {
			continue
		}
		if w.told == nil {
			w.told = map[string]bool{}
		}
		w.told[r.letter.field] = true
		what := "a record is discarded: it goes to the dead letter topic, as do others like it"
		if r.fate != deadLetter {
			what = "a value is discarded: its record is published without it, and goes to the dead letter topic as it came, as do others like it"
		}
		w.p.log.Warn(what, "resource", w.res.Name, "at", page.Label, "topic", w.deadLetters(), "field", r.letter.field, "reason", r.letter.reason)
	}
}

// try encodes a page by a draft and reports the first record that it refuses, unless the contract discards it.
func (w *worker) try(d draft, page *extractor.Page) (err error) {
	for i, rec := range page.Records {
		var misfit *schema.Misfit
		w.trial, err = d.encoder.Append(w.trial[:0], rec)
		if err == nil || errors.As(err, &misfit) && (w.codec.mode(misfit) == "discard_row" || w.codec.discarded(misfit) && !misfit.Final) {
			continue
		}
		return w.dataError(page, i, err)
	}
	return nil
}

// grow evolves the schema by what the page holds. The commit in flight is landed first: without a registry the schema is
// written through the same producer.
func (w *worker) grow(ctx context.Context, page *extractor.Page) error {
	obs, err := w.observe(page)
	if err != nil {
		return err
	}
	if err := w.await(); err != nil {
		return err
	}
	d, err := w.codec.draft(ctx, obs)
	if err == nil {
		err = w.try(d, page)
	}
	if err == nil {
		err = w.codec.register(ctx, d)
	}
	if err != nil {
		return err
	}
	w.sum.SchemaID = w.codec.frame.ID
	return nil
}
