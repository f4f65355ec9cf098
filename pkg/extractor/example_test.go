package extractor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"producer/pkg/config"
	"producer/pkg/extractor"
	"producer/pkg/rest"
)

// A listing of three contacts, two to a page, walked to its proven end.
func Example() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("offset") == "0" {
			_, _ = io.WriteString(w, `{"data":[{"id":1,"name":"Ada"},{"id":2,"name":"Grace"}],"total":3}`)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"id":3,"name":"Barbara"}],"total":3}`)
	}))
	defer api.Close()

	client, total := config.Client{BaseURL: api.URL}, config.QueryOf("total")
	contacts := config.Resource{
		Name:       "contacts",
		PrimaryKey: []config.Path{{Text: "id", Names: []string{"id"}}},
		Endpoint: config.Endpoint{
			Path:     "/v1/contacts",
			Selector: config.QueryOf("data"),
			Paginator: config.Paginator{Type: "offset", Limit: 2, OffsetParam: "offset", LimitParam: "limit",
				TotalPath: &total, StopAfterEmpty: true},
		},
	}
	http, err := rest.New(client.BaseURL, rest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := extractor.New(http, client, contacts)
	if err != nil {
		fmt.Println(err)
		return
	}
	walk := x.Walk(extractor.Position{}, extractor.WalkOptions{})
	for {
		page, err := walk.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, rec := range page.Records {
			key, err := x.AppendKey(nil, rec)
			fmt.Printf("%s, key %s: %s %v\n", page.Label, key, rec.Raw(), err)
		}
		fmt.Printf("go on from %s\n", page.Next.JSON())
		page.Release()
	}
	end := walk.End()
	fmt.Printf("%d rows, %s, proven: %v\n", end.Rows, end.Reason, end.Proven)
	// Output:
	// offset 0, key 1: {"id":1,"name":"Ada"} <nil>
	// offset 0, key 2: {"id":2,"name":"Grace"} <nil>
	// go on from {"offset":2}
	// offset 2, key 3: {"id":3,"name":"Barbara"} <nil>
	// go on from {"offset":3,"back":2}
	// 3 rows, total reached, proven: true
}
