package pipeline

import (
	"slices"

	"github.com/zeebo/xxh3"

	"producer/pkg/extractor"
	"producer/pkg/kafka"
)

// The bounds of a batch; the commit interval is the third.
const (
	batchBytes   = 8 << 20
	batchRecords = 10_000
)

// fate is what becomes of a row at its batch's commit.
type fate uint8

const (
	publish fate = iota
	unchanged
	deadLetter
)

// row is one record of a batch. Its bytes are ranges of the batch's arena.
type row struct {
	key, value [2]int // value is empty while the row is not encoded
	hash       [16]byte
	page       int32 // index into batch.pages
	droppedBy  int32 // the row whose record of the same key came later, or -1
	previous   int32 // the row before it with the same key print, or -1
	fate       fate
	letter     *letter // nil: none; of a row that is published, values of it are discarded
}

// published reports whether the batch publishes the row's record.
func (r *row) published() bool { return r.fate == publish && r.droppedBy < 0 }

// lettered reports whether the batch writes a dead letter for the row: the record itself was discarded, or values of it.
func (r *row) lettered() bool { return r.fate == deadLetter || r.published() && r.letter != nil }

// pageMark is what a batch remembers of a page: where it stood and where the walk goes on after it.
type pageMark struct {
	at, next extractor.Position
	since    extractor.Since
	rows     int // first row
	arena    int // first byte
	label    string
}

// batch gathers whole pages for one transaction. Of the rows of one key the last is published, unless the resource appends.
// It belongs to one goroutine; its arena is reused by reset.
type batch struct {
	arena   []byte
	letters int // bytes of dead letters, those of bodies that were written again included
	rows    []row
	pages   []pageMark
	hashes  []kafka.Header   // of the rows that records has returned
	prints  map[uint64]int32 // the last row of a key print
	keyed   bool             // keys are looked up
	merge   bool             // of a key, only the last row stands
}

func newBatch(merge, keyed bool) *batch {
	return &batch{merge: merge, keyed: keyed, prints: map[uint64]int32{}}
}

func (b *batch) reset() {
	b.arena, b.rows, b.pages, b.letters = b.arena[:0], b.rows[:0], b.pages[:0], 0
	clear(b.prints)
}

// handOver gives the memory of b, which is empty, to a batch that is being filled and has less. What comes while a commit is out is
// little as a rule: so one batch is large, not both.
func (b *batch) handOver(to *batch) {
	if cap(b.arena) > cap(to.arena) {
		b.arena, to.arena = to.arena[:0], append(b.arena, to.arena...)
	}
	if cap(b.rows) > cap(to.rows) {
		b.rows, to.rows = to.rows[:0], append(b.rows, to.rows...)
	}
	if cap(b.hashes) > cap(to.hashes) {
		b.hashes, to.hashes = nil, b.hashes[:0]
	}
}

func (b *batch) empty() bool { return len(b.pages) == 0 }

func (b *batch) full() bool {
	return len(b.arena)+b.letters >= batchBytes || len(b.rows) >= batchRecords
}

// begin opens the next page.
func (b *batch) begin(p *extractor.Page) {
	b.pages = append(b.pages, pageMark{at: p.At, next: p.Next, since: p.Since, rows: len(b.rows), arena: len(b.arena), label: p.Label})
}

func (b *batch) bytes(r [2]int) []byte { return b.arena[r[0]:r[1]:r[1]] }

// key is nil where the resource has no primary key.
func (b *batch) key(r *row) []byte {
	if !b.keyed {
		return nil
	}
	return b.bytes(r.key)
}

// seek returns the newest row of key that ok accepts, or -1.
func (b *batch) seek(key []byte, ok func(*row) bool) int32 {
	if !b.keyed || len(b.rows) == 0 {
		return -1
	}
	i, found := b.prints[xxh3.Hash(key)]
	if !found {
		return -1
	}
	for ; i >= 0; i = b.rows[i].previous {
		if string(b.bytes(b.rows[i].key)) == string(key) && ok(&b.rows[i]) {
			return i
		}
	}
	return -1
}

func anyRow(*row) bool     { return true }
func standing(r *row) bool { return r.fate != deadLetter && r.droppedBy < 0 }

// content returns the hash of what the key will hold once the batch is committed.
func (b *batch) content(key []byte) (hash [16]byte, ok bool) {
	if i := b.seek(key, standing); i >= 0 {
		return b.rows[i].hash, true
	}
	return hash, false
}

// shows returns the page of the newest row of key, or -1.
func (b *batch) shows(key []byte) int {
	if i := b.seek(key, anyRow); i >= 0 {
		return int(b.rows[i].page)
	}
	return -1
}

// met reports whether a row has a key of print p.
func (b *batch) met(p uint64) bool {
	_, ok := b.prints[p]
	return ok
}

// add appends a row of the open page; its key is the arena's end, from at on. The row that the key had before is dropped.
func (b *batch) add(at int, hash [16]byte, f fate) {
	i := int32(len(b.rows))
	r := row{key: [2]int{at, len(b.arena)}, hash: hash, page: int32(len(b.pages) - 1), droppedBy: -1, previous: -1, fate: f}
	if b.keyed {
		key := b.bytes(r.key)
		if b.merge {
			if old := b.seek(key, standing); old >= 0 {
				b.rows[old].droppedBy = i
			}
		}
		r.previous = b.link(key, i)
	}
	b.rows = append(b.rows, r)
}

// link makes row i the newest of its key print and returns the one before it.
func (b *batch) link(key []byte, i int32) int32 {
	h := xxh3.Hash(key)
	previous, ok := b.prints[h]
	if !ok {
		previous = -1
	}
	b.prints[h] = i
	return previous
}

// bury makes row i a dead letter: the row that it had dropped stands again, or is dropped by what dropped i.
func (b *batch) bury(i int, l *letter) {
	r := &b.rows[i]
	if b.merge {
		if old := b.seek(b.bytes(r.key), func(o *row) bool { return o.fate != deadLetter && o.droppedBy == int32(i) }); old >= 0 {
			b.rows[old].droppedBy = r.droppedBy
		}
	}
	r.fate = deadLetter
	b.enclose(r, l)
}

// enclose gives a row its dead letter.
func (b *batch) enclose(r *row, l *letter) {
	r.letter = l
	b.letters += l.size()
}

// truncate takes back page n and all after it: rows that they had dropped stand again.
func (b *batch) truncate(n int) {
	if n >= len(b.pages) {
		return
	}
	m := b.pages[n]
	b.pages, b.rows, b.arena = b.pages[:n], b.rows[:m.rows], b.arena[:m.arena]
	clear(b.prints)
	for i := range b.rows {
		r := &b.rows[i]
		if int(r.droppedBy) >= m.rows {
			r.droppedBy = -1
		}
		if b.keyed {
			r.previous = b.link(b.bytes(r.key), int32(i))
		}
	}
}

// culprit returns the row of the record that the broker refused for its size, or -1: by its key, or, where keys may repeat or are
// none, by the size as well.
func (b *batch) culprit(e *kafka.TooLargeError, topic string) int32 {
	same := int32(-1)
	for i := range b.rows {
		r := &b.rows[i]
		letter := e.Topic != topic
		if letter && !r.lettered() || !letter && !r.published() || string(b.bytes(r.key)) != string(e.Key) {
			continue
		}
		size := len(e.Key) + len(b.bytes(r.value)) + len(kafka.ContentHash) + len(r.hash)
		if letter {
			size = len(e.Key) + r.letter.size()
		}
		if size == e.Size {
			return int32(i)
		}
		if same < 0 {
			same = int32(i)
		}
	}
	return same
}

func (b *batch) counts() counts {
	c := counts{pages: int64(len(b.pages)), records: int64(len(b.rows))} // a page has records, or it would be none
	for i := range b.rows {
		r := &b.rows[i]
		switch {
		case r.fate == deadLetter:
			c.deadLettered++
		case r.droppedBy >= 0:
			c.duplicates++
		case r.fate == unchanged:
			c.unchanged++
		default:
			c.published++
		}
	}
	return c
}

// records appends what the batch publishes to dst: the rows that stand, and the dead letters. They are views of the batch.
func (b *batch) records(dst []kafka.Record, t target) []kafka.Record {
	dst = slices.Grow(dst, len(b.rows)+1) // the state comes behind them
	b.hashes = slices.Grow(b.hashes[:0], len(b.rows))
	for i := range b.rows {
		r := &b.rows[i]
		if r.lettered() {
			dst = append(dst, kafka.Record{Topic: t.deadLetters, Partition: -1, Key: b.key(r), Value: r.letter.raw, Headers: r.letter.headers()})
		}
		if r.published() {
			rec := kafka.Record{Topic: t.topic, Partition: -1, Key: b.key(r), Value: b.bytes(r.value)}
			b.hashes = append(b.hashes, kafka.Header{Key: kafka.ContentHash, Value: r.hash[:]})
			rec.Headers = b.hashes[len(b.hashes)-1 : len(b.hashes) : len(b.hashes)]
			if rec.Key != nil {
				rec.Partition = kafka.Partition(rec.Key, t.partitions)
			}
			dst = append(dst, rec)
		}
	}
	return dst
}

// target is where a batch goes.
type target struct {
	topic, deadLetters string
	partitions         int32
}
