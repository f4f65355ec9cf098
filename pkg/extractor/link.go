package extractor

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
	"producer/pkg/rest"
)

// LinkError is a link to the next page that is not followed: it makes no URL, or leads away from where the listing is. Nothing
// was sent to it.
type LinkError struct {
	Option string
	Why    string
	Target string // the other origin; "" where there is none
}

func (e *LinkError) Error() string { return e.Option + ": the link to the next page " + e.Why }

// linkPager follows the links that the API gives.
type linkPager struct {
	tokens
	link   func(root record.Value, header http.Header) (text string, there bool, err error)
	option string
	target target
}

var _ pager = linkPager{}

// place takes a link from the state only where it still leads to the listing's origin.
func (l linkPager) place(p Position) (place, bool) {
	return place{n: p.Page, token: p.Token}, p.Page > 0 && (p.Token == "" || rest.SameOrigin(p.Token, l.target.address))
}

func (l linkPager) ask(at place) ask { return ask{url: at.token} }

func (l linkPager) next(at place, _ int, root record.Value, header http.Header) (place, bool, error) {
	text, there, err := l.link(root, header)
	if err != nil || !there {
		return place{n: at.n + 1}, true, err
	}
	from := at.token
	if from == "" {
		from = l.target.url(ask{})
	}
	to, err := l.resolve(from, text)
	if err != nil {
		return place{}, false, err
	}
	return place{n: at.n + 1, token: to}, false, nil
}

// resolve makes a URL of a link (RFC 3986 section 5), without the credential that the API may have repeated in it.
func (l linkPager) resolve(from, text string) (string, error) {
	wrong := func(why string) (string, error) { return "", &LinkError{Option: l.option, Why: why} }
	text = strings.ReplaceAll(text, " ", "%20") // of parameters that the API put in as they are
	if len(text) > maxToken {
		return wrong(fmt.Sprintf("has %d bytes, %d are the most", len(text), maxToken))
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }) {
		return wrong("is no URL: it holds a control character or a backslash")
	}
	base, err := url.Parse(from)
	if err != nil {
		return wrong("can't be resolved")
	}
	u, err := base.Parse(text)
	switch {
	case err != nil || u.Opaque != "":
		return wrong("is no URL")
	case u.User != nil:
		return wrong("holds a user name")
	}
	u.Fragment, u.RawFragment = "", ""
	if name := l.target.secretParam(); name != "" {
		u.RawQuery = without(u.RawQuery, name)
	}
	if upgradable(base, u) {
		u.Scheme, u.Host = base.Scheme, base.Host
	}
	to := u.String()
	if !rest.SameOrigin(from, to) {
		origin := l.target.redact(rest.Origin(to))
		return "", &LinkError{Option: l.option, Target: origin, Why: fmt.Sprintf(
			"leads from %s to another origin (%s), which is not asked; if the API lives there, name it in base_url", rest.Origin(from), origin)}
	}
	return to, nil
}

// upgradable reports whether a link says http where the listing is at https, of the same host: so says an API that doesn't know what
// stands before it. It is asked where the listing is.
func upgradable(base, u *url.URL) bool {
	return base.Scheme == "https" && u.Scheme == "http" && strings.EqualFold(u.Hostname(), base.Hostname()) &&
		(u.Port() == base.Port() || base.Port() == "" && (u.Port() == "80" || u.Port() == "443"))
}

// without is a query without the parameters of a name.
func without(query string, names ...string) string {
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if pair != "" && !slices.Contains(names, name) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

func bodyLink(p config.Paginator) func(record.Value, http.Header) (string, bool, error) {
	return func(root record.Value, _ http.Header) (string, bool, error) {
		v := first(root, *p.NextURLPath)
		switch {
		case v.Kind() == record.Invalid:
			return "", false, misread("next_url_path", root, *p.NextURLPath)
		case v.Kind() == record.Null || v.Kind() == record.False || string(v.Raw()) == `""`: // of links no more than of cursors
			return "", false, nil
		case v.Kind() != record.String:
			return "", false, &PathError{Option: "next_url_path", Path: p.NextURLPath.Text, Why: "finds " + article(v.Kind()) + " where a link is expected"}
		}
		return string(v.AppendText(nil)), true, nil
	}
}

func headerLink(p config.Paginator) func(record.Value, http.Header) (string, bool, error) {
	return func(_ record.Value, header http.Header) (string, bool, error) {
		text, there := linkOf(header, p.LinksNextKey)
		return text, there, nil
	}
}

// linkOf is the target of the first link with a relation type in Link headers (RFC 8288 section 3): <target>; rel="next", ...
func linkOf(header http.Header, rel string) (string, bool) {
	text := strings.Join(header.Values("Link"), ",")
	for {
		_, after, ok := strings.Cut(text, "<")
		if !ok {
			return "", false
		}
		target, params, ok := strings.Cut(after, ">")
		if !ok {
			return "", false
		}
		var rels string
		rels, text = relOf(params)
		if slices.ContainsFunc(strings.Fields(rels), func(r string) bool { return strings.EqualFold(r, rel) }) {
			return strings.TrimSpace(target), true
		}
	}
}

// relOf reads the parameters of one link up to the comma that ends it, and returns its relation types and what is behind it.
func relOf(params string) (rels, rest string) {
	found := false
	for {
		params = strings.TrimLeft(params, " \t;")
		if params == "" || params[0] == ',' {
			return rels, params
		}
		end := strings.IndexAny(params, "=;,")
		if end < 0 {
			return rels, ""
		}
		name := strings.TrimSpace(params[:end])
		if params[end] != '=' {
			params = params[end:]
			continue
		}
		var value string
		value, params = linkValue(strings.TrimLeft(params[end+1:], " \t"))
		if strings.EqualFold(name, "rel") && !found { // the first one counts
			rels, found = value, true
		}
	}
}

// linkValue reads a token or a quoted string (RFC 9110 section 5.6.4).
func linkValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ";,")
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i == len(s) {
				return b.String(), ""
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
