package e2e_test

import (
	"encoding/json"
	"fmt"
)

// people are n contacts with everything that everyday JSON holds; ids from 1.
func people(n int) []string {
	names := []string{"Ada", "Björk", "李雷", "O'Brien", "Zoë 🚀", "Łukasz", "quote\"back\\slash\u2028"}
	rows := make([]string, n)
	for i := range rows {
		id := i + 1
		row := object{
			"id": id, "email": fmt.Sprintf("c%d@example.com", id), "first_name": names[id%len(names)], "customer_id": fmt.Sprintf("cus_%04d", id%97),
			"score": float64(id) / 7, "visits": int64(id) << 40, "active": id%3 == 0, "hs-id": id, "created_at": "2024-02-29T10:00:00+02:00",
			"address": object{"city": fmt.Sprint("City ", id%50), "geo": object{"lat": float64(id) / 3, "lon": -0.5}},
			"tags":    []string{"a", "b", "c"}[:1+id%3], "phones": []object{{"kind": "home", "number": fmt.Sprintf("+49 %07d", id)}},
		}
		if id%5 == 0 {
			row["notes"], row["address"] = nil, nil
		} else {
			row["notes"] = fmt.Sprint("note ", id)
		}
		rows[i] = text(row)
	}
	return rows
}

// plain are n small records with ids from 1.
func plain(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"name":"n%d","v":%d}`, i+1, i+1, i*3)
	}
	return rows
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
