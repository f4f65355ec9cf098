package table

import (
	"math/rand/v2"
	"testing"
)

// Whatever the prints are, evenly spread or crowded at either end, the slots hold what a map would and keep their order.
func TestSlotsAgainstMap(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) uint64{
		"even":    func(r *rand.Rand) uint64 { return 1 + r.Uint64N(1<<64-1) },
		"lowest":  func(r *rand.Rand) uint64 { return 1 + r.Uint64N(3000) },
		"highest": func(r *rand.Rand) uint64 { return ^r.Uint64N(3000) },
		"half":    func(r *rand.Rand) uint64 { return 1 + r.Uint64N(1<<64-1) | r.Uint64N(2)*(0xffe<<52) },
		"heaps":   func(r *rand.Rand) uint64 { return 1 + r.Uint64N(64)<<58 + r.Uint64N(200) },
	} {
		for seed := range uint64(10) {
			r := rand.New(rand.NewPCG(seed, 7))
			var s slots
			model := map[uint64]uint64{}
			var drawn []uint64
			for n := range uint64(8000) {
				p := draw(r)
				remove := len(drawn) > 0 && r.IntN(10) < 1+7*int(n/2000%2) // the table grows and shrinks in turn
				if remove {
					p = drawn[r.IntN(len(drawn))]
				}
				found, i := s.seek(p)
				if _, want := model[p]; want != (found != nil) {
					t.Fatalf("%s, seed %d: print %x is found: %v", name, seed, p, found != nil)
				}
				switch {
				case remove && found != nil:
					s.delete(i)
					delete(model, p)
				case !remove && found == nil:
					if s.full() {
						s.grow(s.lacks())
						_, i = s.seek(p)
					}
					if s.full() {
						t.Fatalf("%s, seed %d: full after growing", name, seed)
					}
					s.insert(i, slot{p, n})
					model[p] = n
					drawn = append(drawn, p)
				}
				if n%1000 == 999 {
					checkSlots(t, &s, model)
				}
			}
		}
	}
}

// checkSlots holds the slots to what they promise: prints rise, none is before its home, and no slot between the two is empty.
func checkSlots(t *testing.T, s *slots, model map[uint64]uint64) {
	t.Helper()
	last, used, empty := uint64(0), 0, -1
	for i := range s.length() {
		x := s.at(i)
		if x.print == 0 {
			empty = i
			continue
		}
		used++
		if want, ok := model[x.print]; !ok || want != x.content {
			t.Fatalf("slot %d holds %+v, the map %d, %v", i, *x, want, ok)
		}
		if h := home(x.print, s.homes); x.print <= last || h > i || h <= empty {
			t.Fatalf("slot %d: print %x behind %x, home %d, last empty slot %d", i, x.print, last, h, empty)
		}
		last = x.print
	}
	if used != len(model) || used != s.used {
		t.Fatalf("%d slots are used, of %d counted and %d in the map", used, s.used, len(model))
	}
}
