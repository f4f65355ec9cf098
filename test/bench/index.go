package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"producer/pkg/kafka"
	"producer/pkg/table"
)

const (
	indexMax   = 400 << 20 // bytes, for all the keys below; more is an error
	indexValue = 250       // bytes of a record's value, about what a contact is in Avro
	lookUps    = 5_000_000
)

// runIndex measures how a run knows what its topic holds: it fills topics of the embedded broker, which runs in this process and on the
// same cores, folds each into an index as a run does at its start, and meets keys in random order as a walk meets its records.
func runIndex(ctx context.Context, out io.Writer) error {
	// Compaction would hold the broker up while it is measured, and has nothing to do: every key stands once.
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "86400000"}))
	if err != nil {
		return err
	}
	defer broker.Close()
	cluster, err := kafka.Open(ctx, kafka.Options{Brokers: broker.ListenAddrs()})
	if err != nil {
		return err
	}
	defer cluster.Close()

	fmt.Fprintln(out, "|       keys | bytes/key |   MiB | build s | million records/s | ns/look-up |")
	fmt.Fprintln(out, "|-----------:|----------:|------:|--------:|------------------:|-----------:|")
	for _, keys := range []int{1_000_000, 10_000_000} {
		topic := fmt.Sprintf("index-%d", keys)
		if err := fill(ctx, cluster, topic, keys); err != nil {
			return err
		}
		runtime.GC()
		began := time.Now()
		x, err := table.Load(ctx, cluster, topic, indexMax, nil)
		if err != nil {
			return err
		}
		built := time.Since(began)
		if x.Len() != int64(keys) {
			return fmt.Errorf("the index of %s holds %d keys, want %d", topic, x.Len(), keys)
		}
		look, err := meet(x, keys)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %10d | %9.1f | %5.0f | %7.2f | %17.2f | %10.0f |\n", keys, float64(x.Bytes())/float64(keys), float64(x.Bytes())/(1<<20),
			built.Seconds(), float64(keys)/built.Seconds()/1e6, float64(look.Nanoseconds())/lookUps)
	}
	fmt.Fprintln(out, "\nWanted at 10,000,000 keys: at most 400 MiB, 0.5 million records/s or more, less than 500 ns.")
	return nil
}

// contentOf stands for the hash of a record's content.
func contentOf(key int) (hash [16]byte) {
	rnd := rand.New(rand.NewPCG(uint64(key), 1))
	binary.BigEndian.PutUint64(hash[:], rnd.Uint64())
	binary.BigEndian.PutUint64(hash[8:], rnd.Uint64())
	return hash
}

// fill commits a record of each key to a new topic, as the program does: 10,000 a transaction. Half of a value compresses away.
func fill(ctx context.Context, c *kafka.Cluster, topic string, keys int) error {
	err := c.Create(ctx, []kafka.TopicSpec{{Name: topic, Partitions: 6, ReplicationFactor: 1, Config: map[string]string{"cleanup.policy": "compact"}}})
	if err != nil {
		return err
	}
	p, err := c.OpenProducer(ctx, "bench."+topic)
	if err != nil {
		return err
	}
	defer p.Close()
	noise := make([]byte, 1<<20)
	for rnd, i := rand.New(rand.NewPCG(1, 1)), 0; i < len(noise); i += 8 {
		binary.BigEndian.PutUint64(noise[i:], rnd.Uint64())
	}
	records := make([]kafka.Record, 0, batchRecords)
	for key := range keys {
		value, hash := make([]byte, indexValue), contentOf(key)
		copy(value, noise[key*131%(len(noise)-indexValue):][:indexValue/2])
		records = append(records, kafka.Record{Topic: topic, Partition: -1, Key: strconv.AppendInt(nil, int64(key), 10), Value: value,
			Headers: []kafka.Header{{Key: kafka.ContentHash, Value: hash[:]}}})
		if len(records) == cap(records) || key == keys-1 {
			if err := p.Commit(ctx, kafka.Batch{Records: records}); err != nil {
				return err
			}
			records = records[:0]
		}
	}
	return nil
}

// meet looks keys up in random order. What is looked for is made before the clock runs.
func meet(x *table.Index, keys int) (time.Duration, error) {
	const slot = 8 // bytes of a key, at most
	type sought struct {
		key  [slot]byte
		n    int
		hash [16]byte
	}
	rnd, all := rand.New(rand.NewPCG(2, 2)), make([]sought, lookUps)
	for i := range all {
		key := rnd.IntN(keys)
		all[i].n = copy(all[i].key[:], strconv.Itoa(key))
		all[i].hash = contentOf(key)
	}
	began := time.Now()
	for i := range all {
		s := &all[i]
		if same, _ := x.Meet(s.key[:s.n], s.hash); !same {
			return 0, fmt.Errorf("key %s is not in the index with its content", s.key[:s.n])
		}
	}
	return time.Since(began), nil
}
