package extractor

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
)

// maxToken bounds what an API may name the next page by, in bytes: it stands in a URL or a header, and in the state.
const maxToken = 16 << 10

// tokens is what the paginators have in common that are told the next page: a token or a link, in the body or in a header. Behind
// the last page their place has no token.
type tokens struct{}

func (tokens) first() place { return place{} }
func (tokens) base() int64  { return 0 }
func (tokens) position(at, _ place) Position {
	return Position{Page: at.n, Token: at.token}
}
func (tokens) label(at place) string { return "page " + strconv.FormatInt(at.n+1, 10) }

// tokenPager sends the cursor that came with a page to get the next one.
type tokenPager struct {
	tokens
	token  func(root record.Value, header http.Header) (string, error) // "" is the end
	option string
	param  string
	path   []string // in the body; nil: param is used. The token then is JSON.
}

var _ pager = tokenPager{}

func (tokenPager) place(p Position) (place, bool) {
	return place{n: p.Page, token: p.Token}, p.Page > 0
}

// ask adds nothing to the first request, so that a parameter may hold the cursor to begin with, as in cursor=*.
func (t tokenPager) ask(at place) ask {
	var a ask
	if at.token != "" {
		a.value(t.param, t.path, at.token, at.token)
	}
	return a
}

func (t tokenPager) next(at place, _ int, root record.Value, header http.Header) (place, bool, error) {
	token, err := t.token(root, header)
	if err != nil {
		return place{}, false, err
	}
	if len(token) > maxToken {
		return place{}, false, &PathError{Option: t.option, Why: fmt.Sprintf("finds a cursor of %d bytes, %d are the most", len(token), maxToken)}
	}
	return place{n: at.n + 1, token: token}, token == "", nil
}

// bodyCursor finds the cursor in the page. What Python takes for false is the end, as in dlt.
func bodyCursor(p config.Paginator) func(record.Value, http.Header) (string, error) {
	return func(root record.Value, _ http.Header) (string, error) {
		v := first(root, *p.CursorPath)
		switch v.Kind() {
		case record.Invalid:
			return "", misread("cursor_path", root, *p.CursorPath)
		case record.Null, record.False:
			return "", nil
		case record.String:
			if len(v.Raw()) == len(`""`) {
				return "", nil
			}
		case record.Number:
			if f, err := v.Float64(); err == nil && f == 0 {
				return "", nil
			}
		case record.Object, record.Array, record.True:
			if v.Kind() != record.True && v.Len() == 0 {
				return "", nil
			}
			if p.CursorBodyPath == nil {
				return "", &PathError{Option: "cursor_path", Path: p.CursorPath.Text, Why: "finds " + article(v.Kind()) + ", which is no cursor"}
			}
		}
		if p.CursorBodyPath != nil {
			return string(record.AppendCompact(nil, v)), nil
		}
		return string(v.AppendText(nil)), nil
	}
}

func headerCursor(p config.Paginator) func(record.Value, http.Header) (string, error) {
	return func(_ record.Value, header http.Header) (string, error) {
		return strings.TrimSpace(header.Get(p.CursorKey)), nil
	}
}
