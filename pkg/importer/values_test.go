package importer_test

import (
	"strings"
	"testing"

	"producer/pkg/importer"
)

func configured(before, entry string) string {
	return "import os, dlt\nfrom dlt.sources.rest_api import *\nimport dlt.sources.rest_api as api\n" + before + `
api.rest_api_source({
    "client": {"base_url": "https://api.example.com"},
    "resources": [{"name": "a", ` + entry + `}],
}, name="p")
`
}

// value is what stands at source.resources[0] under the key x in the YAML.
func value(t *testing.T, yaml []byte) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(yaml), "- name: a\n      x:")
	if !ok {
		t.Fatalf("no x in\n%s", yaml)
	}
	v, _, _ := strings.Cut(rest, "\nkafka:")
	return strings.TrimPrefix(strings.ReplaceAll(v, "\n      ", "\n"), " ")
}

func TestValues(t *testing.T) {
	cases := []struct{ before, python, want string }{
		{"", `"text"`, `text`},
		{"", `'it' " is" 'n\'t'`, `it isn't`},
		{"", `"""two
lines"""`, "|-\n  two\n  lines"},
		{"", `r"^\d+$"`, `^\d+$`},
		{"", `"\x41\u00e9\U0001F600\101"`, `"Aé\U0001F600A"`},
		{"", `"yes"`, `"yes"`},
		{"", `"${X}"`, `$${X}`},
		{"", `True`, `true`},
		{"", `None`, `null`},
		{"", `1_000`, `1000`},
		{"", `-0.5`, `-0.5`},
		{"", `1e3`, `1000.0`},
		{"", `12345678901234567890`, `12345678901234567890`},
		{"", `[1, *[2, 3], "4"]`, `[1, 2, 3, "4"]`},
		{"", `(1, 2)`, `[1, 2]`},
		{"", `[n * 2 for n in range(3) if n != 1]`, `[0, 4]`},
		{"", `list(n for n in range(2))`, `[0, 1]`},
		{"", `",".join(c for c in ["a", "b"])`, `a,b`},
		{"", `"%s/%d" % ("a", 3)`, `a/3`},
		{"", `"{}-{n}".format("a", n=3)`, `a-3`},
		{"y = 3", `f"{{{y}}} {y!s}" if y is None else f'{y} {"z"}{{'`, `3 z{`},
		{"y = {'k': 1}", `{**y, "j": 2, **{"k": 3}}`, "\n  k: 3\n  j: 2"},
		{"a = b = 'c'", `a + b`, `cc`},
		{"(a, b) = [1, 2]", `[b, a]`, `[2, 1]`},
		{"def f(a: int, /, *, b: str = 'x') -> str: return f'{a}{b}'", `f(1)`, `1x`},
		{"f = lambda a, b=2: a + b", `f(1)`, `3`},
		{"y = {'k': [1]}\nimport copy\nz = copy.deepcopy(y)\nz['k'].append(2)", `[y["k"], z["k"]]`, "\n  - [1]\n  - [1, 2]"},
		{"y = [1]\nz = y.copy()\nz += [2]", `[len(y), len(z)]`, `[1, 2]`},
		{"y = {'k': 1, 'l': 2}\ndel y['k']", `y`, "\n  l: 2"},
		{"y = None\nif y is not None and y > 3:\n    z = 1\nelif True:\n    z = 2\nelse: z = 3", `z`, `2`},
		{"try:\n  z = 1\nexcept (ValueError, TypeError) as e:\n  z = 2\nelse:\n  z += 10\nfinally:\n  z += 100", `z`, `111`},
		{"class C(object):\n    x: int = 3\n\n    def f(self): return 1\n\nload = 4", `load`, `4`},
		{"n = 0\nwhile n < 5: n += 1", `n`, `5`},

		{"", `dlt.secrets["api_key"]`, `"${API_KEY}"`},
		{"", `dlt.secrets["sources.my-crm.key"]`, `"${SOURCES__MY_CRM__KEY}"`},
		{"", `dlt.secrets.get("a")`, `"${A}"`},
		{"", `[dlt.secrets["user"], dlt.secrets["crm.user"], os.environ["USER"]]`, `["${SOURCES__USER}", "${CRM__USER}", "${USER}"]`},
		{"def f(username=dlt.secrets.value):\n    return username", `f()`, `"${SOURCES__USERNAME}"`},
		{"", `dlt.config.value`, `"${X}"`},
		{"", `"Bearer " + dlt.secrets["t"]`, `"Bearer ${T}"`},
		{"", `f"{os.environ['A']}:{os.getenv('B')}"`, `"${A}:${B}"`},
		{"", `os.environ.get("A", "b c")`, `"${A:-b c}"`},
		{"", `os.getenv("A", 5)`, `"${A:-5}"`},
		{"", `int(os.environ["A"])`, `"${A}"`},
		{"", `os.getenv("A") or "b"`, `"${A:-b}"`},
		{"from os import environ as e", `e["A"]`, `"${A}"`},
		{"def f(my_token=dlt.secrets.value):\n    return my_token", `f()`, `"${MY_TOKEN}"`},
		{"t = os.environ['A']\nif t is None:\n    raise ValueError('A is not set')", `t`, `"${A}"`},

		{"from dlt.sources.helpers.rest_client.auth import HttpBasicAuth", `HttpBasicAuth("u", dlt.secrets["p"])`,
			"\n  type: http_basic\n  username: u\n  password: \"${P}\""},
		{"", `dlt.sources.helpers.rest_client.auth.APIKeyAuth(name="X", api_key=dlt.secrets.value)`,
			"\n  type: api_key\n  name: X\n  api_key: \"${API_KEY}\""},
		{"", `dlt.sources.helpers.rest_client.auth.HttpBasicAuth(dlt.secrets.value, dlt.secrets.value)`,
			"\n  type: http_basic\n  username: \"${SOURCES__USERNAME}\"\n  password: \"${PASSWORD}\""},
		{"import dlt.sources.helpers.rest_client.paginators as p", `p.PageNumberPaginator(1, total_path=None, maximum_page=3)`,
			"\n  type: page_number\n  base_page: 1\n  total_path: null\n  maximum_page: 3"},
		{"import dlt.sources.helpers.rest_client.paginators as p", `p.HeaderLinkPaginator(links_next_key="further")`,
			"\n  type: header_link\n  links_next_key: further"},
		{"", `dlt.sources.incremental("at", initial_value="2024-01-01", lag=3)`,
			"\n  type: incremental\n  cursor_path: at\n  initial_value: \"2024-01-01\"\n  lag: 3"},
	}
	for _, c := range cases {
		t.Run(c.python, func(t *testing.T) {
			r, err := importer.Import("p.py", []byte(configured(c.before, `"x": `+c.python)), importer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Problems) > 0 {
				t.Errorf("got problems %v", r.Problems)
			}
			if got := value(t, r.YAML); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	cases := []struct{ before, python, want string }{
		{"", `datetime.now()`, "is datetime.now()"},
		{"", `f"at {datetime.now()}"`, "depends on datetime.now()"},
		{"", `"at %s" % datetime.now()`, "depends on datetime.now()"},
		{"", `"at {}".format(datetime.now())`, "depends on datetime.now()"},
		{"", `str(datetime.now()) + "x"`, "is str(datetime.now()) + …"},
		{"", `list(os.listdir())`, "is list(os.listdir())"},
		{"", `len(os.environ["A"])`, "is len(${A})"},
		{"", `f"{3.14159:.2f}"`, "is an f-string with a conversion or a format"},
		{"", `b"x"`, "is bytes"},
		{"", `f"{['a']}"`, "is the text of a list"},
		{"", `str({"a": 1})`, "is the text of a dict"},
		{"", `lambda r: r`, "is a lambda"},
		{"def f(): pass", `f`, "is the function f"},
		{"", `os.environ["A"] == "prod"`, "is ${A} == …"},
		{"", `os.environ["A"].lower()`, "is ${A}.lower()"},
		{"", `os.environ["A"][:3]`, "is ${A}[…]"},
		{"", `"x" in dlt.secrets["a"]`, "is ${A} in …"},
		{"", `os.getcwd()`, "is os.getcwd()"},
		{"", `os.getenv("A", "}")`, "is the default of ${A}"},
		{"", `1j`, "is a complex number"},
		{"", `requests.get("https://example.com").json()["x"]`, "is requests.get().json()[…]"},
		{"", `{datetime.now(): 1}`, "has a key that is no plain text"},
		{"", `{1: 1}`, "has a key that is no plain text"},
		{"y = []\ny.append(y)", `y`, "is nested too deep"},
	}
	for _, c := range cases {
		t.Run(c.python, func(t *testing.T) {
			r, err := importer.Import("p.py", []byte(configured(c.before, `"x": `+c.python)), importer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].Text, c.want) || !strings.HasPrefix(r.Problems[0].Key, "source.resources[0].x") {
				t.Errorf("got problems %v, want one: %s", r.Problems, c.want)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	cases := []struct{ python, want string }{
		{"if os.path.exists('x'):\n  pass", `p.py:4: the condition depends on os.path.exists(), which only Python knows; it is taken as false`},
		{"if os.getenv('A'):\n  pass", `p.py:4: the condition depends on whether ${A} is set; it is taken as set`},
		{"if os.environ['A'] == 'x':\n  pass", `p.py:4: the condition depends on ${A} == …, which only Python knows; it is taken as false`},
		{"for x in os.listdir():\n  pass", `p.py:4: the loop is over os.listdir(), which only Python knows; it is taken as empty`},
		{"x = os.getcwd() or '/'", `p.py:4: os.getcwd() is known to Python only; what stands behind its or is taken`},
	}
	for _, c := range cases {
		r, err := importer.Import("p.py", []byte(configured(c.python, `"endpoint": "b"`)), importer.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.python, err)
			continue
		}
		if len(r.Notes) != 1 || r.Notes[0].In("p.py") != c.want || !strings.Contains(string(r.YAML), c.want) {
			t.Errorf("%s: got notes %v, want %s", c.python, r.Notes, c.want)
		}
	}
}
