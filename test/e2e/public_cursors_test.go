package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// stripe's cursor is the id of the last object.
func stripe() public {
	customers := made(205, func(i int) string {
		return fmt.Sprintf(`{"id":"cus_%05d","object":"customer","balance":0,"created":%d,"email":null,"livemode":false,"metadata":{"order":"%d"}}`, i, 1680893993+i, i)
	})
	charge := func(receipt string) func(i int) string {
		return func(i int) string {
			return fmt.Sprintf(`{"id":"ch_%05d","object":"charge","amount":%d,"currency":"usd","paid":true%s}`, i, 1000+i, receipt)
		}
	}
	return public{
		url: "STRIPE_URL", secret: "STRIPE_KEY", auth: bearer,
		denied: respond(401, `{"error":{"message":"Invalid API Key provided: sk_test_****","type":"invalid_request_error"}}`),
		limited: respond(429, `{"error":{"code":"rate_limit","message":"Request rate limit exceeded.","type":"invalid_request_error"}}`,
			"Stripe-Rate-Limited-Reason", "global-rate"),
		rows: map[string][]string{"customers": customers, "charges": made(100, charge(""))}, proven: "customers, charges",
		serve: func(d *desk) {
			list := func(rows func() []string, id string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					d.only(r, "limit", "starting_after")
					d.want("Stripe-Version", r.Header.Get("Stripe-Version"), "2024-06-20")
					from := 0
					if last := r.URL.Query().Get("starting_after"); last != "" {
						if _, err := fmt.Sscanf(last, id, &from); err != nil {
							respond(400, `{"error":{"code":"resource_missing","param":"starting_after","type":"invalid_request_error"}}`)(w, r)
							return
						}
						from++
					}
					body, next := slice(rows(), from, d.size(r, "limit", 100))
					respond(200, fmt.Sprintf(`{"object":"list","url":%q,"has_more":%t,"data":%s}`, r.URL.Path, next > 0, body))(w, r)
				}
			}
			d.HandleFunc("GET /v1/customers", list(func() []string { return customers }, "cus_%d"))
			d.HandleFunc("GET /v1/charges", list(func() []string { // the receipt's link is another one each time
				return made(100, charge(fmt.Sprintf(`,"receipt_url":"https://pay.stripe.com/receipts/%d"`, d.served.Load())))
			}, "ch_%d"))
		},
	}
}

// hubspot leaves paging out on the last page.
func hubspot() public {
	contacts := made(201, func(i int) string {
		return fmt.Sprintf(`{"id":"%d","properties":{"email":"c%d@example.com","firstname":null,"lastname":"No. %d"},"createdAt":"2019-10-30T03:30:17.883Z","archived":false}`, 51+i, i, i)
	})
	companies := made(2, func(i int) string {
		return fmt.Sprintf(`{"id":"%d","properties":{"name":"Company %d"},"archived":false}`, 9001+i, i)
	})
	return public{
		url: "HUBSPOT_URL", secret: "HUBSPOT_TOKEN", auth: bearer,
		denied:  respond(401, `{"status":"error","message":"Authentication credentials not found.","category":"INVALID_AUTHENTICATION"}`),
		limited: respond(429, `{"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}`),
		rows:    map[string][]string{"contacts": contacts, "companies": companies},
		serve: func(d *desk) {
			list := func(rows []string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					d.only(r, "limit", "after", "properties")
					from := number(r.URL.Query(), "after", 0)
					body, next := slice(rows, from, d.size(r, "limit", 100))
					paging := ""
					if next > 0 {
						paging = fmt.Sprintf(`,"paging":{"next":{"after":"%d","link":"%s%s?after=%d"}}`, next, d.url, r.URL.Path, next)
					}
					respond(200, `{"results":`+body+paging+`}`)(w, r)
				}
			}
			d.HandleFunc("GET /crm/v3/objects/contacts", list(contacts))
			d.HandleFunc("GET /crm/v3/objects/companies", list(companies))
		},
	}
}

// pipedrive has null for no rows.
func pipedrive() public {
	deals := made(501, func(i int) string {
		return fmt.Sprintf(`{"id":%d,"title":"Deal %d","value":%d.5,"currency":"EUR","status":"open"}`, i+1, i, i)
	})
	leads := made(200, func(i int) string {
		return fmt.Sprintf(`{"id":"adf21080-0e10-11eb-879b-%012d","title":"Lead %d","owner_id":1,"label_ids":["f08b42a0"],"is_archived":false}`, i, i)
	})
	return public{
		url: "PIPEDRIVE_URL", secret: "PIPEDRIVE_TOKEN", auth: headed("x-api-token"),
		denied:  respond(401, `{"success":false,"error":"unauthorized access","errorCode":401}`),
		limited: respond(429, `{"success":false,"error":"request over limit"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "2"),
		rows:    map[string][]string{"deals": deals, "leads": leads},
		serve: func(d *desk) {
			d.HandleFunc("GET /api/v2/deals", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "limit", "cursor", "sort_by")
				body, next := slice(deals, d.position(r.URL.Query().Get("cursor")), d.size(r, "limit", 500))
				respond(200, fmt.Sprintf(`{"success":true,"data":%s,"additional_data":{"next_cursor":%s}}`, body, quotedOrNull(cursorOrNone(next))))(w, r)
			})
			d.HandleFunc("GET /v1/leads", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "limit", "start", "sort")
				start := number(r.URL.Query(), "start", 0)
				body, next := slice(leads, start, d.size(r, "limit", 100))
				if body == "[]" {
					body = "null"
				}
				more := ""
				if next > 0 {
					more = fmt.Sprintf(`,"next_start":%d`, next)
				}
				respond(200, fmt.Sprintf(`{"success":true,"data":%s,"additional_data":{"pagination":{"start":%d,"limit":100,"more_items_in_collection":%t%s}}}`,
					body, start, next > 0, more))(w, r)
			})
		},
	}
}

// jira counts projects and gives tokens for issues.
func jira() public {
	projects := made(120, func(i int) string {
		return fmt.Sprintf(`{"id":"%d","key":"P%d","name":"Project %d","simplified":false}`, 10000+i, i, i)
	})
	issues := made(110, func(i int) string {
		return fmt.Sprintf(`{"id":"%d","key":"P0-%d","self":"https://example.atlassian.net/rest/api/3/issue/%d"}`, 20000+i, i, 20000+i)
	})
	return public{
		url: "JIRA_URL", environ: []string{"JIRA_EMAIL=me@example.com"}, secret: "JIRA_TOKEN", auth: basic("me@example.com"),
		denied:  respond(401, `{"message":"Client must be authenticated to access this resource.","status-code":401}`),
		limited: respond(429, `{"errorMessages":["Rate limit exceeded."],"errors":{}}`, "Retry-After", "1", "RateLimit-Reason", "jira-burst-based"),
		rows:    map[string][]string{"projects": projects, "issues": issues}, proven: "projects",
		serve: func(d *desk) {
			d.HandleFunc("GET /rest/api/3/project/search", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "startAt", "maxResults", "orderBy")
				from, size := number(r.URL.Query(), "startAt", 0), d.size(r, "maxResults", 50)
				body, next := slice(projects, from, size)
				respond(200, fmt.Sprintf(`{"startAt":%d,"maxResults":%d,"total":%d,"isLast":%t,"values":%s}`, from, size, len(projects), next == 0, body))(w, r)
			})
			d.HandleFunc("GET /rest/api/3/search/jql", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "jql", "fields", "maxResults", "nextPageToken")
				if !strings.Contains(r.URL.Query().Get("jql"), ">=") {
					respond(400, `{"errorMessages":["Unbounded JQL queries are not allowed here."],"errors":{}}`)(w, r)
					return
				}
				body, next := slice(issues, d.position(r.URL.Query().Get("nextPageToken")), d.size(r, "maxResults", 100))
				token := ""
				if next > 0 {
					token = `,"nextPageToken":` + text(cursor(next))
				}
				respond(200, fmt.Sprintf(`{"issues":%s,"isLast":%t%s}`, body, next == 0, token))(w, r)
			})
		},
	}
}

// notion takes the cursor in the body of a POST.
func notion() public {
	pages := made(120, func(i int) string {
		return fmt.Sprintf(`{"id":"59833787-2cf9-4fdf-8782-%012d","object":"page","archived":false,"url":"https://www.notion.so/%d"}`, i, i)
	})
	users := made(100, func(i int) string {
		return fmt.Sprintf(`{"id":"d40e767c-d7af-4b18-a86d-%012d","object":"user","type":"person","name":"No. %d"}`, i, i)
	})
	return public{
		url: "NOTION_URL", secret: "NOTION_TOKEN", auth: bearer,
		denied:  respond(401, `{"object":"error","status":401,"code":"unauthorized","message":"API token is invalid."}`),
		limited: respond(429, `{"object":"error","status":429,"code":"rate_limited","message":"You have been rate limited. Please try again in a few minutes."}`, "Retry-After", "1"),
		rows:    map[string][]string{"pages": pages, "users": users},
		serve: func(d *desk) {
			page := func(w http.ResponseWriter, r *http.Request, rows []string, from string) {
				d.want("Notion-Version", r.Header.Get("Notion-Version"), "2022-06-28")
				body, next := slice(rows, d.position(from), 100)
				respond(200, fmt.Sprintf(`{"object":"list","results":%s,"next_cursor":%s,"has_more":%t,"type":"page_or_database"}`,
					body, quotedOrNull(cursorOrNone(next)), next > 0))(w, r)
			}
			d.HandleFunc("POST /v1/search", func(w http.ResponseWriter, r *http.Request) {
				d.want("Content-Type", r.Header.Get("Content-Type"), "application/json")
				var asked struct {
					Filter, Sort map[string]string
					PageSize     int    `json:"page_size"`
					StartCursor  string `json:"start_cursor"`
				}
				body := json.NewDecoder(r.Body)
				body.DisallowUnknownFields()
				if err := body.Decode(&asked); err != nil {
					d.Errorf("the body of the search: %v", err)
				}
				d.want("the filter", asked.Filter, map[string]string{"property": "object", "value": "page"})
				d.want("page_size", asked.PageSize, 100)
				page(w, r, pages, asked.StartCursor)
			})
			d.HandleFunc("GET /v1/users", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "page_size", "start_cursor")
				d.size(r, "page_size", 100)
				page(w, r, users, r.URL.Query().Get("start_cursor"))
			})
		},
	}
}

// airtable leaves offset out on the last page.
func airtable() public {
	records := made(201, func(i int) string {
		return fmt.Sprintf(`{"id":"rec%014d","createdTime":"2022-09-12T21:03:48.000Z","fields":{"Name":"No. %d","Visited":true}}`, i, i)
	})
	rows := made(len(records), func(i int) string { // fields is published as text
		before, fields, _ := strings.Cut(records[i], `"fields":`)
		return before + `"fields":` + text(strings.TrimSuffix(fields, "}")) + "}"
	})
	return public{
		url: "AIRTABLE_URL", environ: []string{"AIRTABLE_BASE=appLkNDICXNqxSDhG", "AIRTABLE_TABLE=tbl1", "AIRTABLE_QUIET=1s"}, secret: "AIRTABLE_TOKEN", auth: bearer,
		denied:  respond(401, `{"error":{"type":"AUTHENTICATION_REQUIRED","message":"Authentication required"}}`),
		limited: respond(429, `{"errors":[{"error":"RATE_LIMIT_REACHED","message":"Rate limit exceeded. Please try again later"}]}`),
		rows:    map[string][]string{"records": rows},
		serve: func(d *desk) {
			d.HandleFunc("GET /v0/appLkNDICXNqxSDhG/tbl1", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "pageSize", "offset")
				from, token := 0, r.URL.Query().Get("offset")
				if token != "" {
					from = d.position(strings.TrimPrefix(token, "itr/"))
				}
				body, next := slice(records, from, d.size(r, "pageSize", 100))
				offset := ""
				if next > 0 {
					offset = fmt.Sprintf(`,"offset":"itr/%s"`, cursor(next))
				}
				respond(200, `{"records":`+body+offset+`}`)(w, r)
			})
		},
	}
}
