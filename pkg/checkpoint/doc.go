// Package checkpoint keeps where each resource stands, as the latest record of its key in a compacted state topic.
//
// A [State] is committed in the transaction of the records that it accounts for, so the newest committed one is the truth.
// [Load] reads it; it must only be called once the resource's producer is open, for until then an older instance may still
// commit another one.
package checkpoint
