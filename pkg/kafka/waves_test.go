package kafka_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
)

// However much a transaction holds, what is sent of it at once is bounded, in bytes over all partitions and in records, and all is sent.
func TestWavesAreBounded(t *testing.T) {
	for name, tt := range map[string]struct{ records, value, sends int }{
		"large records":           {40, 200_000, 8}, // five fit in a MiB
		"many records":            {10_000, 1, 3},
		"one beyond all bounds":   {1, 1_040_000, 1},
		"as much as there may be": {4096, 100, 1},
	} {
		t.Run(name, func(t *testing.T) {
			broker := fake(t)
			c := open(t, broker.ListenAddrs(), func(o *kafka.Options) { o.Compression = "none" })
			topic := create(t, c, 8, nil)
			p := openProducer(t, c, topic)
			var mu sync.Mutex
			var sends, most int
			broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
				broker.KeepControl()
				bytes := 0
				for _, topic := range r.(*kmsg.ProduceRequest).Topics {
					for _, partition := range topic.Partitions {
						bytes += len(partition.Records)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				sends, most = sends+1, max(most, bytes)
				return nil, nil, false
			})
			var want []string
			var records []kafka.Record
			for i := range tt.records {
				r := rec(topic, fmt.Sprintf("%05d", i))
				r.Value = noise(1, tt.value)
				want, records = append(want, string(r.Key)), append(records, r)
			}
			commit(t, p, records...)
			mu.Lock()
			defer mu.Unlock()
			if sends < tt.sends || most > 1<<20 { // more where the client sends before the wave is whole
				t.Errorf("%d requests, the largest of %d bytes; want %d or more of at most a MiB", sends, most, tt.sends)
			}
			wantKeys(t, c, topic, want...)
		})
	}
}
