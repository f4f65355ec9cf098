package pipeline_test

import (
	"fmt"
	"testing"

	"producer/pkg/pipeline"
)

// A record that can't be encoded shapes no schema: once the source is mended it can be of other types.
func TestARefusedPageShapesNoSchema(t *testing.T) {
	for name, bad := range map[string]string{
		"a number beside text":  `{"id":2,"a":99999999999999999999}`,
		"a key beyond int64":    `{"id":99999999999999999999}`,
		"a fraction beyond all": `{"id":2,"b":1e999}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, `{"id":1,"a":"ok"}`, bad)
			p := w.must(w.configured(resource("rows", "rows", ""), "commit_interval: 10s", pipeline.Options{}))
			if got := w.run(p, pipeline.ExitData); got.Published != 0 {
				t.Errorf("%d published", got.Published)
			}
			if n := len(w.schemas()); n != 0 {
				t.Fatalf("%d schemas, want none", n)
			}
			w.set(func() { w.rows = []string{`{"id":"1","a":5}`, `{"id":"2","a":6}`} })
			if got := w.run(p, pipeline.ExitOK); got.Published != 2 {
				t.Errorf("%d published, want 2", got.Published)
			}
		})
	}
}

// Pages before the refused one are kept, and they alone make the schema.
func TestPagesBeforeARefusedOne(t *testing.T) {
	w := begin(t)
	for i := range 20 {
		w.rows = append(w.rows, fmt.Sprintf(`{"id":%d,"a":%d}`, i+1, i))
	}
	w.rows[14] = `{"id":15,"a":"text","late":99999999999999999999}`
	p := w.must(w.configured(resource("rows", "rows", ""), "commit_interval: 10s", pipeline.Options{}))
	if got := w.run(p, pipeline.ExitData); got.Published != 10 || got.Pages != 1 {
		t.Errorf("%+v; want 10 published of one page", got)
	}
	w.set(func() { w.rows[14] = `{"id":15,"a":"text","late":99999999999999999999,"new":1}` })
	if got := w.run(p, pipeline.ExitData); got.Published != 0 {
		t.Errorf("%+v; want nothing published", got)
	}
	if n := len(w.schemas()); n != 1 {
		t.Errorf("%d schemas, want 1: neither of the two pages may add a field", n)
	}
	w.set(func() { w.rows[14] = `{"id":15,"a":14,"new":1}` })
	if got := w.run(p, pipeline.ExitOK); got.Published != 10 {
		t.Errorf("%+v; want 10 published", got)
	}
}
