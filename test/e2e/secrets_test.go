package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	sasl "github.com/twmb/franz-go/pkg/sasl/plain"
)

// Every secret of a configuration, the API's, the registry's and the brokers', against servers that say back in their errors all
// that they were told, plain and encoded: none stands in an output, a topic or the state.
func TestEverySecretStaysInside(t *testing.T) {
	type talk struct {
		exit     int
		api      http.HandlerFunc // nil: rows
		registry int              // the status of its answers; 0: it works
		broker   bool             // hangs up on the password
		validate bool
	}
	each(t, map[string]talk{
		"all is well":                   {exit: 0},
		"the API says 400":              {exit: 3, api: parrot(400)},
		"the API says 403":              {exit: 7, api: parrot(403)},
		"the API says 503":              {exit: 3, api: parrot(503)},
		"the API says it with 200":      {exit: 3, api: parrot(200)},
		"the API sends it as a record":  {exit: 3, api: page(`{"data":[{"id":1,"v":`)},
		"the registry says 401":         {exit: 7, registry: 401},
		"the registry says 422":         {exit: 4, registry: 422},
		"the registry says 500":         {exit: 5, registry: 500},
		"the brokers refuse to talk":    {exit: 5, broker: true},
		"the configuration is mistaken": {exit: 2, validate: true},
	}, func(s *scenario, c talk) {
		secrets := map[string]string{}
		for _, name := range []string{"trace", "registry", "kafka", "param"} {
			secrets[name] = fmt.Sprintf("%s %q<&>%%+/%s", name, s.key[len(s.key)-8:], s.pipeline[max(0, len(s.pipeline)-4):])
			s.file(name+".secret", secrets[name]+"\n")
			s.secrets = append(s.secrets, secrets[name])
		}
		password := secrets["kafka"]
		if c.broker {
			password = "another"
		}
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "producer", password))
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(broker.Close)
		to, err := url.Parse(env.registryURL)
		if err != nil {
			s.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(to)
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, told, _ := r.BasicAuth(); told != secrets["registry"] {
				s.Errorf("the registry was told another password")
			}
			if c.registry != 0 && (c.registry != 422 || r.Method == http.MethodPost) {
				parrot(c.registry)(w, r)
				return
			}
			r.Header.Del("Authorization")
			r.Host = to.Host
			proxy.ServeHTTP(w, r)
		}))
		s.Cleanup(front.Close)
		a := s.api(&listing{rows: plain(30), always: c.api})
		config := s.config(a, edits{
			"kafka.brokers": broker.ListenAddrs(), "kafka.timeout": "1s", "kafka.replication_factor": 1,
			"kafka.sasl":                         object{"mechanism": "PLAIN", "username": "producer", "password": "${file:kafka.secret}"},
			"source.client.headers":              object{"X-Trace": "${file:trace.secret}"},
			"source.client.retry":                object{"initial_interval": "10ms", "max_retries": 1},
			"schema.registry":                    object{"url": front.URL, "username": "u", "password": "${file:registry.secret}"},
			"source.resources.0.endpoint.params": object{"token": "${file:param.secret}"},
		})
		if c.validate {
			config = s.config(a, edits{"source.client.headers": object{"X-Trace": "${file:trace.secret}"}, "kafka.partitions": "${file:kafka.secret}",
				"schema.registry.url": "${file:registry.secret}", "source.client.timeout": "${file:param.secret}"})
			s.start("validate", "-c", config).wait(2)
		}
		s.start("run", "-c", config, "--log-format", "json").wait(c.exit)
		s.start("run", "-c", config, "--output", "json").wait(c.exit)

		reader, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.ConsumeRegex(), kgo.ConsumeTopics(".*"),
			kgo.SASL(sasl.Auth{User: "producer", Pass: password}.AsMechanism()))
		if err != nil {
			s.Fatal(err)
		}
		defer reader.Close()
		if c.exit != 0 {
			return
		}
		for seen := 0; seen < 31; {
			reader.PollFetches(s.Context()).EachRecord(func(r *kgo.Record) {
				seen++
				for _, secret := range slices.Sorted(maps.Values(secrets)) {
					if strings.Contains(string(r.Key)+string(r.Value), secret) {
						s.Errorf("a secret stands in %s", r.Topic)
					}
				}
			})
		}
	})
}

// parrot answers with all that the request told it, as it came and decoded.
func parrot(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		said := fmt.Sprintf("%s %v %v %s %s", r.URL, r.URL.Query(), r.Header, user, password)
		answer(code, text(object{"error_code": code, "message": said}))(w, r)
	}
}

// page answers with the beginning of a page that goes on with the request.
func page(begin string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(http.StatusOK, begin+r.URL.Query().Get("token"))(w, r)
	}
}
