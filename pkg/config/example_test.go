package config_test

import (
	"errors"
	"fmt"

	"producer/pkg/config"
)

func ExampleParse() {
	env := func(name string) (string, bool) { return "s3cret", name == "API_KEY" }
	c, err := config.Parse("crm.yaml", []byte(`
pipeline: crm
source:
  client:
    base_url: https://api.example.com
    auth: {type: api_key, name: api_key, api_key: "${API_KEY}", location: query}
  resource_defaults: {primary_key: id, write_disposition: merge}
  resources:
    - name: contacts
      endpoint: {path: /v1/contacts, data_selector: data, paginator: {type: offset, limit: 100}}
kafka:
  brokers: ["localhost:9092"]
`), env)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := c.Resources[0]
	fmt.Println(r.Name, r.Disposition, r.Endpoint.Path, "to", r.Topic.Name)
	fmt.Println("api key:", c.Client.Auth.APIKey)
	// Output:
	// contacts merge /v1/contacts to crm.contacts
	// api key: ***
}

func ExampleErrors() {
	_, err := config.Parse("crm.yaml", []byte(`pipeline: crm
source:
  client: {base_url: "https://api.example.com"}
  resources:
    - name: contacts
      endpoint: {data_selector: data, paginator: {type: offset, limit: '100'}}
kafka: {brokres: ["localhost:9092"]}
`), nil)
	var all *config.Errors
	if errors.As(err, &all) {
		for _, p := range all.Problems {
			fmt.Println(p.Line, p.Key, p.Text)
		}
	}
	// Output:
	// 6 source.resources[0].endpoint.paginator.limit is the text "100"; it must be a whole number from 1 to 2147483647, without quotes
	// 7 kafka.brokers is missing; give the addresses of the brokers, as in ["localhost:9092"]
	// 7 kafka.brokres is unknown here; did you mean brokers?
}
