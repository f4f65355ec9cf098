package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The requests whose protocol points the chaos is about.
const (
	keyProduce        = 0
	keyFetch          = 1
	keyMetadata       = 3
	keyCoordinator    = 10
	keyAPIVersions    = 18
	keyInitProducerID = 22
	keyAddPartitions  = 24
	keyEndTxn         = 26
	keyDescribe       = 60
)

const maxFrame = 128 << 20

// readFrame reads one message of Kafka's protocol, its four bytes of length included.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	frame := make([]byte, 4+n)
	copy(frame, size[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// message is one request or answer on its way, as far as the chaos understands it.
type message struct {
	key, version int16
	correlation  int32
	answer       bool
	frame        []byte
	body         int      // where the body begins in frame
	topics       []string // of a Produce
	tombstones   bool     // of a Produce: records without a value are among what it sends
	commit       bool     // of an EndTxn: the request's wish; of its answer too
	code         int16    // of an answer to EndTxn or InitProducerId: the error code
}

var errShort = errors.New("the message is too short")

// parseRequest reads the header of a request.
func parseRequest(frame []byte) (*message, error) {
	if len(frame) < 14 {
		return nil, errShort
	}
	b := frame[4:]
	m := &message{frame: frame, key: int16(binary.BigEndian.Uint16(b)), version: int16(binary.BigEndian.Uint16(b[2:])),
		correlation: int32(binary.BigEndian.Uint32(b[4:]))}
	at := 4 + 10
	if n := int16(binary.BigEndian.Uint16(b[8:])); n > 0 {
		at += int(n)
	}
	req := kmsg.RequestForKey(m.key)
	if req == nil {
		return nil, fmt.Errorf("unknown request %d", m.key)
	}
	req.SetVersion(m.version)
	if req.IsFlexible() {
		var err error
		if at, err = skipTags(frame, at); err != nil {
			return nil, err
		}
	}
	m.body = at
	return m, nil
}

func skipTags(frame []byte, at int) (int, error) {
	if at > len(frame) {
		return 0, errShort
	}
	count, n := binary.Uvarint(frame[at:])
	if n <= 0 {
		return 0, errShort
	}
	for at += n; count > 0; count-- {
		_, n := binary.Uvarint(frame[at:])
		if n <= 0 {
			return 0, errShort
		}
		at += n
		size, n := binary.Uvarint(frame[at:])
		if n <= 0 || int(size) > len(frame)-at-n {
			return 0, errShort
		}
		at += n + int(size)
	}
	return at, nil
}

// request decodes the body of a request.
func (m *message) request() (kmsg.Request, error) {
	req := kmsg.RequestForKey(m.key)
	req.SetVersion(m.version)
	return req, req.ReadFrom(m.frame[m.body:])
}

// parseAnswer is the answer in frame to the request asked.
func parseAnswer(frame []byte, asked *message) (*message, error) {
	m := &message{answer: true, frame: frame, key: asked.key, version: asked.version, correlation: asked.correlation, commit: asked.commit, topics: asked.topics,
		tombstones: asked.tombstones, body: 8}
	resp := kmsg.ResponseForKey(m.key)
	resp.SetVersion(m.version)
	if resp.IsFlexible() && m.key != keyAPIVersions {
		var err error
		if m.body, err = skipTags(frame, m.body); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// tombstones reports whether a Produce sends records without a value.
func tombstones(r *kmsg.ProduceRequest) bool {
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			sent := &kmsg.FetchResponseTopicPartition{RecordBatches: p.Records}
			got, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{}, sent, kgo.DefaultDecompressor(), nil)
			if slices.ContainsFunc(got.Records, func(r *kgo.Record) bool { return r.Value == nil }) {
				return true
			}
		}
	}
	return false
}

func (m *message) response() (kmsg.Response, error) {
	resp := kmsg.ResponseForKey(m.key)
	resp.SetVersion(m.version)
	return resp, resp.ReadFrom(m.frame[m.body:])
}

// replace puts resp in the place of the body.
func (m *message) replace(resp kmsg.Response) {
	m.frame = resp.AppendTo(m.frame[:m.body:m.body])
	binary.BigEndian.PutUint32(m.frame, uint32(len(m.frame)-4))
}

// rewrite lets an answer that names brokers name their places in the proxy instead.
func (m *message) rewrite(place func(addr string) (string, bool)) error {
	resp, err := m.response()
	if err != nil {
		return err
	}
	changed := false
	move := func(host *string, port *int32) {
		if to, ok := place(net.JoinHostPort(*host, strconv.Itoa(int(*port)))); ok {
			h, p, _ := net.SplitHostPort(to)
			n, _ := strconv.Atoi(p)
			*host, *port, changed = h, int32(n), true
		}
	}
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			move(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		move(&r.Host, &r.Port)
		for i := range r.Coordinators {
			move(&r.Coordinators[i].Host, &r.Coordinators[i].Port)
		}
	case *kmsg.DescribeClusterResponse:
		for i := range r.Brokers {
			move(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.ProduceResponse:
		for i := range r.Brokers {
			move(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.FetchResponse:
		for i := range r.Brokers {
			move(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	}
	if changed {
		m.replace(resp)
	}
	return nil
}
