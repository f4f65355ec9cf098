package devserver

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/brianvoe/gofakeit/v7"
)

// crm holds the sample records, each as its JSON too.
type crm struct {
	mu        sync.RWMutex
	fake      *gofakeit.Faker // for what is made after the start
	contacts  []contact
	companies []company
	deals     []deal
	rows      map[string]*rows // by resource
	rounds    int              // of mutate
}

// rows is what a resource's list shows, in its order.
type rows struct {
	texts [][]byte
	byID  map[string]int // position in texts
}

func (r *rows) put(id string, record any) {
	text := encode(record)
	if i, known := r.byID[id]; known {
		r.texts[i] = text
		return
	}
	r.byID[id] = len(r.texts)
	r.texts = append(r.texts, text)
}

// encode writes a record as an API would, without escaping HTML. Our record types have nothing that cannot be encoded.
func encode(record any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(record)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// count is a number of Options: 0 is the default, negative none.
func count(n, byDefault int) int {
	if n == 0 {
		return byDefault
	}
	return max(n, 0)
}

func newCRM(o Options) *crm {
	seed := o.Seed
	if seed == 0 {
		seed = 1 // the faker takes 0 for a random one
	}
	c := &crm{fake: gofakeit.New(seed), rows: map[string]*rows{}}
	for _, r := range resources {
		c.rows[r] = &rows{byID: map[string]int{}}
	}
	for i := range count(o.Companies, 1_000) {
		c.companies = append(c.companies, newCompany(c.fake, i+1))
	}
	for i := range count(o.Contacts, 10_000) {
		c.contacts = append(c.contacts, newContact(c.fake, int64(i+1), c.companies))
	}
	for i := range count(o.Deals, 2_500) {
		c.deals = append(c.deals, newDeal(c.fake, int64(i+1), c.companies, c.contacts))
	}
	for i := range c.contacts {
		c.putContact(i)
	}
	for i := range c.companies {
		c.putCompany(i)
	}
	for i := range c.deals {
		c.putDeal(i)
	}
	return c
}

func (c *crm) putContact(i int) {
	c.rows["contacts"].put(strconv.FormatInt(c.contacts[i].ID, 10), c.contacts[i])
}

func (c *crm) putCompany(i int) {
	c.rows["companies"].put(c.companies[i].ID, c.companies[i])
}

func (c *crm) putDeal(i int) {
	c.rows["deals"].put(strconv.FormatInt(c.deals[i].ID, 10), c.deals[i])
}

// page appends the envelope with at most limit records from offset on.
func (c *crm) page(dst []byte, resource string, offset, limit int) []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	texts := c.rows[resource].texts
	from := min(offset, len(texts))
	dst = append(dst, `{"data":[`...)
	for i, text := range texts[from:min(from+limit, len(texts))] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, text...)
	}
	dst = append(dst, `],"total":`...)
	dst = strconv.AppendInt(dst, int64(len(texts)), 10)
	return append(dst, '}')
}

// one returns a record's JSON.
func (c *crm) one(resource, id string) ([]byte, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r := c.rows[resource]
	i, ok := r.byID[id]
	if !ok {
		return nil, false
	}
	return r.texts[i], true
}
