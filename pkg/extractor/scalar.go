package extractor

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
)

// count reads a number of rows or pages: a number, or text that is one. What is negative, fractional or an object counts as
// absent. What is beyond 64 bits is the greatest number that is not: no listing reaches either.
func count(v record.Value) (int64, bool) {
	if v.Kind() != record.Number && v.Kind() != record.String {
		return 0, false
	}
	text := string(bytes.TrimSpace(v.AppendText(nil)))
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return n, n >= 0
	}
	f, err := strconv.ParseFloat(text, 64) // 1e3, 1000.0
	if err != nil && !errors.Is(err, strconv.ErrRange) || f != math.Trunc(f) || f < 0 || strings.ContainsAny(text, "xXpP_nN") {
		return 0, false // nN: Inf and NaN in words
	}
	if f >= math.MaxInt64 {
		return math.MaxInt64, true
	}
	return int64(f), true
}

// truth reads a boolean, or text that is one as dlt reads it.
func truth(v record.Value) (yes, ok bool) {
	switch v.Kind() {
	case record.True:
		return true, true
	case record.False:
		return false, true
	case record.String:
		switch strings.ToLower(string(bytes.TrimSpace(v.AppendText(nil)))) {
		case "true", "t", "yes", "y", "1":
			return true, true
		case "false", "f", "no", "n", "0":
			return false, true
		}
	}
	return false, false
}

func pathText(p *config.Query) string {
	if p == nil {
		return "null"
	}
	return p.Text
}
