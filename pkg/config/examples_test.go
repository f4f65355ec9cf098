package config_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"producer/pkg/config"
)

// TestExamples loads the configurations that the documentation shows.
func TestExamples(t *testing.T) {
	t.Setenv("API_KEY", "secret")
	for _, name := range []string{"API_URL", "KAFKA_BROKERS", "REGISTRY_URL"} {
		t.Setenv(name, "") // the defaults
	}
	seed, err := config.Load("../../examples/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	crm, err := config.Load("../../examples/crm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*config.Config{seed, crm} {
		if len(c.Warnings) > 0 {
			t.Errorf("%s: got warnings %q", c.Path, c.Warnings)
		}
		if got, want := c.StateTopic()+" "+c.SchemasTopic()+" "+c.TransactionalID("crm.deals"), "crm.state crm.schemas producer.crm.deals"; got != want {
			t.Errorf("%s: got names %q, want %q", c.Path, got, want)
		}
		var got []string
		for _, r := range c.Resources {
			got = append(got, r.Name+" "+r.Disposition+" "+r.PrimaryKey[0].String()+" "+r.Endpoint.Path+" "+r.Topic.Name)
		}
		want := []string{
			"contacts merge id /v1/contacts crm.contacts",
			"companies merge id /v1/companies crm.companies",
			"deals merge id /v1/deals crm.deals",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got resources %q, want %q", c.Path, got, want)
		}
	}
	if seed.Schema.Registry != nil || seed.Schema.Directory != "" {
		t.Errorf("seed: got schema %+v, want none", seed.Schema)
	}
	if got, want := crm.Schema.Registry.URL, "http://127.0.0.1:8081"; got != want {
		t.Errorf("crm: got registry %q, want %q", got, want)
	}
	if got, want := filepath.Clean(crm.Schema.Directory), filepath.Clean("../../schemas"); got != want {
		t.Errorf("crm: got directory %q, want %q", got, want)
	}
	if !reflect.DeepEqual(seed.Client, crm.Client) {
		t.Errorf("clients differ: %+v and %+v", seed.Client, crm.Client)
	}
	if !reflect.DeepEqual(seed.Kafka.Timeout, crm.Kafka.Timeout) || crm.Kafka.Brokers[0] != "127.0.0.1:9092" || seed.Kafka.Brokers[0] != "localhost:9092" {
		t.Errorf("got kafka %+v and %+v", seed.Kafka, crm.Kafka)
	}
	for i := range seed.Resources {
		seed.Resources[i].Line, crm.Resources[i].Line = 0, 0
		if !reflect.DeepEqual(seed.Resources[i], crm.Resources[i]) {
			t.Errorf("resource %d: got %+v and %+v, want the same", i, seed.Resources[i], crm.Resources[i])
		}
	}
}
