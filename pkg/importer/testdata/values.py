# Expressions whose values Python itself must agree with: test/dlt runs this file.
import copy
import os

import dlt
from dlt.sources.rest_api import rest_api_source

base = {"k": 1, "l": [1, 2]}
deep = copy.deepcopy(base)
deep["l"].append(3)
flat = base.copy()
flat["k"] = 2
del flat["l"]
a = b = "c"
(x, y), z = [1, 2], "z"
count = 0
while count < 5:
    count += 2
total = 0
for i, name in enumerate(["p", "q", "r"]):
    if name == "q": continue
    total += i * 10
try:
    tried = 1
except (KeyError, ValueError) as e:
    tried = 2
else:
    tried += 10
finally:
    tried += 100


def join(first: str, /, *rest: str, sep: str = "-", **more: int) -> str:
    """Joined."""
    return sep.join([first, *rest] + sorted(more))


def outer(n):
    def inner(m=3):
        return n * m
    return inner()


shout = lambda s, times=2: s.upper() * times  # noqa

values = {
    "text": "it's" ' "so"' """ and
    so""",
    "escapes": "\x41\u00e9\101\t\\ \
continued",
    "raw": r"^\d+\.\w*$" "\n",
    "braces": f"{{{count}}} {{}} {a + b} {base['k']} {'in' 'side'} {outer(2)!s}",
    "percent": "%s/%d/%s" % ("a", 3, True),
    "formatted": "{}-{n}-{}".format("a", "b", n=3),
    "numbers": [1_000, -1, 0.5, 1e3, .25, 0x1F, 7 // 2, 7 % 3, -7 // 2, 3 * 4 - 2, 10 / 4, 2.0],
    "booleans": [True and 1, 0 or "x", not [], 1 < 2, 1 != 1, "a" in "abc", 3 not in [1, 2], None is None, a is not None],
    "conditional": "yes" if count == 6 and total == 20 else "no",
    "lists": [*range(3), *[n * n for n in range(5) if n % 2], len(base), [1, 2, 3][::-1], (1, 2)[0], [1, 2, 3, 4][1:-1]],
    "merged": {**base, "l": None, **{"m": {"n": {}}}},
    "comprehended": {k.upper(): v for k, v in flat.items()},
    "generated": ",".join(str(n) for n in range(3)) + "".join(c + "." for c in "ab"),
    "nested": [deep, flat, base],
    "unpacked": [x, y, z, a, b, count, total, tried],
    "called": [join("a"), join("a", "b", sep="+"), join("a", x=1, y=2), outer(4), shout("s"), shout("s", times=1)],
    "methods": ["A b".lower(), " x ".strip(), "a,b".split(","), "abc".replace("b", "-"), "a.b".partition(".")[2], "x".startswith("x")],
    "builtins": [str(1), int("7"), float("1.5"), sorted([3, 1, 2]), max(1, 2), min([4, 3]), list(zip([1, 2], ["a", "b"])),
                 list(reversed([1, 2])), dict(a=1), list({"k": 1}), any([0, 1]), all([]), bool("")],
    "secrets": [dlt.secrets["api_key"], f"Bearer {dlt.secrets['crm.token']}", os.environ["CRM_HOST"] + "/x", os.environ.get("UNSET_1", "d"),
                os.getenv("UNSET_2") or "e"],
}

rest_api_source({
    "client": {"base_url": os.environ["CRM_HOST"]},
    "resources": [{"name": "a", "endpoint": {"path": "/a", "json": values}}],
})
