package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// OAuth 2.0's client credentials, from the first token to a revoked one: the client's secret goes to the token's URL alone, and neither
// it nor a token is ever shown, even by an API that repeats them.
func TestClientCredentials(t *testing.T) {
	s := begin(t)
	const secret = "client/secret+of=crm"
	var issued, refused atomic.Int64
	broken, denied := atomic.Bool{}, atomic.Bool{}
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if denied.Load() || r.FormValue("client_secret") != secret || r.FormValue("scope") != "read" || r.FormValue("grant_type") != "client_credentials" {
			answer(http.StatusUnauthorized, fmt.Sprintf(`{"error":"invalid_client","got":%q}`, r.FormValue("client_secret")))(w, r)
			return
		}
		answer(http.StatusOK, fmt.Sprintf(`{"access_token":"access-token-%d","expires_in":3600}`, issued.Add(1)))(w, r)
	}))
	t.Cleanup(login.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		switch offset := r.URL.Query().Get("offset"); {
		case strings.Contains(fmt.Sprint(r.URL, r.Header), secret):
			t.Error("the API got the client's secret")
		case token == "Bearer access-token-1" && offset != "0", token == "": // revoked in mid-walk
			refused.Add(1)
			answer(http.StatusUnauthorized, `{"error":"revoked `+token+`"}`)(w, r)
		case broken.Load():
			answer(http.StatusBadRequest, `{"error":"bad request of `+token+`"}`)(w, r)
		case offset == "0":
			answer(http.StatusOK, `{"data":[{"id":1}],"total":2}`)(w, r)
		default:
			answer(http.StatusOK, `{"data":[{"id":2}],"total":2}`)(w, r)
		}
	}))
	t.Cleanup(server.Close)
	s.environ = append(s.environ, "CLIENT_SECRET="+secret)
	config := s.config(&api{URL: server.URL}, edits{"source.client.auth": object{"type": "oauth2_client_credentials", "access_token_url": login.URL + "/token",
		"client_id": "crm", "client_secret": "${CLIENT_SECRET}", "access_token_request_data": object{"scope": "read"}}})

	o := s.run(config, 0)
	o.expect("contacts", object{"status": "complete", "proof": "proven", "records": 2, "requests": 5, "retries": 1})
	if issued.Load() != 2 || refused.Load() != 1 {
		s.Errorf("%d tokens were issued, %d refused; want 2 and 1", issued.Load(), refused.Load())
	}
	silent := func(o *outcome) {
		t.Helper()
		if text := o.said(); strings.Contains(text, "access-token-") || strings.Contains(text, secret) {
			s.Errorf("a secret is shown: %s", text)
		}
	}
	broken.Store(true)
	o = s.run(config, 3)
	o.mentions("bad request of Bearer ***")
	silent(o)
	denied.Store(true)
	o = s.run(config, 7)
	o.mentions("no OAuth 2.0 token", "invalid_client", login.URL+"/token")
	silent(o)
}
