package pipeline_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// The rows of the fault matrix that are about brokers: something happens between the third page and the fourth. What was committed
// stands, in whole pages; the message says what failed, where, and what stands; the next run goes on from there, and every version of
// every row is in the topic once.
func TestBrokerFaults(t *testing.T) {
	fault := func(err *kerr.Error, count int, keys ...kmsg.Key) func(*world) func() {
		return func(w *world) func() {
			f := kfake.Fault{Keys: keys, Err: err, Count: count, Topic: "p.rows"}
			if slices.Contains(keys, kmsg.EndTxn) {
				f.Topic, f.TxnID = "", "producer.p.rows"
			}
			return w.broker.Fault(f).Remove
		}
	}
	for name, tt := range map[string]struct {
		arrange func(w *world) (mend func())
		exit    int
		says    []string
	}{
		"the disk is full":              {fault(kerr.KafkaStorageError, -1, kmsg.Produce), 5, []string{"unavailable", "2s"}},
		"replicas are missing":          {fault(kerr.NotEnoughReplicas, -1, kmsg.Produce), 5, []string{"unavailable", "2s"}},
		"no broker answers":             {silence(), 5, []string{"unavailable"}},
		"no broker takes records":       {silence(kmsg.Produce), 5, []string{"unavailable", "no answer"}},
		"fenced":                        {fault(kerr.ProducerFenced, -1, kmsg.EndTxn), 6, []string{"newer instance", "writes nothing more"}},
		"the right to the id is taken":  {fault(kerr.TransactionalIDAuthorizationFailed, -1, kmsg.EndTxn), 7, []string{"Write", `transactional id "producer.p.rows"`}},
		"the right to write is taken":   {fault(kerr.TopicAuthorizationFailed, -1, kmsg.Produce), 7, []string{"Write", `topic "p.rows"`}},
		"a record is too large":         {fault(kerr.MessageTooLarge, -1, kmsg.Produce), 4, []string{"max.message.bytes", "key", "offset "}},
		"a record is refused":           {fault(kerr.InvalidRecord, -1, kmsg.Produce), 4, []string{"refused", "p.rows"}},
		"the leader moves":              {fault(kerr.NotLeaderForPartition, 3, kmsg.Produce), 0, nil},
		"replicas are missing a while":  {fault(kerr.NotEnoughReplicas, 3, kmsg.Produce), 0, nil},
		"written, though not by all":    {fault(kerr.NotEnoughReplicasAfterAppend, 1, kmsg.Produce), 0, nil},
		"the coordinator moves":         {fault(kerr.NotCoordinator, 3, kmsg.EndTxn), 0, nil},
		"a transaction must be aborted": {fault(kerr.TransactionAbortable, 1, kmsg.EndTxn), 0, nil},
		"one is aborted while sending":  {fault(kerr.TransactionAbortable, 1, kmsg.Produce), 0, nil},
		"records out of order":          {fault(kerr.OutOfOrderSequenceNumber, 1, kmsg.Produce), 0, nil},
		"an end fails, who knows how":   {fault(kerr.UnknownServerError, 1, kmsg.EndTxn), 0, nil},
		"everything moves": {func(w *world) func() {
			for i := range int32(2) {
				if err := w.broker.MoveTopicPartition("p.rows", i, (i+1)%3); err != nil {
					w.Error(err)
				}
			}
			w.broker.ShufflePartitionLeaders()
			w.broker.RehashCoordinators()
			return func() {}
		}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := beginWith(t, rows(60), kfake.NumBrokers(3))
			const config = "timeout: 3s, commit_interval: 0s, commit_timeout: 2s"
			w.run(w.pipeline("merge", config), pipeline.ExitOK)
			mend := func() {}
			w.set(func() {
				for i := range w.rows {
					w.rows[i] = row(i+1, 2)
				}
				w.before = func(offset int) {
					if offset == 40 { // the page at 30 is not committed before it was asked for
						undo := tt.arrange(w)
						w.set(func() { w.before, mend = nil, undo })
					}
				}
			})
			first := w.run(w.pipeline("merge", config), tt.exit)
			for _, want := range append(tt.says, "rows:", fmt.Sprintf("committed in this run: %d pages, %d records", first.Pages, first.Records)) {
				if tt.exit != 0 && !strings.Contains(first.Error, want) {
					t.Errorf("%q does not say %q", first.Error, want)
				}
			}
			if first.Published%10 != 0 || tt.exit == 0 && first.Published != 60 || tt.exit != 0 && (first.Published > 40 || first.Status != pipeline.Failed) {
				t.Errorf("published %d, %s", first.Published, first.Status)
			}
			w.set(func() { mend() })
			second := w.pipeline("merge", config) // fences, and so ends what is open
			got := w.run(second, pipeline.ExitOK)
			if first.Published+got.Published != 60 {
				t.Errorf("published %d and then %d, want 60 in all", first.Published, got.Published)
			}
			w.versions(60, 2)
		})
	}
}

// silence leaves requests without an answer: those of the keys, or all.
func silence(keys ...kmsg.Key) func(w *world) func() {
	return func(w *world) func() {
		var over atomic.Bool
		w.broker.Control(func(r kmsg.Request) (kmsg.Response, error, bool) {
			w.broker.KeepControl()
			return nil, nil, !over.Load() && (len(keys) == 0 || slices.Contains(keys, kmsg.Key(r.Key())))
		})
		return func() { over.Store(true) }
	}
}

// versions requires that each of n keys stands in the topic once with each version up to the last.
func (w *world) versions(n, last int) {
	w.Helper()
	found := map[string]int{}
	err := w.cluster().Scan(w.Context(), "p.rows", kafka.ScanOptions{}, func(r kafka.Record) error {
		found[string(r.Key)+" "+fmt.Sprintf("%x", r.Value)]++
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	for at, times := range found {
		if times != 1 {
			w.Errorf("%s stands there %d times", at, times)
		}
	}
	if len(found) != n*last {
		w.Errorf("%d keys and versions, want %d", len(found), n*last)
	}
}

// A topic that is made anew under a running walk is not the one that its state belongs to: exit 2, and nothing goes on before --reset.
func TestTopicMadeAnewInMidWalk(t *testing.T) {
	w := begin(t, rows(60)...)
	const config = "commit_interval: 0s, commit_timeout: 5s"
	w.run(w.pipeline("merge", config), pipeline.ExitOK)
	w.set(func() {
		for i := range w.rows {
			w.rows[i] = row(i+1, 2)
		}
		w.before = func(offset int) {
			if offset == 40 {
				if err := errors.Join(w.broker.DeleteTopic("p.rows"), w.broker.CreateTopic("p.rows", 2, map[string]string{"cleanup.policy": "compact"})); err != nil {
					t.Error(err)
				}
				w.set(func() { w.before = nil })
			}
		}
	})
	for i := range 2 {
		if got := w.run(w.pipeline("merge", config), pipeline.ExitUsage); !strings.Contains(got.Error, "p.rows") || !strings.Contains(got.Error, "--reset") {
			t.Errorf("run %d: %q; want the topic and --reset", i, got.Error)
		}
	}
	if keys, _, _ := w.live(); len(keys) != 0 {
		t.Errorf("%d keys in a topic that is not ours", len(keys))
	}
	p := w.must(w.configured(resource("rows", "rows", ""), config, pipeline.Options{Reset: true}))
	if got := w.run(p, pipeline.ExitOK); got.Published != 60 {
		t.Errorf("after --reset: published %d, want 60", got.Published)
	}
}

// A state that cannot be read is not a state that is not there: the run ends, asks the API for nothing and publishes nothing.
func TestUnreadableState(t *testing.T) {
	w := begin(t, rows(60)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	state := w.id("p.state")
	for name, tt := range map[string]struct {
		arrange func() (mend func())
		exit    int
		says    string
	}{
		"rotten": {func() func() {
			var over atomic.Bool
			w.broker.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
				w.broker.KeepControl()
				req := r.(*kmsg.FetchRequest)
				if over.Load() || len(req.Topics) == 0 || req.Topics[0].TopicID != state && req.Topics[0].Topic != "p.state" {
					return nil, nil, false
				}
				resp := req.ResponseKind().(*kmsg.FetchResponse)
				rt := kmsg.NewFetchResponseTopic()
				rt.Topic, rt.TopicID = req.Topics[0].Topic, req.Topics[0].TopicID
				rp := kmsg.NewFetchResponseTopicPartition()
				rp.HighWatermark, rp.LastStableOffset = 1<<40, 1<<40
				rp.RecordBatches = make([]byte, 200)
				rp.RecordBatches[11], rp.RecordBatches[16] = 188, 2 // a length, the format; and no checksum that fits
				rt.Partitions = append(rt.Partitions, rp)
				resp.Topics = append(resp.Topics, rt)
				return resp, nil, true
			})
			return func() { over.Store(true) }
		}, pipeline.ExitUnavailable, "cannot be read"},
		"forbidden": {func() func() {
			return w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "p.state", Err: kerr.TopicAuthorizationFailed, Count: -1}).Remove
		}, pipeline.ExitAuth, "Read"},
	} {
		t.Run(name, func(t *testing.T) {
			w.set(func() { w.asked = nil })
			mend := tt.arrange()
			got := w.run(w.pipeline("merge", ""), tt.exit)
			if !strings.Contains(got.Error, tt.says) || !strings.Contains(got.Error, "p.state") || len(w.asked) != 0 {
				t.Errorf("%q, %d requests; want %q and p.state, none", got.Error, len(w.asked), tt.says)
			}
			mend()
			if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published != 0 || got.Unchanged != 60 {
				t.Errorf("then published %d, want nothing", got.Published)
			}
			w.versions(60, 1)
		})
	}
}

// Rights that are missing are found before the API is asked or anything is written: exit 7, with the operation and its object.
func TestRightsAreCheckedFirst(t *testing.T) {
	const (
		read, write, describe = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe
		configs, creation     = kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationCreate
	)
	allow := func(kind kmsg.ACLResourceType, name string, ops ...kmsg.ACLOperation) []kfake.ACL {
		var out []kfake.ACL
		for _, op := range ops {
			out = append(out, kfake.ACL{Resource: kind, Name: name, Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: op, Allow: true})
		}
		return out
	}
	topics, ids := kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeTransactionalId
	all := allow(topics, "p.", read, write, describe, configs, creation)
	for name, tt := range map[string]struct {
		rights []kfake.ACL
		fresh  bool // the topics are not there yet
		says   []string
	}{
		"the id":             {all, false, []string{"Write", `transactional id "producer.p.rows"`}},
		"to write the topic": {append(allow(topics, "p.", read, describe, configs, creation), allow(ids, "producer.p.", write)...), false, []string{"Write", "p.rows"}},
		"to read the topic":  {append(allow(topics, "p.", write, describe, configs, creation), allow(ids, "producer.p.", write)...), false, []string{"Read", "p.rows"}},
		"the state":          {slices.Concat(allow(topics, "p.rows", read, write, describe, configs), allow(topics, "p.schemas", read, write, describe, configs), allow(ids, "producer.p.", write)), false, []string{"p.state"}},
		"to create":          {append(allow(topics, "p.", read, write, describe, configs), allow(ids, "producer.p.", write)...), true, []string{"Create", "p."}},
		"to log in":          {nil, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := beginWith(t, rows(10), kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "root"), kfake.User("PLAIN", "u", "secret-u", tt.rights...))
			as := func(user, password string) *pipeline.Pipeline {
				return w.pipeline("merge", fmt.Sprintf("timeout: 3s, sasl: {mechanism: PLAIN, username: %s, password: %s}", user, password))
			}
			want := int64(10)
			if !tt.fresh {
				w.run(as("root", "root"), pipeline.ExitOK)
				want = 0
			}
			w.set(func() { w.asked = nil })
			password := "secret-u"
			if tt.says == nil {
				password, tt.says = "secret-wrong", []string{"not authenticated"}
				// The embedded broker hangs up on a wrong password, a real one says so (KIP-152).
				w.broker.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
					resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
					resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
					return resp, nil, true
				})
			}
			got := w.run(as("u", password), pipeline.ExitAuth)
			for _, says := range tt.says {
				if !strings.Contains(got.Error, says) {
					t.Errorf("%q does not say %q", got.Error, says)
				}
			}
			if len(w.asked) != 0 || strings.Contains(got.Error, password) {
				t.Errorf("%d requests to the API (%q); want none, and no password", len(w.asked), got.Error)
			}
			if got := w.run(as("root", "root"), pipeline.ExitOK); got.Published != want || got.Records != 10 {
				t.Errorf("with all rights: published %d, want %d", got.Published, want)
			}
		})
	}
}

// A broker whose certificate cannot be verified is not talked to: exit 5, with the reason, and nothing is asked of the API.
func TestBrokerTLS(t *testing.T) {
	server := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(server.Close)
	w := beginWith(t, rows(10), kfake.TLS(&tls.Config{Certificates: server.TLS.Certificates}))
	got := w.run(w.pipeline("merge", "timeout: 5s, tls: true"), pipeline.ExitUnavailable)
	if !strings.Contains(got.Error, "certificate") || len(w.asked) != 0 {
		t.Errorf("%q, %d requests; want the certificate named, none", got.Error, len(w.asked))
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.run(w.pipeline("merge", fmt.Sprintf("tls: {ca: %q}", ca)), pipeline.ExitOK); got.Published != 10 {
		t.Errorf("with its authority: published %d, want 10", got.Published)
	}
}
