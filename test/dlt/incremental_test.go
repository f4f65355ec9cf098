//go:build dlt

package dlt

import (
	"fmt"
	"strconv"
)

// revisions are what an API holds at each step: every step changes some rows and adds some, each with a greater rev.
func revisions(step int) []row {
	rows := items(30+5*step, 0)
	for i := range rows {
		rev := 1 + i%4
		for s := 1; s <= step; s++ {
			if (i+s)%6 == 0 || i >= 30+5*(s-1) {
				rev = 4 * (s + 1)
				rows[i]["name"] = fmt.Sprintf("Item %d, step %d", i+1, s)
			}
		}
		rows[i]["rev"] = rev
		rows[i]["seq"] = 10*rev + i // no two are the same, and the greatest doesn't stay where it was
		rows[i]["at"] = fmt.Sprintf("2024-03-%02dT00:00:00Z", rev)
	}
	return rows
}

// since answers with the rows whose field is in the range that the parameters name; a server that knows none shows all.
func since(field, start, end string) func(url string, step int) map[string]answer {
	return func(_ string, step int) map[string]answer {
		return map[string]answer{"/items": func(r request) (int, any, []string) {
			from, to := r.URL.Query().Get(start), r.URL.Query().Get(end)
			var in []row
			for _, i := range revisions(step) {
				text := fmt.Sprint(i[field])
				if (from == "" || !before(text, from)) && (to == "" || before(text, to)) {
					in = append(in, i)
				}
			}
			page, next := cut(in, r.number("offset", 0), 10)
			return ok(row{"data": page, "more": next > 0})
		}}
	}
}

// before compares numbers as numbers, and dates as text.
func before(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return x < y
	}
	return a < b
}

func incrementals() map[string]equal {
	paginator := row{"type": "offset", "limit": 10, "total_path": nil, "has_more_path": "more"}
	param := func(more row, changes ...row) func(url string) row {
		inc := row{"type": "incremental", "cursor_path": "rev", "initial_value": 0}
		for k, v := range more {
			inc[k] = v
		}
		return listing(row{"data_selector": "data", "paginator": paginator, "params": row{"since": inc}}, changes...)
	}
	block := func(inc row, changes ...row) func(url string) row {
		return listing(row{"data_selector": "data", "paginator": paginator, "incremental": inc}, changes...)
	}
	byRev, byAt := since("rev", "since", "until"), since("at", "since", "until")
	blind := since("rev", "-", "-") // a server that knows no such parameter
	holes := func(rows []row) []row {
		for i := range rows {
			if i%9 == 0 {
				delete(rows[i], "rev")
			}
		}
		return rows
	}
	missing := func(_ string, step int) map[string]answer {
		return map[string]answer{"/items": func(r request) (int, any, []string) {
			page, next := cut(holes(revisions(step)), r.number("offset", 0), 10)
			return ok(row{"data": page, "more": next > 0})
		}}
	}
	return map[string]equal{
		"parameter":            {source: param(nil), paths: byRev, steps: 3},
		"parameter, dates":     {source: param(row{"cursor_path": "at", "initial_value": "2024-03-02T00:00:00Z"}), paths: byAt, steps: 3},
		"parameter, blind API": {source: param(row{"initial_value": 2}), paths: blind, steps: 3},
		"start_param":          {source: block(row{"cursor_path": "rev", "initial_value": 1, "start_param": "since"}), paths: byRev, steps: 3},
		"end_value":            {source: block(row{"cursor_path": "rev", "initial_value": 2, "end_value": 4, "start_param": "since", "end_param": "until"}), paths: byRev, steps: 2},
		"end_value, blind API": {source: block(row{"cursor_path": "rev", "initial_value": 2, "end_value": 4}), paths: blind},
		"range_end closed":     {source: block(row{"cursor_path": "rev", "initial_value": 2, "end_value": 3, "range_end": "closed"}), paths: blind},
		"range_start open":     {source: block(row{"cursor_path": "rev", "initial_value": 2, "range_start": "open"}), paths: blind, steps: 3},
		"row_order":            {source: block(row{"cursor_path": "seq", "initial_value": 5, "row_order": "asc"}), paths: blind, steps: 2},
		"lag":                  {source: param(row{"lag": 4}), paths: byRev, steps: 3},
		"lag, dates":           {source: param(row{"cursor_path": "at", "initial_value": "2024-03-01T00:00:00Z", "lag": 86400}), paths: byAt, steps: 2},
		"min":                  {source: param(row{"initial_value": 3, "last_value_func": "min"}), paths: blind, steps: 2},
		"missing, include":     {source: param(row{"on_cursor_value_missing": "include"}), paths: missing, steps: 2},
		"missing, exclude":     {source: param(row{"on_cursor_value_missing": "exclude"}), paths: missing, steps: 2},
		"placeholder": {source: listing(row{"data_selector": "data", "paginator": paginator, "params": row{"since": "{incremental.start_value}"},
			"incremental": row{"cursor_path": "rev", "initial_value": 1}}), paths: byRev, steps: 3},
		"append": {source: param(nil, row{"write_disposition": "append"}), paths: byRev, steps: 3},
	}
}
