package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestKeysAndPartitions(t *testing.T) {
	s := begin(t)
	long := strings.Repeat("k", 1024)
	sources := []string{`"a"`, `"Ä"`, `"日本語"`, `"🚀x"`, `"with space"`, `"a/b?c=d&e"`, `"00123"`, `"-7"`, `"tab\there"`, `"q\"uote"`, `""`,
		`0`, `-1`, `2147483648`, `9007199254740993`, `9223372036854775807`, `-9223372036854775808`}
	sources[10] = `"` + long + `"`
	var rows []string
	for i, id := range sources {
		rows = append(rows, fmt.Sprintf(`{"id":%s,"n":%d}`, id, i))
	}
	// Text and numbers are two resources: a key has one type.
	a := s.serve(s.key, map[string]*listing{"/v1/texts": {rows: rows[:11]}, "/v1/numbers": {rows: rows[11:]}})
	s.run(s.config(a, edits{"kafka.partitions": 7, "source.resources": []any{resource("texts", "/v1/texts"), resource("numbers", "/v1/numbers")}}), 0)
	s.times(s.table("texts", rows[:11]), 1)
	s.times(s.table("numbers", rows[11:]), 1)
}

func TestKeyTexts(t *testing.T) {
	s := begin(t)
	// 1, 1.0 and 1e0 are one key, and so are 0 and -0.
	l := &listing{rows: []string{`{"id":1.0,"v":1}`, `{"id":2e0,"v":1}`, `{"id":-0,"v":1}`, `{"id":-0.0,"v":2}`, `{"id":1.2e3,"v":1}`,
		`{"id":1e18,"v":1}`, `{"id":"2","v":9}`, `{"id":-5.0,"v":1}`}}
	s.run(s.config(s.api(l)), 0).expect("contacts", object{"records": 8, "published": 6, "duplicates": 2})
	var keys []string
	for k := range fold(s.read(s.topic("contacts"))) {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if got, want := strings.Join(keys, " "), "-5 0 1 1000000000000000000 1200 2"; got != want {
		s.Errorf("keys are %s, want %s", got, want)
	}
}

func TestCompositeKey(t *testing.T) {
	s := begin(t)
	var rows []string
	for _, region := range []string{"eu", "é<&>", "q\"\\", "a\nb\u0001", "\u2028/🚀"} {
		for _, no := range []int{1, -2} {
			rows = append(rows, text(object{"region": region, "no": no, "v": no}))
		}
	}
	s.run(s.config(s.api(&listing{rows: rows}), edits{"source.resource_defaults.primary_key": []string{"region", "no"}}), 0)
	s.tableBy("contacts", rows, func(row object) string { // RFC 8785
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode([]any{row["region"], row["no"]}); err != nil {
			s.Fatal(err)
		}
		return strings.NewReplacer("\n", "", `\u2028`, "\u2028").Replace(b.String())
	})
}

func TestRecordsThatHaveNoKey(t *testing.T) {
	cases := map[string]string{"null": `{"id":null,"v":1}`, "missing": `{"v":1}`, "boolean": `{"id":true}`, "fraction": `{"id":1.5}`, "object": `{"id":{"a":1}}`,
		"array": `{"id":[1]}`, "empty": `{"id":""}`, "too long": `{"id":"` + strings.Repeat("k", 1025) + `"}`}
	each(t, cases, func(s *scenario, bad string) {
		rows := plain(100)
		o := s.run(s.config(s.api(&listing{rows: append(rows, bad)}), withoutRegistry, eachPage), 4)
		o.expect("contacts", object{"status": "failed", "published": 100})
		o.mentions("id")
		s.times(s.table("contacts", rows), 1)
	})
}

func TestIntegersAreExact(t *testing.T) {
	s := begin(t)
	var rows []string
	for i, n := range []string{"0", "-1", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
		"9223372036854775807", "-9223372036854775808"} {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"n":%s,"o":{"n":%s},"a":[%s,1]}`, i, n, n, n))
	}
	s.run(s.config(s.api(&listing{rows: rows})), 0)
	s.table("contacts", rows)
}

func TestValuesThatAvroCannotHold(t *testing.T) {
	cases := map[string]string{"above int64": "9223372036854775808", "below int64": "-9223372036854775809", "thirty digits": strings.Repeat("9", 30),
		"double overflow": "1e400"}
	each(t, cases, func(s *scenario, n string) {
		rows := append(plain(100), fmt.Sprintf(`{"id":777,"name":"x","deep":{"huge":%s}}`, n))
		o := s.run(s.config(s.api(&listing{rows: rows}), withoutRegistry, eachPage), 4)
		o.mentions("777", "huge")
		s.table("contacts", rows[:100])
	})
}

func TestTextIsExact(t *testing.T) {
	s := begin(t)
	var rows []string
	for i, v := range []string{"", " ", "Ünïcödé", "日本語", "🚀👩‍👩‍👧‍👦", "a\x00b", "\u2028\u2029", "e\u0301", "\u202eright", "</script>&<>", "\ufeffbom",
		"\U0010ffff", strings.Repeat("x", 100_000), "null", "1", "2024-01-01T00:00:00Z"} {
		rows = append(rows, text(object{"id": i, "t": v, "o": object{"t": v}, "a": []string{v}}))
	}
	s.run(s.config(s.api(&listing{rows: rows})), 0)
	s.table("contacts", rows)
}

func TestSchemaEvolution(t *testing.T) {
	each(t, map[string][]edits{"registry": nil, "single object": {withoutRegistry}}, func(s *scenario, changes []edits) {
		l := &listing{rows: plain(50)}
		config := s.config(s.api(l), changes...)
		s.run(config, 0)
		l.rows[7] = `{"id":8,"name":"n8","v":21,"since":"2024","address":{"city":"Ulm"}}` // new fields
		l.rows[8] = `{"id":9,"name":"n9","v":2.5}`                                        // a fraction where integers were published
		l.rows[9] = `{"id":10,"name":["a"],"v":27}`                                       // another kind
		o := s.run(config, 0)
		o.expect("contacts", object{"published": 3, "unchanged": 47})
		o.mentions("v__v_double")
		s.table("contacts", l.rows)
		if len(changes) > 0 {
			return
		}
		versions := s.versions("contacts")
		if len(versions) != 2 {
			s.Fatalf("%d versions, want 2", len(versions))
		}
		if c := env.registry.Compatibility(s.Context(), s.topic("contacts")+"-value"); c[0].Err != nil || c[0].Level.String() != "BACKWARD_TRANSITIVE" {
			s.Errorf("compatibility is %v (%v)", c[0].Level, c[0].Err)
		}
		for _, name := range []string{"since", "address", "v__v_double", "name__v_array_string"} {
			if !strings.Contains(versions[1], `"`+name+`"`) || strings.Contains(versions[0], `"`+name+`"`) {
				s.Errorf("%s is no new field of %s", name, versions[1])
			}
		}
	})
}

const pinned = `{"type":"record","name":"contacts","namespace":"crm","fields":[{"name":"id","type":"long"},
 {"name":"name","type":["null","string"],"default":null,"doc":"What the person is called."},{"name":"v","type":["null","long"],"default":null}]}`

func TestPinnedSchema(t *testing.T) {
	s := begin(t)
	s.file("schemas/contacts.avsc", pinned)
	l := &listing{rows: plain(50)}
	config := s.config(s.api(l), edits{"schema.directory": "schemas"})
	s.run(config, 0).expect("contacts", object{"published": 50})
	if got := s.versions("contacts"); len(got) != 1 || !strings.Contains(got[0], "What the person is called.") {
		s.Errorf("registered %v", got)
	}
	l.rows[0] = `{"id":1,"name":"n1","v":0,"new":true}` // evolves, and says which file does not know the field
	s.run(config, 0).mentions("new", "contacts.avsc")
	s.table("contacts", l.rows)
}

func TestFrozenSchema(t *testing.T) {
	type bad struct{ row, field string }
	cases := map[string]bad{
		"unknown field": {`{"id":888,"name":"n8","v":21,"odd":1}`, "odd"},
		"wrong kind":    {`{"id":888,"name":{"odd":1},"v":21}`, "name"},
	}
	each(t, cases, func(s *scenario, c bad) {
		s.file("schemas/contacts.avsc", pinned)
		rows := append(plain(100), c.row)
		o := s.run(s.config(s.api(&listing{rows: rows}), eachPage, edits{"schema.directory": "schemas",
			"source.resources.0.schema_contract": "freeze"}), 4)
		o.mentions("888", c.field)
		s.table("contacts", rows[:100])
	})
}
