package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ScanOptions bound and watch a scan. The zero value scans all of a topic.
type ScanOptions struct {
	// Stable ends the scan where the log is stable: what stands behind an open
	// transaction is left out, and none is waited for.
	Stable bool

	// Progress, when not nil, is told now and then how many of the offsets
	// that the scan has to pass it has passed. Compaction leaves gaps: these
	// are not records.
	Progress func(done, total int64)

	// Stall is how long a scan may stand still. It must be longer than the
	// longest transaction of any producer of the topic, which a scan waits
	// for. Default 90s.
	Stall time.Duration
}

const (
	defaultStall  = 90 * time.Second
	fetchMaxBytes = 8 << 20
	fetchMost     = 8 // partitions in a request
	fetchMaxWait  = 500 * time.Millisecond
	missingTries  = 5 // metadata requests that must agree that a topic is gone
)

// Scan calls fn with every committed record of the topic, in order within each
// partition, from the start of the log to where it ended (its high watermark)
// when the scan began, and returns fn's first error as it is. Transactions that
// are open there are waited for; control records, aborted records and what
// compaction took away are passed over.
//
// fn is called from one goroutine, the caller's. The record and what it points
// to are only valid in the call.
//
// Errors: [AuthError], [TopicError] (the topic is not there, or was deleted
// under way), [UnavailableError] where the scan stood still for
// ScanOptions.Stall. A scan that returns nil has seen all: there is no end by
// error.
func (c *Cluster) Scan(ctx context.Context, topic string, o ScanOptions, fn func(Record) error) error {
	if o.Stall <= 0 {
		o.Stall = defaultStall
	}
	d := newDialer(c.o)
	client, err := c.newClient(d)
	if err != nil {
		return fmt.Errorf("scan topic %q: %w", topic, err)
	}
	defer client.Close()
	s := &scan{client: client, dialer: d, topic: topic, op: fmt.Sprintf("scan topic %q", topic), o: o, fn: fn}
	if err := c.retry(ctx, s.op, d, s.start); err != nil {
		return err
	}
	return s.run(ctx)
}

// scan is one scan under way. The goroutines that fetch own the cursors'
// fetching side, the scan itself the rest.
type scan struct {
	client *kgo.Client
	dialer *dialer
	topic  string
	op     string
	o      ScanOptions
	fn     func(Record) error

	id      [16]byte
	cursors []*cursor
	missing int // metadata answers in a row that knew no such topic

	done, total int64
	moved       time.Time // when a cursor last moved
	why         error     // what last kept one from moving
	headers     []Header
}

// cursor is the place in a partition.
type cursor struct {
	partition     int32
	leader, epoch int32
	at, end       int64
}

// chunk is what a fetch brought of one partition.
type chunk struct {
	cursor  *cursor
	records []*kgo.Record
	next    int64 // the offset after it
	err     error
}

// start finds out where the topic begins and ends, and who leads it.
func (s *scan) start(ctx context.Context) error {
	topics, err := metadata(ctx, s.client, s.topic)
	if err != nil {
		return err
	}
	t := topics[0]
	if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
		return &TopicError{Topic: s.topic, Err: err}
	}
	starts, ends, err := offsets(ctx, s.client, s.topic)
	if err == nil && s.o.Stable {
		ends, err = stableOffsets(ctx, s.client, s.topic)
	}
	if err != nil {
		return err
	}
	if len(starts[s.topic]) != len(t.Partitions) || len(ends[s.topic]) != len(t.Partitions) {
		return fmt.Errorf("topic %q: the brokers do not agree on its partitions yet", s.topic)
	}
	s.id, s.cursors, s.total = t.TopicID, nil, 0
	for i, p := range t.Partitions {
		c := &cursor{partition: p.Partition, leader: p.Leader, epoch: p.LeaderEpoch, at: starts[s.topic][i], end: ends[s.topic][i]}
		if c.at < c.end {
			s.cursors = append(s.cursors, c)
			s.total += c.end - c.at
		}
	}
	return nil
}

// run fetches in rounds until every cursor is at its end. A round lasts as
// long as the leaders stay what they are.
func (s *scan) run(ctx context.Context) error {
	s.moved = time.Now()
	s.progress()
	for len(s.cursors) > 0 {
		err := s.round(ctx)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", s.op, context.Cause(ctx))
		}
		var f *fetchError
		if !errors.As(err, &f) {
			return err
		}
		s.why = f.err
		if err := s.pause(ctx); err != nil {
			return err
		}
		if err := s.follow(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fetchError is one that another round may mend.
type fetchError struct{ err error }

func (e *fetchError) Error() string { return e.err.Error() }

func (s *scan) stalled() error {
	return &UnavailableError{Op: s.op, Err: fmt.Errorf("no progress for %v: %w", s.o.Stall, s.why)}
}

func (s *scan) pause(ctx context.Context) error {
	if time.Since(s.moved) >= s.o.Stall {
		return s.stalled()
	}
	select {
	case <-time.After(firstBackoff):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", s.op, context.Cause(ctx))
	}
}

// follow looks up who leads the partitions now, and where their logs start.
func (s *scan) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return s.dialer.within(ctx, s.lookUp)
}

func (s *scan) lookUp(ctx context.Context) error {
	topics, err := metadata(ctx, s.client, s.topic)
	if err != nil {
		return s.maybe(ctx, err)
	}
	t := topics[0]
	if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
		if s.missing++; s.missing >= missingTries {
			return &TopicError{Topic: s.topic, Err: err}
		}
		return nil
	}
	s.missing = 0
	if t.TopicID != s.id {
		return &TopicError{Topic: s.topic, Err: errors.New("was deleted and created again")}
	}
	starts, _, err := offsets(ctx, s.client, s.topic)
	if err != nil {
		return s.maybe(ctx, err)
	}
	for _, c := range s.cursors {
		if int(c.partition) >= len(t.Partitions) || int(c.partition) >= len(starts[s.topic]) {
			return nil
		}
		p := t.Partitions[c.partition]
		c.leader, c.epoch = p.Leader, p.LeaderEpoch
		s.move(c, starts[s.topic][c.partition]) // retention took records that were still to be read
	}
	s.drop()
	return nil
}

// maybe returns err if it is final.
func (s *scan) maybe(ctx context.Context, err error) error {
	if f := final(s.op, err); f != nil {
		return f
	}
	s.why = err
	if ctx.Err() != nil {
		s.why = s.dialer.noAnswer(tryTimeout)
	}
	return nil
}

// round runs one goroutine for each leader, which fetch ahead of fn by a chunk
// each, until all cursors are done or one cannot go on.
func (s *scan) round(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chunks := make(chan chunk)
	var wg sync.WaitGroup
	leaders := map[int32][]*cursor{}
	for _, c := range s.cursors {
		leaders[c.leader] = append(leaders[c.leader], c)
	}
	for leader, cursors := range leaders {
		f := newFetcher(s, leader, cursors)
		wg.Go(func() { f.run(ctx, chunks) })
	}
	go func() {
		wg.Wait()
		close(chunks)
	}()
	var first error
	tick := time.NewTicker(min(s.o.Stall, time.Second))
	defer tick.Stop()
	for {
		select {
		case ch, ok := <-chunks:
			if !ok {
				s.drop()
				return first
			}
			if first != nil { // draining; what comes now is fetched again
				continue
			}
			if first = s.deliver(ch); first != nil {
				cancel()
			}
		case <-tick.C:
			if first == nil && time.Since(s.moved) >= s.o.Stall {
				if s.why == nil {
					s.why = errors.New("a producer's transaction is open there, or the brokers do not answer")
				}
				first = s.stalled()
				cancel()
			}
		}
	}
}

// deliver hands a chunk to fn and moves its cursor.
func (s *scan) deliver(ch chunk) error {
	if ch.err != nil {
		return ch.err
	}
	for _, r := range ch.records {
		if r.Offset >= ch.cursor.end {
			break
		}
		s.headers = s.headers[:0]
		for _, h := range r.Headers {
			s.headers = append(s.headers, Header{Key: h.Key, Value: h.Value})
		}
		if err := s.fn(Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: s.headers,
			Offset: r.Offset, Timestamp: r.Timestamp}); err != nil {
			return err
		}
	}
	s.move(ch.cursor, ch.next)
	return nil
}

// move takes a cursor forward, never back.
func (s *scan) move(c *cursor, to int64) {
	to = min(to, c.end)
	if to <= c.at {
		return
	}
	s.done += to - c.at
	c.at = to
	s.moved, s.why = time.Now(), nil
	s.progress()
}

func (s *scan) progress() {
	if s.o.Progress != nil {
		s.o.Progress(s.done, s.total)
	}
}

// drop forgets the cursors that are at their ends.
func (s *scan) drop() {
	s.cursors = slices.DeleteFunc(s.cursors, func(c *cursor) bool { return c.at >= c.end })
}

// request asks for what stands at the cursors.
func (s *scan) request(cursors []*position) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(fetchMaxWait.Milliseconds())
	req.MinBytes = 1
	// The bound is that of the partitions. One of the whole answer must never count: an answer that the embedded broker (kfake at
	// 01f206a7e32c) cuts there lacks the list of aborted transactions, and what they wrote would be taken for committed.
	req.MaxBytes = math.MaxInt32
	req.IsolationLevel = 1 // read_committed
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = s.topic, s.id
	for _, c := range cursors {
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition, p.FetchOffset, p.CurrentLeaderEpoch = c.cursor.partition, c.at, c.epoch
		p.PartitionMaxBytes = fetchMaxBytes / int32(len(cursors))
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	return req
}
