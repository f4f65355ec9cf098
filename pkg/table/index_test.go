package table_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zeebo/xxh3"

	"producer/pkg/table"
)

func hash(n uint64) (h [16]byte) {
	binary.BigEndian.PutUint64(h[:], n<<8)
	return h
}

// TestIndexIsAMap drives an index and a map with the same random steps and compares all that can be asked.
func TestIndexIsAMap(t *testing.T) {
	type entry struct {
		content uint64
		known   bool
		seen    bool
	}
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		x, model := table.New(0), map[string]entry{}
		keys := 1 + rnd.IntN(40_000)
		for range 100_000 {
			key := fmt.Sprint("k", rnd.IntN(keys))
			switch rnd.IntN(8) {
			case 0, 1:
				x.Delete([]byte(key))
				delete(model, key)
			case 2, 3:
				if e := model[key]; rnd.IntN(2) == 0 {
					x.See([]byte(key))
				} else if same, seen := x.Meet([]byte(key), hash(1)); same != (e.known && e.content == 1) || seen != e.seen {
					t.Fatalf("seed %d: Meet(%s) = %v, %v; the model has %+v", seed, key, same, seen, e)
				}
				if e, ok := model[key]; ok {
					e.seen = true
					model[key] = e
				}
			default:
				e := entry{content: rnd.Uint64N(3), known: rnd.IntN(9) > 0, seen: model[key].seen}
				if err := x.Apply([]byte(key), hash(e.content), e.known); err != nil {
					t.Fatal(err)
				}
				model[key] = e
			}
			if rnd.IntN(50_000) == 0 {
				x.ClearSeen()
				for k, e := range model {
					e.seen = false
					model[k] = e
				}
			}
		}
		var unseen int64
		for i := range keys {
			key := fmt.Sprint("k", i)
			e, ok := model[key]
			if ok && !e.seen {
				unseen++
			}
			for c := range uint64(3) {
				live, same := x.Same([]byte(key), hash(c))
				if live != ok || same != (ok && e.known && e.content == c) {
					t.Fatalf("seed %d: Same(%s, %d) = %v, %v; the model has %v %+v", seed, key, c, live, same, ok, e)
				}
			}
			if got := x.Seen([]byte(key)); got != e.seen {
				t.Fatalf("seed %d: Seen(%s) = %v", seed, key, got)
			}
		}
		if x.Len() != int64(len(model)) || x.Unseen() != unseen {
			t.Fatalf("seed %d: Len %d, Unseen %d; want %d, %d", seed, x.Len(), x.Unseen(), len(model), unseen)
		}
	}
}

// TestCrowd fills an index with keys whose prints are among the last thousandth of all, so that they share a few homes, the last ones.
func TestCrowd(t *testing.T) {
	const keys = 3000
	x := table.New(0)
	crowd := make([][]byte, 0, keys)
	for n := uint64(0); len(crowd) < keys; n++ {
		key := binary.BigEndian.AppendUint64(nil, n)
		if xxh3.Hash(key)>>54 == 1<<10-1 {
			crowd = append(crowd, key)
		}
	}
	for i, key := range crowd {
		if err := x.Apply(key, hash(uint64(i)), true); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range crowd[:keys/2] {
		if _, same := x.Same(key, hash(uint64(i))); !same {
			t.Fatalf("key %d is not there", i)
		}
		x.Delete(key)
	}
	for i, key := range crowd {
		if live, same := x.Same(key, hash(uint64(i))); live != (i >= keys/2) || live != same {
			t.Fatalf("key %d: live %v, same %v after the first half was deleted", i, live, same)
		}
	}
	if x.Bytes() > 40*keys {
		t.Errorf("%d bytes for %d keys", x.Bytes(), keys)
	}
}

func TestIndexBound(t *testing.T) {
	x := table.New(64 << 10)
	var err error
	n := 0
	for ; err == nil; n++ {
		err = x.Apply(binary.BigEndian.AppendUint64(nil, uint64(n)), hash(1), true)
	}
	var large *table.TooLargeError
	if !errors.As(err, &large) || large.Need <= large.Max {
		t.Fatalf("got %v, want a TooLargeError that names the need", err)
	}
	if x.Bytes() > 64<<10 || x.Len() != int64(n-1) {
		t.Errorf("%d bytes and %d keys after %d", x.Bytes(), x.Len(), n)
	}
	if live, same := x.Same(binary.BigEndian.AppendUint64(nil, 0), hash(1)); !live || !same {
		t.Error("a key that was there is gone")
	}
}

func ExampleIndex() {
	x := table.New(1 << 20)
	_ = x.Apply([]byte("7"), [16]byte{1}, true)
	fmt.Println(x.Same([]byte("7"), [16]byte{1}))
	fmt.Println(x.Same([]byte("7"), [16]byte{2}))
	fmt.Println(x.Unseen())
	// Output:
	// true true
	// true false
	// 1
}

// BenchmarkIndex reports the bytes a key takes, and times a look-up, at 1 and at 10 million keys.
func BenchmarkIndex(b *testing.B) {
	for _, keys := range []uint64{1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			x := table.New(400 << 20)
			var key [8]byte
			for i := range keys {
				binary.BigEndian.PutUint64(key[:], i)
				if err := x.Apply(key[:], hash(i), true); err != nil {
					b.Fatal(err)
				}
			}
			rnd := rand.New(rand.NewPCG(1, 2))
			b.ResetTimer()
			for b.Loop() {
				i := rnd.Uint64N(keys)
				binary.BigEndian.PutUint64(key[:], i)
				if _, same := x.Same(key[:], hash(i)); !same {
					b.Fatal("lost")
				}
				x.See(key[:])
			}
			b.ReportMetric(float64(x.Bytes())/float64(keys), "bytes/key")
		})
	}
}
