package devserver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// compactEvery is how often compacted topics are compacted. It takes about a second per million records.
const compactEvery = 10 * time.Second

// broker is kfake with a data directory, and compaction that respects transactions. kfake's own runs on a timer
// whatever is open, and lets an uncommitted record displace the committed one of its key; when that transaction then
// aborts, the key is gone. So its timer is set to a day, and compaction is asked for here between transactions.
type broker struct {
	cluster *kfake.Cluster
	addrs   []string
	admin   *kadm.Client
	stop    context.CancelFunc
	done    sync.WaitGroup
}

func openBroker(ctx context.Context, dir string, port int) (*broker, error) {
	cluster, err := kfake.NewCluster(
		kfake.Ports(port),
		kfake.ClusterID("producer-dev"),
		kfake.DataDir(dir),
		kfake.DefaultNumPartitions(6),
		kfake.BrokerConfigs(map[string]string{
			"default.replication.factor": "1",
			"log.cleaner.backoff.ms":     "86400000",
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &broker{cluster: cluster, addrs: cluster.ListenAddrs()}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addrs...), kgo.ClientID("producer-dev"))
	if err != nil {
		cluster.Close()
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.admin = kadm.NewClient(client)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	b.done.Go(func() { b.compactOnTime(run) })
	return b, nil
}

// compactOnTime compacts again and again. The broker answers nobody meanwhile, so that what takes long is done more rarely.
func (b *broker) compactOnTime(ctx context.Context) {
	next := time.NewTimer(compactEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case began := <-next.C:
			_ = b.compact(ctx) // the next time tries again
			next.Reset(max(compactEvery, 50*time.Since(began)))
		}
	}
}

// compact compacts if no transaction is open. One that begins in the instant after it looked could still suffer.
func (b *broker) compact(ctx context.Context) error {
	open, err := b.admin.ListTransactions(ctx, nil, []string{"Ongoing"})
	if err != nil {
		return fmt.Errorf("list transactions: %w", err)
	}
	if len(open) == 0 {
		b.cluster.Compact()
	}
	return nil
}

func (b *broker) close() {
	b.stop()
	b.done.Wait()
	b.admin.Close()
	b.cluster.Close()
}
