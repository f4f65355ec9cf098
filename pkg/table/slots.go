package table

import "math/bits"

// slot is one key. print 0 is an empty slot. content holds the hash's first 62 bits above the two flags.
type slot struct{ print, content uint64 }

const (
	slotBytes  = 16
	chunkSlots = 256
	chunkBytes = chunkSlots * slotBytes
	// The table grows, by a growth-th, when more than maxLoad/16 of it is in use.
	growth  = 16
	maxLoad = 14
	// tail is how many slots stand behind the homes, for what runs over them.
	tail = 64
)

// slots is an open-addressing table with linear probing, in the order of the prints: a print's home is its place among all, scaled to
// the table, and so rises with it. That lets it grow where it is, chunk by chunk, and leave no garbage. From a print's home to the print no
// slot is empty. Once the last slot is in use, the table is full.
type slots struct {
	chunks []*[chunkSlots]slot
	homes  int // prints are spread over so many slots
	used   int
}

func (s *slots) length() int { return len(s.chunks) * chunkSlots }

func (s *slots) at(i int) *slot { return &s.chunks[uint(i)/chunkSlots][uint(i)%chunkSlots] }

// home is where a print's probing starts.
func home(p uint64, homes int) int {
	i, _ := bits.Mul64(p, uint64(homes))
	return int(i)
}

// seek returns the slot of p, or nil, and where it is or should be.
func (s *slots) seek(p uint64) (*slot, int) {
	i := home(p, s.homes)
	for c := uint(i) / chunkSlots; c < uint(len(s.chunks)); c++ {
		chunk := s.chunks[c]
		for j := uint(i) % chunkSlots; j < chunkSlots; j++ {
			if q := chunk[j].print; q == p {
				return &chunk[j], i
			} else if q-1 >= p { // beyond p, or 0
				return nil, i
			}
			i++
		}
	}
	return nil, i
}

// full reports whether the table must grow before the next insert.
func (s *slots) full() bool {
	n := s.length()
	return s.used*16 >= n*maxLoad || s.at(n-1).print != 0
}

// insert puts a slot at i, where seek wants it; the table is not full. What stands there moves on.
func (s *slots) insert(i int, n slot) {
	s.used++
	for ; ; i++ {
		x := s.at(i)
		*x, n = n, *x
		if n.print == 0 {
			return
		}
	}
}

// delete empties slot i: what probed past it moves back.
func (s *slots) delete(i int) {
	s.used--
	for n := s.length(); i+1 < n; i++ {
		x := s.at(i + 1)
		if x.print == 0 || home(x.print, s.homes) > i {
			break
		}
		*s.at(i) = *x
	}
	*s.at(i) = slot{}
}

// lacks says how many chunks a full table needs more.
func (s *slots) lacks() int { return max(len(s.chunks)/growth, 1) }

// grow adds chunks and spreads the slots over them. None moves towards the front, so all are packed at the new end first, and from
// there put where they belong.
func (s *slots) grow(more int) {
	old := s.length()
	for range more {
		s.chunks = append(s.chunks, new([chunkSlots]slot))
	}
	length := s.length()
	homes, packed := length-tail, length
	for i := old - 1; i >= 0; i-- {
		x := s.at(i)
		if x.print == 0 {
			continue
		}
		if packed--; home(x.print, homes) >= packed { // too many would run over the homes: they stay, as does what is behind them
			homes = s.homes
		}
		*s.at(packed), *x = *x, slot{}
	}
	s.homes = homes
	for free := 0; packed < length; packed++ {
		x := s.at(packed)
		free = max(free, home(x.print, homes))
		*s.at(free), *x = *x, slot{}
		free++
	}
}
