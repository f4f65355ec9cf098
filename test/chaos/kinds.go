package main

import "fmt"

// kind is a configuration under test.
type kind struct {
	disposition, publish string
	deletes              any
	maxDeletes           any
	registry             bool
	interval             string
	partitions, limit    int
	mass                 bool   // many rows, so that tombstones take several transactions
	paging               string // offset, page_number or cursor
}

func (k kind) removes() bool  { return k.disposition == "replace" || k.deletes != nil }
func (k kind) twoWalks() bool { return k.deletes == "confirmed" }

func (k kind) String() string {
	return fmt.Sprintf("%s, publish %s, deletes %v, registry %v, interval %s, %d partitions, paged by %s", k.disposition, k.publish, k.deletes, k.registry, k.interval,
		k.partitions, k.paging)
}

const maxDeletes = "50%"

var byID = map[string]any{"confirm": map[string]any{"path": "rows/{id}"}}

// kinds of tracks, one after the other. More than half publish all: the diff hides a page that is sent twice.
func kinds() []kind {
	return []kind{
		{disposition: "merge", publish: "all"},
		{disposition: "replace", publish: "changed", maxDeletes: maxDeletes},
		{disposition: "append", publish: "all"},
		{disposition: "merge", publish: "changed"},
		{disposition: "replace", publish: "all", maxDeletes: maxDeletes},
		{disposition: "merge", publish: "all", deletes: byID, maxDeletes: maxDeletes},
		{disposition: "merge", publish: "changed", deletes: byID, maxDeletes: maxDeletes},
		{disposition: "merge", publish: "all", deletes: "confirmed", maxDeletes: maxDeletes},
		{disposition: "replace", publish: "all", maxDeletes: 23_000, limit: 10_000, mass: true},
	}
}
