package main

import (
	"context"

	"github.com/twmb/franz-go/pkg/kfake"
)

// brokers are the Kafka under all this.
type brokers interface {
	addrs() []string
	replicas() int
	// unsteady reports whether brokers are being killed, so that a child may find them unavailable.
	unsteady() bool
	close()
}

// embedded are three brokers in this process, which outlive the children. There is no log compaction: every committed record can be
// read as often as it takes.
type embedded struct{ c *kfake.Cluster }

func startEmbedded() (*embedded, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.ClusterID("chaos"), kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "86400000"}))
	if err != nil {
		return nil, err
	}
	return &embedded{c}, nil
}

func (e *embedded) addrs() []string { return e.c.ListenAddrs() }
func (*embedded) replicas() int     { return 1 }
func (*embedded) unsteady() bool    { return false }
func (e *embedded) close()          { e.c.Close() }

var _ brokers = (*embedded)(nil)

// run is nothing to do for brokers that are left alone.
func (*embedded) run(context.Context) {}
