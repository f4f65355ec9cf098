package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
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

// Latest implements [Registry].
func (r *confluent) Latest(ctx context.Context, subject string) (*schema.Schema, Frame, error) {
	var got sr.SubjectSchema
	err := r.client.do(ctx, "latest schema of "+subject, func(ctx context.Context) (err error) {
		got, err = r.client.sr.SchemaByVersion(ctx, subject, -1)
		return err
	})
	if notFound(err, codeSubjectNotFound, codeVersionNotFound) {
		return nil, Frame{}, nil
	} else if err != nil {
		return nil, Frame{}, err
	}
	s, err := parseAvro(subject, got.Version, got.Schema)
	if err != nil {
		return nil, Frame{}, err
	}
	frame, err := r.frame("latest schema of "+subject, got.ID)
	if err != nil {
		return nil, Frame{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[got.ID] = s
	return s, frame, nil
}

// Register implements [Registry].
func (r *confluent) Register(ctx context.Context, subject string, s *schema.Schema) (Frame, error) {
	key := registration{subject, string(s.JSON())}
	r.mu.Lock()
	frame, known := r.registered[key]
	r.mu.Unlock()
	if known {
		return frame, nil
	}
	id, err := r.find(ctx, subject, s)
	if err == nil && id == 0 {
		id, err = r.add(ctx, subject, s)
	}
	if err != nil {
		return Frame{}, err
	}
	if frame, err = r.frame("register schema of "+subject, id); err != nil {
		return Frame{}, err
	}
	if err := r.verify(ctx, subject, id, s); err != nil {
		return Frame{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.registered[key] = frame
	return frame, nil
}

// Check implements [Registry]. Beside our own comparison with every version the registry gives its verdict at the subject's level.
func (r *confluent) Check(ctx context.Context, subject string, s *schema.Schema) error {
	id, err := r.find(ctx, subject, s)
	if err != nil || id != 0 {
		return err
	}
	versions, err := r.all(ctx, subject)
	if err != nil || len(versions) == 0 {
		return err
	}
	if err := checkEvolution(subject, s, versions); err != nil {
		return err
	}
	var verdict sr.CheckCompatibilityResult
	err = r.client.do(ctx, "compatibility of a schema with "+subject, func(ctx context.Context) (err error) {
		const all = -2
		verdict, err = r.client.sr.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), subject, all, sr.Schema{Schema: string(s.JSON())})
		return err
	})
	if err != nil {
		return refused(subject, err)
	}
	if verdict.Is {
		return nil
	}
	said := &sr.ResponseError{StatusCode: http.StatusConflict, Message: strings.Join(verdict.Messages, "; ")}
	if said.Message == "" { // Apicurio tells reasons at a registration only
		level := r.client.sr.Compatibility(ctx, subject)[0].Level
		said.Message = fmt.Sprintf("it gives no reason; the subject's compatibility level is %v", level)
	}
	return &IncompatibleError{Subject: subject, Status: http.StatusConflict, Err: words{said}}
}

// find returns the id of a version that has the schema's text, 0 when there is none.
func (r *confluent) find(ctx context.Context, subject string, s *schema.Schema) (int, error) {
	var got sr.SubjectSchema
	err := r.client.do(ctx, "find schema in "+subject, func(ctx context.Context) (err error) {
		got, err = r.client.sr.LookupSchema(ctx, subject, sr.Schema{Schema: string(s.JSON())})
		return err
	})
	if notFound(err, codeSubjectNotFound, codeVersionNotFound, codeSchemaNotFound) {
		return 0, nil
	}
	return got.ID, refused(subject, err)
}

// aboutSchema are the answers that say something about the schema that was sent, not about the registry.
var aboutSchema = []int{http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}

// refused makes an *IncompatibleError of an answer that says something about the schema: also of those in more.
func refused(subject string, err error, more ...int) error {
	var answer *sr.ResponseError
	if errors.As(err, &answer) && (slices.Contains(aboutSchema, answer.StatusCode) || slices.Contains(more, answer.StatusCode)) {
		return &IncompatibleError{Subject: subject, Status: answer.StatusCode, Err: words{answer}}
	}
	return err
}

// add makes the schema a new version.
func (r *confluent) add(ctx context.Context, subject string, s *schema.Schema) (id int, err error) {
	versions, err := r.all(ctx, subject)
	if err != nil {
		return 0, err
	}
	if err := checkEvolution(subject, s, versions); err != nil {
		return 0, err
	}
	late := false
	if len(versions) == 0 {
		if late, err = r.configure(ctx, subject); err != nil {
			return 0, err
		}
	}
	err = r.client.do(ctx, "register schema of "+subject, func(ctx context.Context) (err error) {
		id, err = r.client.sr.RegisterSchema(ctx, subject, sr.Schema{Schema: string(s.JSON())}, -1, -1)
		return err
	})
	if err = refused(subject, err, http.StatusNotFound); err == nil && late {
		late, err = r.configure(ctx, subject)
		if err == nil && late {
			err = &UnavailableError{URL: r.client.url, Op: "set compatibility of " + subject, Attempts: 1,
				Err: errors.New("it doesn't know the subject that it has just registered a schema for")}
		}
	}
	return id, err
}

// all returns the subject's versions in their order.
func (r *confluent) all(ctx context.Context, subject string) ([]version, error) {
	var numbers []int
	err := r.client.do(ctx, "versions of "+subject, func(ctx context.Context) (err error) {
		numbers, err = r.client.sr.SubjectVersions(ctx, subject)
		return err
	})
	if notFound(err, codeSubjectNotFound, codeVersionNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	slices.Sort(numbers)
	var versions []version
	for _, n := range numbers {
		v, err := r.version(ctx, subject, n)
		if notFound(err, codeSubjectNotFound, codeVersionNotFound) {
			continue // deleted meanwhile
		} else if err != nil {
			return nil, err
		}
		versions = append(versions, v)
	}
	return versions, nil
}

func (r *confluent) version(ctx context.Context, subject string, number int) (version, error) {
	key := subjectVersion{subject, number}
	r.mu.Lock()
	v, known := r.versions[key]
	r.mu.Unlock()
	if known {
		return v, nil
	}
	var got sr.SubjectSchema
	err := r.client.do(ctx, fmt.Sprintf("version %d of %s", number, subject), func(ctx context.Context) (err error) {
		got, err = r.client.sr.SchemaByVersion(ctx, subject, number)
		return err
	})
	if err != nil {
		return version{}, err
	}
	s, err := parseAvro(subject, number, got.Schema)
	if err != nil {
		return version{}, err
	}
	v = version{number, s}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.versions[key] = v
	return v, nil
}

// configure sets the subject to BACKWARD_TRANSITIVE if it has no level of its own. It comes before the first schema, so
// that no moment is without; late says that the registry wants the schema first.
func (r *confluent) configure(ctx context.Context, subject string) (late bool, err error) {
	// Some fakes answer the global level unless told not to; Confluent's default is not to.
	own := sr.RawParams(url.Values{"defaultToGlobal": {"false"}})
	err = r.client.do(ctx, "compatibility of "+subject, func(ctx context.Context) error {
		return r.client.sr.Compatibility(sr.WithParams(ctx, own), subject)[0].Err
	})
	if err == nil || !notFound(err, codeSubjectNotFound, codeConfigNotFound) {
		return false, err
	}
	err = r.client.do(ctx, "set compatibility of "+subject, func(ctx context.Context) error {
		return r.client.sr.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatBackwardTransitive}, subject)[0].Err
	})
	var answer *sr.ResponseError
	switch {
	case notFound(err, codeSubjectNotFound):
		return true, nil
	case errors.As(err, &answer) && answer.StatusCode == http.StatusConflict:
		return false, nil // somebody else has set it meanwhile, says Apicurio
	}
	return false, err
}

// verify has the registry show what stands under the id: values framed with another schema's could not be read.
func (r *confluent) verify(ctx context.Context, subject string, id int, s *schema.Schema) error {
	got, err := r.byNumber(ctx, id)
	var unknown *UnknownSchemaError
	if errors.As(err, &unknown) && unknown.Err == nil {
		return nil // a registry of several nodes may need a moment
	} else if err != nil {
		return err
	}
	if got.Fingerprint() != s.Fingerprint() {
		return &IncompatibleError{Subject: subject, Err: fmt.Errorf("the registry registered the schema as id %d, which is another schema", id)}
	}
	return nil
}

// Lookup implements [Registry].
func (r *confluent) Lookup(ctx context.Context, value []byte) (*schema.Schema, int, error) {
	if len(value) < wireSize {
		return nil, 0, &FrameError{fmt.Sprintf("%d bytes are fewer than the %d of the wire format", len(value), wireSize)}
	}
	if value[0] != wireMagic {
		return nil, 0, &FrameError{fmt.Sprintf("it begins with %#02x, the wire format with 0x00", value[0])}
	}
	id := binary.BigEndian.Uint32(value[1:])
	if id > math.MaxInt32 {
		return nil, 0, &FrameError{fmt.Sprintf("%d is no schema id", id)}
	}
	s, err := r.byNumber(ctx, int(id))
	return s, wireSize, err
}

// byNumber returns the schema with an id.
func (r *confluent) byNumber(ctx context.Context, id int) (*schema.Schema, error) {
	r.mu.Lock()
	s := r.byID[id]
	r.mu.Unlock()
	if s != nil {
		return s, nil
	}
	name := fmt.Sprintf("id %d", id)
	var got sr.Schema
	err := r.client.do(ctx, "schema with "+name, func(ctx context.Context) (err error) {
		got, err = r.client.sr.SchemaByID(ctx, id)
		return err
	})
	if notFound(err, codeSubjectNotFound, codeVersionNotFound, codeSchemaNotFound) {
		return nil, &UnknownSchemaError{Name: name}
	} else if err != nil {
		return nil, err
	}
	if s, err = parseAvro(name, 1, got); err != nil {
		return nil, &UnknownSchemaError{Name: name, Err: errors.Unwrap(err)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[id] = s
	return s, nil
}

// frame makes the frame of an id.
func (r *confluent) frame(op string, id int) (Frame, error) {
	if id <= 0 || id > math.MaxInt32 {
		return Frame{}, &UnavailableError{URL: r.client.url, Op: op, Attempts: 1, Err: fmt.Errorf("it answers %d as the schema's id", id)}
	}
	return Frame{Prefix: slices.Clip(binary.BigEndian.AppendUint32([]byte{wireMagic}, uint32(id))), ID: &id}, nil
}

// parseAvro reads a schema of the registry.
func parseAvro(subject string, number int, s sr.Schema) (*schema.Schema, error) {
	switch {
	case s.Type != sr.TypeAvro:
		return nil, &IncompatibleError{Subject: subject, Version: number, Err: fmt.Errorf("it is of type %s, not AVRO", s.Type)}
	case len(s.References) > 0:
		return nil, &IncompatibleError{Subject: subject, Version: number, Err: errors.New("it refers to other schemas")}
	}
	return parse(subject, number, []byte(s.Schema))
}

// notFound reports whether the registry says, in its own words, that there is no such thing. A bare 404 is something
// else answering.
func notFound(err error, codes ...int) bool {
	var e *sr.ResponseError
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound && slices.Contains(codes, e.ErrorCode)
}
