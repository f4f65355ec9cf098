package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// readBack is a running test/kafka/ReadBack.java: Kafka's own consumer and Apache Avro. Safe for concurrent use.
type readBack struct {
	cmd    *exec.Cmd
	mu     sync.Mutex // one question at a time
	stdin  io.WriteCloser
	stdout *bufio.Scanner
}

// javaRecord is what Java says of one record: the value as Avro's own JSON of it, null for a tombstone.
type javaRecord struct {
	Partition int32
	Offset    int64
	Key       *string
	Value     json.RawMessage
}

func startReadBack(brokers, registry string) (*readBack, error) {
	r := &readBack{cmd: exec.Command("java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
		filepath.Join(os.Getenv("KAFKA_LIB"), "*"), "../kafka/ReadBack.java", brokers, registry)}
	r.cmd.Stderr = os.Stderr
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.stdout = bufio.NewScanner(out)
	r.stdout.Buffer(nil, 16<<20)
	return r, r.cmd.Start()
}

// read returns everything committed in the topic, ordered by partition and offset.
func (r *readBack) read(topic, schemas string) ([]javaRecord, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := fmt.Fprintln(r.stdin, topic, schemas); err != nil {
		return nil, err
	}
	var records []javaRecord
	for r.stdout.Scan() {
		if len(r.stdout.Bytes()) == 0 {
			return records, nil
		}
		var rec javaRecord
		if err := json.Unmarshal(r.stdout.Bytes(), &rec); err != nil {
			return nil, fmt.Errorf("%w: %s", err, r.stdout.Bytes())
		}
		records = append(records, rec)
	}
	return nil, fmt.Errorf("Java gave up on %s (its words are on stderr): %w", topic, r.stdout.Err())
}

// close ends the program by ending its input.
func (r *readBack) close() {
	r.stdin.Close()
	if err := r.cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: ReadBack:", err)
	}
}
