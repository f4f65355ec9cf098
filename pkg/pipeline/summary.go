package pipeline

import "time"

// Status of a resource or of a run.
type Status string

// The statuses, and what ends a walk with them.
const (
	Complete    Status = "complete"    // walked to its end
	Incomplete  Status = "incomplete"  // a bound that the user set ended it
	Failed      Status = "failed"      // an error ended it; what was committed before is kept
	Interrupted Status = "interrupted" // a signal ended it
	Skipped     Status = "skipped"     // its parent failed
)

// Proof is what a walk proved about its listing.
type Proof string

// The proofs. Only [Proven] lets absence mean deletion.
const (
	Proven      Proof = "proven"
	Drifted     Proof = "drifted"
	Resumed     Proof = "resumed"
	Bounded     Proof = "bounded"
	Incremental Proof = "incremental"
	NoProof     Proof = "none"
)

// Summary is the result of one cycle: the document of --output json.
type Summary struct {
	Pipeline  string     `json:"pipeline"`
	Status    Status     `json:"status"`
	ExitCode  int        `json:"exit_code"`
	Error     string     `json:"error"`
	Resources []Resource `json:"resources"`
}

// Resource is one resource's line of a [Summary]. Counts are of this process and of committed pages only:
// Records = Published + Unchanged + Duplicates + DeadLettered.
type Resource struct {
	Resource     string `json:"resource"`
	Topic        string `json:"topic"`
	Status       Status `json:"status"`
	Proof        Proof  `json:"proof"`
	Error        string `json:"error"`
	Pages        int64  `json:"pages"`
	Records      int64  `json:"records"`
	Published    int64  `json:"published"`
	Unchanged    int64  `json:"unchanged"`
	Duplicates   int64  `json:"duplicates"`
	DeadLettered int64  `json:"dead_lettered"`
	Tombstones   int64  `json:"tombstones"`
	Requests     int64  `json:"requests"`
	Retries      int64  `json:"retries"`
	Total        *int64 `json:"total"`
	SchemaID     *int   `json:"schema_id"`
	DurationMS   int64  `json:"duration_ms"`

	err error
}

// Duration of the resource's part of the cycle.
func (r Resource) Duration() time.Duration { return time.Duration(r.DurationMS) * time.Millisecond }

// counts of one batch, added to the resource's once the batch is committed.
type counts struct {
	pages, records, published, unchanged, duplicates, deadLettered int64
}

func (r *Resource) add(c counts) {
	r.Pages += c.pages
	r.Records += c.records
	r.Published += c.published
	r.Unchanged += c.unchanged
	r.Duplicates += c.duplicates
	r.DeadLettered += c.deadLettered
}

// severity orders statuses, the worst last: complete, incomplete, interrupted, failed.
func severity(s Status) int {
	switch s {
	case Incomplete:
		return 1
	case Interrupted:
		return 2
	case Failed:
		return 3
	}
	return 0
}

// conclude derives the cycle's status, exit code and error from its resources and from err, which ended the run. Of errors alike a
// resource's comes first: it says what stands and what to do.
func (s *Summary) conclude(err error, redact func(string) string) {
	s.Status = Complete
	var grave error
	for i := range s.Resources {
		r := &s.Resources[i]
		if severity(r.Status) > severity(s.Status) {
			s.Status = r.Status
		}
		grave = Graver(grave, r.err)
	}
	grave = Graver(grave, err)
	s.ExitCode = ExitCode(grave)
	switch {
	case grave == nil:
	case s.ExitCode == ExitInterrupt || s.ExitCode == ExitTerminate:
		s.Error = redact(grave.Error())
		if severity(s.Status) < severity(Interrupted) {
			s.Status = Interrupted
		}
	default:
		s.Error, s.Status = redact(grave.Error()), Failed
	}
}

// Failure is the summary of a run that ended before any resource began.
func Failure(pipeline string, err error, code int) Summary {
	return Summary{Pipeline: pipeline, Status: Failed, ExitCode: code, Error: err.Error(), Resources: []Resource{}}
}
