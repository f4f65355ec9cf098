package devserver_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"producer/pkg/devserver"
)

func TestAPI(t *testing.T) {
	s := start(t, devserver.Options{Contacts: 250, Companies: -1, Deals: 40, Key: "k&y"})
	const key = "api_key=k%26y"
	for _, test := range []struct {
		path   string
		status int
		rows   int // of a list
		total  int
	}{
		{"/", 200, 0, 0},
		{"/v1/contacts?" + key, 200, 100, 250},
		{"/v1/contacts?limit=7&" + key, 200, 7, 250},
		{"/v1/contacts?limit=500&" + key, 200, 100, 250},
		{"/v1/contacts?offset=200&limit=100&" + key, 200, 50, 250},
		{"/v1/contacts?offset=250&" + key, 200, 0, 250},
		{"/v1/contacts?offset=9223372036854775807&" + key, 200, 0, 250},
		{"/v1/companies?" + key, 200, 0, 0},
		{"/v1/deals?offset=39&" + key, 200, 1, 40},
		{"/v1/contacts?offset=-1&" + key, 400, 0, 0},
		{"/v1/contacts?offset=x&" + key, 400, 0, 0},
		{"/v1/contacts?limit=0&" + key, 400, 0, 0},
		{"/v1/contacts", 401, 0, 0},
		{"/v1/contacts?api_key=wrong", 401, 0, 0},
		{"/v1/contacts/1", 401, 0, 0},
		{"/v1/contacts/250?" + key, 200, 0, 0},
		{"/v1/contacts/251?" + key, 404, 0, 0},
		{"/v1/companies/co_0001?" + key, 404, 0, 0},
		{"/v1/deals/x?" + key, 404, 0, 0},
		{"/v1/others?" + key, 404, 0, 0},
		{"/v2/contacts?" + key, 404, 0, 0},
	} {
		resp, text := fetch(t, http.MethodGet, s.APIURL()+test.path, "")
		if resp.StatusCode != test.status {
			t.Errorf("%s: got %s, want %d", test.path, resp.Status, test.status)
		}
		if got := resp.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: got content type %q", test.path, got)
		}
		var got page
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v in %s", test.path, err, text)
		}
		if len(got.Data) != test.rows || got.Total != test.total {
			t.Errorf("%s: got %d rows of %d, want %d of %d", test.path, len(got.Data), got.Total, test.rows, test.total)
		}
		if test.status >= 400 && !strings.Contains(text, `"error"`) {
			t.Errorf("%s: no error in %s", test.path, text)
		}
	}
	resp, text := fetch(t, http.MethodGet, s.APIURL()+"/v1/contacts/17?"+key, "")
	if want := list(t, s, "contacts", "&offset=16&limit=1").Data[0]; text != string(want) {
		t.Errorf("one record: %s: got %s, want %s", resp.Status, text, want)
	}
}

// TestSample shows that the data is that of the seed, and what the rest of the project counts on.
func TestSample(t *testing.T) {
	a, b := start(t, devserver.Options{}), start(t, devserver.Options{Seed: 1})
	c := start(t, devserver.Options{Seed: 2, Contacts: 200, Companies: 20, Deals: 20})
	hash := sha256.New()
	want := map[string]int{"contacts": 10_000, "companies": 1_000, "deals": 2_500}
	for _, resource := range []string{"contacts", "companies", "deals"} {
		records, bytes := all(t, a, resource), 0
		if got, want := len(records), want[resource]; got != want {
			t.Errorf("%s: got %d records, want %d", resource, got, want)
		}
		for _, r := range records {
			bytes += len(r)
			hash.Write(r)
		}
		if mean := bytes / len(records); mean < 450 || mean > 750 {
			t.Errorf("%s: %d bytes a record", resource, mean)
		}
		first := list(t, a, resource, "")
		if !reflect.DeepEqual(first, list(t, b, resource, "")) {
			t.Errorf("%s: seed 1 and the default differ", resource)
		}
		if reflect.DeepEqual(first.Data[:20], list(t, c, resource, "").Data[:20]) {
			t.Errorf("%s: seeds 1 and 2 give the same", resource)
		}
	}
	const frozen = "00a0bf93694fc6f91e679dd2387c3a2131bca6b7061cace6fbf5eb2484907ed6"
	if got := hex.EncodeToString(hash.Sum(nil)); got != frozen {
		t.Errorf("the sample data has changed: its hash is %s, was %s", got, frozen)
	}
}

func TestFaults(t *testing.T) {
	s := start(t, devserver.Options{Contacts: 250, Companies: 10, Deals: 10, Faults: true})
	plain := start(t, devserver.Options{Contacts: 250, Companies: 10, Deals: 10})
	var got []string
	faulty := 0
	for n := range 200 {
		url := "/v1/contacts?api_key=" + s.Key()
		resp, _ := fetch(t, http.MethodGet, s.APIURL()+url, "")
		if resp.StatusCode != http.StatusOK {
			got = append(got, fmt.Sprintf("%d: %d %s", n, resp.StatusCode, resp.Header.Get("Retry-After")))
		}
		if resp, _ := fetch(t, http.MethodGet, plain.APIURL()+url, ""); resp.StatusCode != http.StatusOK {
			faulty++
		}
	}
	want := []string{"9: 503 ", "69: 429 1", "129: 429 ", "189: 503 "}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if faulty > 0 {
		t.Errorf("without Faults %d requests failed", faulty)
	}
	if resp, _ := fetch(t, http.MethodGet, s.APIURL()+"/v1/deals?api_key="+s.Key(), ""); resp.StatusCode != http.StatusOK {
		t.Errorf("another resource shares the count: %s", resp.Status)
	}
}

func TestMutate(t *testing.T) {
	for _, test := range []struct {
		name            string
		o               devserver.Options
		n               int
		updated, create int
	}{
		{"a handful", small, 7, 6, 1},
		{"one", small, 1, 1, 0},
		{"none", small, 0, 0, 0},
		{"more than there are", devserver.Options{Contacts: 2, Companies: 1, Deals: -1}, 50, 3, 1},
		{"nothing there", devserver.Options{Contacts: -1, Companies: -1, Deals: -1}, 3, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, twin := start(t, test.o), start(t, test.o)
			for round := range 3 {
				before := snapshot(t, s)
				changes := s.Mutate(test.n)
				if got := twin.Mutate(test.n); !reflect.DeepEqual(got, changes) {
					t.Errorf("a twin changes %v, want %v", got, changes)
				}
				after := snapshot(t, s)
				kinds := map[string]int{}
				for _, c := range changes {
					kinds[c.Kind]++
					ref := c.Resource + "/" + c.ID
					old, known := before[ref]
					if known != (c.Kind == "updated") || reflect.DeepEqual(old, after[ref]) {
						t.Errorf("%+v: was %v, is %v", c, old, after[ref])
					}
					if c.Kind == "updated" {
						if fmt.Sprint(old[c.Field]) != c.Old || fmt.Sprint(after[ref][c.Field]) != c.New || c.Old == c.New {
							t.Errorf("%+v: was %v, is %v", c, old[c.Field], after[ref][c.Field])
						}
						if old["updated_at"].(string) >= after[ref]["updated_at"].(string) {
							t.Errorf("%+v: updated_at went from %v to %v", c, old["updated_at"], after[ref]["updated_at"])
						}
					}
					delete(before, ref)
					delete(after, ref)
				}
				if !reflect.DeepEqual(before, after) {
					t.Error("records changed that Mutate does not tell of")
				}
				if want := test.updated; round == 0 && (kinds["updated"] != want || kinds["created"] != test.create) {
					t.Errorf("got %v, want %d updated and %d created", kinds, want, test.create)
				}
			}
		})
	}
}

// snapshot is all records by resource and id.
func snapshot(t *testing.T, s *devserver.Server) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, resource := range []string{"contacts", "companies", "deals"} {
		for _, r := range all(t, s, resource) {
			var m map[string]any
			if err := json.Unmarshal(r, &m); err != nil {
				t.Fatal(err)
			}
			out[fmt.Sprint(resource, "/", m["id"])] = m
		}
	}
	return out
}
