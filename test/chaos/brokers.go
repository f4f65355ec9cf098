package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"producer/test/kafka/cluster"
)

// brokers are the Kafka under all this, and the registry beside it.
type brokers interface {
	addrs() []string
	registry() string
	replicas() int
	// unsteady reports whether brokers are being killed, so that a child may find them unavailable.
	unsteady() bool
	// run does what happens to the brokers themselves until ctx is over.
	run(ctx context.Context, s *stats) error
	close()
}

var (
	_ brokers = (*embedded)(nil)
	_ brokers = (*apache)(nil)
)

// embedded are three brokers in this process, which outlive the children. There is no log compaction: every committed record can be
// read as often as it takes.
type embedded struct {
	c  *kfake.Cluster
	sr *httptest.Server
}

func startEmbedded() (*embedded, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.ClusterID("chaos"), kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "86400000"}))
	if err != nil {
		return nil, err
	}
	return &embedded{c, httptest.NewServer(srfake.NewRegistry().Handler())}, nil
}

func (e *embedded) addrs() []string                 { return e.c.ListenAddrs() }
func (e *embedded) registry() string                { return e.sr.URL }
func (*embedded) replicas() int                     { return 1 }
func (*embedded) unsteady() bool                    { return false }
func (*embedded) run(context.Context, *stats) error { return nil }
func (e *embedded) close()                          { e.sr.Close(); e.c.Close() }

// apache is a real Kafka. Of a cluster, one broker after the other is killed and started again.
type apache struct {
	c    *cluster.Cluster
	rnd  *rand.Rand
	kill bool
}

func startApache(ctx context.Context, nodes int, seed uint64) (*apache, error) {
	c, err := cluster.Start(ctx, nodes)
	if err != nil {
		return nil, err
	}
	return &apache{c: c, rnd: rand.New(rand.NewPCG(seed, 3)), kill: nodes > 1}, nil
}

func (a *apache) addrs() []string  { return a.c.Brokers() }
func (a *apache) registry() string { return a.c.RegistryURL() }
func (a *apache) replicas() int    { return min(3, len(a.c.Brokers())) }
func (a *apache) unsteady() bool   { return a.kill }
func (a *apache) close()           { a.c.Stop() }

// run kills a broker every few seconds, never two at once: with a replication factor of three and two in-sync replicas demanded,
// Kafka promises to lose nothing then.
func (a *apache) run(ctx context.Context, s *stats) error {
	for a.kill && wait(ctx, 3*time.Second+time.Duration(a.rnd.IntN(3000))*time.Millisecond) == nil {
		i := a.rnd.IntN(len(a.c.Brokers()))
		a.c.Kill(i)
		s.count(brokerKills)
		_ = wait(ctx, time.Duration(a.rnd.IntN(4000))*time.Millisecond)
		if err := a.c.Restart(context.WithoutCancel(ctx), i); err != nil {
			return fmt.Errorf("start broker %d again: %w", i+1, err)
		}
		if err := a.c.InSync(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return nil
}
