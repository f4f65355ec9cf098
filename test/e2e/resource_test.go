package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// since makes a listing of those rows whose v is at least the parameter since.
func since(l *listing) *listing {
	l.page = func(q url.Values) string {
		some := listing{}
		for _, text := range l.rows {
			var row struct{ V int }
			if err := json.Unmarshal([]byte(text), &row); err == nil && row.V >= number(q, "since", 0) {
				some.rows = append(some.rows, text)
			}
		}
		return some.body(q)
	}
	return l
}

func TestProcessingSteps(t *testing.T) {
	s := begin(t)
	l := &listing{}
	var want []string
	for i := range 250 {
		l.rows = append(l.rows, fmt.Sprintf(`{"key":%d,"o":{"keep":"ä%d","drop":1},"status":%q}`, i, i, []string{"open", "won", "lost"}[i%3]))
		if i%3 < 2 {
			want = append(want, fmt.Sprintf(`{"id":%d,"o":{"keep":"ä%d"}}`, i, i))
		}
	}
	config := s.config(s.api(l), edits{"source.resources.0.processing_steps": []any{
		object{"filter": object{"field": "status", "in": []any{"open", "won"}}},
		object{"rename": object{"key": "id"}}, object{"include": []any{"id", "o"}}, object{"exclude": []any{"o.drop"}},
	}})
	s.run(config, 0).expect("contacts", object{"status": "complete", "proof": "bounded", "records": len(want), "published": len(want), "total": 250})
	s.times(s.table("contacts", want), 1)
	for i, row := range l.rows {
		l.rows[i] = strings.Replace(row, `"drop":1`, `"drop":2`, 1)
	}
	s.run(config, 0).expect("contacts", object{"published": 0, "unchanged": len(want)})
}

func TestIncremental(t *testing.T) {
	s := begin(t)
	l := since(&listing{rows: plain(300)}) // v is 3, 6, … 897 behind 0
	a := s.api(l)
	config := s.config(a, edits{"source.resources.0.endpoint.incremental": object{"cursor_path": "v", "start_param": "since"},
		"source.resource_defaults.write_disposition": "replace"})
	s.run(config, 0).expect("contacts", object{"proof": "proven", "published": 300, "requests": 3})
	l.rows[7] = `{"id":8,"name":"changed","v":1000}`
	l.rows = append(l.rows, `{"id":301,"name":"new","v":1001}`)
	s.run(config, 0).expect("contacts", object{"proof": "incremental", "published": 2, "unchanged": 1, "requests": 1}) // the row at the cursor is seen again
	gone := l.rows[0]
	l.rows = l.rows[1:]
	s.run(config, 0).expect("contacts", object{"proof": "incremental", "published": 0, "unchanged": 1, "requests": 1, "tombstones": 0})
	s.table("contacts", append([]string{gone}, l.rows...))
	s.run(config, 0, "--full").expect("contacts", object{"proof": "proven", "published": 0, "requests": 3, "tombstones": 1})
	s.table("contacts", l.rows)
}
