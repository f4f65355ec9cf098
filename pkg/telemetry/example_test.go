package telemetry_test

import (
	"fmt"
	"os"
	"time"

	"producer/pkg/telemetry"
)

func ExampleRedactor() {
	r := telemetry.NewRedactor("s3cret/key")
	fmt.Println(r.String("Get \"http://api.example.com/v1?api_key=s3cret%2Fkey\": connection refused"))
	// Output: Get "http://api.example.com/v1?api_key=***": connection refused
}

func ExampleTee() {
	metrics, bars := telemetry.NewMetrics(), telemetry.NewBars(os.Stderr)
	defer bars.Close()

	run := telemetry.Tee(metrics, bars)
	run.Start("contacts", "crm.contacts")
	run.Page("contacts", 100, 250)
	run.Commit("contacts", 100, 0, 0, 0, 0, 20*time.Millisecond)
	run.End("contacts", "complete", "proven", time.Second)
	metrics.Cycle(0, time.Second)
	// Output:
}
