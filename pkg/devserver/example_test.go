package devserver_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"producer/pkg/devserver"
)

func Example() {
	s, err := devserver.Start(context.Background(), devserver.Options{Contacts: 3, Companies: -1, Deals: -1})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	resp, err := http.Get(s.APIURL() + "/v1/companies?api_key=" + s.Key())
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(body))
	// Output: {"data":[],"total":0}
}
