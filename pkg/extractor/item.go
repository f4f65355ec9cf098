package extractor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"producer/pkg/config"
	"producer/pkg/rest"
)

// Item is the answer to a request for one record.
type Item struct {
	Status            int
	Body              []byte // of status 2xx
	Requests, Retries int    // set also on error
}

// Gone reports whether the API says that there is no such record.
func (i Item) Gone() bool { return i.Status == http.StatusNotFound || i.Status == http.StatusGone }

// Get asks for one record by a path below the base URL, or a full URL, with the resource's headers and credentials but without
// its parameters. Credentials of the endpoint's own go only where its listing is. Status 404 and 410 are answers; everything
// else that is not 2xx is an error, retried as a page's is.
func (x *Extractor) Get(ctx context.Context, path string) (Item, error) {
	e := x.resource.Endpoint
	headers := maps.Clone(e.Headers)
	for _, s := range e.Slots { // what a walk puts in is not known here
		if s.In == "header" {
			delete(headers, s.Name)
		}
	}
	e = config.Endpoint{Path: path, Headers: headers, Auth: e.Auth, OwnAuth: e.OwnAuth}
	if e.OwnAuth && !rest.SameOrigin(join(x.config.BaseURL, path), x.target.address) {
		e.Auth = nil
	}
	t, err := newTarget(x.client, x.config, e)
	if err != nil {
		return Item{}, &PageError{Resource: x.resource.Name, Label: "by id", Err: err}
	}
	r, err := t.request(ask{})
	if err != nil {
		return Item{}, &PageError{Resource: x.resource.Name, Label: "by id", Err: err}
	}
	resp, err := x.client.Do(ctx, r)
	item := Item{Status: resp.Status, Body: resp.Body, Requests: resp.Requests, Retries: max(resp.Attempts-1, 0)}
	var status *rest.StatusError
	if errors.As(err, &status) && item.Gone() {
		return item, nil
	}
	if err != nil {
		return item, &PageError{Resource: x.resource.Name, Label: "by id", Attempts: resp.Attempts, Err: err}
	}
	return item, nil
}

// ItemPath puts a record's key where template has {id}, escaped so that it stays one step of the path.
func ItemPath(template, key string) (string, error) {
	if key == "" || key == "." || key == ".." {
		return "", fmt.Errorf("key %q can't stand in a path", key)
	}
	return strings.ReplaceAll(template, "{id}", url.PathEscape(key)), nil
}
