package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetcher reads from one leader, a chunk ahead of the scan.
//
// It issues the requests itself instead of consuming with the client, because
// only the answer to a request tells where a partition's readable part ends:
// the last offset may be a control record, an aborted one, or one that was
// compacted away, and none of these ever reaches a consumer.
type fetcher struct {
	s            *scan
	leader       int32
	positions    []*position
	decompressor kgo.Decompressor
}

// position is a cursor as the fetcher is ahead of it.
type position struct {
	cursor *cursor
	epoch  int32
	at     int64
}

func newFetcher(s *scan, leader int32, cursors []*cursor) *fetcher {
	f := &fetcher{s: s, leader: leader, decompressor: kgo.DefaultDecompressor()}
	for _, c := range cursors {
		f.positions = append(f.positions, &position{cursor: c, epoch: c.epoch, at: c.at})
	}
	return f
}

// run sends chunks until its positions are at their ends, an error was sent,
// or ctx is over.
func (f *fetcher) run(ctx context.Context, to chan<- chunk) {
	send := func(ch chunk) bool {
		select {
		case to <- ch:
			return ch.err == nil
		case <-ctx.Done():
			return false
		}
	}
	for len(f.positions) > 0 {
		resp, err := f.fetch(ctx)
		if err != nil {
			send(chunk{err: err})
			return
		}
		if !f.take(resp, send) {
			return
		}
		f.positions = slices.DeleteFunc(f.positions, func(p *position) bool { return p.at >= p.cursor.end })
	}
}

func (f *fetcher) fetch(ctx context.Context) (*kmsg.FetchResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchMaxWait+tryTimeout)
	defer cancel()
	resp, err := f.s.request(f.positions[:min(fetchMost, len(f.positions))]).RequestWith(ctx, f.s.client.Broker(int(f.leader)))
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err == nil {
		return resp, nil
	}
	if fin := final(f.s.op, err); fin != nil {
		return nil, fin
	}
	if ctx.Err() != nil {
		err = f.s.dialer.noAnswer(fetchMaxWait + tryTimeout)
	}
	return nil, &fetchError{err}
}

// take sends on what came, a partition at a time, and reports whether to go on.
func (f *fetcher) take(resp *kmsg.FetchResponse, send func(chunk) bool) bool {
	empty := resp.ThrottleMillis == 0 // a throttled answer is empty whatever there is
	stable := map[*position]int64{}   // last stable offsets
	for _, t := range resp.Topics {
		for i := range t.Partitions {
			rp := &t.Partitions[i]
			p := f.position(rp.Partition)
			if p == nil {
				continue
			}
			stable[p] = rp.LastStableOffset
			empty = empty && len(rp.RecordBatches) == 0 && rp.PreferredReadReplica < 0
			ch := f.process(p, rp)
			p.at = ch.next
			if !send(ch) {
				return false
			}
		}
	}
	if !empty {
		return true
	}
	// A broker that had anything at all for these offsets would have sent at
	// least one batch of it: up to the last stable offsets nothing is left.
	for p, to := range stable {
		if p.at < to {
			p.at = to
			if !send(chunk{cursor: p.cursor, next: to}) {
				return false
			}
		}
	}
	return true
}

func (f *fetcher) position(partition int32) *position {
	for _, p := range f.positions {
		if p.cursor.partition == partition {
			return p
		}
	}
	return nil
}

// process decodes what came of a partition.
func (f *fetcher) process(p *position, rp *kmsg.FetchResponseTopicPartition) chunk {
	ch := chunk{cursor: p.cursor, next: p.at}
	if err := kerr.ErrorForCode(rp.ErrorCode); err != nil {
		ch.err = &fetchError{fmt.Errorf("partition %d: %w", rp.Partition, err)}
		if isAny(err, kerr.TopicAuthorizationFailed) {
			ch.err = &AuthError{Resource: topicResource(f.s.topic), Operation: "Read", Err: err}
		}
		return ch
	}
	fp, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: p.at, IsolationLevel: kgo.ReadCommitted(), Topic: f.s.topic, Partition: rp.Partition,
	}, rp, f.decompressor, nil)
	if fp.Err != nil {
		ch.err = &UnavailableError{Op: f.s.op, Err: fmt.Errorf("partition %d, offset %d cannot be read: %w", rp.Partition, next, fp.Err)}
		return ch
	}
	ch.records, ch.next = fp.Records, next
	return ch
}
