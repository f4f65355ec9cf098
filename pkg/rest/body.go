package rest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

var (
	errTooLarge = errors.New("body too large")
	errEncoding = errors.New("is not understood, only gzip and deflate are")
)

// byteOrderMark before a JSON text may be passed over (RFC 8259 section 8.1). Some servers send it.
const byteOrderMark = "\xef\xbb\xbf"

// decoded is the body as the API meant it. Only gzip is asked for; some servers
// deflate all the same. What is no content coding, as the utf-8 of others, codes nothing. done gives back what was borrowed.
func (c *Client) decoded(resp *http.Response) (r io.Reader, done func(), err error) {
	none := func() {}
	switch coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); coding {
	case "", "identity", "none", "utf-8", "utf8":
		return resp.Body, none, nil
	case "gzip", "x-gzip":
	case "deflate": // zlib (RFC 9110 section 8.4.1.2), unless it is bare
		r := bufio.NewReader(resp.Body)
		if head, _ := r.Peek(2); len(head) == 2 && head[0]&0xf == 8 && binary.BigEndian.Uint16(head)%31 == 0 {
			z, err := zlib.NewReader(r)
			return z, none, err
		}
		return flate.NewReader(r), none, nil
	default:
		return nil, none, fmt.Errorf("the content encoding %.40q %w", c.redact(coding), errEncoding)
	}
	if resp.Uncompressed { // a transport that was handed in did it
		return resp.Body, none, nil
	}
	z, ok := c.gzips.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	return z, func() { c.gzips.Put(z) }, z.Reset(resp.Body)
}

// readBody reads all of r, into buf while it has room, and never holds more than limit bytes (and the one that shows that
// there are more). size is what the server says that r is long, -1: unknown.
func readBody(r io.Reader, buf []byte, size, limit int64) ([]byte, error) {
	if int64(cap(buf)) > limit {
		buf = buf[:0:limit]
	}
	part := buf[:0]
	if size >= int64(cap(part)) && size <= min(limit, 8<<20) { // a claim that is cheap to believe
		part = make([]byte, 0, size+1)
	}
	var parts [][]byte
	for total := int64(0); ; {
		if len(part) == cap(part) {
			if len(part) > 0 {
				parts = append(parts, part)
			}
			part = make([]byte, 0, min(max(2*int64(cap(part)), 64<<10), limit-total+1))
		}
		n, err := r.Read(part[len(part):cap(part)])
		part = part[:len(part)+n]
		total += int64(n)
		switch {
		case total > limit:
			return nil, errTooLarge
		case err == io.EOF && parts == nil:
			return part, nil
		case err == io.EOF:
			return bytes.Join(append(parts, part), nil), nil
		case err != nil:
			return nil, err
		}
	}
}

// looksLikeMarkup reports whether a body begins as HTML or XML does and as no JSON text can.
func looksLikeMarkup(body []byte) bool {
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("<"))
}
