package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// python is a dlt pipeline as it stands in its repository.
const python = `import os
import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_resources
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator


@dlt.source
def crm(api_key: str = dlt.secrets.value):
    config: RESTAPIConfig = {
        "client": {
            "base_url": os.environ["API_URL"],
            "auth": {"type": "api_key", "name": "api_key", "api_key": api_key, "location": "query"},
        },
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [
            {"name": name, "endpoint": {"path": f"/v1/{name}", "data_selector": "data", "paginator": OffsetPaginator(limit=100)}}
            for name in ("contacts",)
        ],
    }
    yield from rest_api_resources(config)


if __name__ == "__main__":
    pipeline = dlt.pipeline(pipeline_name="PIPELINE", destination="duckdb", dataset_name="crm")
    print(pipeline.run(crm()))
`

// What is imported is valid, and runs.
func TestImport(t *testing.T) {
	s := begin(t)
	rows := plain(250)
	a := s.api(&listing{rows: rows})
	s.environ = []string{"API_URL=" + a.URL, "KAFKA_BROKERS=" + strings.Join(env.brokers, ",")}
	file := s.file("crm.py", strings.Replace(python, "PIPELINE", s.pipeline, 1))

	o := s.start("import", file).wait(0)
	if o.stderr != "" {
		s.Errorf("got %q on stderr, want nothing", o.stderr)
	}
	config := filepath.Join(s.dir, "crm.yaml")
	s.start("import", file, "-o", config).wait(0)
	written, err := os.ReadFile(config)
	if err != nil || string(written) != o.stdout {
		s.Errorf("-o wrote %q, %v; want what went to stdout: %q", written, err, o.stdout)
	}
	s.start("import", file, "-o", config).wait(2).mentions("exists")
	s.start("validate", "-c", config).wait(0)
	s.run(config, 0).expect("contacts", object{"published": 250, "proof": "proven"})
	s.table("contacts", rows)
}

// What has no form here is said with its line, and the file that is written all the same is not accepted.
func TestImportRefuses(t *testing.T) {
	s := begin(t)
	a := s.api(&listing{})
	s.environ = []string{"API_URL=" + a.URL}
	file := s.file("crm.py", strings.Replace(python, `"data_selector": "data"`, `"data_selector": lambda page: page, "metod": "GET"`, 1))
	o := s.start("import", file).wait(2)
	o.mentions("crm.py:16: source.resources[0].endpoint.data_selector: is a lambda", "crm.py:16: source.resources[0].endpoint.metod: is unknown here")
	s.start("validate", "-c", s.write(o.stdout)).wait(2)
	s.start("import", s.file("none.py", "x = 1\n")).wait(2).mentions("none.py: makes no source")
	s.start("import", "nothere.py").wait(2).mentions("nothere.py")
	s.start("import").wait(2)
	if got := len(a.requests(contacts)); got != 0 {
		s.Errorf("%d requests", got)
	}
}
