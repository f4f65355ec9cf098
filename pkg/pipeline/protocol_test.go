package pipeline_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"producer/pkg/checkpoint"
	"producer/pkg/config"
	"producer/pkg/kafka"
	"producer/pkg/pipeline"
)

// world is a pipeline of one resource, its source and its broker.
type world struct {
	*testing.T
	broker  *kfake.Cluster
	brokers []string
	url     string

	mu     sync.Mutex
	rows   []string
	asked  []int            // offsets
	before func(offset int) // runs before a page is answered
	fail   map[int]bool     // offsets that are answered with 400
}

func begin(t *testing.T, rows ...string) *world {
	t.Helper()
	return beginWith(t, rows)
}

func beginWith(t *testing.T, rows []string, o ...kfake.Opt) *world {
	t.Helper()
	broker, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	w := &world{T: t, broker: broker, brokers: broker.ListenAddrs(), rows: rows, fail: map[int]bool{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	if before != nil {
		before(offset)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, offset)
	if w.fail[offset] {
		http.Error(rw, "no", http.StatusBadRequest)
		return
	}
	from := min(offset, len(w.rows))
	page := w.rows[from:min(from+limit, len(w.rows))]
	fmt.Fprintf(rw, `{"data":[%s],"total":%d}`, strings.Join(page, ","), len(w.rows))
}

// set changes the source.
func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// pipeline opens one with pages of 10 rows, and closes it with the test. extra is added to the block kafka.
func (w *world) pipeline(disposition, extra string) *pipeline.Pipeline {
	w.Helper()
	brokers, err := json.Marshal(w.brokers)
	if err != nil {
		w.Fatal(err)
	}
	path := filepath.Join(w.TempDir(), "config.yaml")
	text := fmt.Sprintf(`
pipeline: p
source:
  client: {base_url: %q}
  resources:
    - {name: rows, primary_key: id, write_disposition: %s, endpoint: {path: rows, data_selector: data, paginator: {type: offset, limit: 10}}}
kafka: {brokers: %s, partitions: 2, replication_factor: 1, %s}
`, w.url, disposition, brokers, extra)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		w.Fatal(err)
	}
	p, err := pipeline.New(cfg, pipeline.Options{})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(p.Close)
	return p
}

func (w *world) run(p *pipeline.Pipeline, want int) pipeline.Resource {
	w.Helper()
	sum := p.Run(w.Context())
	if sum.ExitCode != want {
		w.Fatalf("exit %d (%s), want %d", sum.ExitCode, sum.Error, want)
	}
	return sum.Resources[0]
}

func (w *world) cluster() *kafka.Cluster {
	w.Helper()
	c, err := kafka.Open(w.Context(), kafka.Options{Brokers: w.brokers})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(c.Close)
	return c
}

// live are the keys of the topic, and how many records and tombstones it holds in all.
func (w *world) live() (keys []string, records, tombstones int) {
	w.Helper()
	m := map[string]bool{}
	err := w.cluster().Scan(w.Context(), "p.rows", kafka.ScanOptions{}, func(r kafka.Record) error {
		if m[string(r.Key)] = r.Value != nil; r.Value == nil {
			tombstones++
		} else {
			records++
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	for k, there := range m {
		if there {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys, records, tombstones
}

func row(id, version int) string { return fmt.Sprintf(`{"id":%d,"version":%d}`, id, version) }

func rows(n int) []string {
	var out []string
	for i := range n {
		out = append(out, row(i+1, 1))
	}
	return out
}

// Without a path to ask by, a key must be missing from two proven walks in a row.
func TestDeletesNeedTwoWalks(t *testing.T) {
	w := begin(t, rows(60)...)
	p := w.pipeline("merge", "deletes: confirmed")
	w.run(p, pipeline.ExitOK)
	gone := func(ids ...int) {
		w.set(func() {
			w.rows = slices.DeleteFunc(rows(60), func(s string) bool {
				return slices.ContainsFunc(ids, func(id int) bool { return s == row(id, 1) })
			})
		})
	}
	for i, step := range []struct {
		gone []int
		want int64 // tombstones
	}{{[]int{7}, 0}, {[]int{8}, 0}, {[]int{7, 8}, 1}, {[]int{7, 8}, 1}, {[]int{7, 8}, 0}} {
		gone(step.gone...)
		if got := w.run(p, pipeline.ExitOK); got.Tombstones != step.want || got.Proof != pipeline.Proven {
			t.Errorf("step %d: %d tombstones, proof %s; want %d, proven", i, got.Tombstones, got.Proof, step.want)
		}
	}
	if keys, _, _ := w.live(); len(keys) != 58 {
		t.Errorf("%d keys live, want 58", len(keys))
	}
}

// What a commit that failed held is not known to the topic: the next cycle of the same process publishes it.
func TestIndexFollowsTheTopic(t *testing.T) {
	w := begin(t, rows(30)...)
	c := w.cluster()
	err := c.Create(t.Context(), []kafka.TopicSpec{{Name: "p.rows", Partitions: 2, ReplicationFactor: 1,
		Config: map[string]string{"cleanup.policy": "compact", "max.message.bytes": "20000"}}})
	if err != nil {
		t.Fatal(err)
	}
	var noise strings.Builder
	for i, x := 0, uint32(1); i < 60_000; i++ {
		x = x*1664525 + 1013904223
		noise.WriteByte('A' + byte(x>>24)%26)
	}
	w.rows[25] = fmt.Sprintf(`{"id":26,"version":1,"text":%q}`, noise.String())
	p := w.pipeline("merge", "commit_interval: 10s, compression: none")
	if got := w.run(p, pipeline.ExitData); got.Published != 20 {
		t.Errorf("published %d, want the 20 rows of the pages before", got.Published)
	}
	w.set(func() { w.rows[25] = row(26, 2) })
	w.run(p, pipeline.ExitOK)
	if keys, records, _ := w.live(); len(keys) != 30 || records != 30 {
		t.Errorf("%d keys and %d records, want 30", len(keys), records)
	}

	// Nor does it hide what somebody else did to the topic between two cycles.
	stranger, err := c.OpenProducer(t.Context(), "stranger")
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	tombstone := kafka.Record{Topic: "p.rows", Partition: -1, Key: []byte("7")}
	if err := stranger.Commit(t.Context(), kafka.Batch{Records: []kafka.Record{tombstone}}); err != nil {
		t.Fatal(err)
	}
	if got := w.run(p, pipeline.ExitOK); got.Published != 1 || got.Unchanged != 29 {
		t.Errorf("published %d, unchanged %d; want 1 and 29", got.Published, got.Unchanged)
	}
}

// Of a key that stands twice in a page or a batch, the last record counts.
func TestLastOfAKeyWins(t *testing.T) {
	w := begin(t, append(rows(15), row(3, 2), row(14, 2), row(3, 3))...)
	got := w.run(w.pipeline("merge", "commit_interval: 10s"), pipeline.ExitOK)
	if got.Published != 15 || got.Duplicates != 3 || got.Proof != pipeline.Drifted {
		t.Errorf("published %d, duplicates %d, proof %s; want 15, 3, drifted", got.Published, got.Duplicates, got.Proof)
	}
	w.set(func() {
		w.rows = append(rows(15), row(3, 2), row(14, 2))
		w.rows = w.rows[:15]
		w.rows[2], w.rows[13] = row(3, 3), row(14, 2)
	})
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published != 0 || got.Unchanged != 15 {
		t.Errorf("published %d, unchanged %d; want 0 and 15: the last records of the keys are in the topic", got.Published, got.Unchanged)
	}
}

// A walk under which the listing changed deletes nothing, and more than max_deletes is nobody's wish.
func TestNothingIsDeletedInDoubt(t *testing.T) {
	w := begin(t, rows(60)...)
	p := w.pipeline("replace", "max_deletes: 10")
	w.run(p, pipeline.ExitOK)
	w.set(func() {
		w.before = func(offset int) {
			if offset == 30 {
				w.set(func() { w.rows, w.before = w.rows[1:], nil })
			}
		}
	})
	if got := w.run(p, pipeline.ExitOK); got.Tombstones != 0 || got.Proof != pipeline.Drifted {
		t.Errorf("%d tombstones, proof %s; want 0, drifted", got.Tombstones, got.Proof)
	}
	w.set(func() { w.rows = rows(60)[:49] })
	if got := w.run(p, pipeline.ExitLimit); got.Tombstones != 0 {
		t.Errorf("%d tombstones beyond max_deletes", got.Tombstones)
	}
	w.set(func() { w.rows = rows(60)[:50] })
	if got := w.run(p, pipeline.ExitOK); got.Tombstones != 10 {
		t.Errorf("%d tombstones, want 10", got.Tombstones)
	}
	if keys, _, tombstones := w.live(); len(keys) != 50 || tombstones != 10 {
		t.Errorf("%d keys live and %d tombstones, want 50 and 10", len(keys), tombstones)
	}
}

// Each commit moves the state on by one, and the walk's end is the last.
func TestStateGoesWithItsRecords(t *testing.T) {
	w := begin(t, rows(30)...)
	w.run(w.pipeline("merge", "commit_interval: 0s"), pipeline.ExitOK)
	var seqs []int64
	err := w.cluster().Scan(t.Context(), "p.state", kafka.ScanOptions{}, func(r kafka.Record) error {
		s, err := checkpoint.Parse(r.Value)
		seqs = append(seqs, s.Seq)
		return err
	})
	if want := []int64{1, 2, 3, 4}; err != nil || !slices.Equal(seqs, want) {
		t.Errorf("seqs %v, %v; want %v", seqs, err, want)
	}
}
