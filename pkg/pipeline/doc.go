// Package pipeline moves the pages of a source to the bus: it owns the order of things, and every goroutine of a run.
//
// A [Pipeline] is made once from a configuration; [Pipeline.Run] does one cycle of it and may be called again, which is what
// --every does. For each resource a cycle is
//
//	preflight   topics described and checked; nothing is written and the API is not asked
//	fence       the transactional producer is opened: older instances can write no more
//	restore     the checkpoint is read to the high watermark, and the topic folded into an index
//	walk        pages are fetched one ahead, keyed, hashed, compared with the index, encoded and gathered into batches
//	commit      a batch is one transaction: its records, its dead letters and its checkpoint
//	verdict     what the walk proved, and the tombstones that it may send
//
// Memory (index, position, counts) moves on only when a commit is confirmed. A commit whose outcome is unknown is decided by
// fencing again and reading the checkpoint back, never from memory.
package pipeline
