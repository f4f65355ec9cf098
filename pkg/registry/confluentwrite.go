package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"producer/pkg/schema"
)

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
	switch {
	case err == nil && id == 0:
		id, err = r.add(ctx, subject, s)
	case err == nil:
		err = r.settle(ctx, subject)
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

// settle configures a subject that has its first version only: who registered that may have been killed before the registry took a level.
// A registry that refuses keeps the one it has, for schemas may be there whose levels we have no right to set.
func (r *confluent) settle(ctx context.Context, subject string) error {
	numbers, err := r.numbers(ctx, subject)
	if err == nil && len(numbers) == 1 {
		_, err = r.configure(ctx, subject)
	}
	var answer *sr.ResponseError
	if errors.As(err, &answer) && !retryable(err) {
		return nil
	}
	return err
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
