package config

import "strings"

// Auth is one of dlt's ways to authenticate a request. Which fields are set depends on Type.
type Auth struct {
	Type               string // "api_key", "bearer" or "http_basic"
	Name, Location     string // of api_key; Location is "header", "query" or "cookie"
	APIKey, Token      Secret // of api_key and of bearer
	Username, Password Secret // of http_basic
}

// auth reads dlt's auth: a mapping with type (absent: bearer), or a type's name.
func (l *loader) auth(n *node) *Auth {
	const right = `it must be {type: api_key, api_key: "${API_KEY}"}, {type: bearer, token: "${TOKEN}"} or ` +
		`{type: http_basic, username: "${USER}", password: "${PASSWORD}"}`
	if n.kind == scalarKind && n.tag == "!!str" { // its text may be a secret at the wrong place, so it isn't shown
		switch n.text {
		case "api_key", "bearer", "http_basic":
			l.wrong(n, "is the bare name of a type, and dlt's own secrets are not read; %s", right)
		case "oauth2_client_credentials":
			l.wrong(n, "%s", oauth2Refusal)
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
		if t.kind == scalarKind && t.text == "oauth2_client_credentials" {
			l.wrong(t, "%s", oauth2Refusal)
			return nil
		}
		var ok bool
		if a.Type, ok = l.word(t, "api_key", "bearer", "http_basic"); !ok {
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
	}
	o.done()
	return a
}

const oauth2Refusal = `oauth2_client_credentials is not supported; get a token yourself and write {type: bearer, token: "${TOKEN}"}`

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
