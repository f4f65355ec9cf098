package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// A transaction is closed at the same sizes as the program's.
const (
	batchRecords = 10_000
	batchBytes   = 8 << 20
	batchTime    = time.Second
)

// page is what the API answers, decoded as a program without a tape of its own would.
type page struct {
	Data  []map[string]any `json:"data"`
	Total int              `json:"total"`
}

// runAlternative walks the API with net/http and encoding/json, encodes with goavro and produces in transactions. Like the program it
// asks one page ahead. It keeps no state, compares nothing and retries nothing.
func runAlternative(ctx context.Context, args []string) error {
	if len(args) != 4 {
		return errors.New("usage: bench -alternative API BROKER TOPIC PAGE")
	}
	limit, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	codec, err := goavro.NewCodec(contactsSchema)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(args[1]), kgo.TransactionalID("bench."+args[2]), kgo.DefaultProduceTopic(args[2]),
		kgo.ProducerBatchCompression(kgo.SnappyCompression()), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	if err != nil {
		return err
	}
	defer client.Close()

	g, ctx := errgroup.WithContext(ctx)
	pages := make(chan page)
	g.Go(func() error {
		defer close(pages)
		return fetch(ctx, args[0], limit, pages)
	})
	g.Go(func() error { return produce(ctx, client, codec, pages) })
	return g.Wait()
}

func fetch(ctx context.Context, api string, limit int, pages chan<- page) error {
	for offset, total := 0, 1; offset < total; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/contacts?limit=%d&offset=%d", api, limit, offset), nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		var p page
		d := json.NewDecoder(resp.Body)
		d.UseNumber()
		err = errors.Join(d.Decode(&p), resp.Body.Close())
		if err != nil {
			return err
		}
		select {
		case pages <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		offset, total = offset+len(p.Data), p.Total
	}
	return nil
}

func produce(ctx context.Context, client *kgo.Client, codec *goavro.Codec, pages <-chan page) error {
	header := binary.LittleEndian.AppendUint64([]byte{0xc3, 1}, codec.Rabin)
	var batch []*kgo.Record
	var size int
	closing := time.Now().Add(batchTime)
	for p := range pages {
		for _, row := range p.Data {
			key := row["id"].(json.Number).String()
			value, err := codec.BinaryFromNative(append([]byte(nil), header...), native(row))
			if err != nil {
				return err
			}
			batch, size = append(batch, &kgo.Record{Key: []byte(key), Value: value}), size+len(value)
		}
		if len(batch) >= batchRecords || size >= batchBytes || time.Now().After(closing) {
			if err := commit(ctx, client, batch); err != nil {
				return err
			}
			batch, size, closing = nil, 0, time.Now().Add(batchTime)
		}
	}
	return commit(ctx, client, batch)
}

func commit(ctx context.Context, client *kgo.Client, batch []*kgo.Record) error {
	if len(batch) == 0 {
		return nil
	}
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	if err := client.ProduceSync(ctx, batch...).FirstErr(); err != nil {
		return err
	}
	return client.EndTransaction(ctx, kgo.TryCommit)
}

// doubles are the fields whose numbers are no longs; goavro wants each number in the Go type of its field, and unions tagged.
var doubles = map[string]bool{"lead_score": true, "lat": true, "lon": true}

var names = map[string]string{"address": "bench.contacts_address", "location": "bench.contacts_address_location"}

func native(row map[string]any) map[string]any {
	out := make(map[string]any, len(row))
	for name, v := range row {
		switch v := v.(type) {
		case string:
			out[name] = goavro.Union("string", v)
		case bool:
			out[name] = goavro.Union("boolean", v)
		case []any:
			out[name] = goavro.Union("array", v)
		case map[string]any:
			out[name] = goavro.Union(names[name], native(v))
		case json.Number:
			out[name] = number(name, v)
		}
	}
	return out
}

func number(name string, n json.Number) any {
	if doubles[name] {
		f, _ := n.Float64()
		return goavro.Union("double", f)
	}
	i, _ := n.Int64()
	if name == "id" {
		return i
	}
	return goavro.Union("long", i)
}
