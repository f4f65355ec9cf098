// Package producer holds the example that `producer demo` runs, so that the program has it wherever it is started. The program itself is
// cmd/producer.
package producer

import "embed"

// Example is [ExampleConfig] and the schemas that it pins, at their places in the repository.
//
//go:embed examples/crm.yaml schemas/*.avsc
var Example embed.FS

// ExampleConfig is the path of the configuration in [Example].
const ExampleConfig = "examples/crm.yaml"
