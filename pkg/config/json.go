package config

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// fromJSON is data as YAML, line by line, where it is JSON: YAML 1.2 contains JSON, but the YAML library knows neither the escape
// \/ nor surrogate pairs nor tabs between values. Anything else comes back as it is.
func fromJSON(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !json.Valid(data) {
		return data
	}
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\t':
			out = append(out, ' ')
		case c != '\\':
			out = append(out, c)
		case data[i+1] == '/':
			i++
			out = append(out, '/')
		default:
			if r, ok := surrogates(data[i:]); ok {
				out = utf8.AppendRune(out, r)
				i += 11
				continue
			}
			out = append(out, c, data[i+1])
			i++
		}
	}
	return out
}

// surrogates is the character that escaped begins with as \uD83D\uDE00.
func surrogates(escaped []byte) (rune, bool) {
	if len(escaped) < 12 || escaped[1] != 'u' || escaped[6] != '\\' || escaped[7] != 'u' {
		return 0, false
	}
	high, errHigh := strconv.ParseUint(string(escaped[2:6]), 16, 16)
	low, errLow := strconv.ParseUint(string(escaped[8:12]), 16, 16)
	if errHigh != nil || errLow != nil {
		return 0, false
	}
	r := utf16.DecodeRune(rune(high), rune(low))
	return r, r != utf8.RuneError
}
