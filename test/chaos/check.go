package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"producer/pkg/registry"
)

// violation is a promise that was broken.
type violation struct {
	what string // lost, duplicate, resurrected, falsely deleted, or another word
	text string
}

func (v *violation) Error() string { return v.what + ": " + v.text }

func broken(what, format string, args ...any) *violation {
	return &violation{what, fmt.Sprintf(format, args...)}
}

// The violations that are counted by name.
const (
	lost           = "lost"
	duplicate      = "duplicate"
	resurrected    = "resurrected"
	falselyDeleted = "falsely deleted"
)

// state is the contract's JSON, read by other code than wrote it.
type state struct {
	V        int    `json:"v"`
	Walk     int64  `json:"walk"`
	Phase    string `json:"phase"`
	Position struct {
		Offset int    `json:"offset"`
		Page   int    `json:"page"`
		Token  string `json:"token"`
	} `json:"position"`
	Partitions int32 `json:"partitions"`
	Seq        int64 `json:"seq"`
	Last       *struct {
		Walk  int64  `json:"walk"`
		Proof string `json:"proof"`
	} `json:"last"`
}

// holding is what the topic holds for a key.
type holding struct {
	seq  int64
	gone bool
}

// publication is a version of a record in a walk.
type publication struct {
	walk, seq int64
}

// checker replays the committed transactions of a pipeline, in the order of its state topic, against the model.
type checker struct {
	kind     kind
	l        *listing
	registry registry.Registry
	resource string // key of its states
	data     string // topic
	state    string // topic

	states int // of the state topic's log that are checked
	last   state
	fold   map[int64]holding
	walks  map[publication]int // times that a version was published in a walk
	shown  map[int64]int       // times that a version was published at all
	keys   map[int64]map[int64]bool
	begun  map[int64]bool // walks
	ended  map[int64]bool // walks that came to their end, and their verdict

	records, tombstones int
	replayed            []string // the states, for the story
}

// newChecker makes the checker of a resource, which reads a listing into the topic of its name.
func newChecker(k kind, l *listing, pipeline, resource string) *checker {
	return &checker{kind: k, l: l, resource: resource, data: pipeline + "." + resource, state: pipeline + ".state", fold: map[int64]holding{},
		walks: map[publication]int{}, shown: map[int64]int{}, keys: map[int64]map[int64]bool{}, begun: map[int64]bool{}, ended: map[int64]bool{}}
}

// round is the time between two moments at which nothing runs.
type round struct {
	ids, seqs []int64 // the listing when it began
	shifted   bool    // rows changed places since
}

// transactions groups the records of the data topic by transaction.
func (c *checker) transactions(h *history) map[txnID][]entry {
	out := map[txnID][]entry{}
	for _, e := range h.log(c.data) {
		out[e.txn] = append(out[e.txn], e)
	}
	return out
}

// check replays what is new in h, which has caught up.
func (c *checker) check(ctx context.Context, h *history, r round) error {
	states := slices.DeleteFunc(h.log(c.state), func(e entry) bool { return string(e.key) != c.resource })
	txns := c.transactions(h)
	known := map[txnID]bool{}
	for _, s := range states {
		if known[s.txn] {
			return broken("torn", "two states in one transaction (%v)", s.txn)
		}
		known[s.txn] = true
	}
	for id, records := range txns {
		if !known[id] {
			return broken("torn", "%d records of the transaction %v are committed without a checkpoint, key %s first", len(records), id, records[0].key)
		}
	}
	for _, s := range states[c.states:] {
		if err := c.transaction(ctx, s, txns[s.txn], r); err != nil {
			return err
		}
		c.states++
	}
	return nil
}

func (c *checker) transaction(ctx context.Context, e entry, records []entry, r round) error {
	var st state
	if err := json.Unmarshal(e.value, &st); err != nil || st.V != 1 {
		return broken("state", "%s: %v", e.value, err)
	}
	switch {
	case st.Seq != c.last.Seq+1:
		return broken("order", "the state with seq %d follows that with seq %d: an instance wrote after another had taken over", st.Seq, c.last.Seq)
	case st.Walk < c.last.Walk || st.Walk > c.last.Walk+1:
		return broken("order", "walk %d follows walk %d", st.Walk, c.last.Walk)
	}
	c.begun[st.Walk] = true
	c.replayed = append(c.replayed, fmt.Sprintf("%s (%d records, %v)", e.value, len(records), e.txn))
	inTxn := map[string]bool{}
	for _, rec := range records {
		if inTxn[string(rec.key)] && c.kind.disposition != "append" {
			return broken(duplicate, "key %s twice in one transaction", rec.key)
		}
		inTxn[string(rec.key)] = true
		if err := c.record(ctx, rec, st, r); err != nil {
			return err
		}
	}
	if st.Phase == "walking" && !r.shifted {
		if err := c.position(st, r); err != nil {
			return err
		}
	}
	if st.Phase == "done" {
		c.ended[st.Walk] = true
	}
	c.last = st
	return nil
}

// position checks that everything before the checkpoint is there: what a resumed walk will not read again.
func (c *checker) position(st state, r round) error {
	at := st.Position.Offset
	switch c.kind.paging {
	case "page_number":
		at = max(0, st.Position.Page-1) * c.kind.limit
	case "cursor":
		_, at, _ = parseCursor(st.Position.Token) // none is the beginning
	}
	for i, id := range r.ids[:min(at, len(r.ids))] {
		if h, ok := c.fold[id]; !ok || h.gone || h.seq < r.seqs[i] {
			return broken(lost, "the checkpoint of walk %d stands at offset %d, but record %d (row %d) is not in the topic in version %d: %+v",
				st.Walk, at, id, i, r.seqs[i], h)
		}
	}
	return nil
}

// record checks one record of a transaction and applies it.
func (c *checker) record(ctx context.Context, e entry, st state, r round) error {
	id, err := strconv.ParseInt(string(e.key), 10, 64)
	if err != nil {
		return broken("key", "%q: %v", e.key, err)
	}
	if want := int32(murmur2(e.key)&0x7fffffff) % st.Partitions; e.partition != want {
		return broken("partition", "key %d stands in partition %d, not in %d", id, e.partition, want)
	}
	before, known := c.fold[id]
	if e.value == nil {
		c.tombstones++
		if !known || before.gone {
			return broken(duplicate, "a tombstone for key %d, which is not live", id)
		}
		at, gone := c.l.goneSince(id, before.seq)
		if !gone {
			return broken(falselyDeleted, "key %d was always there since its version %d was written", id, before.seq)
		}
		c.fold[id] = holding{at, true}
		return nil
	}
	c.records++
	seq, err := c.decode(ctx, id, e)
	if err != nil {
		return err
	}
	v, served := c.l.version(seq)
	if v == nil || served == 0 {
		return broken("invented", "key %d has a version %d that the source never showed", id, seq)
	}
	c.shown[seq]++
	p := publication{st.Walk, seq}
	c.walks[p]++
	if c.keys[st.Walk] == nil {
		c.keys[st.Walk] = map[int64]bool{}
	}
	c.keys[st.Walk][id] = true
	switch {
	case known && seq < before.seq && before.gone:
		return broken(resurrected, "key %d was deleted at %d and is back in version %d", id, before.seq, seq)
	case known && seq < before.seq:
		return broken(resurrected, "key %d goes back from version %d to version %d", id, before.seq, seq)
	case c.kind.publish == "changed" && c.kind.disposition != "append" && c.shown[seq] > 1:
		return broken(duplicate, "key %d is published again, unchanged, in version %d (walk %d)", id, seq, st.Walk)
	case c.walks[p] > 1 && !r.shifted:
		return broken(duplicate, "key %d is published %d times in version %d in walk %d", id, c.walks[p], seq, st.Walk)
	case c.shown[seq] > served:
		return broken(duplicate, "version %d of key %d is published %d times, but was read only %d times", seq, id, c.shown[seq], served)
	}
	c.fold[id] = holding{seq: seq}
	return nil
}

// decode reads the record through the schema that it names, compares it with the version that it says it is, and returns that.
func (c *checker) decode(ctx context.Context, id int64, e entry) (int64, error) {
	s, body, err := c.registry.Lookup(ctx, e.value)
	if err != nil {
		return 0, broken("undecodable", "key %d, offset %d: %v", id, e.offset, err)
	}
	native, err := s.Decode(e.value[body:])
	if err != nil {
		return 0, broken("undecodable", "key %d, offset %d: %v", id, e.offset, err)
	}
	got := map[string]any{}
	fields, _ := native.(map[string]any)
	for name, v := range fields {
		if union, ok := v.(map[string]any); ok {
			for _, inner := range union {
				v = inner
			}
		}
		if v != nil {
			got[name] = v
		}
	}
	seq, _ := got["seq"].(int64)
	v, _ := c.l.version(seq)
	if v == nil || len(v.fields) != len(got) || v.id != id {
		return 0, broken("invented", "key %d: %v is no version that the source ever had", id, got)
	}
	for name, want := range v.fields {
		if got[name] != want {
			return 0, broken("invented", "key %d, version %d: %s is %v, want %v", id, seq, name, got[name], want)
		}
	}
	if len(e.headers) != 1 || e.headers[0].Key != "content-hash" || len(e.headers[0].Value) != 16 {
		return 0, broken("header", "key %d: %v", id, e.headers)
	}
	return seq, nil
}

// settled checks what must hold after a whole walk over a source that stood still.
func (c *checker) settled(r round) error {
	ids, seqs := c.l.prefix()
	live := map[int64]bool{}
	for i, id := range ids {
		live[id] = true
		if h, ok := c.fold[id]; !ok || h.gone || h.seq != seqs[i] {
			return broken(lost, "record %d is in the source in version %d, the topic holds %+v (ever: %v)", id, seqs[i], h, ok)
		}
	}
	for id, h := range c.fold {
		if !h.gone && !live[id] && c.kind.removes() {
			return broken(resurrected, "record %d is not in the source any more, but the topic holds version %d", id, h.seq)
		}
	}
	if !r.shifted && (c.kind.publish == "all" || c.kind.disposition == "append") {
		for walk := range c.ended {
			for _, id := range r.ids {
				if !c.keys[walk][id] {
					return broken(lost, "walk %d came to its end without publishing record %d, although publish is all", walk, id)
				}
			}
		}
	}
	c.walks, c.keys, c.ended = map[publication]int{}, map[int64]map[int64]bool{}, map[int64]bool{}
	return nil
}
