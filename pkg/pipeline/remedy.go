package pipeline

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"producer/pkg/extractor"
	"producer/pkg/kafka"
	"producer/pkg/record"
	"producer/pkg/registry"
	"producer/pkg/rest"
	"producer/pkg/schema"
	"producer/pkg/table"
)

// advise says in err, which ended the resource of s, what stands of this run and what mends it.
func (p *Pipeline) advise(s *session, err error, r *Resource) error {
	says := []string{fmt.Sprintf("committed in this run: %d pages, %d records", r.Pages, r.Records)}
	if as[*GuardError](err) {
		says = nil // nothing was begun
	}
	if text := p.remedy(s, err); text != "" {
		says = append(says, text)
	}
	return fmt.Errorf("%s: %w", r.Resource, with(err, says...))
}

// adviseStart says in err, which kept the run from beginning, what mends it.
func (p *Pipeline) adviseStart(err error) error {
	var down *kafka.UnavailableError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &down):
		return with(err, p.brokerRemedy(down))
	case as[*kafka.TopicError](err):
		return with(err, "check kafka.topic, partitions, replication_factor and config")
	}
	return with(err, p.remedy(nil, err))
}

// with puts advice behind an error, all on one line.
func with(err error, advice ...string) error {
	for _, a := range advice {
		if a != "" {
			err = fmt.Errorf("%w; %s", err, a)
		}
	}
	return err
}

// remedy is what a person can do about err, by its cause; "" where its own text says that. s is nil before anything was begun.
func (p *Pipeline) remedy(s *session, err error) string {
	switch ExitCode(err) {
	case ExitUsage:
		if as[*kafka.TopicError](err) {
			return "if the topic was made anew on purpose, run once with --reset: it forgets the state and adopts the topic as it is"
		}
	case ExitFenced:
		return "this instance writes nothing more; run one instance of a pipeline at a time: the newer one goes on from there"
	case ExitUnavailable:
		return again(s)
	case ExitAuth:
		return authRemedy(err)
	case ExitLimit:
		return limitRemedy(s, err)
	case ExitData:
		return dataRemedy(err)
	case ExitSource:
		return sourceRemedy(s, err)
	}
	return ""
}

// advised is an error whose text says what to do about it.
type advised struct{ error }

func (e advised) Unwrap() error { return e.error }

// again is for what passes by itself.
func again(s *session) string {
	switch {
	case s == nil:
		return "run again"
	case s.deletes() || s.keyed() && !s.extractor.Apart():
		return "run again: the walk starts over"
	}
	return "run again to go on from there"
}

// brokerRemedy is for brokers that can't be talked to when a run starts, or say why not, or don't come forward with what it waits for.
func (p *Pipeline) brokerRemedy(e *kafka.UnavailableError) string {
	k := p.cfg.Kafka
	switch e.Reason() {
	case kafka.Unreached:
		return "check kafka.brokers, and that the brokers are up and reachable from here, also at the addresses of their advertised.listeners"
	case kafka.Untrusted:
		return "check kafka.tls (ca, cert, key), and that kafka.brokers has the names that the brokers' certificates are for"
	case kafka.HungUp, kafka.Silent:
		tls, login := "kafka.tls is not set: the listener may want TLS", "kafka.sasl is not set: it may want a login"
		if k.TLS != nil {
			tls = "kafka.tls is set: the listener may speak none"
		}
		if k.SASL != nil {
			login = "kafka.sasl is set: the login may be refused"
		}
		return fmt.Sprintf("check the port in kafka.brokers (%s) and how it is spoken to (%s; %s)", strings.Join(k.Brokers, ", "), tls, login)
	}
	return "look at the brokers' logs, and run again"
}

func authRemedy(err error) string {
	var broker *kafka.AuthError
	var refused *rest.StatusError
	switch {
	case as[*registry.AuthError](err):
		return "mend schema.registry, or grant the right, and run again"
	case errors.As(err, &broker) && broker.Operation == "Authenticate":
		return "mend kafka.sasl, or kafka.tls where a login needs it, and run again"
	case broker != nil:
		return "grant the right and run again"
	case as[*rest.TokenError](err):
		return "mend source.client.auth (access_token_url, client_id, client_secret) and run again"
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden && refused.Limited:
		return "too many requests, by the looks of it: run again later, or have 403 tried again (source.client.retry.status_codes)"
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
		return "check source.client.auth, and what its credentials may read, and run again"
	}
	return "mend the credentials in source.client.auth and run again"
}

func limitRemedy(s *session, err error) string {
	switch {
	case as[*table.TooLargeError](err):
		return again(s)
	case as[*rest.BodyTooLargeError](err):
		return "ask for smaller pages in the paginator, or raise the limit"
	case tooDeep(err):
		return "raise source.client.limits.depth if such a page is right"
	}
	return "" // a LimitError says it
}

func dataRemedy(err error) string {
	var misfit *schema.Misfit
	var syntax *record.SyntaxError
	switch {
	case as[advised](err), as[*registry.IncompatibleError](err), as[*registry.TextChangedError](err):
		return "" // what to do is in its text
	case as[*kafka.TooLargeError](err):
		return "raise max.message.bytes of the topic (kafka.config, for topics to come), or leave fields out by processing_steps: exclude"
	case as[*kafka.RejectedError](err), as[*schema.SelfCheckError](err):
		return "" // nothing that a configuration could mend
	case as[*record.KeyError](err):
		return "mend primary_key, or the record at the source, and run again"
	case errors.As(err, &misfit) && misfit.Final:
		return "make the field nullable in the schema, or mend the record at the source, and run again"
	case errors.As(err, &misfit):
		return "schema_contract freezes the schema: let it evolve or discard, add the field to the schema, or mend the record at the source"
	case errors.As(err, &syntax):
		return "mend the record at the source and run again"
	case as[*extractor.RecordError](err): // the text of its Err begins with the option
		return "mend that option, or the record at the source, and run again"
	case as[*schema.ValueError](err):
		return "mend the record at the source, or declare another type for the field (columns, or a file in schema.directory), and run again"
	}
	return "mend the schema or the source and run again"
}

func sourceRemedy(s *session, err error) string {
	var status *rest.StatusError
	var wait *rest.RetryAfterError
	var path *extractor.PathError
	var link *extractor.LinkError
	var transport *rest.TransportError
	var loop *extractor.LoopError
	var content *rest.ContentError
	var syntax *record.SyntaxError
	switch {
	case as[advised](err):
		return ""
	case errors.As(err, &wait):
		return "run again after that time, or raise source.client.retry.max_retry_after"
	case errors.As(err, &status) && passes(status.Status):
		return again(s)
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		return "check source.client.base_url, and path, params and headers of the endpoint; if the API ends its listings so, ignore it with response_actions"
	case errors.As(err, &status):
		return "check source.client.base_url, and path, params and headers of the endpoint"
	case as[*rest.RedirectError](err):
		return "name in base_url, or as a full URL in path, where the API is"
	case errors.As(err, &content) && content.Packed:
		return "only gzip was asked for: the API has to be mended, or what stands before it"
	case content != nil:
		return "check source.client.base_url, path and auth: this is no answer of a JSON API"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return again(s)
	case errors.As(err, &transport) && transport.Untrusted:
		return "have the system trust who signed the API's certificate (SSL_CERT_FILE names a file of such), or name the certificate's host in source.client.base_url"
	case transport != nil:
		return again(s) + " (check source.client.base_url if it never answers)"
	case as[*extractor.SelectorError](err):
		return "check data_selector, and whether the answer is an error message"
	case errors.As(err, &path):
		return "check " + path.Option
	case errors.As(err, &loop):
		switch {
		case loop.Guess != "":
			return "write down the endpoint's paginator: the first answer looked like one for " + loop.Guess
		case loop.Token && loop.Empty > 0:
			return "check the paginator: stop_after_empty_page: true if an empty page is the end"
		case loop.Earlier == "page 0":
			return "check the paginator: base_page: 1 if the API numbers its pages from 1"
		}
		return "check the paginator"
	case errors.As(err, &link) && link.Target == "":
		return "check " + link.Option
	case as[*extractor.ShortError](err):
		return again(s) + " if rows were vanishing meanwhile"
	case link != nil:
		return "" // what to do is in its text
	case errors.As(err, &syntax):
		return "the API has to be mended: this is not JSON (RFC 8259)"
	}
	return again(s)
}

// passes reports whether an answer of this status may be another one later.
func passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500 && status != http.StatusNotImplemented
}
