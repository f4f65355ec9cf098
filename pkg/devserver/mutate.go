package devserver

import (
	"fmt"
	"strconv"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// Change is what [Server.Mutate] did to one record.
type Change struct {
	Resource string // contacts, companies, deals
	ID       string // the record's id, as text
	Kind     string // updated, created
	Field    string // that changed beside updated_at; empty for a created record
	Old, New string // its values, as text
}

// mutate is Server.Mutate.
func (c *crm) mutate(n int) []Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n <= 0 {
		return nil
	}
	c.rounds++
	at := closed.Add(time.Duration(c.rounds) * time.Hour).Format(time.RFC3339)
	updates := n
	if n > 1 {
		updates--
	}
	sizes := map[string]int{"contacts": len(c.contacts), "companies": len(c.companies), "deals": len(c.deals)}
	updates = min(updates, len(c.contacts)+len(c.companies)+len(c.deals))
	var changes []Change
	seen := map[string]bool{}
	for turn := 0; len(changes) < updates; turn++ { // the resources take turns
		resource := resources[turn%len(resources)]
		if sizes[resource] == 0 {
			continue
		}
		i := c.fake.Number(0, sizes[resource]-1)
		if ref := fmt.Sprint(resource, i); !seen[ref] {
			seen[ref] = true
			changes = append(changes, c.updateOne(resource, i, at))
		}
	}
	if n > 1 {
		changes = append(changes, c.insert(at))
	}
	return changes
}

func (c *crm) updateOne(resource string, i int, at string) Change {
	ch := Change{Resource: resource, Kind: "updated"}
	switch resource {
	case "contacts":
		r := &c.contacts[i]
		ch.ID, ch.Field, ch.Old = strconv.FormatInt(r.ID, 10), "lifecycle_stage", r.LifecycleStage
		r.LifecycleStage, r.UpdatedAt = other(c.fake, stages, r.LifecycleStage), at
		ch.New = r.LifecycleStage
		c.putContact(i)
	case "companies":
		r := &c.companies[i]
		ch.ID, ch.Field, ch.Old = r.ID, "employees", strconv.FormatInt(r.Employees, 10)
		r.Employees, r.UpdatedAt = r.Employees+int64(c.fake.Number(1, 50)), at
		ch.New = strconv.FormatInt(r.Employees, 10)
		c.putCompany(i)
	default:
		r := &c.deals[i]
		ch.ID, ch.Field, ch.Old = strconv.FormatInt(r.ID, 10), "stage", r.Stage
		r.Stage, r.UpdatedAt = other(c.fake, dealStages, r.Stage), at
		ch.New = r.Stage
		c.putDeal(i)
	}
	return ch
}

// insert adds a contact at the end of the list.
func (c *crm) insert(at string) Change {
	id := int64(1)
	if n := len(c.contacts); n > 0 {
		id = c.contacts[n-1].ID + 1
	}
	r := newContact(c.fake, id, c.companies)
	r.CreatedAt, r.UpdatedAt, r.LastSeenAt = at, at, nil
	c.contacts = append(c.contacts, r)
	c.putContact(len(c.contacts) - 1)
	return Change{Resource: "contacts", ID: strconv.FormatInt(id, 10), Kind: "created"}
}

// other picks one that is not the present one.
func other(f *gofakeit.Faker, from []string, present string) string {
	for {
		if s := pick(f, from); s != present {
			return s
		}
	}
}
