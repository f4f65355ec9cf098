//go:build dlt

package dlt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ours is what one run of the program left.
type ours struct {
	Exit   int
	Status map[string]string // of each resource
	Stderr string
	Tables map[string][]row
}

// produce runs the program once with dlt's dictionary under source and more keys for its client, and folds the topics.
func produce(t *testing.T, pipeline string, source row, more ...row) ours {
	t.Helper()
	client := row{"retry": row{"initial_interval": "10ms"}} // as for dlt: the waits are not what is compared
	maps.Copy(client, source["client"].(row))
	for _, m := range more {
		maps.Copy(client, m)
	}
	doc := row{
		"pipeline": pipeline,
		"source":   row{"client": client, "resources": source["resources"]},
		"kafka":    row{"brokers": env.brokers, "partitions": 1},
		"schema":   row{"registry": row{"url": env.url}, "names": "snake_case"},
	}
	if d, ok := source["resource_defaults"]; ok {
		doc["source"].(row)["resource_defaults"] = d
	}
	text, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(env.binary, "run", "-c", config, "--output", "json")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // its exit code is looked at
	var summary struct {
		Resources []struct{ Resource, Topic, Status string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &summary); err != nil {
		t.Fatalf("no summary: %v\n%s%s", err, stdout.String(), stderr.String())
	}
	o := ours{Exit: cmd.ProcessState.ExitCode(), Stderr: stdout.String() + stderr.String(), Status: map[string]string{}, Tables: map[string][]row{}}
	for _, r := range summary.Resources {
		o.Status[r.Resource] = r.Status
		if rows := fold(t, r.Topic, isLog(source, r.Resource)); len(rows) > 0 {
			o.Tables[r.Resource] = rows
		}
	}
	return o
}

// isLog is true of a resource whose topic is read whole.
func isLog(source row, name string) bool {
	for _, r := range source["resources"].([]any) {
		if r, ok := r.(row); ok && r["name"] == name {
			return r["write_disposition"] == "append"
		}
	}
	return false
}

// fold is the table that a topic holds: the last value of each key, and every value without one, or of a log.
func fold(t *testing.T, topic string, log bool) []row {
	t.Helper()
	client := consumer(t, topic)
	ends, err := kadm.NewClient(client).ListCommittedOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	latest := map[string]*kgo.Record{}
	var keyless []*kgo.Record
	for next := int64(0); next < end.Offset; {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			switch {
			case r.Attrs.IsControl():
			case r.Key == nil || log:
				keyless = append(keyless, r)
			default:
				latest[string(r.Key)] = r
			}
		})
	}
	var rows []row
	for _, r := range latest {
		keyless = append(keyless, r)
	}
	for _, r := range keyless {
		if r.Value != nil {
			rows = append(rows, decode(t, r.Value))
		}
	}
	return rows
}

// decode is a value in the Confluent wire format as dlt's destination would show it.
func decode(t *testing.T, value []byte) row {
	t.Helper()
	registered, err := env.registry.SchemaByID(t.Context(), int(binary.BigEndian.Uint32(value[1:5])))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := avro.Parse(registered.Schema)
	if err != nil {
		t.Fatal(err)
	}
	var native any
	if _, err := schema.Decode(value[5:], &native); err != nil {
		t.Fatal(err)
	}
	text, err := schema.EncodeJSON(native)
	if err != nil {
		t.Fatal(err)
	}
	var v row
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	flat := row{}
	flatten(flat, "", v)
	return flat
}

// flatten writes nested objects as dlt does, and leaves nulls and lists out: lists are tables of their own there.
func flatten(into row, prefix string, from row) {
	for name, v := range from {
		switch v := v.(type) {
		case nil, []any:
		case row:
			flatten(into, prefix+name+"__", v)
		default:
			into[prefix+name] = v
		}
	}
}

var unsafe = regexp.MustCompile(`[^a-z0-9]+`)

// pipelineName is a name of a case's own.
func pipelineName(t *testing.T) string {
	return strings.Trim(unsafe.ReplaceAllString(strings.ToLower(t.Name()), "_"), "_")
}
