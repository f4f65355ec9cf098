package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// entry is a committed record as a consumer finds it.
type entry struct {
	topic     string
	partition int32
	offset    int64
	key       []byte
	value     []byte // nil: a tombstone
	headers   []kgo.RecordHeader
	txn       txnID
}

// txnID tells a transaction from all others: brokers give every one an epoch of its own (KIP-890).
type txnID struct {
	producer int64
	epoch    int16
}

type place struct {
	topic     string
	partition int32
}

// history is what a read_committed consumer, which keeps reading while everything else is being killed, has seen of some topics.
type history struct {
	client *kgo.Client
	stop   context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	moved chan struct{} // closed and replaced whenever something came
	logs  map[place][]entry
	next  map[place]int64
	err   error
}

// follow starts to read the topics, as soon as they exist.
func follow(brokers []string, topics ...string) (*history, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(200*time.Millisecond), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.MetadataMaxAge(500*time.Millisecond), // how soon a new topic is found
		kgo.ClientID("chaos-reader"))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	h := &history{client: client, stop: stop, done: make(chan struct{}), moved: make(chan struct{}), logs: map[place][]entry{}, next: map[place]int64{}}
	go h.run(ctx)
	return h, nil
}

func (h *history) close() {
	h.stop()
	<-h.done
	h.client.Close()
}

func (h *history) run(ctx context.Context) {
	defer close(h.done)
	for ctx.Err() == nil {
		fetches := h.client.PollFetches(ctx)
		h.mu.Lock()
		fetches.EachError(func(_ string, _ int32, err error) {
			var lost *kgo.ErrDataLoss
			if errors.As(err, &lost) {
				h.err = err
			}
		})
		fetches.EachRecord(func(r *kgo.Record) {
			p := place{r.Topic, r.Partition}
			h.next[p] = r.Offset + 1
			if r.Attrs.IsControl() {
				return
			}
			h.logs[p] = append(h.logs[p], entry{topic: r.Topic, partition: r.Partition, offset: r.Offset, key: r.Key, value: r.Value, headers: r.Headers,
				txn: txnID{r.ProducerID, r.ProducerEpoch}})
		})
		close(h.moved)
		h.moved = make(chan struct{})
		h.mu.Unlock()
	}
}

// catchUp waits until everything before the high watermarks has been read. The last record of each partition is a control record,
// which the consumer shows, so that it gets there, unless a transaction stays open.
func (h *history) catchUp(ctx context.Context, topics ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var ends kadm.ListedOffsets
	for {
		var err error
		if ends, err = kadm.NewClient(h.client).ListEndOffsets(ctx, topics...); err == nil {
			err = ends.Error()
		}
		if err == nil {
			break
		}
		if wait(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("list end offsets: %w", err)
		}
	}
	for {
		h.mu.Lock()
		behind, moved, err := "", h.moved, h.err
		ends.Each(func(o kadm.ListedOffset) {
			if n := h.next[place{o.Topic, o.Partition}]; n < o.Offset {
				behind = fmt.Sprintf("partition %d of %s ends at %d, but nothing after %d can be read", o.Partition, o.Topic, o.Offset, n)
			}
		})
		h.mu.Unlock()
		if err != nil || behind == "" {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return errors.New(behind + ": a transaction was left open")
		}
	}
}

// log is what came of a topic so far, partition after partition.
func (h *history) log(topic string) []entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []entry
	for p := int32(0); ; p++ {
		l, ok := h.logs[place{topic, p}]
		if _, known := h.next[place{topic, p}]; !ok && !known && p > 64 {
			return out
		}
		out = append(out, l...)
	}
}

// differs says where two readings of the same topics disagree, "" if they don't.
func (h *history) differs(o *history, topics ...string) string {
	for _, t := range topics {
		a, b := h.log(t), o.log(t)
		if len(a) != len(b) {
			return fmt.Sprintf("topic %s: the reader that was there all the time saw %d records, a new one %d", t, len(a), len(b))
		}
		for i := range a {
			x, y := a[i], b[i]
			if x.partition != y.partition || x.offset != y.offset || x.txn != y.txn || !bytes.Equal(x.key, y.key) || !bytes.Equal(x.value, y.value) ||
				(x.value == nil) != (y.value == nil) {
				return fmt.Sprintf("topic %s: partition %d, offset %d reads differently a second time", t, x.partition, x.offset)
			}
		}
	}
	return ""
}

// wait waits for d, or until ctx is over.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
