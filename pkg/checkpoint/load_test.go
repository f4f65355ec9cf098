package checkpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"producer/pkg/checkpoint"
	"producer/pkg/kafka"
)

func TestLoad(t *testing.T) {
	const partitions, topic = 4, "crm.state"
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	c, err := kafka.Open(t.Context(), kafka.Options{Brokers: broker.ListenAddrs()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, err := c.OpenProducer(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()

	at := time.UnixMilli(1_700_000_000_000).UTC()
	state := func(resource string, walk int64) kafka.Record {
		r := checkpoint.State{V: 1, Walk: walk, Phase: checkpoint.Walking, Position: json.RawMessage(`{"offset":300}`)}.Record(topic, resource)
		r.Timestamp = at.Add(time.Duration(walk) * time.Minute)
		return r
	}
	raw := func(resource, value string) kafka.Record {
		return kafka.Record{Topic: topic, Partition: -1, Key: []byte(resource), Value: []byte(value)}
	}
	in := func(shift int32, r kafka.Record) kafka.Record {
		r.Partition = (kafka.Partition(r.Key, partitions) + shift) % partitions
		return r
	}
	records := []kafka.Record{
		state("contacts", 1), state("contacts", 3), state("contacts", 2), // the last one, whatever its number
		state("deals", 1), {Topic: topic, Partition: -1, Key: []byte("deals")},
		state("contacts/eu", 9),
		raw("newer", `{"v":2,"walk":{}}`), raw("none", `{"walk":7}`), raw("broken", `{"v":1,`), raw("wrong", `{"v":1,"walk":"seven"}`), raw("null", `null`),
		raw("extended", `{"v":1,"walk":5,"later":{"a":1}}`),
		in(0, state("moved", 1)), in(1, state("moved", 8)), in(2, state("moved", 9)),
		in(3, state("astray", 4)), in(1, state("astray", 6)), in(2, state("astray", 5)),
		{Topic: topic, Partition: 0, Value: []byte("no key")},
	}
	if err := p.Commit(t.Context(), kafka.Batch{Records: records}); err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.Load(t.Context(), c, topic)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"contacts": 2, "extended": 5, "moved": 1, "astray": 6, "newer": -1, "none": -1, "broken": -1, "wrong": -1, "null": -1}
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Fatalf("got %q, want %q", g, w)
	}
	for resource, walk := range want {
		e := got[resource]
		var v *checkpoint.VersionError
		if walk < 0 {
			if !errors.As(e.Err, &v) || v.Topic != topic || v.Resource != resource || e.State.V != 0 {
				t.Errorf("%s: got %+v", resource, e)
			} else if text := e.Err.Error(); !strings.Contains(text, "--reset") || !strings.Contains(text, topic) || !strings.Contains(text, resource) {
				t.Errorf("%s: the message is %q", resource, text)
			}
			continue
		}
		if e.Err != nil || e.State.Walk != walk {
			t.Errorf("%s: got walk %d, %v, want %d", resource, e.State.Walk, e.Err, walk)
		}
	}
	if e := got["contacts"]; !e.Timestamp.Equal(at.Add(2*time.Minute)) || string(e.State.Position) != `{"offset":300}` {
		t.Errorf("got %+v", e)
	}
	var missing *kafka.TopicError
	if _, err := checkpoint.Load(t.Context(), c, "other.state"); !errors.As(err, &missing) {
		t.Errorf("a topic that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	total := int64(3)
	f.Add(checkpoint.State{V: 1, Walk: 2, Phase: checkpoint.Done, FirstTotal: &total, Missing: checkpoint.NewMissing([]string{"a"}),
		Last: &checkpoint.Last{Walk: 1, Total: &total}}.Record("t", "r").Value)
	f.Add([]byte(`{"v":1,"position":[1,2],"since":null}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		s, err := checkpoint.Parse(value)
		if err != nil {
			if !errors.As(err, new(*checkpoint.VersionError)) {
				t.Errorf("%q: %v", value, err)
			}
			return
		}
		once := s.Record("t", "r").Value
		again, err := checkpoint.Parse(once)
		if err != nil || string(again.Record("t", "r").Value) != string(once) {
			t.Errorf("%q does not survive a round trip: %s, %v", value, once, err)
		}
	})
}

// A position is committed with the records that it accounts for, and found again by whoever comes next.
func Example() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "crm.contacts", "crm.state"))
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
	producer, err := cluster.OpenProducer(ctx, "producer.crm.contacts")
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close()
	state := checkpoint.State{V: checkpoint.Version, Walk: 1, Phase: checkpoint.Walking, Position: json.RawMessage(`{"offset":100}`), Seq: 1}
	err = producer.Commit(ctx, kafka.Batch{Records: []kafka.Record{
		{Topic: "crm.contacts", Partition: -1, Key: []byte("1"), Value: []byte("Ada")},
		state.Record("crm.state", "contacts"),
	}})
	if err != nil {
		log.Fatal(err)
	}

	entries, err := checkpoint.Load(ctx, cluster, "crm.state")
	if err != nil {
		log.Fatal(err)
	}
	e := entries["contacts"]
	fmt.Println(e.State.Phase, string(e.State.Position), e.Err)
	// Output: walking {"offset":100} <nil>
}
