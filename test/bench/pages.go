package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// pages is an API that has all its answers ready, so that it costs both programs the same next to nothing.
type pages struct {
	bodies  [][]byte
	page    int
	records int
	bytes   int // of all records
}

func newPages(records, page int) *pages {
	p := &pages{page: page, records: records}
	for first := 0; first < records; first += page {
		rows := make([]string, min(page, records-first))
		for i := range rows {
			rows[i] = contact(first + i + 1)
			p.bytes += len(rows[i])
		}
		p.bodies = append(p.bodies, fmt.Appendf(nil, `{"data":[%s],"total":%d}`, strings.Join(rows, ","), records))
	}
	return p
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
	if err != nil || offset < 0 || offset/p.page >= len(p.bodies) {
		http.Error(w, "no such page", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(p.bodies[offset/p.page]) //nolint:errcheck // the client may have gone
}

// contact is a record of about 600 bytes, with the kinds of field that a CRM has.
func contact(id int) string {
	return fmt.Sprintf(`{"id":%d,"email":"contact.%d@example.com","first_name":"Ada %d","last_name":"Lovelace-Byron","phone":"+49 30 %08d",`+
		`"company_id":%d,"owner":"user_%03d","lifecycle_stage":"opportunity","lead_score":%d.%02d,"visits":%d,"subscribed":%t,`+
		`"created_at":"2024-%02d-%02dT10:15:30Z","updated_at":"2025-%02d-%02dT08:00:00Z",`+
		`"address":{"street":"Hauptstraße %d","city":"Berlin","zip":"%05d","country":"DE","location":{"lat":52.%04d,"lon":13.%04d}},`+
		`"tags":["newsletter","customer","tier-%d"],"note":"Met at the conference; asked for an offer and a call back next week.","external_id":null}`,
		id, id, id, id, id%1000, id%250, id%100, id%90+10, id*7, id%3 == 0, id%12+1, id%28+1, id%12+1, id%28+1, id%200, id%99999, id%10000, id%10000, id%4)
}

// contactsSchema is pinned for both, so that their values can be compared byte for byte.
const contactsSchema = `{"type":"record","name":"contacts","namespace":"bench","fields":[
{"name":"id","type":"long"},
{"name":"address","type":["null",{"type":"record","name":"contacts_address","fields":[
 {"name":"city","type":["null","string"],"default":null},
 {"name":"country","type":["null","string"],"default":null},
 {"name":"location","type":["null",{"type":"record","name":"contacts_address_location","fields":[
  {"name":"lat","type":["null","double"],"default":null},
  {"name":"lon","type":["null","double"],"default":null}]}],"default":null},
 {"name":"street","type":["null","string"],"default":null},
 {"name":"zip","type":["null","string"],"default":null}]}],"default":null},
{"name":"company_id","type":["null","long"],"default":null},
{"name":"created_at","type":["null","string"],"default":null},
{"name":"email","type":["null","string"],"default":null},
{"name":"first_name","type":["null","string"],"default":null},
{"name":"last_name","type":["null","string"],"default":null},
{"name":"lead_score","type":["null","double"],"default":null},
{"name":"lifecycle_stage","type":["null","string"],"default":null},
{"name":"note","type":["null","string"],"default":null},
{"name":"owner","type":["null","string"],"default":null},
{"name":"phone","type":["null","string"],"default":null},
{"name":"subscribed","type":["null","boolean"],"default":null},
{"name":"tags","type":["null",{"type":"array","items":"string"}],"default":null},
{"name":"updated_at","type":["null","string"],"default":null},
{"name":"visits","type":["null","long"],"default":null}]}`
