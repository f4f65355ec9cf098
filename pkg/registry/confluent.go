package registry

import (
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/sr"

	"producer/pkg/schema"
)

const (
	wireMagic = 0 // of the Confluent wire format
	wireSize  = 5
)

// Error codes of the Confluent API that are an answer rather than a failure.
const (
	codeSubjectNotFound = 40401
	codeVersionNotFound = 40402
	codeSchemaNotFound  = 40403
	codeConfigNotFound  = 40408
)

// confluent is a registry with the Confluent API, Confluent's own or another's.
type confluent struct {
	client *client

	mu         sync.Mutex
	registered map[registration]Frame
	byID       map[int]*schema.Schema
	versions   map[subjectVersion]version // a version never changes
}

type registration struct{ subject, text string }

type subjectVersion struct {
	subject string
	number  int
}

var _ Registry = (*confluent)(nil)

// Confluent returns a registry with the Confluent API at o.URL. It makes no request.
//
// New subjects are set to BACKWARD_TRANSITIVE before their first schema; a level that is set for a subject is respected.
// Requests are bounded in time and size, follow redirects only within the URL's origin, and are sent again for about
// o.RetryFor when the registry can't be reached or answers 5xx, 408 or 429. Then it is an *UnavailableError; 401 and 403
// are an *AuthError at once, 409 and 422 an *IncompatibleError.
func Confluent(o Options) (Registry, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	return &confluent{
		client: c, registered: map[registration]Frame{}, byID: map[int]*schema.Schema{}, versions: map[subjectVersion]version{},
	}, nil
}

// notFound reports whether the registry says, in its own words, that there is no such thing. A bare 404 is something
// else answering.
func notFound(err error, codes ...int) bool {
	var e *sr.ResponseError
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound && slices.Contains(codes, e.ErrorCode)
}
