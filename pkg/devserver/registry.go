package devserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// maxRegistryBody is the largest request that the registry takes.
const maxRegistryBody = 1 << 20

// journal is a registry that remembers: every request that changed it is a line of a file, and the file is played
// again at the start. Ids come out the same, because the registry numbers schemas in the order of their registration.
type journal struct {
	registry http.Handler

	mu   sync.Mutex // held while a change is made and written, so that the file has their order
	file *os.File
}

// change is a line of the file.
type change struct {
	Method string `json:"method"`
	URI    string `json:"uri"`
	Body   string `json:"body"`
}

func openRegistry(ctx context.Context, path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	j := &journal{registry: srfake.NewRegistry().Handler(), file: file}
	if err := j.replay(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("registry: replay %s: %w", path, err), file.Close())
	}
	return j, nil
}

// replay plays the file, and cuts off a last line that was not written to its end.
func (j *journal) replay(ctx context.Context) error {
	text, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	for n, line := range bytes.Split(text[:whole], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		r, err := http.NewRequestWithContext(ctx, c.Method, c.URI, bytes.NewReader([]byte(c.Body)))
		if err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		var answer answer
		j.registry.ServeHTTP(&answer, r)
		if !answer.ok() {
			return fmt.Errorf("line %d: the registry answers %d: %s", n+1, answer.status, answer.body.Bytes())
		}
	}
	if err := j.file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = j.file.Seek(int64(whole), io.SeekStart)
	return err
}

func (j *journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		j.registry.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistryBody))
	if err != nil {
		http.Error(w, `{"error_code":413,"message":"request body too large"}`, http.StatusRequestEntityTooLarge)
		return
	}
	c := change{r.Method, r.URL.RequestURI(), string(body)}
	r.Body = io.NopCloser(bytes.NewReader(body))

	j.mu.Lock()
	defer j.mu.Unlock()
	var answer answer
	j.registry.ServeHTTP(&answer, r)
	if answer.ok() {
		if err := j.append(c); err != nil {
			http.Error(w, `{"error_code":50001,"message":"the registry's file cannot be written"}`, http.StatusInternalServerError)
			return
		}
	}
	answer.copyTo(w)
}

func (j *journal) append(c change) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return err
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}

// answer holds a response back.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a *answer) copyTo(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // an error here is the client's going away
}
