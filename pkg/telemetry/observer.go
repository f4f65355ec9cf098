package telemetry

import "time"

// Observer hears what happens to each resource, named by its configured name. All methods may be called from several
// goroutines at once, must return soon and must not fail. Calls for one resource come in order: Start, then Scan while
// its topic is read, then Page, Retry and Commit as its walk goes on, then End. A further cycle begins with Start again.
type Observer interface {
	// Start says that work on a resource begins, and which topic it goes to.
	Start(resource, topic string)
	// Scan says how much of the resource's topic has been read into the index, in records.
	Scan(resource string, done, total int64)
	// Index says how many live keys of the resource's topic (of the walk, where it is not compared with its topic) the index holds, and
	// its memory in bytes.
	Index(resource string, keys, bytes int64)
	// Page says that the API answered with a page of so many records, those that a filter leaves out included. total is what it says
	// there is in all, negative when it doesn't.
	Page(resource string, records int, total int64)
	// Retry says that a request failed and is sent again after wait.
	Retry(resource, reason string, wait time.Duration)
	// Commit says what one committed transaction held and how long it took.
	Commit(resource string, published, unchanged, duplicates, deadLettered, tombstones int64, took time.Duration)
	// End says how the work ended: status and proof as in the summary of a run ("": it was about no proof), took for all of it.
	End(resource, status, proof string, took time.Duration)
}

// Tee returns an Observer that passes everything on to each of the given ones, in order. Nil ones are left out.
func Tee(observers ...Observer) Observer {
	var t tee
	for _, o := range observers {
		if o != nil {
			t = append(t, o)
		}
	}
	return t
}

type tee []Observer

func (t tee) Start(resource, topic string) {
	for _, o := range t {
		o.Start(resource, topic)
	}
}

func (t tee) Scan(resource string, done, total int64) {
	for _, o := range t {
		o.Scan(resource, done, total)
	}
}

func (t tee) Index(resource string, keys, bytes int64) {
	for _, o := range t {
		o.Index(resource, keys, bytes)
	}
}

func (t tee) Page(resource string, records int, total int64) {
	for _, o := range t {
		o.Page(resource, records, total)
	}
}

func (t tee) Retry(resource, reason string, wait time.Duration) {
	for _, o := range t {
		o.Retry(resource, reason, wait)
	}
}

func (t tee) Commit(resource string, published, unchanged, duplicates, deadLettered, tombstones int64, took time.Duration) {
	for _, o := range t {
		o.Commit(resource, published, unchanged, duplicates, deadLettered, tombstones, took)
	}
}

func (t tee) End(resource, status, proof string, took time.Duration) {
	for _, o := range t {
		o.End(resource, status, proof, took)
	}
}
