package devserver

import (
	"fmt"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// resources are the lists of the API, in the order of its index.
var resources = []string{"contacts", "companies", "deals"}

// The records of the sample CRM. schemas/*.avsc describes each of their fields.

type contact struct {
	ID             int64             `json:"id"`
	CustomerID     string            `json:"customer_id"`
	UserKey        string            `json:"user_key"`
	Email          string            `json:"email"`
	FirstName      string            `json:"first_name"`
	LastName       string            `json:"last_name"`
	Phone          *string           `json:"phone"`
	JobTitle       *string           `json:"job_title"`
	CompanyID      *string           `json:"company_id"`
	LifecycleStage string            `json:"lifecycle_stage"`
	Subscribed     bool              `json:"subscribed"`
	Visits         int64             `json:"visits"`
	LeadScore      float64           `json:"lead_score"`
	Address        *address          `json:"address"`
	Tags           []string          `json:"tags"`
	Properties     contactProperties `json:"properties"`
	LastSeenAt     *string           `json:"last_seen_at"`
	CreatedAt      string            `json:"created_at"`
	UpdatedAt      string            `json:"updated_at"`
}

type contactProperties struct {
	Source    string  `json:"source"`
	UTMSource *string `json:"utm-source"`
	NPS       *int64  `json:"nps"`
	VIP       bool    `json:"vip"`
}

type address struct {
	Street     string  `json:"street"`
	City       string  `json:"city"`
	State      *string `json:"state"`
	PostalCode string  `json:"postal_code"`
	Country    string  `json:"country"`
	Geo        geo     `json:"geo"`
}

type geo struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

type company struct {
	ID            string            `json:"id"`
	CustomerID    string            `json:"customer_id"`
	Name          string            `json:"name"`
	Domain        string            `json:"domain"`
	Industry      string            `json:"industry"`
	ParentID      *string           `json:"parent_id"`
	Employees     int64             `json:"employees"`
	AnnualRevenue *float64          `json:"annual_revenue"`
	Phone         *string           `json:"phone"`
	Address       *address          `json:"address"`
	Owner         owner             `json:"owner"`
	Tags          []string          `json:"tags"`
	Properties    companyProperties `json:"properties"`
	CreatedAt     string            `json:"created_at"`
	UpdatedAt     string            `json:"updated_at"`
}

type owner struct {
	UserKey string `json:"user_key"`
	Name    string `json:"name"`
	Email   string `json:"email"`
}

type companyProperties struct {
	Tier     string  `json:"tier"`
	Renewal  *string `json:"renewal_date"`
	Segments int64   `json:"segments"`
	Churned  bool    `json:"churned"`
}

type deal struct {
	ID                int64          `json:"id"`
	CustomerID        string         `json:"customer_id"`
	UserKey           string         `json:"user_key"`
	Name              string         `json:"name"`
	Stage             string         `json:"stage"`
	Amount            float64        `json:"amount"`
	Currency          string         `json:"currency"`
	Probability       float64        `json:"probability"`
	CompanyID         *string        `json:"company_id"`
	ContactID         *int64         `json:"contact_id"`
	ContactIDs        []int64        `json:"contact_ids"`
	LineItems         []lineItem     `json:"line_items"`
	Won               *bool          `json:"won"`
	Notes             *string        `json:"notes"`
	ExpectedCloseDate string         `json:"expected_close_date"`
	ClosedAt          *string        `json:"closed_at"`
	Tags              []string       `json:"tags"`
	Properties        dealProperties `json:"properties"`
	CreatedAt         string         `json:"created_at"`
	UpdatedAt         string         `json:"updated_at"`
}

type lineItem struct {
	SKU       string  `json:"sku"`
	Name      string  `json:"name"`
	Quantity  int64   `json:"quantity"`
	UnitPrice float64 `json:"unit_price"`
}

type dealProperties struct {
	Channel  string   `json:"channel"`
	Discount *float64 `json:"discount"`
	Priority int64    `json:"priority"`
}

var (
	stages     = []string{"lead", "subscriber", "opportunity", "customer", "evangelist"}
	sources    = []string{"import", "web form", "referral", "event", "api"}
	campaigns  = []string{"newsletter", "spring-sale", "partner", "search"}
	tags       = []string{"beta", "emea", "vip", "webinar", "trial", "renewal", "at risk", "smb"}
	industries = []string{"retail", "software", "logistics", "health care", "education", "energy", "finance"}
	tiers      = []string{"free", "team", "business", "enterprise"}
	dealStages = []string{"qualified", "proposal", "negotiation", "closed won", "closed lost"}
	currencies = []string{"EUR", "USD", "GBP"}
	channels   = []string{"inbound", "outbound", "partner"}
)

// The years in which the sample's records came about.
var (
	opened = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	closed = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
)

func newContact(f *gofakeit.Faker, id int64, companies []company) contact {
	created := between(f, opened, closed)
	c := contact{
		ID:             id,
		CustomerID:     fmt.Sprintf("cus_%06d", f.Number(1, 4_000)),
		UserKey:        fmt.Sprintf("usr_%s", f.DigitN(8)),
		FirstName:      f.FirstName(),
		LastName:       f.LastName(),
		Phone:          maybe(f, 80, f.PhoneFormatted()),
		JobTitle:       maybe(f, 85, f.JobTitle()),
		LifecycleStage: pick(f, stages),
		Subscribed:     f.Number(1, 3) > 1,
		Visits:         int64(f.Number(0, 2_000)),
		LeadScore:      float64(f.Number(0, 1_000)) / 10,
		Tags:           some(f, tags, 3),
		Properties: contactProperties{
			Source:    pick(f, sources),
			UTMSource: maybe(f, 40, pick(f, campaigns)),
			NPS:       maybe(f, 50, int64(f.Number(0, 10))),
			VIP:       f.Number(1, 20) == 1,
		},
		LastSeenAt: maybe(f, 70, between(f, created, closed).Format(time.RFC3339)),
		CreatedAt:  created.Format(time.RFC3339),
		UpdatedAt:  between(f, created, closed).Format(time.RFC3339),
	}
	domain := "mail.example"
	if len(companies) > 0 && f.Number(1, 100) <= 75 {
		work := &companies[f.Number(0, len(companies)-1)]
		c.CompanyID, domain = &work.ID, work.Domain
	}
	c.Email = strings.ToLower(fmt.Sprintf("%s.%s%d@%s", c.FirstName, c.LastName, id, domain))
	if f.Number(1, 100) <= 90 {
		c.Address = newAddress(f)
	}
	return c
}

func newCompany(f *gofakeit.Faker, n int) company {
	created := between(f, opened, closed)
	name := f.LastName()
	domain := strings.ToLower(fmt.Sprintf("%s%d.example", name, n))
	c := company{
		ID:            companyID(n),
		CustomerID:    fmt.Sprintf("cus_%06d", n),
		Name:          name + " " + f.BuzzWord() + " " + f.CompanySuffix(),
		Domain:        domain,
		Industry:      pick(f, industries),
		Employees:     int64(f.Number(1, 9_000)),
		AnnualRevenue: maybe(f, 70, f.Price(50_000, 90_000_000)),
		Phone:         maybe(f, 90, f.PhoneFormatted()),
		Owner:         newOwner(f),
		Tags:          some(f, tags, 4),
		Properties: companyProperties{
			Tier:     pick(f, tiers),
			Renewal:  maybe(f, 60, between(f, closed, closed.AddDate(1, 0, 0)).Format(time.DateOnly)),
			Segments: int64(f.Number(0, 12)),
			Churned:  f.Number(1, 12) == 1,
		},
		CreatedAt: created.Format(time.RFC3339),
		UpdatedAt: between(f, created, closed).Format(time.RFC3339),
	}
	if n > 1 {
		c.ParentID = maybe(f, 10, companyID(f.Number(1, n-1)))
	}
	if f.Number(1, 100) <= 95 {
		c.Address = newAddress(f)
	}
	return c
}

func newDeal(f *gofakeit.Faker, id int64, companies []company, contacts []contact) deal {
	created := between(f, opened, closed)
	d := deal{
		ID:                id,
		CustomerID:        fmt.Sprintf("cus_%06d", f.Number(1, 4_000)),
		UserKey:           fmt.Sprintf("usr_%s", f.DigitN(8)),
		Name:              f.ProductName(),
		Stage:             pick(f, dealStages),
		Currency:          pick(f, currencies),
		Probability:       float64(f.Number(0, 100)) / 100,
		ContactIDs:        []int64{},
		LineItems:         []lineItem{},
		Notes:             maybe(f, 40, f.Sentence()),
		ExpectedCloseDate: between(f, created, closed.AddDate(0, 6, 0)).Format(time.DateOnly),
		Tags:              some(f, tags, 2),
		Properties: dealProperties{
			Channel:  pick(f, channels),
			Discount: maybe(f, 30, float64(f.Number(1, 400))/1_000),
			Priority: int64(f.Number(1, 5)),
		},
		CreatedAt: created.Format(time.RFC3339),
		UpdatedAt: between(f, created, closed).Format(time.RFC3339),
	}
	if len(companies) > 0 {
		d.CompanyID = maybe(f, 90, companies[f.Number(0, len(companies)-1)].ID)
	}
	if len(contacts) > 0 {
		for range f.Number(0, 3) {
			d.ContactIDs = append(d.ContactIDs, contacts[f.Number(0, len(contacts)-1)].ID)
		}
	}
	if len(d.ContactIDs) > 0 {
		d.ContactID = &d.ContactIDs[0]
	}
	cents := 0
	for range f.Number(1, 3) {
		quantity, price := f.Number(1, 40), f.Number(99, 99_999)
		cents += quantity * price
		d.LineItems = append(d.LineItems, lineItem{"SKU-" + f.DigitN(5), f.ProductName(), int64(quantity), float64(price) / 100})
	}
	d.Amount = float64(cents) / 100
	if ended, won := strings.CutPrefix(d.Stage, "closed "); won {
		yes := ended == "won"
		d.Won = &yes
		at := between(f, created, closed).Format(time.RFC3339)
		d.ClosedAt = &at
	}
	return d
}

func newAddress(f *gofakeit.Faker) *address {
	return &address{
		Street:     f.Street(),
		City:       f.City(),
		State:      maybe(f, 70, f.StateAbr()),
		PostalCode: f.Zip(),
		Country:    f.CountryAbr(),
		Geo:        geo{f.Latitude(), f.Longitude()},
	}
}

func newOwner(f *gofakeit.Faker) owner {
	first, last := f.FirstName(), f.LastName()
	return owner{"usr_" + f.DigitN(8), first + " " + last, strings.ToLower(first + "." + last + "@crm.example")}
}

func companyID(n int) string { return fmt.Sprintf("co_%04d", n) }

// maybe returns v in so many of 100 cases.
func maybe[T any](f *gofakeit.Faker, percent int, v T) *T {
	if f.Number(1, 100) > percent {
		return nil
	}
	return &v
}

func pick(f *gofakeit.Faker, from []string) string { return from[f.Number(0, len(from)-1)] }

// some returns up to n of the given ones, in their order; often none.
func some(f *gofakeit.Faker, from []string, n int) []string {
	out := []string{}
	for i := range from {
		if len(out) < n && f.Number(1, 4) == 1 {
			out = append(out, from[i])
		}
	}
	return out
}

func between(f *gofakeit.Faker, from, to time.Time) time.Time {
	return from.Add(time.Duration(f.Number(0, int(to.Sub(from)/time.Second))) * time.Second)
}
