package importer_test

import (
	"fmt"
	"strings"

	"producer/pkg/importer"
)

func ExampleImport() {
	const python = `
import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {"base_url": "https://api.example.com", "auth": {"token": dlt.secrets["token"]}},
    "resources": [{"name": "contacts", "processing_steps": [{"filter": lambda c: c["active"]}]}],
})
`
	r, err := importer.Import("crm.py", []byte(python), importer.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(string(r.YAML), `token: "${TOKEN}"`))
	for _, p := range r.Problems {
		fmt.Println(p.In("crm.py"))
	}
	// Output:
	// true
	// crm.py:7: source.resources[0].processing_steps[0].filter: is a lambda; write processing_steps in their declarative form (filter, include, exclude, rename)
}
