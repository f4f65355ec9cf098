package schema

import (
	"fmt"
	"strings"
	"testing"

	"producer/pkg/record"
)

// What an encoder learns of shapes is bounded, however many there are and however large.
func TestLayoutsAreForgotten(t *testing.T) {
	o := Options{Namespace: "n", Name: "r", Key: [][]string{{"id"}}}
	s, err := Parse([]byte(`{"type":"record","name":"r","fields":[{"name":"id","type":"long"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ shapes, members int }{"many": {1500, 1}, "large": {60, 50_000}} {
		enc, err := Compile(s, o)
		if err != nil {
			t.Fatal(err)
		}
		empty := strings.TrimSuffix(strings.Repeat("%d\":null,\"", tt.members), `,"`)
		for i := range tt.shapes {
			names := make([]any, tt.members)
			for n := range names {
				names[n] = i*tt.members + n
			}
			var tape record.Tape
			if err := tape.Parse(fmt.Appendf(nil, `{"id":1,"`+empty+"}", names...), 0); err != nil {
				t.Fatal(err)
			}
			if _, err := enc.Append(nil, tape.Root()); err != nil {
				t.Fatal(err)
			}
		}
		held := 0
		for _, l := range enc.root.layouts {
			held += cap(l.from) + cap(l.rest)
		}
		if len(enc.root.layouts) > maxLayouts || held > 2*maxEntries {
			t.Errorf("%s: %d layouts of %d entries in all are held", name, len(enc.root.layouts), held)
		}
	}
}
