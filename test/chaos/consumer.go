package main

import (
	"context"
	"encoding/binary"
	"errors"

	"producer/pkg/registry"
)

// murmur2 is Kafka's partition hash, written down again from the Java client's description.
func murmur2(b []byte) uint32 {
	const m = 0x5bd1e995
	h := uint32(0x9747b28c) ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b) * m
		h = h*m ^ (k^k>>24)*m
	}
	switch len(b) {
	case 3:
		h ^= uint32(b[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(b[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(b[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// schemas is {pipeline}.schemas as a registry's store, read from a history.
type schemas struct {
	h     *history
	topic string
}

func (s schemas) Load(context.Context) ([]registry.Entry, error) {
	var out []registry.Entry
	for _, e := range s.h.log(s.topic) {
		for _, header := range e.headers {
			if header.Key == "subject" && e.value != nil {
				r := registry.Entry{Subject: string(header.Value), JSON: e.value}
				if err := r.SetFingerprint(e.key); err != nil {
					return nil, err
				}
				out = append(out, r)
			}
		}
	}
	return out, nil
}

func (schemas) Put(context.Context, registry.Entry) error {
	return errors.New("a reader puts no schemas")
}
