package kafka

import "time"

// Record is one message of a topic.
//
// A nil Value is a tombstone; an empty one is a live record that is empty. A
// nil Key is no key at all.
type Record struct {
	Topic string

	// Partition is where the record goes; a negative one leaves the choice to
	// [Producer.Commit]: [Partition] of the key, or, without a key, each
	// partition in turn.
	Partition int32

	Key     []byte
	Value   []byte
	Headers []Header

	// Offset is set by [Cluster.Scan] and ignored by [Producer.Commit].
	Offset int64

	// Timestamp has milliseconds. Zero means the time of the commit.
	Timestamp time.Time
}

// Header is one header of a record. Names may repeat.
type Header struct {
	Key   string
	Value []byte
}

// ContentHash is the name of the header that holds the hash of a record's
// content, 16 bytes.
const ContentHash = "content-hash"

// Batch is what one transaction holds: records of any topics, in an order that
// is kept within each partition.
type Batch struct {
	Records []Record
}

// Limits of what a record takes on the wire beyond its key, value and headers:
// the fixed parts of a record of format 2 with every variable-length number at
// its longest, and those of its batch.
const (
	recordOverhead = 40
	headerOverhead = 10
	batchOverhead  = 61
)

// wireSize is the most that the record can take in a batch, uncompressed.
func (r *Record) wireSize() int {
	n := recordOverhead + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += headerOverhead + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}
