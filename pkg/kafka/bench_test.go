package kafka_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"producer/pkg/kafka"
)

// benchBrokers is the embedded broker, or that of KAFKA_BROKERS.
func benchBrokers(b *testing.B) []string {
	if env := os.Getenv("KAFKA_BROKERS"); env != "" {
		return strings.Split(env, ",")
	}
	return fake(b, kfake.DataDir(b.TempDir())).ListenAddrs()
}

// benchRecords have values of about 300 bytes, half of which compress away.
func benchRecords(topic string, n int) []kafka.Record {
	out := make([]kafka.Record, n)
	text := noise(1, 1<<20)
	for i := range out {
		value := append(text[i%7000*140:][:150:150], strings.Repeat("a field of text ", 10)[:150]...)
		out[i] = kafka.Record{Topic: topic, Partition: -1, Key: fmt.Append(nil, i), Value: value,
			Headers: []kafka.Header{{Key: kafka.ContentHash, Value: text[i%60000*16:][:16]}}}
	}
	return out
}

func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := open(b, benchBrokers(b))
			topic := create(b, c, 6, map[string]string{"cleanup.policy": "compact"})
			p := openProducer(b, c, topic)
			batch := benchRecords(topic, n)
			commit(b, p, batch...)
			b.ReportAllocs()
			for b.Loop() {
				commit(b, p, batch...)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkScan(b *testing.B) {
	for _, partitions := range []int32{1, 6} {
		b.Run(fmt.Sprint(partitions), func(b *testing.B) {
			const n = 500_000
			c := open(b, benchBrokers(b))
			topic := create(b, c, partitions, map[string]string{"cleanup.policy": "compact"})
			p := openProducer(b, c, topic)
			for range n / 10000 {
				commit(b, p, benchRecords(topic, 10000)...)
			}
			b.ReportAllocs()
			for b.Loop() {
				seen := 0
				err := c.Scan(b.Context(), topic, kafka.ScanOptions{}, func(kafka.Record) error {
					seen++
					return nil
				})
				if err != nil || seen != n {
					b.Fatal(seen, err)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
