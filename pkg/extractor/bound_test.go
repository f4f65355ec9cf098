package extractor_test

import (
	"reflect"
	"testing"

	"producer/pkg/config"
	"producer/pkg/extractor"
)

// What a change of an option makes start over: the walk under way, as the option is in [extractor.Extractor.Shape], or also all that was
// read before it, as it is in [extractor.Since.By]. Any other text says why it is in neither.
const (
	inShape = "shape"
	inBy    = "by"
	inBoth  = "shape and by"
	below   = "its options are decided on by themselves"
)

// bound is the decision on each option. One that is added to the configuration must be decided on here.
var bound = map[string]map[string]string{
	"Client": {
		"BaseURL": inBoth,
		"Headers": "may hold credentials, which rotate",
		"Auth":    "holds credentials, which rotate",
		"Timeout": "of requests, not of rows", "Retry": "of requests, not of rows", "Limits": "of requests, not of rows",
		"Concurrency": "the order is the same", "RateLimit": "the order is the same",
	},
	"Resource": {
		"Name": "the state's key", "Line": "of the file",
		"PrimaryKey": "in the state's identity", "Topic": "in the state's identity", "Disposition": "the topic is held to it",
		"Endpoint": below,
		"Nested":   "of the schema", "Contract": "of the schema", "Columns": "of the schema",
		"Steps": inBy, "FromParent": inBy, "Parent": inBoth,
	},
	"Endpoint": {
		"Method": inBoth, "JSON": inBoth, "Form": inBoth, "Data": inBoth, "Path": inBoth, "Params": inBoth, "Selector": inBoth,
		"Ignore":  inShape, // what it ends leaves the cursor where it was
		"Headers": "may hold credentials, which rotate", "Auth": "holds credentials, which rotate", "OwnAuth": "of Auth",
		"Paginator": below, "Incremental": below,
		"Slots": "what has placeholders stands in the rest, as it was written", "Holes": "of Slots",
	},
	"Paginator": {
		"Type": inShape, "Limit": inShape, "Offset": inShape, "OffsetParam": inShape, "LimitParam": inShape, "OffsetBodyPath": inShape,
		"LimitBodyPath": inShape, "BasePage": inShape, "Page": inShape, "PageParam": inShape, "PageBodyPath": inShape, "CursorPath": inShape,
		"CursorKey": inShape, "CursorParam": inShape, "CursorBodyPath": inShape, "NextURLPath": inShape, "LinksNextKey": inShape,
		"TotalPath": inShape, "Maximum": inShape, "StopAfterEmpty": inShape, "HasMorePath": inShape,
		"TotalGiven": "says only what a page without a total is",
	},
	"Incremental": {
		"Cursor": inBoth, "Initial": inBoth, "Min": inBoth, "Missing": inBoth,
		"StartParam": inShape, "EndParam": inShape, "RowOrder": inShape, "Lag": inShape, "StartOpen": inShape, "EndClosed": inShape, "Convert": inShape,
		"End": inShape, // with it no cursor is kept
	},
}

// TestOptionsAreBound changes every option by itself: the print must change where the decision says so, and only there.
func TestOptionsAreBound(t *testing.T) {
	c, r, blocks := options()
	before := extractWith(t, &api{}, *c, *r)
	since := before.Walk(extractor.Position{}, extractor.WalkOptions{}).Since(false).JSON()
	for block, value := range blocks {
		for i := range value.NumField() {
			name := value.Type().Field(i).Name
			decision, ok := bound[block][name]
			if !ok {
				t.Errorf("config.%s.%s is new: does a change of it make a walk that was interrupted, or a cursor, mean something else?", block, name)
				continue
			}
			if decision == below {
				continue
			}
			c, r, blocks := options()
			alter(t, block+"."+name, blocks[block].Field(i))
			after := extractWith(t, &api{}, *c, *r)
			_, dropped := after.Since(since)
			if changed, want := after.Shape() != before.Shape(), decision == inShape || decision == inBoth; changed != want {
				t.Errorf("config.%s.%s: the shape changed: %v, want %v", block, name, changed, want)
			}
			if want := decision == inBy || decision == inBoth; dropped != want {
				t.Errorf("config.%s.%s: the cursor was dropped: %v, want %v", block, name, dropped, want)
			}
		}
		for name := range bound[block] {
			if _, ok := value.Type().FieldByName(name); !ok {
				t.Errorf("config.%s.%s is no option", block, name)
			}
		}
	}
}

// options is a configuration, and its blocks by name.
func options() (*config.Client, *config.Resource, map[string]reflect.Value) {
	c, r := client(), changes(config.Incremental{})
	return &c, &r, map[string]reflect.Value{
		"Client": reflect.ValueOf(&c).Elem(), "Resource": reflect.ValueOf(&r).Elem(), "Endpoint": reflect.ValueOf(&r.Endpoint).Elem(),
		"Paginator": reflect.ValueOf(&r.Endpoint.Paginator).Elem(), "Incremental": reflect.ValueOf(r.Endpoint.Incremental).Elem(),
	}
}

// alter gives an option another value that is valid beside the others.
func alter(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	seven, parent, params := int64(7), resource(offset()), []config.Param{{Name: "another", Values: []string{"one"}}}
	values := map[string]any{
		"Client.BaseURL": "http://other.test", "Paginator.Type": "page_number", "Paginator.Maximum": &seven, "Resource.Parent": &parent,
		"Endpoint.Params": params, "Endpoint.Form": params,
		"Incremental.Initial": config.Literal("7"), "Incremental.End": config.Literal("7"), "Incremental.Convert": "unix",
	}
	switch other, ok := values[name]; {
	case ok:
		v.Set(reflect.ValueOf(other))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if q, ok := v.Interface().(*config.Query); ok {
			*q = query("another.path")
		}
	case v.Type() == reflect.TypeFor[config.Query]():
		v.Set(reflect.ValueOf(query("another.path")))
	case v.Type() == reflect.TypeFor[config.Path]():
		v.Set(reflect.ValueOf(path("another")))
	case v.Kind() == reflect.Struct:
		alter(t, name+"."+v.Type().Field(0).Name, v.Field(0))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		if e := v.Index(v.Len() - 1); e.Kind() == reflect.Struct || e.Kind() == reflect.String {
			alter(t, name+"[]", e)
		}
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		alter(t, name+" key", key)
		if value.Kind() == reflect.String {
			alter(t, name+" value", value)
		}
		v.SetMapIndex(key, value)
	case v.Kind() == reflect.String:
		v.SetString("another")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 7)
	case v.CanFloat():
		v.SetFloat(7)
	default:
		t.Fatalf("%s is a %s, which this test can't change", name, v.Type())
	}
}
