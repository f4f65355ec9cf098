package extractor

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"producer/pkg/config"
	"producer/pkg/record"
)

// count reads a number of rows or pages: a number, or text that is one. What is negative, fractional, an object or beyond 64
// bits counts as absent.
func count(v record.Value) (int64, bool) {
	if v.Kind() != record.Number && v.Kind() != record.String {
		return 0, false
	}
	text := string(bytes.TrimSpace(v.AppendText(nil)))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, n >= 0
	}
	f, err := strconv.ParseFloat(text, 64) // 1e3, 1000.0
	if err != nil || f != math.Trunc(f) || f < 0 || f >= 1<<53 || strings.ContainsAny(text, "xXpP_") {
		return 0, false
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
