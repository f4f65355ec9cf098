package pipeline_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/pipeline"
)

const goOn = "run again to go on from there"

// What an error advises follows its cause: to run again where that may help, else what is to be mended.
func TestAdviceFollowsTheCause(t *testing.T) {
	t.Parallel()
	body := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, text) }
	}
	status := func(code int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", code) }
	}
	plain := resource("rows", "rows", "")
	pinned := `{"type":"record","name":"rows","namespace":"p","fields":[{"name":"id","type":"long"},{"name":"version","type":"long"}]}`
	for name, tt := range map[string]struct {
		resource string
		kafka    string
		answer   http.HandlerFunc
		exit     int
		says     []string // beside where, and what is committed
		not      string
	}{
		"it may pass":       {plain, "", status(503), 3, []string{"503", goOn}, "check"},
		"too many requests": {plain, "", status(429), 3, []string{"429", goOn}, "check"},
		"the walk restarts": {resource("rows", "rows", "kafka: {deletes: confirmed}, "), "", status(503), 3, []string{"run again: the walk starts over"}, goOn},
		"no such path":      {plain, "", status(404), 3, []string{"404", "check source.client.base_url, and path"}, "run again"},
		"no such method":    {plain, "", status(501), 3, []string{"501", "check source.client.base_url, and path"}, "run again"},
		"not known":         {plain, "", status(401), 7, []string{"401", "mend the credentials in source.client.auth"}, goOn},
		"not allowed":       {plain, "", status(403), 7, []string{"403", "what its credentials may read"}, goOn},
		"not so often": {plain, "", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("X-RateLimit-Remaining", "0") // GitHub's first limit
			rw.WriteHeader(403)
		}, 7, []string{"403", "source.client.retry.status_codes"}, "check source.client.auth"},
		"cut off":        {plain, "", body(`{"data":[{"id":1}`), 3, []string{goOn}, "mended"},
		"no JSON":        {plain, "", body(`{"data":[}`), 3, []string{"the API has to be mended"}, "run again"},
		"a page of HTML": {plain, "", body("<!DOCTYPE html><html>"), 3, []string{"check source.client.base_url, path and auth"}, "run again"},
		"packed otherwise": {plain, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write([]byte{1})
		}, 3,
			[]string{`"br"`, "only gzip was asked for"}, "check"},
		"no selector target": {plain, "", body(`{"items":[]}`), 3, []string{"check data_selector"}, "run again"},
		"short of its total": {plain, "", body(`{"data":[],"total":5}`), 3, []string{"total_path: null", "if rows were vanishing"}, "check"},
		"a page repeats":     {plain, "", body(`{"data":[{"id":1},{"id":2}]}`), 3, []string{"check the paginator"}, "run again"},
		"a wrong guess":      {strings.Replace(plain, ", paginator: {type: offset, limit: 10}", "", 1), "", body(`{"data":[{"id":1}],"next":"b"}`), 3, []string{"write down the endpoint's paginator", "cursor"}, "run again"},
		"pages from one":     {strings.Replace(plain, "{type: offset, limit: 10}", "{type: page_number, total_path: null}", 1), "", body(`{"data":[{"id":1}]}`), 3, []string{"base_page: 1"}, "run again"},
		"a key is null":      {plain, "", body(`{"data":[{"id":null}],"total":1}`), 4, []string{"mend primary_key"}, goOn},
		"no cursor": {strings.Replace(plain, "path: rows,", "path: rows, incremental: {cursor_path: updated},", 1), "", body(`{"data":[{"id":1}],"total":1}`), 4,
			[]string{"cursor_path", "on_cursor_value_missing", "mend that option"}, goOn},
		"too large a number": {plain, "", body(`{"data":[{"id":1,"n":1e999}],"total":1}`), 4, []string{"declare another type"}, goOn},
		"frozen": {resource("rows", "rows", "schema_contract: freeze, "), (&world{T: t}).pin("rows", pinned), body(`{"data":[{"id":1,"version":"x"}],"total":1}`), 4,
			[]string{"rows.avsc", "record 1", `key "1"`, "nullable"}, goOn},
		"frozen, unknown": {resource("rows", "rows", "schema_contract: freeze, "), (&world{T: t}).pin("rows", pinned), body(`{"data":[{"id":1,"version":1,"new":2}],"total":1}`), 4,
			[]string{"rows.avsc", "schema_contract freezes"}, goOn},
		"pinned and absent": {plain, (&world{T: t}).pin("rows", pinned), body(`{"data":[{"id":1}],"total":1}`), 4, []string{"rows.avsc", "declare another type"}, goOn},
		"no table":          {resource("rows", "rows", "schema_contract: {tables: freeze}, "), "", body(`{"data":[{"id":1}],"total":1}`), 4, []string{"schema.directory"}, "run again"},
		"a body too large":  {plain, "", body(`{"data":[{"id":1,"x":"` + strings.Repeat("x", 3000) + `"}]}`), 8, []string{"limits.body", "smaller pages"}, goOn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			server := httptest.NewServer(tt.answer)
			t.Cleanup(server.Close)
			w.url = server.URL
			got := w.run(w.must(w.configured(tt.resource, tt.kafka, pipeline.Options{}, "limits: {body: 2KiB}")), tt.exit)
			for _, want := range append(tt.says, "rows: ", fmt.Sprintf("committed in this run: %d pages, %d records", got.Pages, got.Records)) {
				if !strings.Contains(got.Error, want) {
					t.Errorf("%q does not say %q", got.Error, want)
				}
			}
			if strings.Contains(got.Error, tt.not) || strings.Contains(got.Error, "\n") {
				t.Errorf("%q says %q, or has several lines", got.Error, tt.not)
			}
		})
	}
}

// A certificate that nobody vouches for is no outage: what mends it is said.
func TestAdviceOfCertificates(t *testing.T) {
	t.Parallel()
	w := begin(t)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	w.url = server.URL
	got := w.run(w.must(w.configured(resource("rows", "rows", ""), "", pipeline.Options{}, "")), pipeline.ExitSource)
	if !strings.Contains(got.Error, "certificate") || !strings.Contains(got.Error, "SSL_CERT_FILE") || strings.Contains(got.Error, "run again") {
		t.Errorf("it says %q", got.Error)
	}
}

// Too many deletes: what to look at, and the number that lets them pass; never all.
func TestAdviceOfMaxDeletes(t *testing.T) {
	t.Parallel()
	w := begin(t, rows(30)...)
	w.run(w.pipeline("replace", ""), pipeline.ExitOK)
	w.set(func() { w.rows = w.rows[:10] })
	if got := w.run(w.pipeline("replace", ""), pipeline.ExitLimit); !strings.Contains(got.Error, "check that they are") ||
		!strings.Contains(got.Error, "max_deletes: 20") || strings.Contains(got.Error, "run again") {
		t.Errorf("it says %q", got.Error)
	}
	w.set(func() { w.rows = nil })
	if got := w.run(w.pipeline("replace", "max_deletes: 30"), pipeline.ExitLimit); !strings.Contains(got.Error, "--reset") || strings.Contains(got.Error, "max_deletes: 30") {
		t.Errorf("where all are gone it says %q", got.Error)
	}
	w.set(func() { w.rows = rows(10) })
	if got := w.run(w.pipeline("replace", "max_deletes: 20"), pipeline.ExitOK); got.Tombstones != 20 {
		t.Errorf("with the number that was advised: %d tombstones, want 20", got.Tombstones)
	}
}

// A newer instance: one line that says who took over what, and what to do.
func TestAdviceOfATakeover(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]kmsg.Key{"at the end": kmsg.EndTxn, "while sending": kmsg.Produce} {
		w := begin(t, rows(20)...)
		fault := kfake.Fault{Keys: []kmsg.Key{key}, Err: kerr.ProducerFenced, Count: -1, Topic: "p.rows"}
		if key == kmsg.EndTxn {
			fault.Topic, fault.TxnID = "", "producer.p.rows"
		}
		w.broker.Fault(fault)
		got := w.run(w.pipeline("merge", ""), pipeline.ExitFenced)
		for _, want := range []string{`a newer instance took over transactional id "producer.p.rows"`, "writes nothing more", "run one instance of a pipeline at a time"} {
			if !strings.Contains(got.Error, want) {
				t.Errorf("%s: %q does not say %q", name, got.Error, want)
			}
		}
		if strings.ContainsAny(got.Error, "\n") || strings.Count(got.Error, "PRODUCER_FENCED") != 1 {
			t.Errorf("%s: %q is not one line with one reason", name, got.Error)
		}
	}
}

// Brokers that can't be talked to at the start: which keys of the configuration to check.
func TestAdviceOfBrokers(t *testing.T) {
	t.Parallel()
	listen := func(serve func(net.Conn)) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				serve(c)
			}
		}()
		return l.Addr().String()
	}
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	hangup := listen(func(c net.Conn) { c.Close() })
	for name, tt := range map[string]struct {
		broker, kafka string
		says          []string
	}{
		"nobody listens": {gone.Addr().String(), "", []string{"check kafka.brokers", "reachable", "advertised.listeners"}},
		"hangs up":       {hangup, "", []string{"kafka.brokers", hangup, "kafka.tls is not set", "kafka.sasl is not set"}},
		"hangs up on a login": {hangup, ", sasl: {mechanism: PLAIN, username: u, password: s3cret}",
			[]string{"kafka.tls is not set", "kafka.sasl is set: the login may be refused"}},
		"silent under tls": {listen(func(c net.Conn) { t.Cleanup(func() { c.Close() }) }), ", tls: true", []string{"kafka.tls is set: the listener may speak none"}},
		"http under tls":   {listen(func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); c.Close() }), ", tls: true", []string{"kafka.tls is set"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.brokers = []string{tt.broker}
			sum := w.must(w.configured(resource("rows", "rows", ""), "timeout: 1s"+tt.kafka, pipeline.Options{})).Run(t.Context())
			if sum.ExitCode != pipeline.ExitUnavailable {
				t.Fatalf("exit %d (%s), want 5", sum.ExitCode, sum.Error)
			}
			for _, want := range tt.says {
				if !strings.Contains(sum.Error, want) || !strings.Contains(sum.Resources[0].Error, want) {
					t.Errorf("%q does not say %q", sum.Error, want)
				}
			}
		})
	}
	login, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "right"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(login.Close)
	login.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) { // as a real broker (KIP-152)
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return resp, nil, true
	})
	w := begin(t)
	w.brokers = login.ListenAddrs()
	sum := w.must(w.configured(resource("rows", "rows", ""), "sasl: {mechanism: PLAIN, username: u, password: wrong}", pipeline.Options{})).Run(t.Context())
	if sum.ExitCode != pipeline.ExitAuth || !strings.Contains(sum.Error, "mend kafka.sasl") {
		t.Errorf("a login that is refused: exit %d (%s)", sum.ExitCode, sum.Error)
	}
	w = begin(t)
	sum = w.must(w.configured(resource("rows", "rows", ""), "replication_factor: 9", pipeline.Options{})).Run(t.Context())
	if sum.ExitCode != pipeline.ExitUsage || !strings.Contains(sum.Error, "p.") || !strings.Contains(sum.Error, "check kafka.topic, partitions, replication_factor") {
		t.Errorf("a topic that can't be made: exit %d (%s)", sum.ExitCode, sum.Error)
	}
}
