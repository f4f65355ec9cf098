package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// waves sends the records of a transaction, a flush a wave. In a wave no
// partition gets more than one batch, and no batch is larger, before
// compression, than its topic takes, unless it is of one record: whether that
// one fits when compressed is the broker's to say. So a refused batch is one
// record, whose key can be named. waveBytes and waveRecords bound what the client
// takes to send a wave, some three times its bytes.
type waves struct {
	p      *Producer
	topics map[string]*topicWave
	slab   []kgo.Record
	heads  []kgo.RecordHeader
}

// The bounds of a wave; one record is never too much.
const (
	waveBytes   = 1 << 20 // before compression
	waveRecords = 4096
)

type topicWave struct {
	limits topicLimits
	filled []int // bytes by partition, in this wave
	turn   int32 // of records without a key
}

// failure is what went wrong first in a transaction. The client calls promises
// from a goroutine of its own.
type failure struct {
	mu    sync.Mutex
	acked int
	err   error
	topic string
	large *kgo.Record // the largest one refused for its size
	key   []byte
}

// send returns nil when every record is acknowledged, else why not: the
// context's error with records possibly still in flight, otherwise with none.
func (w *waves) send(ctx context.Context, records []Record) error {
	w.refresh()
	f := new(failure)
	for rest := records; len(rest) > 0; {
		n, err := w.wave(ctx, rest, f.promise)
		if err != nil {
			return err
		}
		if err := w.p.client.Flush(ctx); err != nil {
			w.slab, w.heads = nil, nil // the client still holds them
			return err
		}
		if err := f.result(n); err != nil {
			return w.explain(ctx, f, err)
		}
		rest = rest[n:]
	}
	return nil
}

// wave hands the client as many records as fit in a wave and returns how many
// those are. The client buffers until it is flushed.
func (w *waves) wave(ctx context.Context, records []Record, promise func(*kgo.Record, error)) (int, error) {
	for _, t := range w.topics {
		clear(t.filled)
	}
	most := min(len(records), waveRecords)
	if len(w.slab) < most {
		w.slab = make([]kgo.Record, most)
	}
	slab, heads, total := w.slab, w.heads[:0], 0
	defer func() { w.heads = heads }()
	for i := range most {
		r := &records[i]
		t, err := w.topic(ctx, r.Topic)
		if err != nil {
			return i, err
		}
		partition := r.Partition
		switch {
		case partition >= t.limits.partitions:
			return i, &TopicError{Topic: r.Topic, Err: fmt.Errorf("has no partition %d", partition)}
		case partition < 0 && r.Key != nil:
			partition = Partition(r.Key, t.limits.partitions)
		case partition < 0:
			partition = t.turn
			t.turn = (t.turn + 1) % t.limits.partitions
		}
		size := r.wireSize()
		if total += size; i > 0 && total > waveBytes {
			return i, nil
		}
		if filled := t.filled[partition]; filled > 0 && batchOverhead+filled+size > t.limits.maxBytes {
			return i, nil
		}
		t.filled[partition] += size
		from := len(heads)
		for _, h := range r.Headers {
			heads = append(heads, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		slab[i] = kgo.Record{Topic: r.Topic, Partition: partition, Key: r.Key, Value: r.Value,
			Headers: heads[from:len(heads):len(heads)], Timestamp: r.Timestamp}
		w.p.client.Produce(context.Background(), &slab[i], promise)
	}
	return most, nil
}

// refresh takes over what a Describe has learned since.
func (w *waves) refresh() {
	if w.topics == nil {
		w.topics = map[string]*topicWave{}
	}
	w.p.c.mu.Lock()
	defer w.p.c.mu.Unlock()
	for name, t := range w.topics {
		if w.p.c.limits[name] != t.limits {
			delete(w.topics, name)
		}
	}
}

func (w *waves) topic(ctx context.Context, name string) (*topicWave, error) {
	if t := w.topics[name]; t != nil {
		return t, nil
	}
	l, err := w.p.c.limitsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	t := &topicWave{limits: l, filled: make([]int, l.partitions)}
	w.topics[name] = t
	return t, nil
}

// explain gives the failure its type.
func (w *waves) explain(ctx context.Context, f *failure, err error) error {
	switch {
	case f.large != nil:
		return w.tooLarge(ctx, f.large, err)
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return &AuthError{Resource: topicResource(f.topic), Operation: "Write", Err: err}
	case isAny(err, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID):
		return &TopicError{Topic: f.topic, Err: fmt.Errorf("is gone, or was made anew: %w", err)}
	case isAny(err, kerr.InvalidRecord, kerr.InvalidTimestamp, kerr.CorruptMessage):
		return &RejectedError{Topic: f.topic, Key: f.key, Err: err}
	}
	return err
}

// tooLarge asks for the topic's limit again: if it has been lowered and the
// record fits all the same, its batch was too large, and the next will not be.
func (w *waves) tooLarge(ctx context.Context, r *kgo.Record, err error) error {
	own := Record{Key: r.Key, Value: r.Value}
	e := &TooLargeError{Topic: r.Topic, Key: r.Key, Size: len(r.Key) + len(r.Value), Max: w.topics[r.Topic].limits.maxBytes, Err: err}
	for _, h := range r.Headers {
		e.Size += len(h.Key) + len(h.Value)
		own.Headers = append(own.Headers, Header{Key: h.Key, Value: h.Value})
	}
	infos, derr := w.p.c.Describe(ctx, r.Topic)
	if derr != nil || infos[r.Topic].MaxMessageBytes == e.Max {
		return e
	}
	e.Max = infos[r.Topic].MaxMessageBytes
	if batchOverhead+own.wireSize() <= e.Max {
		return &AbortedError{Err: fmt.Errorf("max.message.bytes of topic %q changed: %w", r.Topic, err)}
	}
	return e
}

func (f *failure) promise(r *kgo.Record, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.acked++
		return
	}
	// A batch is not attempted because another one cannot be: that one tells why.
	if f.err == nil || errors.Is(f.err, kerr.OperationNotAttempted) {
		f.err, f.topic, f.key = err, r.Topic, r.Key
	}
	if isAny(err, kerr.MessageTooLarge, kerr.RecordListTooLarge) && (f.large == nil || len(r.Value) > len(f.large.Value)) {
		f.large = r
	}
}

// result is that of a wave of n records, all of whose promises were kept.
func (f *failure) result(n int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	acked := f.acked
	f.acked = 0
	if f.err == nil && acked != n {
		return fmt.Errorf("%d of %d records acknowledged", acked, n)
	}
	return f.err
}
