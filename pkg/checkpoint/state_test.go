package checkpoint_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"producer/pkg/checkpoint"
)

// TestStateIsTheContracts freezes the JSON of a state: other people's scripts read it.
func TestStateIsTheContracts(t *testing.T) {
	total := int64(25000)
	s := checkpoint.State{V: 1, Walk: 17, Phase: checkpoint.Done, Shape: "s", Identity: "i", TopicID: "t", Partitions: 6, FirstTotal: &total,
		Last: &checkpoint.Last{Walk: 16, Proof: "proven", Records: 25000, Keys: 25000, Total: &total, Ended: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, Seq: 9}
	r := s.Record("crm.state", "contacts")
	want := `{"v":1,"walk":17,"phase":"done","position":{},"since":{},"shape":"s","identity":"i","topic_id":"t","partitions":6,"first_total":25000,` +
		`"resumed":false,"last":{"walk":16,"proof":"proven","records":25000,"keys":25000,"total":25000,"ended":"2026-01-02T03:04:05Z"},"seq":9}`
	if string(r.Value) != want || string(r.Key) != "contacts" || r.Topic != "crm.state" {
		t.Errorf("got  %s %s\nwant %s", r.Key, r.Value, want)
	}
}

func TestNext(t *testing.T) {
	position, since := json.RawMessage(`{"offset":300}`), json.RawMessage(`{"by":"b"}`)
	last, missing := &checkpoint.Last{Walk: 1}, checkpoint.NewMissing([]string{"a"})
	s := checkpoint.State{V: 1, Walk: 2, Phase: checkpoint.Walking, Position: position, Since: since, Last: last, Populated: true, Missing: missing, Seq: 9, Rewrite: true}
	further, own := json.RawMessage(`{"offset":400}`), &checkpoint.Last{Walk: 2}
	for name, tt := range map[string]struct{ next, want checkpoint.State }{
		"where it was": {checkpoint.State{Walk: 2, Phase: checkpoint.Walking, Since: further},
			checkpoint.State{V: 1, Walk: 2, Phase: checkpoint.Walking, Position: position, Since: since, Last: last, Populated: true, Missing: missing, Seq: 10}},
		"further": {checkpoint.State{Walk: 2, Phase: checkpoint.Walking, Position: further, Since: further},
			checkpoint.State{V: 1, Walk: 2, Phase: checkpoint.Walking, Position: further, Since: further, Last: last, Populated: true, Missing: missing, Seq: 10}},
		"done": {checkpoint.State{Walk: 2, Phase: checkpoint.Done, Since: further, Last: own},
			checkpoint.State{V: 1, Walk: 2, Phase: checkpoint.Done, Since: further, Last: own, Populated: true, Missing: missing, Seq: 10}},
		"another walk": {checkpoint.State{Walk: 3, Phase: checkpoint.Walking, Since: further},
			checkpoint.State{V: 1, Walk: 3, Phase: checkpoint.Walking, Since: further, Last: last, Populated: true, Missing: missing, Seq: 10}},
	} {
		if got := s.Next(tt.next); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
	if got := s.Forget(); !reflect.DeepEqual(got, checkpoint.State{Seq: 9}) {
		t.Errorf("forgotten: %+v", got)
	}
	if got := (checkpoint.State{}).Next(checkpoint.State{Walk: 1, Populated: true}); !got.Populated || got.Seq != 1 {
		t.Errorf("the first: %+v", got)
	}
}

func TestMissing(t *testing.T) {
	var keys []string
	for i := range 60_000 {
		keys = append(keys, fmt.Sprint("key", i))
	}
	m := checkpoint.NewMissing(keys)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 700_000 {
		t.Errorf("%d bytes, want fewer than any broker refuses", len(text))
	}
	var back checkpoint.Missing
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	has := 0
	for _, k := range keys {
		if back.Has(k) != m.Has(k) {
			t.Fatalf("%s differs after the round trip", k)
		}
		if back.Has(k) {
			has++
		}
	}
	if has != 50_000 || back.Has("another") {
		t.Errorf("%d keys, want 50000; another is in: %v", has, back.Has("another"))
	}
	if err := json.Unmarshal([]byte(`"AAA="`), &back); err == nil {
		t.Error("half a print was read")
	}
}

func FuzzMissing(f *testing.F) {
	f.Add([]byte(`"AAAAAAAAAAE="`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m checkpoint.Missing
		if json.Unmarshal(text, &m) != nil {
			return
		}
		again, err := json.Marshal(m)
		var n checkpoint.Missing
		if err != nil || json.Unmarshal(again, &n) != nil || len(n) != len(m) {
			t.Errorf("%q does not survive a round trip: %v", text, err)
		}
	})
}
