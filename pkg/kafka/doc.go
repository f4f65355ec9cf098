// Package kafka commits batches of records to Kafka atomically and scans
// topics to their end.
//
// A [Cluster] is a set of brokers that has answered. From it come:
//
//   - [Cluster.Describe] and [Cluster.Create], what topics are like and how
//     they come to be;
//   - [Cluster.Scan], every committed record of a topic, up to where the topic
//     ended when the scan began;
//   - [Cluster.OpenProducer], the one writer of a transactional id, whose
//     [Producer.Commit] writes a [Batch] whole or not at all.
//
// The three together make exactly-once delivery: open the producer (which
// fences every older one and settles its last transaction), then scan for the
// position that was committed last, then commit records and the new position
// in one batch. In any other order an older instance may still move the
// position after it was read.
//
// # Errors
//
// Every error that a caller decides by has a type, for [errors.As]:
// [UnavailableError], [AuthError], [TopicError], [TooLargeError],
// [RejectedError], [AbortedError], [FencedError] and [UnknownOutcomeError].
// After the last two, and after an [UnavailableError] of Commit, a producer is
// used up.
// None of their texts holds a password.
//
// # Rights
//
// With an authorizer, the principal needs Describe, DescribeConfigs, Read,
// Write (and, for topics that do not exist yet, Create) on the topics, and
// Write and Describe on the transactional ids.
//
// # Readers
//
// Consumers of what is committed here must ask for
// isolation.level=read_committed. The default of every client shows aborted
// records too.
package kafka
