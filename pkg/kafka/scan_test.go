package kafka_test

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
)

func TestScanFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err   *kerr.Error
		count int
		want  func(error) bool
		says  string
	}{
		"leader moves":        {kerr.NotLeaderForPartition, 2, nil, ""},
		"epoch unknown":       {kerr.UnknownLeaderEpoch, 2, nil, ""},
		"storage":             {kerr.KafkaStorageError, 2, nil, ""},
		"offset out of range": {kerr.OffsetOutOfRange, 1, nil, ""},
		"topic id unknown":    {kerr.UnknownTopicID, 2, nil, ""},
		"not authorised":      {kerr.TopicAuthorizationFailed, -1, as[*kafka.AuthError], "Read on topic"},
		"storage for good":    {kerr.KafkaStorageError, -1, as[*kafka.UnavailableError], "KAFKA_STORAGE_ERROR"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := fake(t)
			c := open(t, broker.ListenAddrs())
			topic := create(t, c, 2, nil)
			commit(t, openProducer(t, c, topic), rec(topic, "a"), rec(topic, "b"), rec(topic, "c"))
			broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: tt.err, Count: tt.count})
			n := 0
			err := c.Scan(t.Context(), topic, kafka.ScanOptions{Stall: 1500 * time.Millisecond}, func(kafka.Record) error { n++; return nil })
			switch {
			case tt.want == nil && (err != nil || n != 3):
				t.Fatalf("got %d records, %v", n, err)
			case tt.want != nil && (err == nil || !tt.want(err)):
				t.Fatalf("got %v (%T)", err, err)
			case tt.want != nil:
				wantError[error](t, err, tt.says)
			}
		})
	}
}

// An answer without records means that nothing is left only if the broker was free to send some.
func TestScanEmptyAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		throttle int32
		stable   int64
		want     int
	}{
		"nothing left":            {0, 1 << 40, 0},
		"throttled":               {100, 1 << 40, 3},
		"an open transaction":     {0, 0, 3},
		"the broker does not say": {0, -1, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			broker := fake(t)
			c := open(t, broker.ListenAddrs())
			topic := create(t, c, 1, nil)
			commit(t, openProducer(t, c, topic), rec(topic, "a"), rec(topic, "b"), rec(topic, "c"))
			answers := 2
			broker.ControlKey(int16(kmsg.Fetch), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
				if answers--; answers < 0 {
					broker.DropControl()
					return nil, nil, false
				}
				broker.KeepControl()
				req := kreq.(*kmsg.FetchRequest)
				resp := req.ResponseKind().(*kmsg.FetchResponse)
				resp.ThrottleMillis = tt.throttle
				rt := kmsg.NewFetchResponseTopic()
				rt.Topic, rt.TopicID = req.Topics[0].Topic, req.Topics[0].TopicID
				rp := kmsg.NewFetchResponseTopicPartition()
				rp.HighWatermark, rp.LastStableOffset, rp.RecordBatches = 1<<40, tt.stable, []byte{}
				rt.Partitions = append(rt.Partitions, rp)
				resp.Topics = append(resp.Topics, rt)
				return resp, nil, true
			})
			if got := len(keys(t, c, topic)); got != tt.want {
				t.Errorf("got %d records, want %d", got, tt.want)
			}
		})
	}
}

// What an aborted transaction wrote is never delivered, however much of it there is and in however many partitions.
func TestScanPassesOverMuchThatWasAborted(t *testing.T) {
	t.Parallel()
	const partitions, records = 20, 3
	broker := fake(t)
	c := open(t, broker.ListenAddrs())
	topic := create(t, c, partitions, nil)
	commit(t, openProducer(t, c, topic), rec(topic, "before"))
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.TransactionalID("stranger"), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 700_000)
	for i := range int32(partitions * records) {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: i % partitions, Key: []byte("aborted"), Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	commit(t, openProducer(t, c, topic), rec(topic, "after"))
	if got := keys(t, c, topic); len(got) != 2 || slices.Contains(got, "aborted") {
		t.Errorf("got %d records, %.100q; want before and after", len(got), got)
	}
}

// Where it is to be stable, a scan stops before the first open transaction, also of what was committed behind it.
func TestScanStable(t *testing.T) {
	t.Parallel()
	broker := fake(t)
	c := open(t, broker.ListenAddrs())
	topic := create(t, c, 1, nil)
	p := openProducer(t, c, topic)
	commit(t, p, rec(topic, "before"))
	txnClient(t, broker.ListenAddrs(), "stranger", topic, "open")
	commit(t, p, rec(topic, "behind"))
	var keys []string
	err := c.Scan(t.Context(), topic, kafka.ScanOptions{Stable: true}, func(r kafka.Record) error {
		keys = append(keys, string(r.Key))
		return nil
	})
	if want := []string{"before"}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("got %v, %v; want %v", keys, err, want)
	}
}
