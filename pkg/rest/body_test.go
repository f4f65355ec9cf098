package rest_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"producer/pkg/rest"
)

func zip(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBodyLimitCountsDecodedBytes(t *testing.T) {
	const limit = 200_000
	for _, tt := range []struct {
		size int
		ok   bool
	}{{0, true}, {1, true}, {1000, true}, {limit - 1, true}, {limit, true}, {limit + 1, false}, {10 * limit, false}} {
		for _, encoding := range []string{"identity", "gzip", "chunked"} {
			for _, room := range []int{0, 100, limit / 2, limit, 2 * limit} {
				t.Run(fmt.Sprintf("%d %s into %d", tt.size, encoding, room), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						body := strings.Repeat("x", tt.size)
						api := sequence(func() (*http.Response, error) {
							switch encoding {
							case "gzip":
								return reply(200, zip(t, body), "Content-Encoding", "gzip"), nil
							case "chunked":
								r := reply(200, body)
								r.ContentLength = -1
								return r, nil
							}
							return reply(200, body), nil
						})
						c := newClient(t, base, rest.Options{Transport: api, MaxBody: limit, Retry: rest.Retry{MaxRetries: 3}})
						resp, err := get(t, c, rest.Request{Buf: make([]byte, 0, room)})
						if api.count() != 1 {
							t.Errorf("got %d requests, want 1", api.count())
						}
						if tt.ok {
							if err != nil || string(resp.Body) != body {
								t.Errorf("got %d bytes, %v", len(resp.Body), err)
							}
							return
						}
						if e := wantAs[*rest.BodyTooLargeError](t, err); e.Limit != limit {
							t.Errorf("got limit %d", e.Limit)
						}
						if resp.Body != nil {
							t.Errorf("a part of the body came out: %d bytes", len(resp.Body))
						}
					})
				})
			}
		}
	}
}

func TestBodyIsReadIntoTheBuffer(t *testing.T) {
	api := sequence(ok(`[1,2,3]`))
	c := newClient(t, base, rest.Options{Transport: api})
	buf := make([]byte, 0, 64)
	resp, err := get(t, c, rest.Request{Buf: buf})
	if err != nil || &resp.Body[0] != &buf[:1][0] {
		t.Errorf("the body has memory of its own, %v", err)
	}
}

func TestGzipBombStaysWithinTheLimit(t *testing.T) {
	const limit = 8 << 20
	bomb := zip(t, strings.Repeat("0", 32<<20)) // 1:1000
	api := sequence(ok(bomb, "Content-Encoding", "gzip"))
	c := newClient(t, base, rest.Options{Transport: api, MaxBody: limit})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := get(t, c, rest.Request{})
	runtime.ReadMemStats(&after)
	wantAs[*rest.BodyTooLargeError](t, err)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > limit+1<<20 {
		t.Errorf("%d bytes were asked for under a limit of %d", grown, limit)
	}
}

func TestErrorBodyIsReadInPart(t *testing.T) {
	api := sequence(func() (*http.Response, error) {
		return reply(404, zip(t, strings.Repeat("0", 8<<20)), "Content-Encoding", "gzip"), nil
	})
	c := newClient(t, base, rest.Options{Transport: api})
	_, err := get(t, c, rest.Request{})
	if e := wantAs[*rest.StatusError](t, err); len(e.Excerpt) > 200 || !strings.HasPrefix(e.Excerpt, "0000") {
		t.Errorf("got an excerpt of %d bytes: %q", len(e.Excerpt), e.Excerpt)
	}
}

func TestHTMLIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, body, kind string
		refused          bool
	}{
		{"by type", "<html><body>Please sign in</body></html>", "text/html; charset=utf-8", true},
		{"by type in capitals", "<p>", "Text/HTML", true},
		{"JSON by the name of HTML", `[]`, "text/html", true},
		{"by its beginning", "\r\n <!doctype html>", "application/json", true},
		{"XML", "<?xml version='1.0'?>", "application/xml", true},
		{"behind a byte order mark", "\xef\xbb\xbf<html>", "", true},
		{"JSON by another name", `[]`, "text/plain", false},
		{"JSON without a name", ` [ ]`, "", false},
		{"JSON with a <", `["<html>"]`, "application/json", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := sequence(ok(tt.body, "Content-Type", tt.kind))
				c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 3}})
				resp, err := get(t, c, rest.Request{})
				if api.count() != 1 {
					t.Errorf("got %d requests, want 1", api.count())
				}
				if !tt.refused {
					if err != nil || string(resp.Body) != tt.body {
						t.Errorf("got %q, %v", resp.Body, err)
					}
					return
				}
				wantAs[*rest.ContentError](t, err)
				if !strings.Contains(err.Error(), "HTML") {
					t.Errorf("the message doesn't say what came: %v", err)
				}
			})
		})
	}
}

// Servers pack as they like, and call by the name of a coding what is none.
func TestBodiesAreDecoded(t *testing.T) {
	const want = `[{"id":1,"name":"Zoë"}]`
	packed := func(open func(io.Writer) io.WriteCloser) string {
		var b bytes.Buffer
		z := open(&b)
		if _, err := io.WriteString(z, want); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	inZlib := packed(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	bare := packed(func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 9); return z })
	for coding, bodies := range map[string][]string{
		"":         {want, "\xef\xbb\xbf" + want},
		"identity": {want},
		"utf-8":    {want},
		"gzip":     {zip(t, want), zip(t, want[:7]) + zip(t, want[7:]), zip(t, "\xef\xbb\xbf"+want)},
		"Deflate":  {inZlib, bare},
	} {
		for _, body := range bodies {
			c := newClient(t, base, rest.Options{Transport: sequence(ok(body, "Content-Encoding", coding)), MaxBody: 100})
			if resp, err := get(t, c, rest.Request{}); err != nil || string(resp.Body) != want {
				t.Errorf("%s: got %q, %v", coding, resp.Body, err)
			}
			c = newClient(t, base, rest.Options{Transport: sequence(ok(body, "Content-Encoding", coding)), MaxBody: 10})
			_, err := get(t, c, rest.Request{})
			wantAs[*rest.BodyTooLargeError](t, err)
		}
	}
}

// Status 204 is an answer without content, which there is nothing to accept of.
func TestNoContent(t *testing.T) {
	c := newClient(t, base, rest.Options{Transport: sequence(func() (*http.Response, error) { return reply(204, "", "Content-Encoding", "gzip"), nil })})
	resp, err := get(t, c, rest.Request{Accept: func([]byte) error { return errors.New("asked") }})
	if err != nil || resp.Status != 204 || len(resp.Body) != 0 || resp.Attempts != 1 {
		t.Errorf("got %+v, %v", resp, err)
	}
}

func TestEncodingThatIsNotUnderstoodIsRefused(t *testing.T) {
	api := sequence(ok("\x8b\x02", "Content-Encoding", "br"))
	c := newClient(t, base, rest.Options{Transport: api})
	_, err := get(t, c, rest.Request{})
	if e := wantAs[*rest.ContentError](t, err); !strings.Contains(e.Error(), `the content encoding "br" is not understood`) {
		t.Errorf("got %v", e)
	}
	if got := api.seen[0].header.Get("Accept-Encoding"); got != "gzip" {
		t.Errorf("Accept-Encoding is %q", got)
	}
}

func TestCorruptGzipIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := zip(t, `[1,2,3]`)
		bad := good[:len(good)-6] + "xx" + good[len(good)-4:] // its checksum
		api := sequence(ok(bad, "Content-Encoding", "gzip"), ok(good, "Content-Encoding", "GZIP"))
		c := newClient(t, base, rest.Options{Transport: api, Retry: rest.Retry{MaxRetries: 1, InitialInterval: time.Second}})
		resp, err := get(t, c, rest.Request{})
		if err != nil || string(resp.Body) != `[1,2,3]` || resp.Attempts != 2 {
			t.Errorf("got %q after %d attempts, %v", resp.Body, resp.Attempts, err)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	rnd, rows := rand.New(rand.NewPCG(1, 2)), make([]string, 800)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"name":"%x","email":"%x@example.com","score":%v,"active":%v}`,
			rnd.Uint32(), rnd.Uint32(), rnd.Uint64(), rnd.Float64(), rnd.IntN(2) == 0)
	}
	body := `{"data":[` + strings.Join(rows, ",") + `]}`
	zipped := zip(b, body)
	for name, answer := range map[string]func() (*http.Response, error){
		"identity": ok(body), "gzip": ok(zipped, "Content-Encoding", "gzip"),
	} {
		b.Run(name, func(b *testing.B) {
			c := newClient(b, base, rest.Options{Transport: &discard{answer}})
			buf := make([]byte, 0, 1<<20)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := get(b, c, rest.Request{Buf: buf}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discard struct {
	answer func() (*http.Response, error)
}

func (d *discard) RoundTrip(*http.Request) (*http.Response, error) { return d.answer() }
