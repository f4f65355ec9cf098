package record_test

import (
	"errors"
	"fmt"

	"producer/pkg/record"
)

func Example() {
	page := []byte(`{"data": [{"id": 9007199254740993, "name": "Zo\u00eb"}, {"id": 2.0, "name": null}], "total": 2}`)
	var tape record.Tape
	if err := tape.Parse(page, 500); err != nil {
		fmt.Println(err)
		return
	}
	rows, _ := tape.Root().Get("data")
	for row := range rows.Elements() {
		id, _ := row.Get("id")
		name, _ := row.Get("name")
		key, err := record.AppendKey(nil, []record.Value{id})
		fmt.Printf("%s %v %s %v\n", key, name.Kind(), name.AppendText(nil), err)
	}

	var se *record.SyntaxError
	if err := tape.Parse([]byte(`{"data": [{"id": 1, "id": 2}]}`), 500); errors.As(err, &se) {
		fmt.Println(se.Kind, "in", se.Pointer)
	}
	// Output:
	// 9007199254740993 string Zoë <nil>
	// 2 null null <nil>
	// duplicate name in /data/0/id
}

func ExampleHasher() {
	var h record.Hasher
	var a, b record.Tape
	if err := errors.Join(a.Parse([]byte(`{"id":1,"name":"x","gone":null}`), 0), b.Parse([]byte(`{ "name": "\u0078", "id": 1 }`), 0)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(h.Sum(a.Root()) == h.Sum(b.Root()))
	// Output: true
}
