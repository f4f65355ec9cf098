package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"producer/pkg/kafka"
)

// TestConformance is what any broker has to do with this package. It runs
// against the embedded one, as of now and as of before KIP-890, and, where
// KAFKA_BROKERS names some (host:port, comma-separated), against real ones.
func TestConformance(t *testing.T) {
	t.Parallel()
	cleaner := kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "500"})
	brokers := map[string]func(*testing.T) []string{
		"embedded":               func(t *testing.T) []string { return fake(t, cleaner).ListenAddrs() },
		"embedded three brokers": func(t *testing.T) []string { return fake(t, cleaner, kfake.NumBrokers(3)).ListenAddrs() },
		"embedded as of 3.5": func(t *testing.T) []string {
			return fake(t, cleaner, kfake.MaxVersions(kversion.V3_5_0())).ListenAddrs()
		},
	}
	if env := os.Getenv("KAFKA_BROKERS"); env != "" {
		brokers = map[string]func(*testing.T) []string{"real": func(*testing.T) []string { return strings.Split(env, ",") }}
	}
	cases := map[string]func(*testing.T, []string){
		"create and describe":                   createAndDescribe,
		"records come back as they were":        recordsComeBack,
		"partitions":                            partitions,
		"order and batches":                     orderAndBatches,
		"too large aborts all":                  tooLargeAbortsAll,
		"compression decides what is too large": compressible,
		"raised max.message.bytes":              raisedLimit,
		"limit lowered under way":               loweredLimit,
		"takeover of an idle producer":          takeoverIdle,
		"takeover of an open transaction":       takeoverOpen,
		"takeover during a commit":              takeoverDuring,
		"answer to the end lost once":           answerLostOnce,
		"answers to the end lost":               answersLost,
		"end lost":                              endLost,
		"connections cut while sending":         cutWhileSending,
		"outage ends at the commit timeout":     outage,
		"cancelled commit":                      cancelled,
		"scan waits for open transactions":      scanWaits,
		"scan stalls":                           scanStalls,
		"scan of tails":                         scanTails,
		"scan of deleted records":               scanDeleted,
		"scan while others write":               scanWhileWritten,
		"scan of a compacted topic":             scanCompacted,
		"topic gone":                            topicGone,
	}
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addrs := start(t)
			for name, run := range cases {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					run(t, addrs)
				})
			}
		})
	}
}

func createAndDescribe(t *testing.T, brokers []string) {
	c := open(t, brokers)
	name, missing := unique(t), unique(t)+".missing"
	spec := kafka.TopicSpec{Name: name, Partitions: 3, ReplicationFactor: 1, Config: map[string]string{
		"cleanup.policy": "compact", "max.message.bytes": "2000000"}}
	for range 2 { // existing is no error
		if err := c.Create(t.Context(), []kafka.TopicSpec{spec}); err != nil {
			t.Fatalf("create: %v", err)
		}
	}
	p := openProducer(t, c, name)
	commit(t, p, rec(name, "a"))
	infos, err := c.Describe(t.Context(), name, missing, name)
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	got := infos[name]
	if !got.Exists || got.Partitions != 3 || got.ID == "" || !got.CanRead || !got.CanWrite ||
		got.MaxMessageBytes != 2000000 || got.Config["cleanup.policy"] != "compact" || got.Config["min.insync.replicas"] == "" || got.Empty() {
		t.Errorf("got %+v", got)
	}
	ends := slices.Clone(got.EndOffsets)
	slices.Sort(ends)
	if ends[1] != 0 || ends[2] < 1 || ends[2] > 2 { // the record and, perhaps not at once, its commit marker
		t.Errorf("end offsets: got %v", got.EndOffsets)
	}
	if got, want := infos[missing], (kafka.TopicInfo{Name: missing, CanRead: true, CanWrite: true}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("missing topic: got %+v", got)
	}
	if infos, err := c.Describe(t.Context()); err != nil || len(infos) != 0 {
		t.Errorf("describe nothing: got %v, %v", infos, err)
	}
	collides := strings.ReplaceAll(name, ".", "_") // Kafka's metrics cannot tell the two apart
	wantError[*kafka.TopicError](t, c.Create(t.Context(), []kafka.TopicSpec{{Name: collides}}), collides)
}

func recordsComeBack(t *testing.T, brokers []string) {
	for _, compression := range []string{"none", "snappy", "gzip", "lz4", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			c := open(t, brokers, func(o *kafka.Options) { o.Compression = compression })
			topic := create(t, c, 1, nil)
			at := time.UnixMilli(1_700_000_000_123)
			want := []kafka.Record{
				{Topic: topic, Key: []byte("live"), Value: []byte("value"), Headers: []kafka.Header{{Key: "a", Value: []byte{0, 255}}, {Key: "a"}}},
				{Topic: topic, Key: []byte("tombstone")},
				{Topic: topic, Key: []byte("empty"), Value: []byte{}, Timestamp: at},
				{Topic: topic, Value: bytes.Repeat([]byte("no key"), 10000)},
			}
			commit(t, openProducer(t, c, topic), want...)
			var got []kafka.Record
			err := c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(r kafka.Record) error {
				r.Key, r.Value, r.Headers = bytes.Clone(r.Key), bytes.Clone(r.Value), slices.Clone(r.Headers)
				got = append(got, r)
				return nil
			})
			if err != nil || len(got) != len(want) {
				t.Fatalf("got %d records, %v", len(got), err)
			}
			for i, w := range want {
				g := got[i]
				if g.Topic != w.Topic || g.Partition != 0 || !bytes.Equal(g.Key, w.Key) || !bytes.Equal(g.Value, w.Value) || g.Offset != int64(i) ||
					(g.Key == nil) != (w.Key == nil) || (g.Value == nil) != (w.Value == nil) || len(g.Headers) != len(w.Headers) {
					t.Errorf("record %d: got %+v, want %+v", i, g, w)
				}
				for j, h := range w.Headers {
					if g.Headers[j].Key != h.Key || !bytes.Equal(g.Headers[j].Value, h.Value) {
						t.Errorf("record %d header %d: got %+v, want %+v", i, j, g.Headers[j], h)
					}
				}
			}
			if !got[2].Timestamp.Equal(at) || time.Since(got[0].Timestamp).Abs() > time.Minute {
				t.Errorf("timestamps: got %v, %v", got[2].Timestamp, got[0].Timestamp)
			}
		})
	}
}

func partitions(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 5, nil)
	var records []kafka.Record
	for i := range 50 {
		records = append(records, rec(topic, fmt.Sprint(i)), kafka.Record{Topic: topic, Partition: -1, Value: []byte("n")})
	}
	records = append(records, kafka.Record{Topic: topic, Partition: 3, Key: []byte("given")})
	p := openProducer(t, c, topic)
	commit(t, p, records...)
	wantError[*kafka.TopicError](t, p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{{Topic: topic, Partition: 5}}}), "partition 5")
	without := map[int32]int{}
	err := c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(r kafka.Record) error {
		want := int32(3)
		if r.Key == nil {
			without[r.Partition]++
			return nil
		} else if string(r.Key) != "given" {
			want = kafka.Partition(r.Key, 5)
		}
		if r.Partition != want {
			t.Errorf("key %q: got partition %d, want %d", r.Key, r.Partition, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[int32]int{0: 10, 1: 10, 2: 10, 3: 10, 4: 10}; fmt.Sprint(without) != fmt.Sprint(want) {
		t.Errorf("records without a key: got %v", without)
	}
}

// A batch that is many times what the topic takes at once stays in order and whole.
func orderAndBatches(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 2, map[string]string{"max.message.bytes": "20000"})
	random := rand.New(rand.NewPCG(7, 7))
	var records []kafka.Record
	for i := range 5000 {
		v := make([]byte, random.IntN(300))
		for j := range v {
			v[j] = byte(random.Uint32())
		}
		records = append(records, kafka.Record{Topic: topic, Partition: int32(i % 2), Key: fmt.Append(nil, i), Value: v,
			Headers: []kafka.Header{{Key: kafka.ContentHash, Value: v[:len(v)/10]}}})
	}
	commit(t, openProducer(t, c, topic), records...)
	next := []int{0, 1}
	var last, total int64
	err := c.Scan(t.Context(), topic, kafka.ScanOptions{Progress: func(d, n int64) {
		if d < last || d > n {
			t.Errorf("progress: %d after %d, of %d", d, last, n)
		}
		last, total = d, n
	}}, func(r kafka.Record) error {
		if i := next[r.Partition]; string(r.Key) != fmt.Sprint(i) || !bytes.Equal(r.Value, records[i].Value) ||
			!bytes.Equal(r.Headers[0].Value, records[i].Headers[0].Value) {
			return fmt.Errorf("partition %d: got %s, want %d", r.Partition, r.Key, i)
		}
		next[r.Partition] += 2
		return nil
	})
	if err != nil || next[0] != 5000 || next[1] != 5001 {
		t.Fatalf("got to %v, %v", next, err)
	}
	if last != total || total != 5002 {
		t.Errorf("progress ended at %d of %d, want 5002 (two markers)", last, total)
	}
}

// noise is n bytes that no compression makes smaller.
func noise(seed uint64, n int) []byte {
	random, out := rand.New(rand.NewPCG(3, seed)), make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

func tooLargeAbortsAll(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic, state := create(t, c, 3, nil), create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "before"), rec(state, "page 1"))
	for range 2 { // again and again
		large := rec(topic, "large")
		large.Value = noise(1, 1_500_000)
		err := p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "a"), rec(topic, "b"), large, rec(topic, "c"), rec(state, "page 2")}})
		e := wantError[*kafka.TooLargeError](t, err, "large", topic, "1048588")
		if string(e.Key) != "large" || e.Topic != topic || e.Size != 1_500_005 || e.Max != 1048588 {
			t.Errorf("got key %q, topic %s, size %d, max %d", e.Key, e.Topic, e.Size, e.Max)
		}
		wantKeys(t, c, topic, "before")
		wantKeys(t, c, state, "page 1")
	}
	commit(t, p, rec(topic, "a"), rec(state, "page 2"))
	wantKeys(t, c, topic, "a", "before")
	wantKeys(t, c, state, "page 1", "page 2")
}

func compressible(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	large := rec(topic, "zeros")
	large.Value = make([]byte, 5_000_000)
	commit(t, p, rec(topic, "a"), large, rec(topic, "b"))
	wantKeys(t, c, topic, "a", "b", "zeros")
}

func raisedLimit(t *testing.T, brokers []string) {
	c := open(t, brokers, func(o *kafka.Options) { o.Compression = "none" })
	topic := create(t, c, 1, map[string]string{"max.message.bytes": "6000000"})
	p := openProducer(t, c, topic)
	large := rec(topic, "large")
	large.Value = noise(1, 5_000_000)
	commit(t, p, rec(topic, "a"), large, rec(topic, "b"))
	wantKeys(t, c, topic, "a", "b", "large")
}

func loweredLimit(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	var batch kafka.Batch
	var want []string
	for i := range 100 {
		r := rec(topic, fmt.Sprintf("%02d", i))
		r.Value = noise(uint64(i), 1000)
		batch.Records, want = append(batch.Records, r), append(want, string(r.Key))
	}
	commit(t, p, rec(topic, "00"))
	setConfig(t, brokers, topic, "max.message.bytes", "9000")
	wantError[*kafka.AbortedError](t, p.Commit(t.Context(), batch), "max.message.bytes")
	wantKeys(t, c, topic, "00")
	commit(t, p, batch.Records...)
	wantKeys(t, c, topic, slices.Insert(want, 0, "00")...)
}

func setConfig(t *testing.T, brokers []string, topic, key, value string) {
	t.Helper()
	adm := admin(t, brokers)
	resp, err := adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: key, Value: &value}}, topic)
	if err != nil || resp[0].Err != nil {
		t.Fatal(err, resp)
	}
	for { // until every broker that may be asked knows
		configs, err := adm.DescribeTopicConfigs(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(configs[0].Configs, func(c kadm.Config) bool { return c.Key == key && c.MaybeValue() == value }) {
			return
		}
	}
}

func admin(t *testing.T, brokers []string) *kadm.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return kadm.NewClient(cl)
}

func takeoverIdle(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 2, nil)
	old := openProducer(t, c, topic)
	commit(t, old, rec(topic, "old"))
	young := openProducer(t, c, topic)
	for range 2 {
		wantError[*kafka.FencedError](t, old.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "zombie")}}), topic)
	}
	commit(t, young, rec(topic, "young"))
	wantKeys(t, c, topic, "old", "young")
}

func takeoverOpen(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 1, nil)
	zombie := txnClient(t, brokers, topic, topic, "zombie")
	p := openProducer(t, c, topic)
	wantKeys(t, c, topic) // settled before OpenProducer returned: nothing to wait for
	commit(t, p, rec(topic, "new"))
	if err := zombie.EndTransaction(t.Context(), kgo.TryCommit); err == nil {
		t.Error("the zombie's commit went through")
	}
	wantKeys(t, c, topic, "new")
}

// A newer producer opens when everything is sent and the end is not.
func takeoverDuring(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options)
	other := open(t, brokers)
	topic := create(t, c, 1, nil)
	old := openProducer(t, c, topic)
	commit(t, old, rec(topic, "1"))
	var once sync.Once
	wire.set(func(p *tap) {
		p.request = func(key int16) bool {
			if key == int16(kmsg.EndTxn) {
				once.Do(func() { openProducer(t, other, topic) })
			}
			return false
		}
	})
	wantError[*kafka.FencedError](t, old.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "2")}}))
	wantKeys(t, other, topic, "1")
}

func answerLostOnce(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options)
	topic := create(t, c, 3, nil)
	p := openProducer(t, c, topic)
	var want []string
	for i := range 10 {
		key := fmt.Sprint(i)
		var once sync.Once
		lost := []int16{int16(kmsg.EndTxn), int16(kmsg.Produce), int16(kmsg.AddPartitionsToTxn)}[i%3]
		wire.set(func(p *tap) {
			p.answer = func(api int16) (lose bool) {
				if api == lost {
					once.Do(func() { lose = true })
				}
				return lose
			}
		})
		commit(t, p, rec(topic, key))
		want = append(want, key)
	}
	wantKeys(t, c, topic, want...)
}

func answersLost(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options, func(o *kafka.Options) { o.CommitTimeout = 3 * time.Second })
	topic := create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "1"))
	wire.set(func(p *tap) { p.answer = func(key int16) bool { return key == int16(kmsg.EndTxn) } })
	batch := kafka.Batch{Records: []kafka.Record{rec(topic, "2")}}
	wantError[*kafka.UnknownOutcomeError](t, p.Commit(t.Context(), batch), topic)
	wantError[*kafka.UnknownOutcomeError](t, p.Commit(t.Context(), batch), "used up")
	wire.set(func(p *tap) { p.answer = nil })
	p = openProducer(t, c, topic)
	wantKeys(t, c, topic, "1", "2") // it was committed all the same
	commit(t, p, rec(topic, "3"))
	wantKeys(t, c, topic, "1", "2", "3")
}

func endLost(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options, func(o *kafka.Options) { o.CommitTimeout = 3 * time.Second })
	topic := create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "1"))
	wire.set(func(p *tap) { p.request = func(key int16) bool { return key == int16(kmsg.EndTxn) } })
	wantError[*kafka.UnknownOutcomeError](t, p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "2")}}))
	wire.set(func(p *tap) { p.request = nil })
	p = openProducer(t, c, topic)
	wantKeys(t, c, topic, "1") // it was not
	commit(t, p, rec(topic, "2"))
	wantKeys(t, c, topic, "1", "2")
}

func cutWhileSending(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options)
	topic := create(t, c, 4, nil)
	p := openProducer(t, c, topic)
	random := rand.New(rand.NewPCG(5, 6))
	wire.set(func(p *tap) {
		p.answer = func(key int16) bool { return key == int16(kmsg.Produce) && random.IntN(3) == 0 }
		p.request = func(key int16) bool { return key == int16(kmsg.Produce) && random.IntN(3) == 0 }
	})
	var want []string
	for i := range 8 {
		var records []kafka.Record
		for j := range 20 {
			key := fmt.Sprintf("%d-%02d", i, j)
			records, want = append(records, rec(topic, key)), append(want, key)
		}
		commit(t, p, records...)
	}
	wantKeys(t, c, topic, want...)
}

func outage(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options, func(o *kafka.Options) { o.CommitTimeout = time.Second; o.Timeout = time.Second })
	other := open(t, brokers)
	topic := create(t, other, 1, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "1"))
	stalled := make(chan struct{})
	wire.set(func(p *tap) { p.stalled = stalled })
	began := time.Now()
	err := p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "2")}})
	wantError[*kafka.UnavailableError](t, err, topic, "1s")
	if took := time.Since(began); took > 5*time.Second || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("took %v, error %v", took, err)
	}
	wantError[*kafka.UnavailableError](t, p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "2")}}), "used up")
	_, err = c.Describe(t.Context(), topic)
	wantError[*kafka.UnavailableError](t, err, topic, "1s")
	_, err = c.OpenProducer(t.Context(), topic)
	wantError[*kafka.UnavailableError](t, err, topic, "1s")
	close(stalled)
	openProducer(t, other, topic)
	wantKeys(t, other, topic, "1")
}

func cancelled(t *testing.T, brokers []string) {
	var wire tap
	c := open(t, brokers, wire.options)
	topic := create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	cause := errors.New("told to stop")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	err := p.Commit(ctx, kafka.Batch{Records: []kafka.Record{rec(topic, "1")}})
	if wantError[*kafka.AbortedError](t, err); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}

	ctx, cancel = context.WithCancelCause(t.Context())
	wire.set(func(p *tap) {
		p.request = func(key int16) bool {
			if key == int16(kmsg.Produce) {
				cancel(cause)
			}
			return false
		}
	})
	err = p.Commit(ctx, kafka.Batch{Records: []kafka.Record{rec(topic, "2")}})
	if err != nil { // it may have been answered before the client saw the end
		if wantError[*kafka.AbortedError](t, err); !errors.Is(err, cause) {
			t.Errorf("got %v, want the cause", err)
		}
		wantKeys(t, c, topic)
	}
	wire.set(func(p *tap) { p.request = nil })
	commit(t, p, rec(topic, "3"))

	ctx, cancel = context.WithCancelCause(t.Context())
	stalled := make(chan struct{})
	wire.set(func(p *tap) {
		p.request = func(key int16) bool {
			if key == int16(kmsg.Produce) {
				p.stalled = stalled
				cancel(cause)
			}
			return false
		}
	})
	began := time.Now()
	err = p.Commit(ctx, kafka.Batch{Records: []kafka.Record{rec(topic, "4")}})
	wantError[*kafka.UnavailableError](t, err, "told to stop")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	close(stalled)
}

func scanWaits(t *testing.T, brokers []string) {
	var wire tap
	c, p := open(t, brokers, wire.options), open(t, brokers)
	topic := create(t, c, 1, nil)
	producer := openProducer(t, p, topic)
	commit(t, producer, rec(topic, "a"))
	for _, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		other := txnClient(t, brokers, unique(t), topic, fmt.Sprint("open ", how))
		commit(t, producer, rec(topic, fmt.Sprint("behind ", how)))
		fetched := make(chan struct{}, 3)
		wire.set(func(p *tap) {
			p.answer = func(key int16) bool {
				if key == int16(kmsg.Fetch) {
					select {
					case fetched <- struct{}{}:
					default:
					}
				}
				return false
			}
		})
		var got []string
		done := make(chan error)
		go func() {
			done <- c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(r kafka.Record) error {
				got = append(got, string(r.Key))
				return nil
			})
		}()
		for range 3 { // the second brings nothing more, and still the third is asked for
			select {
			case <-fetched:
			case err := <-done:
				t.Fatalf("the scan did not wait: %v, %q", err, got)
			}
		}
		if err := other.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		want := []string{"a", "open true", "behind true"}
		if !how {
			want = append(want, "behind false")
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func scanStalls(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 2, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "a"))
	txnClient(t, brokers, topic+".other", topic, "open")
	err := c.Scan(t.Context(), topic, kafka.ScanOptions{Stall: time.Second}, func(kafka.Record) error { return nil })
	wantError[*kafka.UnavailableError](t, err, topic, "transaction")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = c.Scan(ctx, topic, kafka.ScanOptions{}, func(kafka.Record) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	openProducer(t, c, topic+".other") // ends it
	wantKeys(t, c, topic, "a")
}

func scanTails(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 3, nil) // two partitions stay empty
	wantKeys(t, c, topic)
	for i := range 3 {
		other := txnClient(t, brokers, topic, topic, fmt.Sprint("aborted ", i))
		if err := other.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
			t.Fatal(err)
		}
	}
	wantKeys(t, c, topic) // nothing but aborted records and markers
	commit(t, openProducer(t, c, topic), rec(topic, "a"))
	wantKeys(t, c, topic, "a")
	stop := errors.New("stop")
	if err := c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(kafka.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want fn's error", err)
	}
	wantError[*kafka.TopicError](t, c.Scan(t.Context(), topic+".missing", kafka.ScanOptions{}, nil), "missing")
}

func scanDeleted(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 1, map[string]string{"cleanup.policy": "delete"})
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "a"), rec(topic, "b"), rec(topic, "c"))
	remove := func(before int64) {
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: topic, At: before, LeaderEpoch: -1})
		if _, err := admin(t, brokers).DeleteRecords(t.Context(), offsets); err != nil {
			t.Fatal(err)
		}
	}
	remove(2)
	wantKeys(t, c, topic, "c")
	remove(4)
	wantKeys(t, c, topic)
	if infos, err := c.Describe(t.Context(), topic); err != nil || !infos[topic].Empty() {
		t.Errorf("got %+v, %v", infos[topic], err)
	}
}

// What is committed after the scan began is not its business, what was before is.
func scanWhileWritten(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 4, nil)
	p := openProducer(t, c, topic)
	var batch []kafka.Record
	for i := range 2000 {
		batch = append(batch, rec(topic, fmt.Sprint(i)))
	}
	commit(t, p, batch...)
	seen := map[string]int{}
	var once sync.Once
	err := c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(r kafka.Record) error {
		once.Do(func() { commit(t, p, rec(topic, "late 1"), rec(topic, "late 2")) })
		seen[string(r.Key)]++
		return nil
	})
	if err != nil || len(seen) != 2000 || seen["late 1"] != 0 {
		t.Errorf("got %d keys, %v", len(seen), err)
	}
	for k, n := range seen {
		if n != 1 {
			t.Errorf("key %s came %d times", k, n)
		}
	}
}

func topicGone(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic, stays := create(t, c, 2, nil), create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "a"), rec(stays, "a"))
	if _, err := admin(t, brokers).DeleteTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	wantError[*kafka.TopicError](t, p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(stays, "b"), rec(topic, "b")}}), topic)
	wantKeys(t, c, stays, "a")
}

// After compaction there are gaps, and tombstones and control records go too.
func scanCompacted(t *testing.T, brokers []string) {
	c := open(t, brokers)
	topic := create(t, c, 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "50", "min.cleanable.dirty.ratio": "0.001",
		"max.compaction.lag.ms": "1", "delete.retention.ms": "0"})
	p := openProducer(t, c, topic)
	for range 3 {
		commit(t, p, rec(topic, "a"), rec(topic, "b"), rec(topic, "c"), rec(topic, "d"))
	}
	commit(t, p, kafka.Record{Topic: topic, Key: []byte("d")}, kafka.Record{Topic: topic, Key: []byte("c")})
	for deadline := time.Now().Add(time.Minute); ; {
		commit(t, p, rec(topic, "roll")) // a segment is only closed when another record comes
		got := slices.DeleteFunc(keys(t, c, topic), func(k string) bool { return k == "roll" })
		if slices.Equal(got, []string{"a", "b"}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not compacted: %q", got)
		}
	}
}
