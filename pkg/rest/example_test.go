package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"producer/pkg/rest"
)

// An API that is unavailable at first, and then answers. Accept finds an answer that was cut short, so that it is asked for
// again.
func ExampleClient_Do() {
	answers := []string{"", `{"data":[{"id":1},{"i`, `{"data":[{"id":1},{"id":2}]}`}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answers[0]
		answers = answers[1:]
		if answer == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer api.Close()

	client, err := rest.New(api.URL, rest.Options{Retry: rest.Retry{MaxRetries: 3, InitialInterval: time.Millisecond}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var page struct {
		Data []struct{ ID int }
	}
	resp, err := client.Do(context.Background(), rest.Request{
		URL:  api.URL + "/v1/contacts?limit=100",
		Auth: rest.APIKey{Name: "api_key", Location: "query", Value: "secret"},
		Accept: func(body []byte) error {
			err := json.Unmarshal(body, &page)
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) && syntax.Offset == int64(len(body)) {
				return io.ErrUnexpectedEOF
			}
			return err
		},
	})
	fmt.Println(resp.Status, page.Data, resp.Attempts, err)
	// Output: 200 [{1} {2}] 3 <nil>
}
