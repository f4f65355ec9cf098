package schema

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// valid makes a name that Avro takes: every character it refuses becomes _, and a leading digit gets one before it (Avro
// specification, "Names").
func valid(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case r >= '0' && r <= '9':
			if i == 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// What the naming convention snake_case of dlt 1.31 is made of (dlt/common/normalizers/naming/snake_case.py).
var (
	lookAlikes = strings.NewReplacer("+", "x", "-", "_", "*", "x", "@", "a", "|", "l")
	strange    = regexp.MustCompile(`[^a-zA-Z0-9_]+`)
	wordBegins = regexp.MustCompile(`([^_])([A-Z][a-z]+)`)
	wordEnds   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	separators = regexp.MustCompile(`_+`)
)

// snakeCase makes a name as dlt's naming convention of that name does, so that a field is called what dlt calls the column. Separators
// at the end are written x, one for each.
func snakeCase(name string) string {
	s := strange.ReplaceAllString(lookAlikes.Replace(strings.TrimSpace(name)), "_")
	s = wordEnds.ReplaceAllString(wordBegins.ReplaceAllString(s, "${1}_${2}"), "${1}_${2}")
	if s == "" {
		s = "_"
	}
	s = strings.ToLower(s)
	if s[0] >= '0' && s[0] <= '9' {
		s = "_" + s
	}
	stem := strings.TrimRight(s, "_")
	return separators.ReplaceAllString(stem+strings.Repeat("x", len(s)-len(stem)), "_")
}

// taken are the field names of one record in lower case, as SQL consumers compare them.
type taken map[string]bool

func takenBy(fields []*field) taken {
	t := taken{}
	for _, f := range fields {
		t[strings.ToLower(f.name)] = true
	}
	return t
}

// free returns name, or name with the first of _2, _3, … that is not taken, and takes it.
func (t taken) free(name string) string {
	got := name
	for n := 2; t[strings.ToLower(got)]; n++ {
		got = name + "_" + strconv.Itoa(n)
	}
	t[strings.ToLower(got)] = true
	return got
}

// assign gives each source name its field name by a convention, valid or snakeCase: names that follow it already first, then in order
// of source names.
func (t taken) assign(sources []string, convention func(string) string) map[string]string {
	ordered := append([]string(nil), sources...)
	sort.Slice(ordered, func(i, j int) bool {
		a, b := ordered[i], ordered[j]
		if va, vb := convention(a) == a, convention(b) == b; va != vb {
			return va
		}
		return a < b
	})
	out := make(map[string]string, len(ordered))
	for _, s := range ordered {
		out[s] = t.free(convention(s))
	}
	return out
}

func index(i int) string { return fmt.Sprintf("[%d]", i) }
