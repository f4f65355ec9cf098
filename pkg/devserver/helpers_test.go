package devserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"producer/pkg/devserver"
)

// small keeps the start of tests short that don't look at the data.
var small = devserver.Options{Contacts: 250, Companies: 30, Deals: 40}

func start(t *testing.T, o devserver.Options) *devserver.Server {
	t.Helper()
	s, err := devserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return s
}

// fetch sends a request and returns the response, its body read.
func fetch(t *testing.T, method, address, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

type page struct {
	Data  []json.RawMessage `json:"data"`
	Total int               `json:"total"`
}

// list asks for a page, again as often as the API says to.
func list(t *testing.T, s *devserver.Server, resource, query string) page {
	t.Helper()
	address := s.APIURL() + "/v1/" + resource + "?api_key=" + url.QueryEscape(s.Key()) + query
	for {
		resp, text := fetch(t, http.MethodGet, address, "")
		if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
			continue
		}
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s: %s", query, resp.Status, text)
		}
		var p page
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return p
	}
}

// all walks a resource to its end.
func all(t *testing.T, s *devserver.Server, resource string) []json.RawMessage {
	t.Helper()
	var records []json.RawMessage
	for {
		p := list(t, s, resource, fmt.Sprintf("&limit=100&offset=%d", len(records)))
		if len(p.Data) == 0 {
			if len(records) != p.Total {
				t.Errorf("%s: %d records, but a total of %d", resource, len(records), p.Total)
			}
			return records
		}
		records = append(records, p.Data...)
	}
}

// client returns a client of the broker.
func client(t *testing.T, s *devserver.Server, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.Brokers()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// transact produces the records (key, value, key, value, …) one by one to topic t in a transaction that is left open.
func transact(t *testing.T, c *kgo.Client, keyValues ...string) {
	t.Helper()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(keyValues); i += 2 {
		r := &kgo.Record{Topic: "t", Key: []byte(keyValues[i]), Value: []byte(keyValues[i+1])}
		if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func end(t *testing.T, c *kgo.Client, how kgo.TransactionEndTry) {
	t.Helper()
	if err := c.EndTransaction(t.Context(), how); err != nil {
		t.Fatal(err)
	}
}

// read returns the committed records of topic t up to and with the key "end", as key=value.
func read(t *testing.T, s *devserver.Server) string {
	t.Helper()
	c := client(t, s, kgo.ConsumeTopics("t"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	for {
		fs := c.PollFetches(ctx)
		if err := fs.Err(); err != nil {
			t.Fatalf("%v, after %v", err, got)
		}
		for it := fs.RecordIter(); !it.Done(); {
			r := it.Next()
			if string(r.Key) == "end" {
				return strings.Join(got, " ")
			}
			got = append(got, fmt.Sprintf("%s=%s", r.Key, r.Value))
		}
	}
}
