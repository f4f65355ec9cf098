package main

import "producer/test/overlay"

// withoutTransactions makes of the program's producer an idempotent one: the same batches, flushes and acknowledgements, the
// checkpoint behind its records, but no transactional id, no fence, and no end of a transaction to wait for. What it writes is at least
// once: a kill between records and checkpoint publishes them again, and an older instance goes on beside it.
func withoutTransactions() []overlay.Edit {
	const file = "pkg/kafka/producer.go"
	return []overlay.Edit{
		{File: file, Old: "		kgo.TransactionalID(transactionalID),\n		kgo.TransactionTimeout(p.txnTimeout),\n"},
		{File: file, Old: "	err = c.retry(ctx, fmt.Sprintf(\"open producer %q\", transactionalID), p.dialer, p.init)\n", New: "	_ = p.init\n"},
		{File: file, Old: "	err := p.begin(sending)\n", New: "	var err error\n"},
		{File: file, Old: "		return p.end(ending, began)\n", New: "		return nil\n"},
	}
}
