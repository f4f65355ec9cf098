//go:build dlt

package dlt

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// runner is the Python process that dlt runs in. One job at a time.
type runner struct {
	cmd    *exec.Cmd
	jobs   io.WriteCloser
	answer *bufio.Reader
	dir    string
}

// outcome is what one load left: all tables of the pipeline, or why it failed.
type outcome struct {
	Tables  map[string][]row `json:"tables"`
	Configs []row            `json:"configs"` // of a file that was evaluated
	Error   string           `json:"error"`
}

// row is a record under dlt's column names, without nulls.
type row = map[string]any

func startRunner(python, dir string) (*runner, error) {
	script, err := filepath.Abs("runner.py")
	if err != nil {
		return nil, err
	}
	r := &runner{dir: filepath.Join(dir, "dlt")}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(r.dir, "log"))
	if err != nil {
		return nil, err
	}
	r.cmd = exec.Command(python, script)
	r.cmd.Dir, r.cmd.Stderr = r.dir, log
	r.cmd.Env = append(os.Environ(), "HOME="+r.dir, "DLT_DATA_DIR="+r.dir, "RUNTIME__DLTHUB_TELEMETRY=false",
		"RUNTIME__REQUEST_BACKOFF_FACTOR=0.01", // its waits are not what is compared
		"RUNTIME__LOG_LEVEL=CRITICAL", "PROGRESS=log")
	r.cmd.Env = append(r.cmd.Env, secrets...)
	if r.jobs, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.answer = bufio.NewReader(out)
	return r, r.cmd.Start()
}

func (r *runner) close() {
	r.jobs.Close()
	_ = r.cmd.Wait()
}

// load has dlt run a source once; the tables are those of all loads of this pipeline.
func (r *runner) load(t *testing.T, pipeline string, source any) outcome {
	t.Helper()
	return r.do(t, row{"pipeline": pipeline, "dir": r.dir, "source": source})
}

// do has the process do a job.
func (r *runner) do(t *testing.T, asked row) outcome {
	t.Helper()
	job, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.jobs.Write(append(job, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := r.answer.ReadBytes('\n')
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(r.dir, "log"))
		t.Fatalf("dlt ended: %v\n%s", err, log)
	}
	var o outcome
	if err := json.Unmarshal(line, &o); err != nil {
		t.Fatal(err)
	}
	return o
}
