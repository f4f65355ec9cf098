package kafka_test

import (
	"context"
	"fmt"
	"log"

	"github.com/twmb/franz-go/pkg/kfake"

	"producer/pkg/kafka"
)

// A restart that is exactly once: fence, find out what was committed last, go on from there.
func Example() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1)) // in place of real ones
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()

	ctx := context.Background()
	cluster, err := kafka.Open(ctx, kafka.Options{Brokers: broker.ListenAddrs()})
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()
	compact := map[string]string{"cleanup.policy": "compact"}
	err = cluster.Create(ctx, []kafka.TopicSpec{
		{Name: "crm.contacts", Partitions: 6, Config: compact},
		{Name: "crm.state", Partitions: 1, Config: compact},
	})
	if err != nil {
		log.Fatal(err)
	}

	for range 2 {
		producer, err := cluster.OpenProducer(ctx, "producer.crm.contacts")
		if err != nil {
			log.Fatal(err)
		}
		position := "the beginning"
		err = cluster.Scan(ctx, "crm.state", kafka.ScanOptions{}, func(r kafka.Record) error {
			position = string(r.Value)
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("from", position)
		err = producer.Commit(ctx, kafka.Batch{Records: []kafka.Record{
			{Topic: "crm.contacts", Partition: -1, Key: []byte("1"), Value: []byte("Ada")},
			{Topic: "crm.contacts", Partition: -1, Key: []byte("2"), Value: []byte("Grace")},
			{Topic: "crm.state", Partition: -1, Key: []byte("contacts"), Value: []byte("offset 2")},
		}})
		if err != nil {
			log.Fatal(err)
		}
		producer.Close()
	}
	// Output:
	// from the beginning
	// from offset 2
}
