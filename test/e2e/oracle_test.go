package e2e_test

import (
	"testing"

	"github.com/twmb/avro"
)

// The suite judges by code of its own, so that code is held to the vectors of others: Kafka's UtilsTest, and a fingerprint that Java's
// SchemaNormalization, fastavro and twmb/avro agree on.
func TestOracles(t *testing.T) {
	for in, want := range map[string]int32{"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107} {
		if got := int32(murmur2([]byte(in))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", in, got, want)
		}
	}
	schema := avro.MustParse(`{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"int","logicalType":"date"}}]}`)
	if got, want := fingerprint(schema.Canonical()), "b8f59c87571748bc"; got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{`{"a":1,"b":null}`, `{"a":1.0}`, true}, {`{"a":[]}`, `{"a":null}`, true}, {`{"a":true}`, `{"a":"true"}`, true},
		{`{"a":9007199254740993}`, `{"a":9007199254740992}`, false}, {`{"a":0.1}`, `{"a":0.10000000000000001}`, true},
		{`{"a":"1"}`, `{"a":1}`, false}, {`{"a":[1]}`, `{"a":[1,2]}`, false}, {`{}`, `{"a":0}`, false}, {`{"a":false}`, `{"a":null}`, false},
	} {
		if diff := differ("", parse(c.want), parse(c.got)); (diff == "") != c.same {
			t.Errorf("%s and %s: %q", c.want, c.got, diff)
		}
	}
}
