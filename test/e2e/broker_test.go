package e2e_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestLogCompaction(t *testing.T) {
	s := begin(t)
	const keys, versions = 50, 4
	l := &listing{}
	config := s.config(s.api(l), edits{"kafka.partitions": 1, "kafka.config": object{"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01",
		"max.compaction.lag.ms": "100", "min.compaction.lag.ms": "0"}})
	for v := range versions {
		l.rows = plain(keys)
		for i := range l.rows {
			l.rows[i] = strings.Replace(l.rows[i], `"name":"`, `"name":"version `+strconv.Itoa(v)+" ", 1)
		}
		s.run(config, 0).expect("contacts", object{"published": keys})
	}
	// The active segment is never compacted: one more record rolls it.
	l.rows = append(l.rows, `{"id":1000,"name":"rolls the segment","v":0}`)
	s.run(config, 0).expect("contacts", object{"published": 1, "unchanged": keys})

	var left int
	s.poll("compaction", func() bool {
		if err := env.compact(s.Context()); err != nil {
			s.Fatal(err)
		}
		left = len(s.read(s.topic("contacts")))
		return left == keys+1
	})
	s.Logf("of %d values of %d keys compaction left %d", versions*keys+1, keys+1, left)
	s.times(s.table("contacts", l.rows), 1)

	// What compaction left is all that is needed to know what has changed.
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": keys + 1})
}

func TestForeignTransactions(t *testing.T) {
	s := begin(t)
	rows := plain(60)
	config := s.config(s.api(&listing{rows: rows}))
	s.run(config, 0)
	topic := s.topic("contacts")
	key7 := fold(s.read(topic))["7"]

	stranger, err := kgo.NewClient(kgo.SeedBrokers(env.brokers...), kgo.TransactionalID(s.pipeline+"-stranger"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.Fatal(err)
	}
	defer stranger.Close()
	if err := stranger.BeginTransaction(); err != nil {
		s.Fatal(err)
	}
	if err := stranger.ProduceSync(s.Context(), &kgo.Record{Topic: topic, Partition: key7.Partition, Key: []byte("7"), Value: []byte("dirty")}).FirstErr(); err != nil {
		s.Fatal(err)
	}
	if got := len(s.visible(topic)); got != 60 {
		s.Errorf("%d records are visible while a transaction is open, want 60", got)
	}
	if err := stranger.EndTransaction(s.Context(), kgo.TryAbort); err != nil {
		s.Fatal(err)
	}
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 60})
	s.times(s.table("contacts", rows), 1)
}

// A record that the broker refuses takes its whole page with it, and the pages before it stay.
func TestFailedPageIsNotVisible(t *testing.T) {
	s := begin(t)
	s.create(s.topic("contacts"), 2, map[string]string{"cleanup.policy": "compact", "max.message.bytes": "20000"})
	rows := plain(300)
	rows[250] = `{"id":251,"name":"` + strings.Repeat("incompressible? ", 10) + noise(100_000) + `","v":1}`
	config := s.config(s.api(&listing{rows: rows}), eachPage)
	o := s.run(config, 4)
	o.expect("contacts", object{"status": "failed", "published": 200, "pages": 2})
	o.mentions("251", "max.message.bytes is 20000", "offset 200", "committed in this run: 2 pages")
	s.times(s.table("contacts", rows[:200]), 1)

	rows[250] = `{"id":251,"name":"small","v":1}`
	s.run(config, 0).expect("contacts", object{"published": 100, "proof": "resumed"})
	s.times(s.table("contacts", rows), 1)
}

// noise is text that no compression makes small.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = 'A' + byte(x>>24)%26
	}
	return string(b)
}

func TestNewerInstanceTakesOver(t *testing.T) {
	s := begin(t)
	l := &listing{rows: plain(500)}
	a := s.api(l)
	release := s.hold(l, 3)
	config := s.config(a, eachPage)
	old := s.startRun(config)
	a.await(s.T, contacts, 3)
	s.run(config, 0) // the newer one
	release()
	old.finish(6)
	s.times(s.table("contacts", l.rows), 1)
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 500})
}
