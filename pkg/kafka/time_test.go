package kafka_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
)

// bubble is an embedded broker in memory, for tests in which only the clock of the test passes.
func bubble(t *testing.T, run func(t *testing.T, wire *tap, o kafka.Options)) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen))
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		wire := &tap{under: network.DialContext}
		run(t, wire, kafka.Options{Brokers: broker.ListenAddrs(), Dial: wire.dial})
	})
}

func mustOpen(t *testing.T, o kafka.Options) *kafka.Cluster {
	t.Helper()
	c, err := kafka.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantTook(t *testing.T, began time.Time, least, most time.Duration) {
	t.Helper()
	if took := time.Since(began); took < least || took > most {
		t.Errorf("took %v, want %v to %v", took, least, most)
	}
}

// The defaults: 30s for what opens, 60s for a commit, 90s for a scan that stands still.
func TestDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T, wire *tap, o kafka.Options) {
		c := mustOpen(t, o)
		defer c.Close()
		topic := create(t, c, 1, nil)
		p, err := c.OpenProducer(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, p, rec(topic, "a"))
		silent := make(chan struct{})
		defer close(silent)
		wire.set(func(p *tap) { p.stalled = silent })

		began := time.Now()
		err = p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "b")}})
		wantError[*kafka.UnavailableError](t, err, "no answer within 1m0s")
		wantTook(t, began, time.Minute, 62*time.Second)

		began = time.Now()
		_, err = c.OpenProducer(t.Context(), topic)
		wantError[*kafka.UnavailableError](t, err, "gave up after 30s")
		wantTook(t, began, 30*time.Second, 30*time.Second)

		began = time.Now()
		_, err = c.Describe(t.Context(), topic)
		wantError[*kafka.UnavailableError](t, err, "gave up after 30s")
		wantTook(t, began, 30*time.Second, 30*time.Second)

		began = time.Now()
		_, err = kafka.Open(t.Context(), o)
		wantError[*kafka.UnavailableError](t, err, "gave up after 30s")
		wantTook(t, began, 30*time.Second, 30*time.Second)
	})
}

// A connection that was closed for another call's sake is no deadline of this one.
func TestCutByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := kafka.Open(t.Context(), kafka.Options{Brokers: []string{"broker:9092"},
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }})
		wantError[*kafka.UnavailableError](t, err, "gave up after 30s", "no answer to another request")
		wantReason(t, err, kafka.Silent)
	})
}

// A scan that is under way gives up when nothing comes for 90s.
func TestScanDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, wire *tap, o kafka.Options) {
		c := mustOpen(t, o)
		defer c.Close()
		topic := create(t, c, 1, nil)
		p, err := c.OpenProducer(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		commit(t, p, rec(topic, "a"))
		silent := make(chan struct{})
		defer close(silent)
		wire.set(func(p *tap) {
			p.request = func(key int16) bool {
				if key == int16(kmsg.Fetch) {
					p.stalled = silent
				}
				return false
			}
		})
		began := time.Now()
		err = c.Scan(t.Context(), topic, kafka.ScanOptions{}, func(kafka.Record) error { return nil })
		wantError[*kafka.UnavailableError](t, err, "no progress for 1m30s", "no answer")
		wantTook(t, began, 90*time.Second, 115*time.Second)
	})
}

// An end that is not answered is given up with the commit's time.
func TestEndDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, wire *tap, o kafka.Options) {
		c := mustOpen(t, o)
		defer c.Close()
		topic := create(t, c, 1, nil)
		p, err := c.OpenProducer(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		silent := make(chan struct{})
		defer close(silent)
		stall := func(p *tap) {
			p.request = func(key int16) bool {
				if key == int16(kmsg.EndTxn) {
					p.stalled = silent
				}
				return false
			}
		}
		wire.set(stall)
		began := time.Now()
		wantError[*kafka.UnknownOutcomeError](t, p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{rec(topic, "a")}}), topic)
		wantTook(t, began, time.Second, time.Minute)

		wire.set(func(p *tap) { p.request, p.stalled = nil, nil })
		if p, err = c.OpenProducer(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
		wire.set(stall)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began = time.Now()
		wantError[*kafka.UnknownOutcomeError](t, p.Commit(ctx, kafka.Batch{Records: []kafka.Record{rec(topic, "b")}}), topic)
		wantTook(t, began, 5*time.Second, 7*time.Second)
	})
}

// A process that was stopped in mid-transaction finds it ended by the broker: that is no takeover.
func TestTransactionTimesOut(t *testing.T) {
	for name, lost := range map[string]int16{"before its end": int16(kmsg.EndTxn), "while sending": int16(kmsg.Produce)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, wire *tap, o kafka.Options) {
				o.CommitTimeout = time.Hour // beyond the 15 minutes that brokers let a transaction be open
				c := mustOpen(t, o)
				defer c.Close()
				topic := create(t, c, 2, map[string]string{"max.message.bytes": "1000"})
				p, err := c.OpenProducer(t.Context(), topic)
				if err != nil {
					t.Fatal(err)
				}
				sent := 0
				wire.held = make(chan struct{})
				wire.set(func(p *tap) {
					p.hold = func(key int16) bool {
						if key == lost {
							sent++
						}
						return key == lost && (sent == 2 || lost == int16(kmsg.EndTxn))
					}
				})
				time.AfterFunc(16*time.Minute, func() { close(wire.held) })
				large := rec(topic, "a")
				large.Value = noise(1, 800)
				err = p.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{large, large}}) // two waves
				wantError[*kafka.UnknownOutcomeError](t, err, "ends it after 15m0s")
				if p, err = c.OpenProducer(t.Context(), topic); err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				wantKeys(t, c, topic)
				commit(t, p, rec(topic, "b"))
				wantKeys(t, c, topic, "b")
			})
		})
	}
}

// Brokers that come up late are waited for.
func TestOpenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		var broker *kfake.Cluster
		up := make(chan struct{})
		time.AfterFunc(25*time.Second, func() {
			defer close(up)
			var err error
			if broker, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen)); err != nil {
				t.Error(err)
			}
		})
		began := time.Now()
		c, err := kafka.Open(t.Context(), kafka.Options{Brokers: []string{"127.0.0.1:9092"},
			Dial: func(ctx context.Context, n, addr string) (net.Conn, error) { return network.DialContext(ctx, n, addr) }})
		<-up
		defer broker.Close()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		wantTook(t, began, 25*time.Second, 28*time.Second)
	})
}
