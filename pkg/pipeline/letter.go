package pipeline

import (
	"bytes"
	"fmt"
	"strings"

	"producer/pkg/kafka"
	"producer/pkg/schema"
)

// letter is a dead letter: a record that the contract discards, or discards values of, as it came.
type letter struct {
	raw           []byte
	reason, field string // several of them where there are several values
}

// maxReason bounds each header of a dead letter, in bytes: names come from data.
const maxReason = 1 << 10

// newLetter makes one of a copy of raw, for the misfits in it. Without any the reason is the caller's to say.
func newLetter(raw []byte, why ...*schema.Misfit) *letter {
	var reasons, fields []string
	size := 0
	for i, m := range why {
		if size += len(m.Error()); size > maxReason && i > 0 {
			reasons = append(reasons, fmt.Sprintf("and %d more", len(why)-i))
			break
		}
		reasons, fields = append(reasons, Shorten(m.Error())), append(fields, Shorten(m.Path))
	}
	return &letter{raw: bytes.Clone(raw), reason: strings.Join(reasons, "; "), field: strings.Join(fields, ", ")}
}

// Shorten cuts text that data has made long, for messages and headers: to 1 KiB.
func Shorten(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason-len("...")], "") + "..."
}

func (l *letter) headers() []kafka.Header {
	return []kafka.Header{{Key: "reason", Value: []byte(l.reason)}, {Key: "field", Value: []byte(l.field)}}
}

// size is what a broker counts of the record, but for its key.
func (l *letter) size() int {
	return len(l.raw) + len("reason") + len(l.reason) + len("field") + len(l.field)
}
