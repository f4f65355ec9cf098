package schema_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"producer/pkg/record"
	"producer/pkg/schema"
)

// checkPage encodes the records of a page with one encoder, which learns of each what it needs for the next, and each by itself. Both
// must come to the same. by is the schema that they are written by; nil: that of the page.
func checkPage(t *testing.T, by *schema.Schema, page string) {
	t.Helper()
	rows := parse(t, page)
	if by == nil {
		obs := schema.NewObservation(byID)
		for row := range rows.Elements() {
			if row.Kind() != record.Object || obs.Add(row) != nil {
				return
			}
		}
		var err error
		if by, _, err = schema.Evolve(nil, obs, byID); refused(t, err) {
			return
		}
	}
	one, err := schema.Compile(by, byID)
	if err != nil {
		t.Fatal(err)
	}
	for row := range rows.Elements() {
		got, gotErr := one.Append(nil, row)
		want, wantErr := appended(t, by, byID, string(row.Raw()))
		if string(got) != string(want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("%s in %s: got %x, %v, alone it is %x, %v", row.Raw(), page, got, gotErr, want, wantErr)
		}
	}
}

// What an encoder has seen makes no difference to what it writes, nor does whether the schema knows the names.
func TestPagesAsRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for range 500 {
		page := randomPage(r, true)
		for range 2 { // records of one shape, next to each other and not
			page = append(page, page[r.IntN(len(page))], strings.ReplaceAll(page[r.IntN(len(page))], `"x"`, `"z"`))
		}
		text := "[" + strings.Join(page, ",") + "]"
		checkPage(t, nil, text)
		if s, _, err := schema.Evolve(nil, observe(t, byID, page[0]), byID); !refused(t, err) {
			checkPage(t, s, text)
		}
	}
}

// Nor do pages of other tapes in between.
func TestPagesOfSeveralTapes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var tapes [3]record.Tape
	var pages []string
	for range 40 {
		pages = append(pages, "["+strings.Join(randomPage(r, false), ",")+"]")
	}
	obs := schema.NewObservation(byID)
	for _, page := range pages {
		for row := range parse(t, page).Elements() {
			if err := obs.Add(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	by, _, err := schema.Evolve(nil, obs, byID)
	if err != nil {
		t.Fatal(err)
	}
	one, err := schema.Compile(by, byID)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		tape := &tapes[r.IntN(len(tapes))]
		if err := tape.Parse([]byte(pages[r.IntN(len(pages))]), 0); err != nil {
			t.Fatal(err)
		}
		for row := range tape.Root().Elements() {
			got, gotErr := one.Append(nil, row)
			want, wantErr := appended(t, by, byID, string(row.Raw()))
			if string(got) != string(want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("%s: got %x, %v, alone it is %x, %v", row.Raw(), got, gotErr, want, wantErr)
			}
		}
	}
}

// FuzzPage is the same for any page.
func FuzzPage(f *testing.F) {
	f.Add(`[{"id":1,"a":{"b":1}},{"id":2,"a":{"b":2}},{"id":3,"a":null,"c":[]},{"id":4,"a":{"b":2.5}},{"id":null},{"id":5,"c":null,"a":{}}]`)
	f.Fuzz(func(t *testing.T, page string) {
		var tape record.Tape
		if tape.Parse([]byte(page), 100) == nil && tape.Root().Kind() == record.Array && tape.Root().Len() < 100 {
			checkPage(t, nil, page)
		}
	})
}
