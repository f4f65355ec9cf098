package config

import (
	"strings"
	"time"
)

// Auth is one of dlt's ways to authenticate a request. Which fields are set depends on Type.
type Auth struct {
	Type               string // "api_key", "bearer", "http_basic" or "oauth2_client_credentials"
	Name, Location     string // of api_key; Location is "header", "query" or "cookie"
	APIKey, Token      Secret // of api_key and of bearer
	Username, Password Secret // of http_basic

	// Of oauth2_client_credentials.
	TokenURL               string
	ClientID, ClientSecret Secret
	TokenRequest           []Param       // over grant_type, client_id and client_secret
	TokenExpiry            time.Duration // of a token whose answer doesn't say it
}

// auth reads dlt's auth: a mapping with type (absent: bearer), or a type's name.
func (l *loader) auth(n *node) *Auth {
	const right = `it must be {type: api_key, api_key: "${API_KEY}"}, {type: bearer, token: "${TOKEN}"}, ` +
		`{type: http_basic, username: "${USER}", password: "${PASSWORD}"} or ` +
		`{type: oauth2_client_credentials, access_token_url: "https://…", client_id: "${ID}", client_secret: "${SECRET}"}`
	if n.kind == scalarKind && n.tag == "!!str" { // its text may be a secret at the wrong place, so it isn't shown
		switch n.text {
		case "api_key", "bearer", "http_basic", "oauth2_client_credentials":
			l.wrong(n, "is the bare name of a type, and dlt's own secrets are not read; %s", right)
		default:
			l.wrong(n, "is text that names no type; %s", right)
		}
		return nil
	}
	if n.kind != mappingKind {
		l.wrong(n, "is %s; %s", n.what(), right)
		return nil
	}
	o := l.object(n)
	a := &Auth{Type: "bearer"}
	if t := o.get("type"); t != nil {
		var ok bool
		if a.Type, ok = l.word(t, "api_key", "bearer", "http_basic", "oauth2_client_credentials"); !ok {
			return nil
		}
	}
	switch a.Type {
	case "api_key":
		l.apiKey(o, a)
	case "bearer":
		a.Token = o.wantSecret("token")
	case "http_basic":
		l.basic(o, a)
	case "oauth2_client_credentials":
		l.clientCredentials(o, a)
	}
	o.done()
	return a
}

// clientCredentials reads the grant of that name (RFC 6749 section 4.4). The client's secret is sent to access_token_url and nowhere
// else.
func (l *loader) clientCredentials(o *object, a *Auth) {
	if u := o.want("access_token_url", "give the URL that answers with a token, as in https://login.example.com/oauth2/token"); u != nil {
		text, ok := l.text(u)
		address, _, _ := strings.Cut(text, "?")
		switch why := notBaseURL(address); {
		case !ok:
		case why != "":
			l.wrong(u, "%s; it must be an http or https URL, as in https://login.example.com/oauth2/token", why)
		default:
			a.TokenURL = text
			if unprotected(text) {
				l.warn(u, "is asked over http, and the client's secret is readable on its way to another machine; use https")
			}
		}
	}
	a.ClientID = o.wantNamed("client_id", "give the client's id")
	a.ClientSecret = o.wantSecret("client_secret")
	if d := o.get("access_token_request_data"); given(d) {
		l.object(d)
		for _, m := range d.members {
			v, ok := l.plain(m.value, nil)
			if !ok {
				continue
			}
			a.TokenRequest = append(a.TokenRequest, Param{Name: m.name, Values: []string{v}})
			if hides(m.name, m.value, v) {
				l.secret(v)
			}
		}
	}
	a.TokenExpiry = time.Hour
	if e := o.get("default_token_expiration"); given(e) {
		d, ok := l.duration(e, 1)
		assign(&a.TokenExpiry, d, ok)
	}
	o.refuse(map[string]string{"access_token": "it is asked for at access_token_url; for a token of your own write type: bearer",
		"session": "it is a Python object; client.retry and client.timeout hold for the token too"})
}

// wantNamed reads a name to log in with. A long one is kept out of messages.
func (o *object) wantNamed(name, right string) Secret {
	n := o.want(name, right)
	if n == nil {
		return ""
	}
	text, ok := o.text(n)
	if ok && len(text) >= minSecretName {
		o.secret(text)
	}
	return Secret(text)
}

func (l *loader) apiKey(o *object, a *Auth) {
	a.Name, a.Location = "Authorization", "header"
	location := o.get("location")
	if location != nil {
		v, ok := l.word(location, "header", "query", "param", "cookie")
		assign(&a.Location, v, ok)
		if v == "param" {
			a.Location = "query"
		}
	}
	if n := o.get("name"); n != nil {
		v, ok := l.text(n)
		if ok && a.Location != "query" && !isToken(v) {
			l.wrong(n, "is no name of a header or cookie; it must be letters, digits and any of !#$%%&'*+-.^_`|~")
		} else {
			assign(&a.Name, v, ok)
		}
	}
	a.APIKey = o.wantSecret("api_key")
	if a.Location == "cookie" && strings.ContainsAny(a.APIKey.Reveal(), " \",;\\") {
		l.wrong(o.at.get("api_key"), `holds a character that no cookie may hold: a space, a quote, a comma, a semicolon or a backslash`)
	}
}

// basic reads name and password. The password may be empty: some APIs take a key as the name.
func (l *loader) basic(o *object, a *Auth) {
	a.Password = o.wantSecretOr("password", true)
	name := o.want("username", "give the name to log in with")
	if name == nil {
		return
	}
	text, ok := l.text(name)
	if strings.Contains(text, ":") {
		l.wrong(name, "holds a colon, which ends the name in HTTP basic authentication")
	}
	assign(&a.Username, Secret(text), ok)
	if len(text) >= minSecretName {
		l.secret(text)
	}
}

// minSecretName is how long a user name is that is kept out of messages, as is what a reference stands for in a header or
// parameter. Shorter ones are words (admin, open), which messages need.
const minSecretName = 8

// wantSecret reads a required secret.
func (o *object) wantSecret(name string) Secret { return o.wantSecretOr(name, false) }

func (o *object) wantSecretOr(name string, empty bool) Secret {
	n := o.want(name, `give it as "${NAME}" for an environment variable, or "${file:PATH}"`)
	if n == nil || empty && n.kind == scalarKind && n.tag == "!!str" && n.text == "" {
		return ""
	}
	s, _ := o.secretText(n)
	return s
}

// isToken is true of a token (RFC 9110, section 5.6.2), which names of headers and cookies are.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !isNameRune(c) && !strings.ContainsRune("!#$%&'*+.^`|~", c)
	})
}

// hides is true of a header or parameter whose value must not be seen: its name says so, or it was kept out of the file.
func hides(name string, n *node, value string) bool {
	return looksSecret(name) || strings.Contains(n.text, "${") && len(value) >= minSecretName
}

// looksSecret is true of names of headers, parameters and variables whose values must not be seen.
func looksSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"auth", "key", "token", "secret", "passw", "pwd", "cookie", "session", "signature", "credential"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
