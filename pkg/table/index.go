package table

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// slot is one key. print 0 is an empty slot. content holds the hash's first 62 bits above the two flags.
type slot struct{ print, content uint64 }

const (
	flagSeen  = 1 // the current walk showed the key
	flagKnown = 2 // the record has a content hash
	flags     = flagSeen | flagKnown

	slotBytes   = 16
	segments    = 256 // each grows alone, so that growing needs little beyond what it ends with
	firstLength = 16
	// A segment grows when more than maxLoad/16 of it is in use.
	maxLoad = 13
	// mostBytes is what a key takes where segments have just grown, by a quarter.
	mostBytes = 1.25 * slotBytes * 16 / maxLoad
)

// segment is an open-addressing table with linear probing.
type segment struct {
	slots []slot
	used  int
}

// Index maps the live keys of a topic to prints of their content. It belongs to one goroutine.
type Index struct {
	segments [segments]segment
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

func (x *Index) segment(p uint64) *segment { return &x.segments[p%segments] }

// home is where a print's probing starts: the print's place among all, scaled to the slots.
func (s *segment) home(p uint64) int {
	i, _ := bits.Mul64(p, uint64(len(s.slots)))
	return int(i)
}

// next is the slot after i, around the end.
func (s *segment) next(i int) int {
	if i++; i < len(s.slots) {
		return i
	}
	return 0
}

// steps is how far i is behind from, around the end.
func (s *segment) steps(from, i int) int {
	if i >= from {
		return i - from
	}
	return i - from + len(s.slots)
}

// find returns the slot of p, or nil.
func (s *segment) find(p uint64) *slot {
	if s.used == 0 {
		return nil
	}
	for i := s.home(p); ; i = s.next(i) {
		switch s.slots[i].print {
		case p:
			return &s.slots[i]
		case 0:
			return nil
		}
	}
}

// insert puts a slot whose print is not there; there is room.
func (s *segment) insert(n slot) {
	i := s.home(n.print)
	for s.slots[i].print != 0 {
		i = s.next(i)
	}
	s.slots[i] = n
	s.used++
}

// Apply says that key now holds content with this hash; known false: the record has no hash, so nothing equals it. A key that was
// seen stays seen. The error is a [*TooLargeError], and the index is as before.
func (x *Index) Apply(key []byte, hash [16]byte, known bool) error {
	p := printOf(key)
	s := x.segment(p)
	if n := s.find(p); n != nil {
		n.content = n.content&flagSeen | content(hash, known)
		return nil
	}
	if s.used*16 >= len(s.slots)*maxLoad {
		if err := x.grow(s); err != nil {
			return err
		}
	}
	s.insert(slot{p, content(hash, known)})
	x.live++
	return nil
}

func (x *Index) grow(s *segment) error {
	length := max(firstLength, len(s.slots)*5/4)
	add := int64(length-len(s.slots)) * slotBytes
	// While the slots move, the old ones stand beside the new ones.
	if need := x.bytes + add + int64(len(s.slots))*slotBytes; x.maxBytes > 0 && need > x.maxBytes {
		return &TooLargeError{Keys: x.live, Need: max(need, x.bytes*5/4), Max: x.maxBytes} // all segments will soon grow
	}
	old := s.slots
	s.slots, s.used = make([]slot, length), 0
	for _, n := range old {
		if n.print != 0 {
			s.insert(n)
		}
	}
	x.bytes += add
	return nil
}

// Delete says that key is not live any more.
func (x *Index) Delete(key []byte) {
	p := printOf(key)
	s := x.segment(p)
	n := s.find(p)
	if n == nil {
		return
	}
	x.live--
	x.seen -= int64(n.content & flagSeen)
	// Backward shift: what probed past the hole moves into it.
	hole := s.home(p)
	for s.slots[hole].print != p {
		hole = s.next(hole)
	}
	for i := s.next(hole); s.slots[i].print != 0; i = s.next(i) {
		if home := s.home(s.slots[i].print); s.steps(home, i) >= s.steps(hole, i) {
			s.slots[hole] = s.slots[i]
			hole = i
		}
	}
	s.slots[hole] = slot{}
	s.used--
}

// Same reports whether key is live, and whether it holds content with this hash.
func (x *Index) Same(key []byte, hash [16]byte) (live, same bool) {
	p := printOf(key)
	n := x.segment(p).find(p)
	if n == nil {
		return false, false
	}
	return true, n.content&^flagSeen == content(hash, true)
}

// See marks key as shown by the current walk; a key that is not live is not marked.
func (x *Index) See(key []byte) {
	p := printOf(key)
	if n := x.segment(p).find(p); n != nil && n.content&flagSeen == 0 {
		n.content |= flagSeen
		x.seen++
	}
}

// Seen reports whether key is live and was marked.
func (x *Index) Seen(key []byte) bool {
	p := printOf(key)
	n := x.segment(p).find(p)
	return n != nil && n.content&flagSeen != 0
}

// Meet is Same, Seen and See in one look-up, for the way that every record takes: it reports whether key holds content with this
// hash and whether it was marked before, and marks it.
func (x *Index) Meet(key []byte, hash [16]byte) (same, seen bool) {
	p := printOf(key)
	n := x.segment(p).find(p)
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
	for i := range x.segments {
		s := &x.segments[i]
		for j := range s.slots {
			s.slots[j].content &^= flagSeen
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
