package pipeline_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/config"
	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// configured opens a pipeline of the resources in text, a YAML list, and closes it with the test.
func (w *world) configured(resources, kafka string, o pipeline.Options) (*pipeline.Pipeline, error) {
	w.Helper()
	brokers, err := json.Marshal(w.brokers)
	if err != nil {
		w.Fatal(err)
	}
	path := filepath.Join(w.TempDir(), "config.yaml")
	text := fmt.Sprintf("pipeline: p\nsource:\n  client: {base_url: %q, retry: {max_retries: 0}}\n  resources:\n%s\nkafka: {brokers: %s, partitions: 2, replication_factor: 1, %s}\n",
		w.url, resources, brokers, kafka)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		w.Fatal(err)
	}
	p, err := pipeline.New(cfg, o)
	if err == nil {
		w.Cleanup(p.Close)
	}
	return p, err
}

// resource is one of configured's, with more keys.
func resource(name, path, more string) string {
	return fmt.Sprintf("    - {name: %s, primary_key: id, write_disposition: merge, %sendpoint: {path: %s, data_selector: data, paginator: {type: offset, limit: 10}}}\n", name, more, path)
}

func (w *world) must(p *pipeline.Pipeline, err error) *pipeline.Pipeline {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// id is what the brokers know a topic by.
func (w *world) id(topic string) (id [16]byte) {
	w.Helper()
	infos, err := w.cluster().Describe(w.Context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := base64.RawURLEncoding.Decode(id[:], []byte(infos[topic].ID)); err != nil {
		w.Fatal(err)
	}
	return id
}

// ends are the end offsets of a topic.
func (w *world) ends(topic string) []int64 {
	w.Helper()
	infos, err := w.cluster().Describe(w.Context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	return infos[topic].EndOffsets
}

// foreign commits records as another program would.
func (w *world) foreign(records ...kafka.Record) {
	w.Helper()
	p, err := w.cluster().OpenProducer(w.Context(), "stranger")
	if err != nil {
		w.Fatal(err)
	}
	defer p.Close()
	if err := p.Commit(w.Context(), kafka.Batch{Records: records}); err != nil {
		w.Fatal(err)
	}
}

// scans counts how often the topic is folded.
type scans struct {
	pipeline.Observer
	n atomic.Int64
}

func (s *scans) Start(string, string) {}
func (s *scans) Scan(_ string, done, total int64) {
	if done == total {
		s.n.Add(1)
	}
}
func (s *scans) Page(string, int, int64)                                         {}
func (s *scans) Retry(string, string, time.Duration)                             {}
func (s *scans) Commit(string, int64, int64, int64, int64, int64, time.Duration) {}
func (s *scans) End(_, _, _ string, _ time.Duration)                             {}

// The index is read once and then kept, until somebody else has written to the topic: between two cycles or during one.
func TestIndexIsKeptBetweenCycles(t *testing.T) {
	w := begin(t, rows(30)...)
	seen := new(scans)
	p := w.must(w.configured(resource("rows", "rows", ""), "commit_interval: 0s", pipeline.Options{Observer: seen}))
	for _, step := range []struct {
		what                 string
		change               func()
		published, unchanged int64
		scans                int64
	}{
		{"the first", func() {}, 30, 0, 0},
		{"nothing is new", func() {}, 0, 30, 0},
		{"one is new", func() { w.set(func() { w.rows[4] = row(5, 2) }) }, 1, 29, 0},
		{"again nothing", func() {}, 0, 30, 0},
		{"somebody deletes between two cycles", func() { w.foreign(kafka.Record{Topic: "p.rows", Partition: -1, Key: []byte("7")}) }, 1, 29, 1},
		{"somebody deletes during a cycle", func() {
			w.set(func() {
				w.before = func(offset int) {
					if offset == 20 {
						w.foreign(kafka.Record{Topic: "p.rows", Partition: -1, Key: []byte("8")})
					}
				}
			})
		}, 0, 30, 0},
		{"which the next cycle mends", func() { w.set(func() { w.before = nil }) }, 1, 29, 1},
	} {
		step.change()
		before := seen.n.Load()
		got := w.run(p, pipeline.ExitOK)
		if got.Published != step.published || got.Unchanged != step.unchanged {
			t.Errorf("%s: published %d, unchanged %d; want %d, %d", step.what, got.Published, got.Unchanged, step.published, step.unchanged)
		}
		if n := seen.n.Load() - before; step.what != "the first" && n != step.scans {
			t.Errorf("%s: the topic was folded %d times, want %d", step.what, n, step.scans)
		}
	}
}

// A newer instance takes over in the middle of a walk: the old one ends with 6 and writes nothing more.
func TestTakeoverFencesTheOldInstance(t *testing.T) {
	for _, publish := range []string{"all", "changed"} {
		t.Run(publish, func(t *testing.T) {
			w := begin(t, rows(60)...)
			arrived, release := make(chan struct{}), make(chan struct{})
			var taken atomic.Bool
			w.set(func() {
				w.before = func(offset int) {
					if offset == 40 && taken.CompareAndSwap(false, true) {
						close(arrived)
						<-release
					}
				}
			})
			kafka := "commit_interval: 0s, publish: " + publish
			old := w.pipeline("merge", kafka)
			done := make(chan pipeline.Summary)
			go func() { done <- old.Run(t.Context()) }()
			<-arrived
			newer := w.pipeline("merge", kafka)
			w.run(newer, pipeline.ExitOK)
			data, state := w.ends("p.rows"), w.ends("p.state")
			close(release)
			if sum := <-done; sum.ExitCode != pipeline.ExitFenced || !strings.Contains(sum.Error, "newer instance") {
				t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
			}
			if got := w.ends("p.rows"); !slices.Equal(got, data) {
				t.Errorf("the old one wrote: %v, was %v", got, data)
			}
			if got := w.ends("p.state"); !slices.Equal(got, state) {
				t.Errorf("the old one wrote states: %v, was %v", got, state)
			}
			if keys, records, _ := w.live(); len(keys) != 60 || records != 60 {
				t.Errorf("%d keys in %d records, want 60 in 60", len(keys), records)
			}
			w.run(newer, pipeline.ExitOK)
		})
	}
}

func lie(n int64) bool { return n == 1 || n == 3 || n == 6 }

// liar stands before a broker. Of some transactions it says that their end failed, whatever it did.
type liar struct {
	net.Listener
	lies bool
	n    atomic.Int64
}

func (l *liar) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &liarConn{Conn: c, liar: l, ends: map[[4]byte]bool{}}, nil
}

type liarConn struct {
	net.Conn
	liar *liar
	mu   sync.Mutex
	in   []byte           // of a request that is not whole yet
	ends map[[4]byte]bool // correlation ids of EndTxn requests
}

func (c *liarConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = append(c.in, b[:n]...)
	for len(c.in) >= 12 && len(c.in) >= 4+int(binary.BigEndian.Uint32(c.in)) {
		if kmsg.Key(binary.BigEndian.Uint16(c.in[4:])) == kmsg.EndTxn {
			c.ends[[4]byte(c.in[8:])] = true
		}
		c.in = c.in[4+int(binary.BigEndian.Uint32(c.in)):]
	}
	return n, err
}

func (c *liarConn) Write(b []byte) (int, error) {
	const code = 4 + 4 + 1 + 4 // after size, correlation id, tags and throttle time
	c.mu.Lock()
	if len(b) >= code+2 && c.ends[[4]byte(b[4:])] && c.liar.lies && lie(c.liar.n.Add(1)) {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint16(b[code:], 0xFFFF) // UNKNOWN_SERVER_ERROR
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// A commit that was answered with nothing of use is neither lost nor made twice, whether it was made or not: the state decides.
func TestUnknownOutcomeIsReadBack(t *testing.T) {
	for _, made := range []bool{true, false} {
		t.Run(fmt.Sprint("made ", made), func(t *testing.T) {
			t.Parallel()
			l := &liar{lies: made}
			w := beginWith(t, rows(40), kfake.ListenFn(func(network, addr string) (_ net.Listener, err error) {
				l.Listener, err = net.Listen(network, addr)
				return l, err
			}))
			w.broker.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
				if w.broker.KeepControl(); made || !r.(*kmsg.EndTxnRequest).Commit || !lie(l.n.Add(1)) {
					return nil, nil, false
				}
				resp := r.ResponseKind().(*kmsg.EndTxnResponse)
				resp.ErrorCode = kerr.UnknownServerError.Code
				return resp, nil, true
			})
			got := w.run(w.pipeline("merge", "commit_interval: 0s, publish: all"), pipeline.ExitOK)
			if got.Published != 40 || got.Pages != 4 || l.n.Load() < 6 {
				t.Errorf("published %d in %d pages, %d ends of transactions; want 40, 4, 6 or more", got.Published, got.Pages, l.n.Load())
			}
			if keys, records, _ := w.live(); len(keys) != 40 || records != 40 {
				t.Errorf("%d keys in %d records, want 40 in 40", len(keys), records)
			}
		})
	}
}

// A signal while the brokers hang: the run ends in time, with the signal's code, and leaves no goroutine behind.
func TestSignalWhileTheBrokersHang(t *testing.T) {
	t.Parallel()
	w := begin(t, rows(40)...)
	hung := make(chan struct{})
	var once sync.Once
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		if topics := r.(*kmsg.ProduceRequest).Topics; len(topics) == 1 { // a schema's
			return nil, nil, false
		}
		once.Do(func() { close(hung) })
		return nil, nil, true
	})
	p := w.pipeline("merge", "commit_interval: 0s")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-hung
		cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
	}()
	sum := p.Run(ctx)
	if sum.ExitCode != pipeline.ExitTerminate || sum.Status != pipeline.Interrupted {
		t.Errorf("exit %d, status %s (%s); want 143, interrupted", sum.ExitCode, sum.Status, sum.Error)
	}
	stacks := make([]byte, 1<<20)
	if text := string(stacks[:runtime.Stack(stacks, true)]); strings.Contains(text, "pipeline.(*worker).launch") {
		t.Error("a commit is still under way")
	}
}

// What a signal finds in hand is committed, and the next run goes on from there.
func TestSignalCommitsWhatIsInHand(t *testing.T) {
	w := begin(t, rows(60)...)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.set(func() {
		w.before = func(offset int) {
			if offset == 40 {
				cancel(&pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"})
			}
		}
	})
	sum := w.pipeline("merge", "commit_interval: 1h").Run(ctx)
	r := sum.Resources[0]
	if sum.ExitCode != pipeline.ExitInterrupt || r.Status != pipeline.Interrupted || r.Records%10 != 0 || r.Records < 20 || r.Records != r.Published {
		t.Errorf("exit %d, status %s, %d records, %d published; want 130, interrupted, whole pages", sum.ExitCode, r.Status, r.Records, r.Published)
	}
	w.set(func() { w.before = nil })
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published+r.Published != 60 || got.Proof != pipeline.Resumed {
		t.Errorf("then published %d, proof %s; want %d, resumed", got.Published, got.Proof, 60-r.Published)
	}
}

// --reset moves what stands in a wrong partition, and lets what was deleted rest.
func TestResetMovesStrays(t *testing.T) {
	w := begin(t, rows(30)...)
	w.run(w.pipeline("merge", ""), pipeline.ExitOK)
	var lost, deleted []byte
	for i := range 30 {
		key := []byte(strconv.Itoa(i + 1))
		if kafka.Partition(key, 2) == kafka.Partition(key, 3) {
			continue
		}
		if lost == nil {
			lost = key
		} else {
			deleted = key
			break
		}
	}
	admin := w.cluster()
	w.addPartitions("p.rows", 3)
	if _, err := admin.Describe(t.Context(), "p.rows"); err != nil {
		t.Fatal(err)
	}
	// One key was deleted after the change: its old record must not come back.
	w.foreign(kafka.Record{Topic: "p.rows", Partition: kafka.Partition(deleted, 3), Key: deleted, Timestamp: time.Now().Add(time.Second)})
	w.set(func() {
		w.rows = slices.DeleteFunc(w.rows, func(s string) bool { return strings.HasPrefix(s, `{"id":`+string(deleted)+`,`) })
	})
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitUsage); !strings.Contains(got.Error, "--reset") {
		t.Errorf("a changed partition count: %q does not name --reset", got.Error)
	}
	p := w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{Reset: true}))
	if got := w.run(p, pipeline.ExitOK); got.Published != 0 || got.Unchanged != 29 {
		t.Errorf("published %d, unchanged %d; want 0, 29: all are in the topic", got.Published, got.Unchanged)
	}
	type place struct {
		key       string
		partition int32
	}
	live := map[place]bool{}
	err := admin.Scan(t.Context(), "p.rows", kafka.ScanOptions{}, func(r kafka.Record) error {
		live[place{string(r.Key), r.Partition}] = r.Value != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		key := strconv.Itoa(i + 1)
		for partition := range int32(3) {
			want := partition == kafka.Partition([]byte(key), 3) && key != string(deleted)
			if live[place{key, partition}] != want {
				t.Errorf("key %s in partition %d: live %v, want %v", key, partition, !want, want)
			}
		}
	}
	w.run(p, pipeline.ExitOK)
}

func (w *world) addPartitions(topic string, n int32) {
	w.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, n
	req.Topics = append(req.Topics, t)
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...))
	if err != nil {
		w.Fatal(err)
	}
	defer cl.Close()
	resp, err := req.RequestWith(w.Context(), cl)
	if err != nil {
		w.Fatal(err)
	}
	if err := kerr.ErrorForCode(resp.Topics[0].ErrorCode); err != nil {
		w.Fatal(err)
	}
}

// A resource that its turn did not come to in the first cycle is adopted in a later one.
func TestResetReachesAllResources(t *testing.T) {
	w := begin(t, rows(20)...)
	two := resource("rows", "rows", "") + resource("others", "rows", "")
	first := w.must(w.configured(two, "", pipeline.Options{}))
	w.run(first, pipeline.ExitOK)
	first.Close()
	w.foreign(kafka.Record{Topic: "p.state", Partition: -1, Key: []byte("others")}) // its state is gone: exit 2 without --reset
	p := w.must(w.configured(two, "", pipeline.Options{Reset: true}))
	ctx, cancel := context.WithCancelCause(t.Context())
	w.set(func() {
		w.before = func(int) { cancel(&pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"}) }
	})
	if sum := p.Run(ctx); sum.ExitCode != pipeline.ExitInterrupt {
		t.Fatalf("exit %d (%s), want 130", sum.ExitCode, sum.Error)
	}
	w.set(func() { w.before = nil })
	if sum := p.Run(t.Context()); sum.ExitCode != pipeline.ExitOK {
		t.Errorf("exit %d (%s), want 0", sum.ExitCode, sum.Error)
	}
}

// A contract that discards every row leaves an empty topic: that is no loss.
func TestAllRowsMayBeDiscarded(t *testing.T) {
	w := begin(t)
	for i := range 20 {
		w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"version":"x"}`, i+1))
	}
	schemas := t.TempDir()
	pin := `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"version","type":["null","long"],"default":null}]}`
	if err := os.WriteFile(filepath.Join(schemas, "rows.avsc"), []byte(pin), 0o600); err != nil {
		t.Fatal(err)
	}
	strict := resource("rows", "rows", "schema_contract: {data_type: discard_row}, ")
	p := w.must(w.configured(strict, "}\nschema: {directory: "+schemas, pipeline.Options{}))
	for range 2 {
		if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 20 || got.Published != 0 {
			t.Errorf("%d dead letters, %d published; want 20, 0", got.DeadLettered, got.Published)
		}
	}
}

// A row that the contract discards is a dead letter, in the transaction of its page; its key keeps what it has.
func TestDiscardedRowsAreDeadLetters(t *testing.T) {
	w := begin(t, rows(30)...)
	frozen := resource("rows", "rows", "schema_contract: {data_type: discard_row, columns: freeze}, ")
	p := w.must(w.configured(frozen, "commit_interval: 10s", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[11] = `{"id":12,"version":"two"}`; w.rows[20] = row(21, 2) })
	got := w.run(p, pipeline.ExitOK)
	if got.DeadLettered != 1 || got.Published != 1 || got.Unchanged != 28 || got.Records != 30 {
		t.Errorf("%+v; want 1 dead letter, 1 published, 28 unchanged", got)
	}
	letters := 0
	err := w.cluster().Scan(t.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		letters++
		if string(r.Key) != "12" || string(r.Value) != `{"id":12,"version":"two"}` || len(r.Headers) != 2 || string(r.Headers[1].Value) != "version" {
			t.Errorf("dead letter %s: %s %v", r.Key, r.Value, r.Headers)
		}
		return nil
	})
	if err != nil || letters != 1 {
		t.Errorf("%d dead letters, %v; want 1", letters, err)
	}
	if keys, _, _ := w.live(); len(keys) != 30 {
		t.Errorf("%d keys, want 30: the dead letter's key keeps what it has", len(keys))
	}
}

// Dead letters and records stand or fall together.
func TestDeadLettersAreAtomic(t *testing.T) {
	w := begin(t, rows(10)...)
	p := w.must(w.configured(resource("rows", "rows", "schema_contract: {data_type: discard_row}, "), "commit_timeout: 5s", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[3], w.rows[4] = `{"id":4,"version":"x"}`, row(5, 2) })
	fault := w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "p.rows.dlq", Err: kerr.InvalidRecord, Count: -1})
	if sum := p.Run(t.Context()); sum.ExitCode != pipeline.ExitData || sum.Resources[0].Published != 0 {
		t.Errorf("exit %d (%s), published %d; want 4, nothing", sum.ExitCode, sum.Error, sum.Resources[0].Published)
	}
	fault.Remove()
	if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 1 || got.Published != 1 {
		t.Errorf("%d dead letters, %d published; want 1, 1", got.DeadLettered, got.Published)
	}
}

func TestContractsThatAreRefused(t *testing.T) {
	w := begin(t)
	for _, contract := range []string{"discard_value", "{columns: discard_value}", "{data_type: discard_value}", "{tables: discard_value}"} {
		_, err := w.configured(resource("rows", "rows", "schema_contract: "+contract+", "), "", pipeline.Options{})
		if pipeline.ExitCode(err) != pipeline.ExitUsage || !strings.Contains(fmt.Sprint(err), "schema_contract") || !strings.Contains(fmt.Sprint(err), "discard_value") {
			t.Errorf("%s: %v; want exit 2 that names it", contract, err)
		}
	}
}

// Deletes that are asked for by id: gone ones get a tombstone, living ones are published.
func TestDeletesAskById(t *testing.T) {
	w := begin(t, rows(30)...)
	gone := map[string]int{"7": http.StatusNotFound, "8": http.StatusGone}
	items := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if id, ok := strings.CutPrefix(r.URL.Path, "/rows/"); ok {
			w.mu.Lock()
			status := gone[id]
			w.mu.Unlock()
			if status != 0 {
				http.Error(rw, "no", status)
				return
			}
			n, _ := strconv.Atoi(id)
			fmt.Fprintf(rw, `{"data":%s}`, row(n, 9))
			return
		}
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(items.Close)
	w.url = items.URL
	p := w.must(w.configured(resource("rows", "rows", `kafka: {deletes: {confirm: {path: "/rows/{id}"}}}, `), "", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() {
		w.rows = slices.DeleteFunc(rows(30), func(s string) bool { return slices.Contains([]string{row(7, 1), row(8, 1), row(9, 1)}, s) })
	})
	got := w.run(p, pipeline.ExitOK)
	if got.Tombstones != 2 || got.Published != 1 || got.Proof != pipeline.Proven {
		t.Errorf("%d tombstones, %d published, proof %s; want 2, 1 (which the listing hides), proven", got.Tombstones, got.Published, got.Proof)
	}
	if keys, _, _ := w.live(); len(keys) != 28 || slices.Contains(keys, "7") || !slices.Contains(keys, "9") {
		t.Errorf("keys %v", keys)
	}
	// A path that finds nothing at all deletes nothing.
	w.set(func() {
		w.rows = w.rows[:20]
		for i := range 31 {
			gone[strconv.Itoa(i)] = http.StatusNotFound
		}
	})
	if got := w.run(p, pipeline.ExitLimit); got.Tombstones != 0 {
		t.Errorf("%d tombstones by a path that finds nothing", got.Tombstones)
	}
}

// The topic of the states must be a table: retention would forget where resources stand.
func TestStateTopicMustBeCompacted(t *testing.T) {
	w := begin(t, rows(10)...)
	err := w.cluster().Create(t.Context(), []kafka.TopicSpec{{Name: "p.state", Partitions: 1, ReplicationFactor: 1,
		Config: map[string]string{"cleanup.policy": "delete"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitUsage); !strings.Contains(got.Error, "p.state") || len(w.asked) != 0 {
		t.Errorf("%q, %d requests; want the topic named, none", got.Error, len(w.asked))
	}
}

// What took over while a schema was being stored is not fenced in turn, whatever the old instance was told of that commit.
func TestStoringASchemaFencesNoNewerInstance(t *testing.T) {
	w := begin(t, rows(30)...)
	old, newer := w.pipeline("merge", "commit_interval: 0s"), w.pipeline("merge", "commit_interval: 0s")
	w.run(old, pipeline.ExitOK)
	w.set(func() { w.rows[15] = `{"id":16,"version":1,"more":true}` })
	var storing, taken atomic.Bool
	schemas := w.id("p.schemas")
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			storing.Store(storing.Load() || topic.TopicID == schemas || topic.Topic == "p.schemas")
		}
		return nil, nil, false
	})
	w.broker.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if w.broker.KeepControl(); !storing.Load() || !taken.CompareAndSwap(false, true) {
			return nil, nil, false
		}
		w.broker.SleepControl(func() { newer.Run(t.Context()) })
		resp := r.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.UnknownServerError.Code
		return resp, nil, true
	})
	if sum := old.Run(t.Context()); sum.ExitCode != pipeline.ExitFenced {
		t.Errorf("the old one: exit %d (%s), want 6", sum.ExitCode, sum.Error)
	}
	if !taken.Load() {
		t.Fatal("no schema was stored")
	}
	if got := w.run(newer, pipeline.ExitOK); got.Unchanged != 30 {
		t.Errorf("the newer one finds %d unchanged, want 30", got.Unchanged)
	}
}

// noise is text that doesn't compress.
func noise(n int) string {
	var b strings.Builder
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b.WriteByte('A' + byte(x>>24)%26)
	}
	return b.String()
}

// A record that the brokers refuse for its size is named, and the pages before it are kept: also without a key, and of dead letters.
func TestTooLargeKeepsThePagesBefore(t *testing.T) {
	keyless := "    - {name: rows, write_disposition: append, schema_contract: {data_type: discard_row}, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n"
	for name, tt := range map[string]struct{ resources, policy, row string }{
		"record":      {resource("rows", "rows", ""), "compact", `{"id":26,"text":"%s"}`},
		"keyless":     {keyless, "delete", `{"id":26,"text":"%s"}`},
		"dead letter": {keyless, "delete", `{"id":26,"version":"%s"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, rows(40)...)
			var specs []kafka.TopicSpec
			for topic, policy := range map[string]string{"p.rows": tt.policy, "p.rows.dlq": "delete"} {
				specs = append(specs, kafka.TopicSpec{Name: topic, Partitions: 2, ReplicationFactor: 1,
					Config: map[string]string{"cleanup.policy": policy, "max.message.bytes": "20000"}})
			}
			if err := w.cluster().Create(t.Context(), specs); err != nil {
				t.Fatal(err)
			}
			p := w.must(w.configured(tt.resources, "commit_interval: 10s, compression: none", pipeline.Options{}))
			w.run(p, pipeline.ExitOK) // the schema stands
			w.set(func() {
				for i := range w.rows {
					w.rows[i] = row(i+1, 2)
				}
				w.rows[25] = fmt.Sprintf(tt.row, noise(60_000))
			})
			got := w.run(p, pipeline.ExitData)
			if got.Published != 20 || got.Pages != 2 || got.DeadLettered != 0 || !strings.Contains(got.Error, "offset 20") {
				t.Errorf("published %d, %d pages, %d dead letters (%.200s); want the 20 rows of 2 pages, and offset 20 named", got.Published, got.Pages, got.DeadLettered, got.Error)
			}
			w.set(func() { w.rows[25] = row(26, 2) })
			if got := w.run(p, pipeline.ExitOK); got.Published != 20 {
				t.Errorf("then published %d, want the 20 that were left", got.Published)
			}
		})
	}
}

// A dead letter of a record that has no key has none either.
func TestDeadLettersWithoutAKey(t *testing.T) {
	w := begin(t, rows(10)...)
	p := w.must(w.configured("    - {name: rows, write_disposition: append, schema_contract: {data_type: discard_row}, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}\n",
		"", pipeline.Options{}))
	w.run(p, pipeline.ExitOK)
	w.set(func() { w.rows[3] = `{"id":4,"version":"x"}` })
	if got := w.run(p, pipeline.ExitOK); got.DeadLettered != 1 || got.Published != 9 {
		t.Errorf("%d dead letters, %d published; want 1, 9", got.DeadLettered, got.Published)
	}
	err := w.cluster().Scan(t.Context(), "p.rows.dlq", kafka.ScanOptions{}, func(r kafka.Record) error {
		if r.Key != nil {
			t.Errorf("key %q, want none", r.Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A signal outranks what failed beside it.
func TestSignalOutranksAFailure(t *testing.T) {
	w := begin(t, rows(20)...)
	p := w.must(w.configured(resource("rows", "rows", "")+resource("others", "rows", ""), "", pipeline.Options{}))
	ctx, cancel := context.WithCancelCause(t.Context())
	var requests atomic.Int64
	w.set(func() {
		w.fail[0] = true
		w.before = func(int) {
			if requests.Add(1) == 2 {
				cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
			}
		}
	})
	sum := p.Run(ctx)
	if sum.ExitCode != pipeline.ExitTerminate || sum.Status != pipeline.Failed || sum.Resources[0].Status != pipeline.Failed || sum.Resources[1].Status != pipeline.Interrupted {
		t.Errorf("exit %d, %s, %s, %s; want 143, failed, failed, interrupted", sum.ExitCode, sum.Status, sum.Resources[0].Status, sum.Resources[1].Status)
	}
}

// Kafka's failure ends the run: the resources after it are not begun, and the API is not asked for them.
func TestNotBegun(t *testing.T) {
	w := begin(t, rows(20)...)
	p := w.must(w.configured(resource("rows", "rows", "")+resource("others", "rows", ""), "commit_timeout: 3s", pipeline.Options{}))
	w.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: "producer.p.rows", Err: kerr.ProducerFenced, Count: -1})
	sum := p.Run(t.Context())
	if sum.ExitCode != pipeline.ExitFenced || sum.Resources[1].Status != pipeline.Failed || !strings.HasPrefix(sum.Resources[1].Error, "not begun") {
		t.Errorf("exit %d, %s: %s; want 6, failed: not begun", sum.ExitCode, sum.Resources[1].Status, sum.Resources[1].Error)
	}
}
