package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestResumeAfterFailure(t *testing.T) {
	each(t, map[string][]edits{"a page a batch": {eachPage}, "batches of a second": nil}, func(s *scenario, changes []edits) {
		down := status(500)
		l := &listing{rows: plain(600), faults: map[int]http.HandlerFunc{4: down, 5: down, 6: down, 7: down}}
		a := s.api(l)
		config := s.config(a, changes...)

		failed := s.run(config, 3)
		committed := failed.count("contacts", "published")
		if committed%100 != 0 || changes != nil && committed != 300 {
			s.Errorf("%d records are committed, want the whole pages before the fault", committed)
		}
		failed.expect("contacts", object{"status": "failed", "records": committed, "pages": committed / 100, "requests": 7, "retries": 3})
		s.table("contacts", l.rows[:committed])

		resumed := s.run(config, 0)
		resumed.expect("contacts", object{"status": "complete", "published": 600 - committed})
		if from, _ := strconv.Atoi(a.requests(contacts)[7].offset()); committed > 0 && (from > committed || from < committed-100) {
			s.Errorf("resumed at %d, %d were committed", from, committed)
		}
		if committed > 0 {
			resumed.expect("contacts", object{"proof": "resumed"})
		}
		s.times(s.table("contacts", l.rows), 1)
		s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 600, "proof": "proven"})
	})
}

func TestResumeOfAppend(t *testing.T) {
	s := begin(t)
	down := status(500)
	l := &listing{rows: plain(600), faults: map[int]http.HandlerFunc{4: down, 5: down, 6: down, 7: down}}
	config := s.config(s.api(l), eachPage, edits{"source.resource_defaults.write_disposition": "append"})
	s.run(config, 3).expect("contacts", object{"published": 300})
	s.run(config, 0).expect("contacts", object{"published": 300})
	s.times(s.table("contacts", l.rows), 1)
}

// produce writes a record as a stranger would, through no transaction.
func (s *scenario) produce(r *kgo.Record) {
	s.Helper()
	stranger, err := kgo.NewClient(kgo.SeedBrokers(env.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.Fatal(err)
	}
	defer stranger.Close()
	if err := stranger.ProduceSync(s.Context(), r).FirstErr(); err != nil {
		s.Fatal(err)
	}
}

func TestStrangersInTheTopic(t *testing.T) {
	s := begin(t)
	rows := plain(40)
	config := s.config(s.api(&listing{rows: rows}))
	s.run(config, 0)
	live := fold(s.read(s.topic("contacts")))
	s.produce(&kgo.Record{Topic: s.topic("contacts"), Partition: live["7"].Partition, Key: []byte("7")}) // a tombstone: the record comes back
	s.run(config, 0).expect("contacts", object{"published": 1, "unchanged": 39})
	s.produce(&kgo.Record{Topic: s.topic("contacts"), Partition: live["8"].Partition, Key: []byte("8"), Value: live["8"].Value}) // no hash
	s.run(config, 0).expect("contacts", object{"published": 1, "unchanged": 39})
	if got := fold(s.read(s.topic("contacts"))); len(got) != 40 {
		s.Errorf("%d keys", len(got))
	}
}

func TestStateGuards(t *testing.T) {
	guard := func(f func(s *scenario, a *api, config string) (guarded string)) func(*testing.T) {
		return func(t *testing.T) {
			s := begin(t)
			rows := plain(120)
			a := s.api(&listing{rows: rows})
			config := s.config(a)
			s.run(config, 0)
			config = f(s, a, config)
			before := len(s.read(s.topic("contacts")))
			s.run(config, 2).mentions("--reset")
			if got := len(s.read(s.topic("contacts"))); got != before {
				s.Errorf("%d records in the topic after the refusal, %d before", got, before)
			}
			s.run(config, 0, "--reset")
			s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 120})
		}
	}
	t.Run("unknown version", guard(func(s *scenario, _ *api, config string) string {
		mine := fold(s.read(s.pipeline + ".state"))["contacts"]
		value := parse(string(mine.Value)).(object)
		value["v"] = 99
		s.produce(&kgo.Record{Topic: mine.Topic, Partition: mine.Partition, Key: mine.Key, Value: []byte(text(value))})
		return config
	}))
	t.Run("another primary key", guard(func(s *scenario, a *api, _ string) string {
		return s.config(a, edits{"source.resource_defaults.primary_key": "name"})
	}))
	t.Run("data topic gone", guard(func(s *scenario, _ *api, config string) string {
		s.drop(s.topic("contacts"))
		return config
	}))
	t.Run("state gone", guard(func(s *scenario, _ *api, config string) string {
		s.drop(s.pipeline + ".state")
		return config
	}))
	t.Run("data topic created anew", guard(func(s *scenario, _ *api, config string) string {
		s.drop(s.topic("contacts"))
		s.create(s.topic("contacts"), 2, map[string]string{"cleanup.policy": "compact"})
		s.produce(&kgo.Record{Topic: s.topic("contacts"), Partition: 0, Key: []byte("1")})
		return config
	}))
	t.Run("partition count", guard(func(s *scenario, _ *api, config string) string {
		if _, err := env.admin.UpdatePartitions(s.Context(), 5, s.topic("contacts")); err != nil {
			s.Fatal(err)
		}
		s.poll("the partitions", func() bool { return s.partitions(s.topic("contacts")) == 5 })
		return config
	}))
}

// A topic whose values can't be decoded any more is no table: exit 2, and --reset publishes all of it anew.
func TestSchemasThatAreGone(t *testing.T) {
	lost := func(before []edits, change func(s *scenario, a *api, config string) string, says ...string) func(*testing.T) {
		return func(t *testing.T) {
			s := begin(t)
			a := s.api(&listing{rows: plain(120)})
			config := s.config(a, before...)
			s.run(config, 0)
			changed := change(s, a, config)
			before := len(s.read(s.topic("contacts")))
			s.run(changed, 2).mentions(append(says, "--reset")...)
			if got := len(s.read(s.topic("contacts"))); got != before || len(a.requests(contacts)) != 2 {
				s.Errorf("%d records, want %d; %d requests, want 2", got, before, len(a.requests(contacts)))
			}
			if changed == config {
				s.run(config, 0, "--reset").expect("contacts", object{"published": 120, "unchanged": 0})
				s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": 120})
				s.table("contacts", plain(120))
			}
		}
	}
	t.Run("schemas topic gone", lost([]edits{withoutRegistry}, func(s *scenario, _ *api, config string) string {
		s.drop(s.pipeline + ".schemas")
		return config
	}, "no schema with fingerprint", "restore topic"))
	t.Run("a registry that is empty", lost(nil, func(s *scenario, a *api, _ string) string {
		return s.config(a, edits{"schema.registry.url": registryOf(t, "")})
	}, "no schema with id", "schema.registry.url"))
	t.Run("a registry with another schema", lost(nil, func(s *scenario, a *api, _ string) string {
		return s.config(a, edits{"schema.registry.url": registryOf(t, `{"type":"record","name":"other","fields":[]}`)})
	}, "is another one now"))
	t.Run("a registry where there was none", lost([]edits{withoutRegistry}, func(s *scenario, a *api, _ string) string {
		return s.config(a)
	}, "framed otherwise"))
	t.Run("no registry any more", func(t *testing.T) {
		s := begin(t)
		a := s.api(&listing{rows: plain(120)})
		s.run(s.config(a), 0)
		config := s.config(a, withoutRegistry)
		s.run(config, 2).mentions("framed otherwise", "--reset")
		s.run(config, 0, "--reset").expect("contacts", object{"published": 120})
		for key, r := range fold(s.read(s.topic("contacts"))) {
			if !strings.HasPrefix(string(r.Value), "\xc3\x01") {
				s.Errorf("the newest value of %s begins with % x", key, r.Value[:2])
			}
		}
	})
}

// registryOf is a registry that knows text by every id, and nothing else; "" is none.
func registryOf(t *testing.T, text string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text == "" || !strings.HasPrefix(r.URL.Path, "/schemas/ids/") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error_code":40403,"message":"Schema not found"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(object{"schema": text})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestResetMovesKeysToTheirPartitions(t *testing.T) {
	s := begin(t)
	rows := plain(60)
	config := s.config(s.api(&listing{rows: rows}))
	s.run(config, 0)
	if _, err := env.admin.UpdatePartitions(s.Context(), 5, s.topic("contacts")); err != nil {
		s.Fatal(err)
	}
	s.poll("the partitions", func() bool { return s.partitions(s.topic("contacts")) == 5 })
	s.run(config, 0, "--reset")
	live := map[string]int32{} // of each partition alone: a key may live in one only
	for _, r := range s.read(s.topic("contacts")) {
		at := fmt.Sprint(r.Partition, " ", string(r.Key))
		if live[at]++; r.Value == nil {
			delete(live, at)
		}
	}
	if len(live) != 60 {
		s.Errorf("%d keys live, want 60", len(live))
	}
	for at := range live {
		partition, key, _ := strings.Cut(at, " ")
		if want := fmt.Sprint((murmur2([]byte(key)) & 0x7fffffff) % 5); partition != want {
			s.Errorf("key %s lives in partition %s, want %s", key, partition, want)
		}
	}
}

func TestWrongCleanupPolicy(t *testing.T) {
	type policy struct{ topic, disposition string }
	cases := map[string]policy{"delete for merge": {"delete", "merge"}, "both for merge": {"compact,delete", "merge"}, "compact for append": {"compact", "append"}}
	each(t, cases, func(s *scenario, c policy) {
		s.create(s.topic("contacts"), 2, map[string]string{"cleanup.policy": c.topic})
		a := s.api(&listing{rows: plain(5)})
		s.run(s.config(a, edits{"source.resource_defaults.write_disposition": c.disposition}), 2).mentions("cleanup.policy", s.topic("contacts"))
		if got := len(s.read(s.topic("contacts"))) + len(a.requests(contacts)); got != 0 {
			s.Errorf("%d records and requests", got)
		}
		s.drop(s.topic("contacts"))
		s.run(s.config(a, edits{"source.resource_defaults.write_disposition": c.disposition}), 0).expect("contacts", object{"published": 5})
	})
}

func TestTopicSettings(t *testing.T) {
	s := begin(t)
	s.create(s.topic("deals"), 4, map[string]string{"cleanup.policy": "compact"}) // keeps its partitions
	a := s.serve(s.key, map[string]*listing{contacts: {rows: plain(30)}, "/v1/deals": {rows: plain(30)}})
	own := resource("contacts", contacts)
	own["kafka"] = object{"partitions": 5, "config": object{"segment.ms": "7200000"}}
	s.run(s.config(a, edits{"kafka.partitions": 3, "kafka.config": object{"delete.retention.ms": "604800001"},
		"source.resources": []any{own, resource("deals", "/v1/deals")}}), 0)
	if got, want := fmt.Sprint(s.partitions(s.topic("contacts")), s.partitions(s.topic("deals"))), "5 4"; got != want {
		s.Errorf("partitions are %s, want %s", got, want)
	}
	for name, want := range map[string]string{"segment.ms": "7200000", "delete.retention.ms": "604800001", "cleanup.policy": "compact"} {
		if got := s.topicConfig(s.topic("contacts"), name); got != want {
			s.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	s.table("contacts", plain(30))
	s.table("deals", plain(30))
}

// refuses is a server that answers everything with a status, as a registry that knows no such user.
func refuses(t *testing.T, code int) string {
	server := httptest.NewServer(answer(code, `{"error_code":40101,"message":"Unauthorized"}`))
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhatIsUnavailable(t *testing.T) {
	nobody := "127.0.0.1:1"
	type absence struct {
		change edits
		exit   int
		says   []string
	}
	each(t, map[string]absence{
		"broker":                         {edits{"kafka.brokers": []string{nobody}, "kafka.timeout": "1s"}, 5, []string{"kafka is unavailable", "gave up after 1s", nobody}},
		"registry":                       {edits{"schema.registry.url": "http://" + nobody}, 5, []string{"registry", nobody}},
		"registry without authorisation": {edits{"schema.registry.url": refuses(t, http.StatusUnauthorized)}, 7, []string{"registry", "401"}},
		"api":                            {edits{"source.client.base_url": "http://" + nobody}, 3, []string{"contacts", "offset 0", "connection refused", "4 attempts"}},
	}, func(s *scenario, c absence) {
		a := s.api(&listing{rows: plain(5)})
		s.run(s.config(a, c.change), c.exit).mentions(c.says...)
		if got := len(a.requests(contacts)); got != 0 {
			s.Errorf("%d requests to the API although something is missing", got)
		}
		s.table("contacts", nil)
		s.run(s.config(a), 0).expect("contacts", object{"published": 5, "proof": "proven"})
		s.times(s.table("contacts", plain(5)), 1)
	})
}
