package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"producer/pkg/kafka"
	"producer/pkg/record"
	"producer/pkg/rest"
	"producer/pkg/schema"
	"producer/pkg/table"
)

// What the program costs without JSON: the same requests, index and transactions, by its own packages, but nobody looks into the pages.
// What the program makes of them is read from a file: of each record the key, the value and the hash.

// writeEncoded makes the file, by the program's own encoder and with its frame.
func writeEncoded(file string, pages *pages) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	s, err := schema.Parse([]byte(contactsSchema))
	if err != nil {
		return err
	}
	enc, err := schema.Compile(s, contactsOptions)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	fingerprint := s.Fingerprint()
	frame := append([]byte{0xc3, 1}, fingerprint[:]...)
	var tape record.Tape
	var hasher record.Hasher
	var key, value []byte
	for _, body := range pages.bodies {
		if err := tape.Parse(body, 500); err != nil {
			return err
		}
		rows, _ := tape.Root().Get("data")
		for row := range rows.Elements() {
			id, _ := row.Get("id")
			if key, err = record.AppendKey(key[:0], []record.Value{id}); err != nil {
				return err
			}
			if value, err = enc.Append(append(value[:0], frame...), row); err != nil {
				return err
			}
			hash := hasher.Sum(row)
			for _, part := range [][]byte{key, value, hash[:]} {
				if _, err := out.Write(append(binary.AppendUvarint(nil, uint64(len(part))), part...)); err != nil {
					return err
				}
			}
		}
	}
	return out.Flush()
}

// without is the process: API BROKER TOPIC PAGE RECORDS FILE.
type without struct {
	api, broker, topic, file string
	page, records            int
}

// encoded is a batch: what its records are made of, one after the other.
type encoded struct {
	arena   []byte
	records []kafka.Record
	hashes  [][16]byte
}

func runWithout(ctx context.Context, args []string) error {
	if len(args) != 6 {
		return errors.New("usage: bench -without API BROKER TOPIC PAGE RECORDS FILE")
	}
	page, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	records, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	w := without{api: args[0], broker: args[1], topic: args[2], file: args[5], page: page, records: records}
	g, ctx := errgroup.WithContext(ctx)
	fetched := make(chan struct{})
	g.Go(func() error {
		defer close(fetched)
		return w.fetch(ctx, fetched)
	})
	g.Go(func() error { return w.produce(ctx, fetched) })
	return g.Wait()
}

func (w without) fetch(ctx context.Context, fetched chan<- struct{}) error {
	client, err := rest.New(w.api, rest.Options{})
	if err != nil {
		return err
	}
	var body []byte
	for offset := 0; offset < w.records; offset += w.page {
		resp, err := client.Do(ctx, rest.Request{URL: fmt.Sprintf("%s/v1/contacts?limit=%d&offset=%d", w.api, w.page, offset), Buf: body[:0]})
		if err != nil {
			return err
		}
		body = resp.Body
		select {
		case fetched <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (w without) produce(ctx context.Context, fetched <-chan struct{}) error {
	cluster, err := kafka.Open(ctx, kafka.Options{Brokers: []string{w.broker}, Compression: "snappy"})
	if err != nil {
		return err
	}
	defer cluster.Close()
	infos, err := cluster.Describe(ctx, w.topic)
	if err != nil {
		return err
	}
	producer, err := cluster.OpenProducer(ctx, "producer."+w.topic)
	if err != nil {
		return err
	}
	defer producer.Close()
	f, err := os.Open(w.file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	in := bufio.NewReader(f)

	index := table.New(0)
	batch, spare := new(encoded), new(encoded)
	out := make(chan error, 1)
	out <- nil // the commit that is out: none
	land := func(b *encoded) error {
		if err := <-out; err != nil {
			return err
		}
		for i, r := range b.records {
			if err := index.Apply(r.Key, b.hashes[i], true); err != nil {
				return err
			}
			index.See(r.Key)
		}
		b.arena, b.records, b.hashes = b.arena[:0], b.records[:0], b.hashes[:0]
		return nil
	}
	commit := func() error {
		if err := land(spare); err != nil {
			return err
		}
		for i := range batch.records {
			batch.records[i].Headers = []kafka.Header{{Key: kafka.ContentHash, Value: batch.hashes[i][:]}}
		}
		b := batch
		go func() { out <- producer.Commit(ctx, kafka.Batch{Records: b.records}) }()
		batch, spare = spare, batch
		return nil
	}
	closing := time.Now().Add(batchTime)
	left := w.records
	for range fetched {
		for range min(w.page, left) {
			if err := batch.read(in, w.topic, infos[w.topic].Partitions); err != nil {
				return err
			}
			last := len(batch.records) - 1
			index.Meet(batch.records[last].Key, batch.hashes[last])
		}
		left -= min(w.page, left)
		if len(batch.records) >= batchRecords || len(batch.arena) >= batchBytes || time.Now().After(closing) {
			if err := commit(); err != nil {
				return err
			}
			closing = time.Now().Add(batchTime)
		}
	}
	if err := commit(); err != nil {
		return err
	}
	return land(spare)
}

// read adds the next record of the file.
func (b *encoded) read(in *bufio.Reader, topic string, partitions int32) error {
	part := func() ([]byte, error) {
		n, err := binary.ReadUvarint(in)
		if err != nil {
			return nil, err
		}
		from := len(b.arena)
		b.arena = append(b.arena, make([]byte, n)...)
		_, err = io.ReadFull(in, b.arena[from:])
		return b.arena[from:len(b.arena):len(b.arena)], err
	}
	key, err := part()
	if err != nil {
		return err
	}
	value, err := part()
	if err != nil {
		return err
	}
	hash, err := part()
	if err != nil {
		return err
	}
	b.hashes = append(b.hashes, [16]byte(hash))
	b.records = append(b.records, kafka.Record{Topic: topic, Partition: kafka.Partition(key, partitions), Key: key, Value: value})
	return nil
}
