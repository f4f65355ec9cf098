package table_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"producer/pkg/kafka"
	"producer/pkg/table"
)

// topic makes a compacted topic on an embedded broker and commits batches of records to it.
func topic(t testing.TB, partitions int32, batches ...[]kafka.Record) *kafka.Cluster {
	t.Helper()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	c, err := kafka.Open(t.Context(), kafka.Options{Brokers: broker.ListenAddrs()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	err = c.Create(t.Context(), []kafka.TopicSpec{{Name: "t", Partitions: partitions, Config: map[string]string{"cleanup.policy": "compact"}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.OpenProducer(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, b := range batches {
		if err := p.Commit(t.Context(), kafka.Batch{Records: b}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func record(key string, headers ...kafka.Header) kafka.Record {
	return kafka.Record{Topic: "t", Partition: -1, Key: []byte(key), Value: []byte{}, Headers: headers}
}

func hashed(key string, n uint64) kafka.Record {
	h := hash(n)
	return record(key, kafka.Header{Key: "other", Value: []byte("x")}, kafka.Header{Key: kafka.ContentHash, Value: h[:]})
}

func tombstone(key string) kafka.Record {
	return kafka.Record{Topic: "t", Partition: -1, Key: []byte(key)}
}

func TestLoad(t *testing.T) {
	stray := hashed("stray", 1)
	stray.Partition = (kafka.Partition(stray.Key, 4) + 1) % 4
	late := tombstone("live")
	late.Partition = (kafka.Partition(late.Key, 4) + 1) % 4
	c := topic(t, 4,
		[]kafka.Record{hashed("live", 1), hashed("changed", 1), hashed("deleted", 1), hashed("back", 1), hashed("lost its hash", 1), stray},
		[]kafka.Record{hashed("changed", 2), tombstone("deleted"), tombstone("back"), record("lost its hash"), tombstone("never there"), late},
		[]kafka.Record{hashed("back", 3), record("short hash", kafka.Header{Key: kafka.ContentHash, Value: []byte("short")}), {Topic: "t", Partition: 0, Value: []byte("no key")}})
	var done, total int64
	var grown int64
	x, err := table.Load(t.Context(), c, "t", 1<<20, func(x *table.Index, d, n int64) { grown, done, total = x.Bytes(), d, n })
	if err != nil {
		t.Fatal(err)
	}
	if done != total || total < 15 || grown != x.Bytes() {
		t.Errorf("progress ended at %d of %d with %d bytes of %d", done, total, grown, x.Bytes())
	}
	tests := map[string]struct {
		live bool
		hash uint64 // 0: none
	}{
		"live": {true, 1}, "changed": {true, 2}, "deleted": {false, 0}, "back": {true, 3}, "lost its hash": {true, 0},
		"short hash": {true, 0}, "stray": {false, 0}, "never there": {false, 0}, "": {false, 0},
	}
	n := int64(0)
	for key, want := range tests {
		if want.live {
			n++
		}
		for h := range uint64(4) {
			live, same := x.Same([]byte(key), hash(h))
			if live != want.live || same != (want.hash != 0 && want.hash == h) {
				t.Errorf("Same(%q, %d): got %v, %v", key, h, live, same)
			}
		}
	}
	if x.Len() != n || x.Unseen() != n {
		t.Errorf("Len %d, Unseen %d, want %d", x.Len(), x.Unseen(), n)
	}
	if x, err := table.Load(t.Context(), c, "missing", 1<<20, nil); err != nil || x.Len() != 0 {
		t.Errorf("a topic that is not there: %v", err)
	}
}

func TestLoadTooLarge(t *testing.T) {
	var records []kafka.Record
	for i := range 20_000 {
		records = append(records, hashed(fmt.Sprint(i), 1))
	}
	c := topic(t, 3, records[:5000], records[5000:10_000], records[10_000:15_000], records[15_000:])
	_, err := table.Load(t.Context(), c, "t", 100_000, nil)
	var large *table.TooLargeError
	if !errors.As(err, &large) || large.Max != 100_000 || large.Need <= large.Max {
		t.Fatalf("got %v", err)
	}
	if x, err := table.Load(t.Context(), c, "t", large.Need, nil); err != nil || x.Len() != 20_000 || large.Need > 20_000*50 {
		t.Errorf("%d bytes are named and do not suffice, or are far too many: %v", large.Need, err)
	}
}

func TestLoadCancelled(t *testing.T) {
	c := topic(t, 1, []kafka.Record{hashed("a", 1)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Load(ctx, c, "t", 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What a topic holds decides what of the source is news.
func ExampleLoad() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "crm.contacts"))
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	ctx := context.Background()
	cluster, err := kafka.Open(ctx, kafka.Options{Brokers: broker.ListenAddrs()})
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()
	producer, err := cluster.OpenProducer(ctx, "producer.crm.contacts")
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close()
	content := [16]byte{1, 2, 3}
	err = producer.Commit(ctx, kafka.Batch{Records: []kafka.Record{{Topic: "crm.contacts", Key: []byte("1"), Value: []byte("Ada"),
		Headers: []kafka.Header{{Key: kafka.ContentHash, Value: content[:]}}}}})
	if err != nil {
		log.Fatal(err)
	}

	index, err := table.Load(ctx, cluster, "crm.contacts", 1<<30, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(index.Same([]byte("1"), content))
	fmt.Println(index.Same([]byte("1"), [16]byte{9}))
	fmt.Println(index.Same([]byte("2"), content))
	// Output:
	// true true
	// true false
	// false false
}
