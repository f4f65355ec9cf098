package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/sr"

	"producer/pkg/schema"
)

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

// numbers returns those of the subject's versions in their order.
func (r *confluent) numbers(ctx context.Context, subject string) (numbers []int, err error) {
	err = r.client.do(ctx, "versions of "+subject, func(ctx context.Context) (err error) {
		numbers, err = r.client.sr.SubjectVersions(ctx, subject)
		return err
	})
	if notFound(err, codeSubjectNotFound, codeVersionNotFound) {
		return nil, nil
	}
	slices.Sort(numbers)
	return numbers, err
}

// all returns the subject's versions in their order.
func (r *confluent) all(ctx context.Context, subject string) ([]version, error) {
	numbers, err := r.numbers(ctx, subject)
	if err != nil {
		return nil, err
	}
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
