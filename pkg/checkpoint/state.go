package checkpoint

import (
	"encoding/json"
	"time"

	"producer/pkg/kafka"
)

// Version is the one that this package writes and reads.
const Version = 1

// The phases of a walk.
const (
	Walking = "walking" // Position says where to go on
	Done    = "done"    // the walk has ended, Last is its verdict
)

// State is the value of a state record, in the contract's order of fields. The zero State is none: its V is 0.
type State struct {
	V          int             `json:"v"`
	Walk       int64           `json:"walk"` // number of the walk, from 1
	Phase      string          `json:"phase"`
	Position   json.RawMessage `json:"position"` // the extractor's; {} is the beginning
	Since      json.RawMessage `json:"since"`    // cursors of incremental walks; {} without
	Shape      string          `json:"shape"`    // what Position is bound to
	Identity   string          `json:"identity"` // what the topic's keys are bound to
	TopicID    string          `json:"topic_id"`
	Partitions int32           `json:"partitions"`
	FirstTotal *int64          `json:"first_total"` // the first that the API showed in this walk
	Resumed    bool            `json:"resumed"`
	Last       *Last           `json:"last,omitempty"` // of the last walk that ended
	// Seq goes up by one with every commit: it tells whether a commit of unknown outcome was made.
	Seq int64 `json:"seq"`
	// Instance names the process that wrote the state: a Seq that went up by one may also be a newer instance's.
	Instance string `json:"instance,omitempty"`
	// Schema is the fingerprint of the schema in use, in hex; empty while there is none.
	Schema string `json:"schema,omitempty"`
	// Frame is what stands before the values that Schema wrote, in hex: it must go on to lead to that schema.
	Frame string `json:"frame,omitempty"`
	// Rewrite says that the topic's values can't be read any more, so that this walk publishes unchanged records too.
	Rewrite bool `json:"rewrite,omitempty"`
	// Populated says that the resource's topic was given a record, or held one already: should it be empty later, that is a loss.
	Populated bool `json:"populated,omitempty"`
	// Missing are the keys that the last proven walk did not see, nor a later one.
	Missing Missing `json:"missing,omitempty"`
}

// Last is the verdict on a walk that ended.
type Last struct {
	Walk    int64     `json:"walk"`
	Proof   string    `json:"proof"`
	Records int64     `json:"records"`
	Keys    int64     `json:"keys"` // distinct ones
	Total   *int64    `json:"total"`
	Ended   time.Time `json:"ended"` // RFC 3339, UTC
}

// Next completes what follows s with what goes on from state to state: Version and Seq; Populated and Missing; Last, unless next has a
// verdict of its own; and the position and cursor of a walk that goes on, unless next has come further.
func (s State) Next(next State) State {
	next.V, next.Seq = Version, s.Seq+1
	next.Populated, next.Missing = next.Populated || s.Populated, s.Missing
	if next.Last == nil {
		next.Last = s.Last
	}
	if next.Position == nil && next.Phase == Walking && next.Walk == s.Walk {
		next.Position, next.Since = s.Position, s.Since
	}
	return next
}

// Forget is what is left of s when it is forgotten: no state, but Seq goes on.
func (s State) Forget() State { return State{Seq: s.Seq} }

// Record is the state as the record that is committed for a resource. A Position or Since that is no JSON is left out: the walk
// then starts over, which is always safe.
func (s State) Record(topic, resource string) kafka.Record {
	if !json.Valid(s.Position) {
		s.Position = json.RawMessage("{}")
	}
	if !json.Valid(s.Since) {
		s.Since = json.RawMessage("{}")
	}
	value, err := json.Marshal(s)
	if err != nil { // a year of Ended beyond 9999; not nil, which would be a tombstone: Load refuses it
		value = []byte("null")
	}
	return kafka.Record{Topic: topic, Partition: -1, Key: []byte(resource), Value: value}
}

// Parse reads the value of a state record. Fields that it does not know are ignored: a version of the program that adds one under
// the same v must be able to do without it. The error is a [*VersionError] without Topic and Resource.
func Parse(value []byte) (State, error) {
	var version struct {
		V int `json:"v"`
	}
	if err := json.Unmarshal(value, &version); err != nil {
		return State{}, &VersionError{Err: err}
	}
	if version.V != Version {
		return State{}, &VersionError{V: version.V}
	}
	var s State
	if err := json.Unmarshal(value, &s); err != nil {
		return State{}, &VersionError{V: version.V, Err: err}
	}
	return s, nil
}
