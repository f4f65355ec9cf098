package kafka_test

import (
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/kafka"
)

func TestPartition(t *testing.T) {
	// From org.apache.kafka.common.utils.UtilsTest: murmur2 of these is
	// -973932308, -790332482, -985981536, -1486304829, -58897971 and 479470107.
	hashes := []struct {
		key  string
		hash int32
	}{{"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829}, {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107}}
	for _, h := range hashes {
		for _, n := range []int32{1, 6, 7, 1000} {
			if got, want := kafka.Partition([]byte(h.key), n), h.hash&0x7fffffff%n; got != want {
				t.Errorf("Partition(%q, %d): got %d, want %d", h.key, n, got, want)
			}
		}
	}
	other := kgo.StickyKeyPartitioner(nil).ForTopic("t")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		key := make([]byte, i%40)
		for j := range key {
			key[j] = byte(random.Uint32())
		}
		if got, want := kafka.Partition(key, 97), int32(other.Partition(&kgo.Record{Key: key}, 97)); got != want {
			t.Errorf("Partition(%x, 97): got %d, want %d", key, got, want)
		}
	}
}
