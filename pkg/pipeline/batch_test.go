package pipeline

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"producer/pkg/extractor"
)

// model is what a batch must amount to: the fate of every row of the pages that stand, by brute force.
type modelRow struct {
	key    string
	hash   byte
	page   int
	buried bool
}

func (m modelRow) String() string { return fmt.Sprintf("%s#%d@%d", m.key, m.hash, m.page) }

// last returns, for each key, the hash of its last row that is no dead letter.
func last(rows []modelRow) map[string]byte {
	out := map[string]byte{}
	for _, r := range rows {
		if !r.buried {
			out[r.key] = r.hash
		}
	}
	return out
}

// TestBatchKeepsTheLastRowOfEachKey fills batches with random pages, buries rows and takes pages back, and compares what stands
// with the model.
func TestBatchKeepsTheLastRowOfEachKey(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		b := newBatch(true, true)
		var rows []modelRow
		pages := 1 + rnd.IntN(6)
		for p := range pages {
			b.begin(&extractor.Page{})
			first := len(rows)
			for range rnd.IntN(8) {
				r := modelRow{key: fmt.Sprint("k", rnd.IntN(6)), hash: byte(rnd.IntN(4)), page: p}
				at := len(b.arena)
				b.arena = append(b.arena, r.key...)
				b.add(at, [16]byte{r.hash}, publish)
				rows = append(rows, r)
			}
			for i := first; i < len(rows); i++ {
				if rnd.IntN(5) == 0 {
					rows[i].buried = true
					b.bury(i, &letter{raw: []byte("{}"), reason: "reason", field: "field"})
				}
			}
		}
		if rnd.IntN(3) == 0 {
			n := rnd.IntN(pages)
			b.truncate(n)
			kept := rows[:0:0]
			for _, r := range rows {
				if r.page < n {
					kept = append(kept, r)
				}
			}
			rows = kept
		}
		want := last(rows)
		got := map[string]byte{}
		buried := 0
		for i := range b.rows {
			r := &b.rows[i]
			if r.fate == deadLetter {
				buried++
			} else if standing(r) {
				key := string(b.bytes(r.key))
				if _, twice := got[key]; twice {
					t.Fatalf("seed %d: key %s stands twice", seed, key)
				}
				got[key] = r.hash[0]
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d: rows %v\n got %v\nwant %v", seed, rows, got, want)
		}
		for k, h := range want {
			if c, ok := b.content([]byte(k)); !ok || c[0] != h {
				t.Fatalf("seed %d: content of %s is %v %v, want %d", seed, k, c[0], ok, h)
			}
		}
		c := b.counts()
		if c.records != c.published+c.unchanged+c.duplicates+c.deadLettered || c.records != int64(len(rows)) ||
			c.published != int64(len(want)) || c.deadLettered != int64(buried) {
			t.Fatalf("seed %d: counts %+v of %d rows, %d keys, %d dead letters", seed, c, len(rows), len(want), buried)
		}
	}
}

// TestBatchOfAppendKeepsAll has no last row: an appending resource publishes all it reads.
func TestBatchOfAppendKeepsAll(t *testing.T) {
	b := newBatch(false, true)
	b.begin(&extractor.Page{})
	for range 3 {
		at := len(b.arena)
		b.arena = append(b.arena, 'k')
		b.add(at, [16]byte{1}, publish)
	}
	if got := b.counts(); got.published != 3 || got.duplicates != 0 {
		t.Errorf("counts %+v, want 3 published", got)
	}
	if got := len(b.records(nil, target{topic: "t", partitions: 1})); got != 3 {
		t.Errorf("%d records, want 3", got)
	}
}

// Dead letters count as a batch's bytes, and let it be closed.
func TestBatchIsFullOfLetters(t *testing.T) {
	b := newBatch(true, true)
	b.begin(&extractor.Page{})
	for i := 0; !b.full(); i++ {
		if i > 20 {
			t.Fatal("20 MiB of dead letters do not fill a batch")
		}
		at := len(b.arena)
		b.arena = fmt.Append(b.arena, i)
		b.add(at, [16]byte{}, publish)
		b.bury(i, newLetter(make([]byte, 1<<20)))
	}
	if n := len(b.rows); n != batchBytes>>20 {
		t.Errorf("full with %d letters of 1 MiB, want %d", n, batchBytes>>20)
	}
	if b.reset(); b.full() {
		t.Error("full after a reset")
	}
}

// A batch that is handed memory keeps its rows and their bytes, whichever of the two had more.
func TestHandOver(t *testing.T) {
	for _, full := range []int{0, 1, 100, 1000} {
		landed, filling := newBatch(true, true), newBatch(true, true)
		fill := func(b *batch, mark string, n int) {
			b.begin(&extractor.Page{})
			for i := range n {
				at := len(b.arena)
				b.arena = fmt.Append(b.arena, mark, i)
				b.add(at, [16]byte{byte(i)}, publish)
			}
		}
		fill(landed, "old", full)
		landed.reset()
		fill(filling, "new", 50)
		most := max(cap(landed.arena), cap(filling.arena))
		landed.handOver(filling)
		fill(landed, "next", 1000) // shares nothing with the other
		if cap(filling.arena) < most || len(filling.rows) != 50 {
			t.Fatalf("%d: the filled batch has %d rows and %d bytes, want 50 and %d", full, len(filling.rows), cap(filling.arena), most)
		}
		for i := range filling.rows {
			key := fmt.Append(nil, "new", i)
			if r := &filling.rows[i]; string(filling.key(r)) != string(key) || r.hash[0] != byte(i) || filling.shows(key) != 0 {
				t.Fatalf("%d: row %d is %q", full, i, filling.key(r))
			}
		}
	}
}
