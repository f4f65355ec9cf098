package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// github pages by the Link header; too many requests at once are a 403 with Retry-After.
func github() public {
	issues := made(230, func(i int) string {
		row := fmt.Sprintf(`{"id":%d,"node_id":"I_%d","number":%d,"title":"Issue %d","state":"open","locked":false,"user":{"login":"octocat","id":1},`+
			`"labels":[{"id":208045946,"name":"bug","default":true}],"comments":%d,"created_at":"2011-04-22T13:33:48Z","closed_at":null`, i+1, i+1, i+1, i+1, i%3)
		if i%4 == 0 {
			row += fmt.Sprintf(`,"pull_request":{"url":"https://api.github.com/repos/octo/hello/pulls/%d"}`, i+1)
		}
		return row + "}"
	})
	comments := made(100, func(i int) string {
		return fmt.Sprintf(`{"id":%d,"body":"Me too","user":{"login":"octocat","id":1},"created_at":"2011-04-14T16:00:49Z"}`, i+1)
	})
	return public{
		url: "GITHUB_URL", environ: []string{"GITHUB_REPOSITORY=octo/hello"}, secret: "GITHUB_TOKEN", auth: bearer,
		denied: respond(401, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`),
		limited: respond(403, `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`,
			"Retry-After", "1", "X-RateLimit-Remaining", "4000"),
		rows: map[string][]string{"issues": issues, "issue_comments": comments},
		serve: func(d *desk) {
			list := func(rows []string, names ...string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					d.only(r, append(names, "per_page", "page")...)
					d.want("Accept", r.Header.Get("Accept"), "application/vnd.github+json")
					d.want("X-GitHub-Api-Version", r.Header.Get("X-GitHub-Api-Version"), "2022-11-28")
					size, page := d.size(r, "per_page", 100), max(number(r.URL.Query(), "page", 1), 1)
					body, next := slice(rows, (page-1)*size, size)
					link := func(to int, rel string) string {
						q := r.URL.Query()
						q.Set("page", strconv.Itoa(to))
						return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, d.url, r.URL.Path, q.Encode(), rel)
					}
					header := link(1, "first")
					if next > 0 {
						header = link(page+1, "next") + ", " + link((len(rows)+size-1)/size, "last")
					}
					respond(200, body, "Link", header, "X-RateLimit-Remaining", "4999")(w, r)
				}
			}
			d.HandleFunc("GET /repos/octo/hello/issues", list(issues, "state", "sort", "direction"))
			d.HandleFunc("GET /repos/octo/hello/issues/comments", list(comments, "sort", "direction"))
		},
	}
}

// shopify pages by the Link header too; page_info allows no other parameter but limit. Retry-After is fractional.
func shopify() public {
	orders := made(251, func(i int) string {
		return fmt.Sprintf(`{"id":%d,"admin_graphql_api_id":"gid://shopify/Order/%d","name":"#%d","total_price":"199.65","test":false,"closed_at":null,`+
			`"line_items":[{"id":%d,"quantity":1,"price":"199.00"}]}`, 450789469+i, 450789469+i, 1001+i, 466157049+i)
	})
	products := made(3, func(i int) string {
		return fmt.Sprintf(`{"id":%d,"title":"IPod Nano %d","tags":"Emotive"}`, 632910392+i, i)
	})
	return public{
		url: "SHOPIFY_URL", secret: "SHOPIFY_TOKEN", auth: headed("X-Shopify-Access-Token"),
		denied:  respond(401, `{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`),
		limited: respond(429, `{"errors":"Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."}`, "Retry-After", "1.5"),
		rows:    map[string][]string{"orders": orders, "products": products},
		serve: func(d *desk) {
			list := func(name string, rows []string, first ...string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					size, from := d.size(r, "limit", 250), 0
					if token := r.URL.Query().Get("page_info"); token != "" {
						d.only(r, "limit", "page_info")
						from = d.position(token)
					} else {
						d.only(r, append(first, "limit")...)
					}
					body, next := slice(rows, from, size)
					headers := []string{"X-Shopify-Shop-Api-Call-Limit", "1/40"}
					if next > 0 {
						q := url.Values{"limit": {strconv.Itoa(size)}, "page_info": {cursor(next)}}
						headers = append(headers, "Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, d.url, r.URL.Path, q.Encode()))
					}
					respond(200, `{"`+name+`":`+body+`}`, headers...)(w, r)
				}
			}
			d.HandleFunc("GET /admin/api/2024-10/orders.json", list("orders", orders, "status"))
			d.HandleFunc("GET /admin/api/2024-10/products.json", list("products", products))
		},
	}
}

// zendesk has cursors, whose links go on behind the last page, and older listings with links and a count.
func zendesk() public {
	tickets := made(150, func(i int) string {
		return fmt.Sprintf(`{"id":%d,"subject":"Help %d","status":"open","tags":["enterprise"],"via":{"channel":"web"},"due_at":null}`, i+1, i)
	})
	users := made(130, func(i int) string { return fmt.Sprintf(`{"id":%d,"name":"User %d","active":true}`, 35436+i, i) })
	return public{
		url: "ZENDESK_URL", environ: []string{"ZENDESK_EMAIL=agent@example.com"}, secret: "ZENDESK_TOKEN", auth: basic("agent@example.com/token"),
		denied:  respond(401, `{"error":"Couldn't authenticate you"}`),
		limited: respond(429, "Rate limit for ticket updates exceeded, please wait before sending more requests", "Retry-After", "1"),
		rows:    map[string][]string{"tickets": tickets, "users": users}, proven: "users",
		serve: func(d *desk) {
			d.HandleFunc("GET /api/v2/tickets.json", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "page[size]", "page[after]")
				size, from := d.size(r, "page[size]", 100), d.position(r.URL.Query().Get("page[after]"))
				body, next := slice(tickets, from, size)
				after := cursor(min(from+size, len(tickets)))
				respond(200, fmt.Sprintf(`{"tickets":%s,"meta":{"has_more":%t,"after_cursor":%q,"before_cursor":%q},`+
					`"links":{"prev":null,"next":"%s/api/v2/tickets.json?page%%5Bsize%%5D=100&page%%5Bafter%%5D=%s"}}`,
					body, next > 0, after, cursor(from), d.url, after))(w, r)
			})
			d.HandleFunc("GET /api/v2/users.json", func(w http.ResponseWriter, r *http.Request) {
				d.only(r, "per_page", "page")
				size, page := d.size(r, "per_page", 100), number(r.URL.Query(), "page", 1)
				body, next := slice(users, (page-1)*size, size)
				link := "null"
				if next > 0 {
					link = text(fmt.Sprintf("%s/api/v2/users.json?page=%d&per_page=100", d.url, page+1))
				}
				respond(200, fmt.Sprintf(`{"users":%s,"next_page":%s,"previous_page":null,"count":%d}`, body, link, len(users)))(w, r)
			})
		},
	}
}
