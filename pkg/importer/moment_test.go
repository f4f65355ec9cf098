package importer_test

import (
	"strings"
	"testing"
	"time"

	"producer/pkg/importer"
)

// now is a Wednesday.
var now = time.Date(2024, 3, 27, 10, 20, 30, 456_789_000, time.FixedZone("", 3600))

// The texts are those that Python 3.11 and pendulum 3.3 give for that moment.
func TestMoments(t *testing.T) {
	cases := []struct{ imports, python, want string }{
		{"from dlt.common import pendulum", `pendulum.today().subtract(days=30).to_iso8601_string()`, "2024-02-26T00:00:00Z"},
		{"from dlt.common.pendulum import pendulum", `pendulum.now().to_iso8601_string()`, "2024-03-27T09:20:30.456789Z"},
		{"import pendulum", `pendulum.now("UTC").subtract(months=1, days=-3).to_date_string()`, "2024-03-01"},
		{"import pendulum", `pendulum.datetime(2024, 3, 31).subtract(months=1).to_date_string()`, "2024-02-29"},
		{"import pendulum", `str(pendulum.yesterday())`, "2024-03-26 00:00:00+00:00"},
		{"import pendulum", `f"{pendulum.tomorrow().to_datetime_string()}"`, "2024-03-28 00:00:00"},
		{"from pendulum import now", `now().start_of("week").isoformat()`, "2024-03-25T00:00:00+00:00"},
		{"import pendulum", `pendulum.now() - pendulum.duration(years=1, hours=1)`, "2023-03-27T08:20:30.456789+00:00"},
		{"import pendulum", `pendulum.parse("2024-01-02").add(weeks=1).isoformat()`, "2024-01-09T00:00:00+00:00"},
		{"import datetime", `datetime.datetime.now().isoformat()`, "2024-03-27T09:20:30.456789"},
		{"import datetime", `datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")`, "2024-03-27T09:20:30+00:00"},
		{"from datetime import datetime, timedelta", `(datetime.now() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")`, "2024-03-20T09:20:30Z"},
		{"from datetime import datetime, timedelta", `(datetime.utcnow() - timedelta(1, hours=1.5)).strftime("%d.%m.%y")`, "26.03.24"},
		{"from datetime import date, timedelta", `str(date.today() - timedelta(weeks=1))`, "2024-03-20"},
		{"from datetime import date, timedelta", `str(date.today() - timedelta(hours=48))`, "2024-03-25"},
		{"from datetime import date, timedelta", `str(date.today() - timedelta(days=1.5))`, "2024-03-26"},
		{"from datetime import date, timedelta", `str(date.today() + timedelta(days=1.5))`, "2024-03-28"},
		{"from datetime import datetime", `datetime.today().date().isoformat()`, "2024-03-27"},
		{"from datetime import datetime", `str(datetime(2024, 1, 2))`, "2024-01-02 00:00:00"},
		{"from datetime import datetime, timezone", `datetime(2024, 1, 2, 3, tzinfo=timezone.utc)`, "2024-01-02T03:00:00+00:00"},
		{"from datetime import datetime", `datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).isoformat() + "Z"`, "2024-03-27T00:00:00Z"},
		{"from datetime import datetime", `f"{datetime(2023, 5, 6).year}-01-01"`, "2023-01-01"},
		{"from datetime import datetime", `datetime.fromisoformat("2023-05-06 01:02:03").isoformat()`, "2023-05-06T01:02:03"},
	}
	for _, c := range cases {
		t.Run(c.python, func(t *testing.T) {
			python := configured(c.imports, `"x": {"initial_value": `+c.python+`}`)
			r, err := importer.Import("p.py", []byte(python), importer.Options{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := strings.Cut(strings.TrimPrefix(value(t, r.YAML), "\n  initial_value: "), "\n")
			if len(r.Problems) > 0 || strings.Trim(got, `"`) != c.want {
				t.Errorf("got %s, problems %v; want %s", got, r.Problems, c.want)
			}
			if clock := !strings.Contains(c.python, "20"); clock != (len(r.Notes) == 1) {
				t.Errorf("got notes %v", r.Notes)
			}
		})
	}
}

// What the clock gives moves with each run in Python; only where a first run alone looks at it may it stand still. And what isn't
// understood of times is not guessed.
func TestMomentsThatAreNotKnown(t *testing.T) {
	cases := []struct{ key, python, want string }{
		{"since", `pendulum.today().to_date_string()`, "depends on pendulum.today().to_date_string(), which only Python knows"},
		{"end_value", `pendulum.now()`, "depends on pendulum.now(), which only Python knows"},
		{"initial_value", `pendulum.now("Europe/Paris").isoformat()`, "is pendulum.now().isoformat(), which only Python knows"},
		{"initial_value", `pendulum.now().format("YYYY")`, "is pendulum.now().format(), which only Python knows"},
		{"initial_value", `pendulum.now().subtract(days=n).isoformat()`, "is pendulum.now().subtract().isoformat(), which only Python knows"},
		{"initial_value", `datetime(2024, 2, 30).isoformat()`, "is datetime().isoformat(), which only Python knows"},
		{"initial_value", `datetime(2024, 13, 1).isoformat()`, "is datetime().isoformat(), which only Python knows"},
		{"initial_value", `datetime(2024, 1, 1, 0, 75).isoformat()`, "is datetime().isoformat(), which only Python knows"},
		{"initial_value", `datetime.now() - datetime.now()`, "is datetime.now() - …, which only Python knows"},
		{"initial_value", `datetime(9999, 1, 1) + timedelta(days=900)`, "is datetime() + …, which only Python knows"},
		{"initial_value", `timedelta(days=1)`, "is timedelta(), which only Python knows"},
	}
	for _, c := range cases {
		t.Run(c.python, func(t *testing.T) {
			python := configured("import pendulum\nfrom datetime import datetime, timedelta\nfrom x import n", `"x": {"`+c.key+`": `+c.python+`}`)
			r, err := importer.Import("p.py", []byte(python), importer.Options{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].Text, c.want) {
				t.Errorf("got problems %v, want one: %s", r.Problems, c.want)
			}
		})
	}
}
