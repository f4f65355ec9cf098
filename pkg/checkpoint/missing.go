package checkpoint

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"
)

// maxMissing bounds how many keys a state remembers, so that it stays far below the smallest usual max.message.bytes.
const maxMissing = 50_000

// Missing is a set of keys, kept as sorted 64-bit prints (XXH3). In JSON it is base64 of their big-endian bytes. Two keys with
// one print can only make a key wait for a walk less, among keys that two proven walks did not see.
type Missing []uint64

// NewMissing makes the set of keys. Of more than fifty thousand it holds those with the lowest prints: the others are new to the
// next walk.
func NewMissing(keys []string) Missing {
	m := make(Missing, 0, len(keys))
	for _, k := range keys {
		m = append(m, xxh3.HashString(k))
	}
	slices.Sort(m)
	m = slices.Compact(m)
	return m[:min(len(m), maxMissing)]
}

// Has reports whether key is in the set.
func (m Missing) Has(key string) bool {
	_, ok := slices.BinarySearch(m, xxh3.HashString(key))
	return ok
}

// MarshalJSON writes the set as a string.
func (m Missing) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 8*len(m))
	for _, p := range m {
		raw = binary.BigEndian.AppendUint64(raw, p)
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Missing) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw)%8 != 0 {
		return fmt.Errorf("missing: not a list of prints")
	}
	*m = nil
	for ; len(raw) > 0; raw = raw[8:] {
		*m = append(*m, binary.BigEndian.Uint64(raw))
	}
	slices.Sort(*m)
	return nil
}
