package e2e_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"slices"
	"strings"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// create makes a topic before the program does.
func (s *scenario) create(topic string, partitions int32, config map[string]string) {
	s.Helper()
	pointers := map[string]*string{}
	for k, v := range config {
		pointers[k] = &v
	}
	if _, err := env.admin.CreateTopic(s.Context(), partitions, 1, pointers, topic); err != nil {
		s.Fatalf("create %s: %v", topic, err)
	}
	s.poll("the topic to come", func() bool { return s.partitions(topic) == int(partitions) })
}

// drop deletes a topic and waits until the broker has forgotten it.
func (s *scenario) drop(topic string) {
	s.Helper()
	if _, err := env.admin.DeleteTopic(s.Context(), topic); err != nil {
		s.Fatalf("delete %s: %v", topic, err)
	}
	s.poll("the topic to go", func() bool { return s.partitions(topic) == 0 })
}

// partitions is 0 for a topic that does not exist.
func (s *scenario) partitions(topic string) int {
	s.Helper()
	topics, err := env.admin.ListTopics(s.Context(), topic)
	if err != nil {
		s.Fatal(err)
	}
	return len(topics[topic].Partitions)
}

func (s *scenario) topicConfig(topic, name string) string {
	s.Helper()
	all, err := env.admin.DescribeTopicConfigs(s.Context(), topic)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range all[0].Configs {
		if c.Key == name {
			return c.MaybeValue()
		}
	}
	return ""
}

// poll asks done every 50 ms until it says yes; half a minute is too long.
func (s *scenario) poll(what string, done func() bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.Fatalf("waited in vain for %s", what)
		}
	}
}

// read returns what a read_committed consumer sees of the topic, by partition and offset, once no transaction is open in it. A
// topic that does not exist is empty.
func (s *scenario) read(topic string) []*kgo.Record {
	s.Helper()
	if s.partitions(topic) == 0 {
		return nil
	}
	high, err := env.admin.ListEndOffsets(s.Context(), topic)
	if err != nil {
		s.Fatal(err)
	}
	s.poll("the transactions in "+topic+" to end", func() bool {
		stable := s.stable(topic)
		done := true
		high.Each(func(o kadm.ListedOffset) {
			at, _ := stable.Lookup(topic, o.Partition)
			done = done && at.Offset >= o.Offset
		})
		return done
	})
	return s.visible(topic)
}

func (s *scenario) stable(topic string) kadm.ListedOffsets {
	s.Helper()
	stable, err := env.admin.ListCommittedOffsets(s.Context(), topic)
	if err != nil {
		s.Fatal(err)
	}
	return stable
}

// visible is read without waiting for open transactions.
func (s *scenario) visible(topic string) []*kgo.Record {
	s.Helper()
	from, left := map[int32]kgo.Offset{}, map[int32]int64{}
	s.stable(topic).Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			from[o.Partition], left[o.Partition] = kgo.NewOffset().AtStart(), o.Offset
		}
	})
	if len(left) == 0 {
		return nil
	}
	consumer, err := kgo.NewClient(kgo.SeedBrokers(env.brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	if err != nil {
		s.Fatal(err)
	}
	defer consumer.Close()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(left) > 0 {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			s.Fatalf("read %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition) // a control record ends a transaction, and so the topic
			}
			if !r.Attrs.IsControl() {
				records = append(records, r)
			}
		})
	}
	slices.SortFunc(records, func(a, b *kgo.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return records
}

// fold is the table that a consumer makes of a topic.
func fold(records []*kgo.Record) map[string]*kgo.Record {
	table := map[string]*kgo.Record{}
	for _, r := range records {
		if r.Value == nil {
			delete(table, string(r.Key))
			continue
		}
		table[string(r.Key)] = r
	}
	return table
}

// table reads a resource's topic, requires that it folds to exactly the source's rows under their key (the field id), and returns all
// of its records. Each of them must stand in the partition of its key and hold its hash, must decode, and Java must agree.
func (s *scenario) table(resource string, rows []string) []*kgo.Record {
	s.Helper()
	return s.tableBy(resource, rows, func(row object) string { return fmt.Sprint(row["id"]) })
}

func (s *scenario) tableBy(resource string, rows []string, key func(row object) string) []*kgo.Record {
	s.Helper()
	topic := s.topic(resource)
	records, partitions := s.read(topic), s.partitions(topic)
	values := s.decode(records)
	for _, r := range records {
		if want := int32((murmur2(r.Key) & 0x7fffffff) % uint32(partitions)); r.Key != nil && r.Partition != want {
			s.Errorf("key %q stands in partition %d of %d, want %d", r.Key, r.Partition, partitions, want)
		}
		if r.Value != nil && len(header(r, "content-hash")) != 16 {
			s.Errorf("key %q: content-hash is %x", r.Key, header(r, "content-hash"))
		}
		if strings.Contains(string(r.Key)+string(r.Value), s.key) {
			s.Errorf("the api key stands in %s", topic)
		}
	}
	folded := fold(records)
	if len(folded) != len(rows) {
		s.Errorf("%s folds to %d keys, want %d", topic, len(folded), len(rows))
	}
	for _, row := range rows {
		want := parse(row).(object)
		r := folded[key(want)]
		if r == nil {
			s.Errorf("%s lacks the key %q", topic, key(want))
			continue
		}
		if diff := differ(key(want), want, values[r].source); diff != "" {
			s.Errorf("%s: %s", topic, diff)
		}
	}
	s.agree(topic, records, values)
	return records
}

// agree compares every value with what Java decodes, where there is Java.
func (s *scenario) agree(topic string, records []*kgo.Record, values map[*kgo.Record]value) {
	s.Helper()
	if env.java == nil || len(records) == 0 {
		return
	}
	schemas := s.pipeline + ".schemas"
	if s.partitions(schemas) == 0 {
		schemas = "-"
	}
	java, err := env.java.read(topic, schemas)
	if err != nil || len(java) != len(records) {
		s.Fatalf("Java reads %d records of %d: %v", len(java), len(records), err)
	}
	for i, r := range records {
		if java[i].Partition != r.Partition || java[i].Offset != r.Offset || (java[i].Key != nil && *java[i].Key != string(r.Key)) {
			s.Errorf("Java reads %+v, want key %q at %d/%d", java[i], r.Key, r.Partition, r.Offset)
		}
		if diff := differ(string(r.Key), values[r].avro, parse(string(java[i].Value))); diff != "" {
			s.Errorf("Java reads another value: %s", diff)
		}
	}
}

// newer are the keys whose newest record is another than before. (Counting records would not do: the broker may compact at any time.)
func newer(before, after map[string]*kgo.Record) []string {
	var keys []string
	for k, r := range after {
		if was := before[k]; was == nil || was.Offset != r.Offset || was.Partition != r.Partition {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// times requires that each key stands in the records n times.
func (s *scenario) times(records []*kgo.Record, n int) {
	s.Helper()
	count := map[string]int{}
	for _, r := range records {
		count[string(r.Key)]++
	}
	for k, c := range count {
		if c != n {
			s.Errorf("key %q stands in the topic %d times, want %d", k, c, n)
		}
	}
}

func header(r *kgo.Record, name string) []byte {
	for _, h := range r.Headers {
		if h.Key == name {
			return h.Value
		}
	}
	return nil
}

// value is a decoded value, nil for a tombstone: under its Avro names, and under the names that the source used.
type value struct{ avro, source any }

func (s *scenario) decode(records []*kgo.Record) map[*kgo.Record]value {
	s.Helper()
	values := map[*kgo.Record]value{}
	schemas := map[string]*avro.Schema{}
	texts := map[string]string{}
	var single map[string]string
	for _, r := range records {
		if r.Value == nil {
			continue
		}
		var frame string
		switch {
		case r.Value[0] == 0 && len(r.Value) >= 5:
			frame = string(r.Value[:5])
			if schemas[frame] == nil {
				texts[frame] = s.registered(int(binary.BigEndian.Uint32(r.Value[1:])))
			}
		case r.Value[0] == 0xc3 && r.Value[1] == 1 && len(r.Value) >= 10:
			if single == nil {
				single = s.schemas()
			}
			frame = string(r.Value[:10])
			texts[frame] = single[hex.EncodeToString(r.Value[2:10])]
		default:
			s.Fatalf("key %q: the value begins %x", r.Key, r.Value[:min(10, len(r.Value))])
		}
		if schemas[frame] == nil {
			schema, err := avro.Parse(texts[frame])
			if err != nil {
				s.Fatalf("schema %q of frame %x: %v", texts[frame], frame, err)
			}
			schemas[frame] = schema
		}
		var native any
		rest, err := schemas[frame].Decode(r.Value[len(frame):], &native)
		if err != nil || len(rest) > 0 {
			s.Fatalf("key %q: decode: %v, %d bytes left", r.Key, err, len(rest))
		}
		plain, err := schemas[frame].EncodeJSON(native)
		if err != nil {
			s.Fatal(err)
		}
		v := parse(string(plain))
		values[r] = value{avro: v, source: restore(parse(texts[frame]), v)}
	}
	return values
}

func (s *scenario) registered(id int) string {
	s.Helper()
	schema, err := env.registry.SchemaByID(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return schema.Schema
}

// versions are the schemas of a resource's subject, oldest first.
func (s *scenario) versions(resource string) []string {
	s.Helper()
	all, err := env.registry.Schemas(s.Context(), s.topic(resource)+"-value")
	if err != nil {
		s.Fatal(err)
	}
	texts := make([]string, len(all))
	for i, v := range all {
		texts[v.Version-1] = all[i].Schema.Schema
	}
	return texts
}

// schemas are those of {pipeline}.schemas by their key, which must be the fingerprint of the text.
func (s *scenario) schemas() map[string]string {
	s.Helper()
	found := map[string]string{}
	for _, r := range s.read(s.pipeline + ".schemas") {
		schema, err := avro.Parse(string(r.Value))
		if err != nil {
			s.Fatal(err)
		}
		if want := fingerprint(schema.Canonical()); want != string(r.Key) {
			s.Errorf("the schema with the fingerprint %s stands under the key %q", want, r.Key)
		}
		found[string(r.Key)] = string(r.Value)
	}
	return found
}

// fingerprint is CRC-64-AVRO (Avro specification, Schema Fingerprints), its bytes in the order in which they stand in a value.
func fingerprint(canonical []byte) string {
	const poly = 0xc15d213aa4d7a795 // reversed, as hash/crc64 wants it; Avro starts with it, and inverts nothing
	crc := ^crc64.Update(^uint64(poly), crc64.MakeTable(poly), canonical)
	return hex.EncodeToString(binary.LittleEndian.AppendUint64(nil, crc))
}

// murmur2 is the hash of Kafka's default partitioner (org.apache.kafka.common.utils.Utils).
func murmur2(b []byte) uint32 {
	const m = 0x5bd1e995
	h := 0x9747b28c ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b) * m
		h = h*m ^ (k^k>>24)*m
	}
	for i := len(b) - 1; i >= 0; i-- {
		h ^= uint32(b[i]) << (8 * i)
	}
	if len(b) > 0 {
		h *= m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// parse decodes JSON, numbers as their text.
func parse(text string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("%v: %.200q", err, text))
	}
	return v
}

// restore gives a value the names of its source back: property "json" of a field, and variants under the name they stand in for.
func restore(schema, v any) any {
	switch schema := schema.(type) {
	case []any: // ["null", T]
		if v != nil {
			return restore(schema[len(schema)-1], v)
		}
	case object:
		switch v := v.(type) {
		case object:
			named := object{}
			fields, ok := schema["fields"].([]any)
			if !ok {
				return restore(schema["type"], v)
			}
			for _, f := range fields {
				field := f.(object)
				name := field["name"].(string)
				value := restore(field["type"], v[name])
				if of, ok := field["variant_of"].(string); ok {
					if value != nil {
						named[of] = value
					}
					continue
				}
				if source, ok := field["json"].(string); ok {
					name = source
				}
				if named[name] == nil {
					named[name] = value
				}
			}
			return named
		case []any:
			items := make([]any, len(v))
			for i := range v {
				items[i] = restore(schema["items"], v[i])
			}
			return items
		}
	}
	return v
}
