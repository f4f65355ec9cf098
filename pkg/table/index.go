package table

import (
	"encoding/binary"
	"fmt"

	"github.com/zeebo/xxh3"
)

const (
	flagSeen  = 1 // the current walk showed the key
	flagKnown = 2 // the record has a content hash
	flags     = flagSeen | flagKnown
)

// Index maps the live keys of a topic to prints of their content. It belongs to one goroutine.
type Index struct {
	slots    slots
	maxBytes int64
	bytes    int64
	live     int64
	seen     int64
}

// TooLargeError says that the index would outgrow its bound.
type TooLargeError struct {
	Keys int64 // that it holds
	Need int64 // bytes that let it go on; from Load, an estimate for all of the topic, rather too high
	Max  int64 // bytes that it may have
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("an index of more than %d keys needs about %d bytes (%d MiB), kafka.index.max_bytes allows %d: raise it",
		e.Keys, e.Need, (e.Need+1<<20-1)>>20, e.Max)
}

// mostBytes is what an index of so many keys takes at most: when it has just grown.
func mostBytes(keys int64) int64 {
	return (keys+1)*slotBytes*16/maxLoad*(growth+1)/growth + 2*chunkBytes
}

// New returns an empty index that takes at most maxBytes; 0 is no bound.
func New(maxBytes int64) *Index { return &Index{maxBytes: maxBytes} }

// printOf is never 0.
func printOf(key []byte) uint64 {
	if h := xxh3.Hash(key); h != 0 {
		return h
	}
	return 1
}

func content(hash [16]byte, known bool) uint64 {
	if !known {
		return 0
	}
	return binary.BigEndian.Uint64(hash[:])&^flags | flagKnown
}

// find returns the slot of p, or nil.
func (x *Index) find(p uint64) *slot {
	n, _ := x.slots.seek(p)
	return n
}

// Apply says that key now holds content with this hash; known false: the record has no hash, so nothing equals it. A key that was
// seen stays seen. The error is a [*TooLargeError], and the index is as before.
func (x *Index) Apply(key []byte, hash [16]byte, known bool) error {
	p := printOf(key)
	n, i := x.slots.seek(p)
	if n != nil {
		n.content = n.content&flagSeen | content(hash, known)
		return nil
	}
	if x.slots.full() {
		if err := x.grow(); err != nil {
			return err
		}
		_, i = x.slots.seek(p)
	}
	x.slots.insert(i, slot{p, content(hash, known)})
	x.live++
	return nil
}

func (x *Index) grow() error {
	more := x.slots.lacks()
	need := x.bytes + int64(more)*chunkBytes
	if x.maxBytes > 0 && need > x.maxBytes {
		return &TooLargeError{Keys: x.live, Need: max(need, mostBytes(x.live)), Max: x.maxBytes}
	}
	x.slots.grow(more)
	x.bytes = need
	return nil
}

// Delete says that key is not live any more.
func (x *Index) Delete(key []byte) {
	p := printOf(key)
	n, i := x.slots.seek(p)
	if n == nil {
		return
	}
	x.live--
	x.seen -= int64(n.content & flagSeen)
	x.slots.delete(i)
}

// Same reports whether key is live, and whether it holds content with this hash.
func (x *Index) Same(key []byte, hash [16]byte) (live, same bool) {
	p := printOf(key)
	n := x.find(p)
	if n == nil {
		return false, false
	}
	return true, n.content&^flagSeen == content(hash, true)
}

// See marks key as shown by the current walk; a key that is not live is not marked.
func (x *Index) See(key []byte) {
	p := printOf(key)
	if n := x.find(p); n != nil && n.content&flagSeen == 0 {
		n.content |= flagSeen
		x.seen++
	}
}

// Seen reports whether key is live and was marked.
func (x *Index) Seen(key []byte) bool {
	p := printOf(key)
	n := x.find(p)
	return n != nil && n.content&flagSeen != 0
}

// Meet is Same, Seen and See in one look-up, for the way that every record takes: it reports whether key holds content with this
// hash and whether it was marked before, and marks it.
func (x *Index) Meet(key []byte, hash [16]byte) (same, seen bool) {
	p := printOf(key)
	n := x.find(p)
	if n == nil {
		return false, false
	}
	same, seen = n.content&^flagSeen == content(hash, true), n.content&flagSeen != 0
	if !seen {
		n.content |= flagSeen
		x.seen++
	}
	return same, seen
}

// ClearSeen takes all marks away: a new walk begins.
func (x *Index) ClearSeen() {
	for _, chunk := range x.slots.chunks {
		for i := range chunk {
			chunk[i].content &^= flagSeen
		}
	}
	x.seen = 0
}

// Len is the number of live keys.
func (x *Index) Len() int64 { return x.live }

// Unseen is the number of live keys without a mark.
func (x *Index) Unseen() int64 { return x.live - x.seen }

// Bytes is the memory of the slots.
func (x *Index) Bytes() int64 { return x.bytes }
