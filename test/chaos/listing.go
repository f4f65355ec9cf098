package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// version is one state of one record. Its number is in the record, so that what stands in the topic can be told from all others.
type version struct {
	seq, id int64
	text    string // the record as the API shows it
	fields  map[string]any
}

// spell is an event of a key's life: from seq on it is there, or it is not.
type spell struct {
	seq   int64
	there bool
}

// listing is the model of one source: what it holds, and everything that it ever held. All methods are safe for concurrent use.
type listing struct {
	mu       sync.Mutex
	rnd      *rand.Rand
	seq      int64
	nextID   int64
	ids      []int64            // in the order of the listing
	now      map[int64]*version // by id
	versions map[int64]*version // by seq
	life     map[int64][]spell  // by id
	served   map[int64]int      // how often a version was shown
	fields   int                // optional fields that exist so far
	moved    int                // changes since settle
	era      int                // of cursors: those of another are refused
}

func newListing(seed uint64, rows int) *listing {
	l := &listing{rnd: rand.New(rand.NewPCG(seed, 2)), now: map[int64]*version{}, versions: map[int64]*version{}, life: map[int64][]spell{},
		served: map[int64]int{}}
	for range rows {
		l.add(len(l.ids))
	}
	return l
}

// write gives the record id a new version. The caller holds mu or is alone.
func (l *listing) write(id int64) {
	l.seq++
	v := &version{seq: l.seq, id: id, fields: map[string]any{"id": id, "seq": l.seq, "name": fmt.Sprintf("record %d, version %d", id, l.seq)}}
	for i := range l.fields {
		if l.rnd.IntN(2) == 0 {
			v.fields[fmt.Sprint("extra", i)] = l.rnd.Int64N(1 << 40)
		}
	}
	text, err := json.Marshal(v.fields)
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	v.text = string(text)
	l.now[id], l.versions[v.seq] = v, v
	l.moved++
}

func (l *listing) add(at int) {
	l.nextID++
	id := l.nextID
	l.ids = slices.Insert(l.ids, at, id)
	l.revive(id)
}

func (l *listing) revive(id int64) {
	l.write(id)
	l.life[id] = append(l.life[id], spell{l.seq, true})
}

// remove takes the row at index i away.
func (l *listing) remove(i int) {
	id := l.ids[i]
	l.ids = slices.Delete(l.ids, i, i+1)
	l.seq++
	l.life[id] = append(l.life[id], spell{l.seq, false})
	delete(l.now, id)
	l.moved++
}

// update changes n rows where they stand, adds a few at the end, and now and then a field that no record had before.
func (l *listing) update(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rnd.IntN(8) == 0 && l.fields < 12 {
		l.fields++
	}
	for range n {
		if len(l.ids) > 0 && l.rnd.IntN(6) > 0 {
			l.write(l.ids[l.rnd.IntN(len(l.ids))])
		} else if len(l.ids) < 400 {
			l.add(len(l.ids))
		}
	}
}

// shift takes up to n rows away and puts up to n in, anywhere; some of them come back from the dead.
func (l *listing) shift(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		if len(l.ids) > 60 {
			l.remove(l.rnd.IntN(len(l.ids)))
		}
		if dead := l.dead(); len(dead) > 0 && l.rnd.IntN(2) == 0 {
			id := dead[l.rnd.IntN(len(dead))]
			l.ids = slices.Insert(l.ids, l.rnd.IntN(len(l.ids)+1), id)
			l.revive(id)
		} else if len(l.ids) < 400 {
			l.add(l.rnd.IntN(len(l.ids) + 1))
		}
	}
}

// dead are the ids that are not there now, in order.
func (l *listing) dead() []int64 {
	var out []int64
	for id := int64(1); id <= l.nextID; id++ {
		if l.now[id] == nil {
			out = append(out, id)
		}
	}
	return out
}

// cutTo takes rows away from the end until n are left.
func (l *listing) cutTo(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.ids) > n {
		l.remove(len(l.ids) - 1)
	}
}

// cursor names the row at an offset, for as long as the cursors aren't forgotten.
func cursor(era, offset int) string { return fmt.Sprintf("%d-%d", era, offset) }

func parseCursor(text string) (era, offset int, ok bool) {
	n, _ := fmt.Sscanf(text, "%d-%d", &era, &offset)
	return era, offset, n == 2
}

// forget makes all cursors that were given out invalid.
func (l *listing) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.era++
}

// at is the offset that a cursor stands for.
func (l *listing) at(text string) (offset int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	era, offset, ok := parseCursor(text)
	return offset, ok && era == l.era
}

// restore brings back all that was ever taken away.
func (l *listing) restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.dead() {
		l.ids = append(l.ids, id)
		l.revive(id)
	}
}

// dropFirst takes the first row away: every later one moves up by one place.
func (l *listing) dropFirst() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(0)
}

// prefix is the listing as it stands: the ids in order, and the newest version of each.
func (l *listing) prefix() (ids []int64, seqs []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.ids {
		seqs = append(seqs, l.now[id].seq)
	}
	return slices.Clone(l.ids), seqs
}

// settle reports whether anything changed since it was last asked.
func (l *listing) settle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	moved := l.moved > 0
	l.moved = 0
	return moved
}

// goneSince reports whether id was taken away after the version seq of it was written.
func (l *listing) goneSince(id, seq int64) (at int64, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.life[id] {
		if !s.there && s.seq > seq {
			return s.seq, true
		}
	}
	return 0, false
}

func (l *listing) version(seq int64) (v *version, served int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.versions[seq], l.served[seq]
}

func (l *listing) page(offset, limit int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	b.WriteString(`{"data":[`)
	for i := offset; i < min(offset+limit, len(l.ids)); i++ {
		if i > offset {
			b.WriteByte(',')
		}
		b.WriteString(l.show(l.ids[i]))
	}
	next := "null"
	if offset < len(l.ids) { // the last one leads to an empty page, which proves the end
		next = strconv.Quote(cursor(l.era, offset+limit))
	}
	fmt.Fprintf(&b, `],"total":%d,"pages":%d,"next":%s}`, len(l.ids), (len(l.ids)+limit-1)/limit, next)
	return b.String()
}

func (l *listing) show(id int64) string {
	v := l.now[id]
	l.served[v.seq]++
	return v.text
}

func (l *listing) byID(id int64) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now[id] == nil {
		return "", false
	}
	return l.show(id), true
}
