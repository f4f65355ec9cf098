// Package devserver runs everything that a pipeline talks to, in this process and on loopback: a broker, a schema
// registry and a sample CRM API. It is what `producer dev` serves, and what examples and tests run against where no real
// servers are wanted.
//
//	s, err := devserver.Start(ctx, devserver.Options{Faults: true})
//	if err != nil { … }
//	defer s.Close()
//	fmt.Println(s.Brokers(), s.RegistryURL(), s.APIURL(), s.Key())
//
// The broker is kfake: the Kafka protocol with transactions, read_committed and log compaction, on one node, without
// replication. It is not meant to survive the loss of power, and its transactions are not those of a cluster.
//
// The registry is srfake: the Confluent API, subject configuration included. It keeps what it is told but enforces
// nothing of it: every schema that is JSON is registered, whatever the subject's compatibility level, and compatibility
// checks always say yes. Unlike Confluent's, it answers the global level for a subject that has none unless asked with
// defaultToGlobal=false.
//
// The API serves made-up contacts, companies and deals, the same ones for the same seed. See [Server.APIURL] for its
// paths. [Server.Mutate] changes some of them, as the days of a CRM do.
package devserver
