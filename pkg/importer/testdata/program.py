# A configuration that a program builds: what Python can write and Starlark can't.
from __future__ import annotations

import os, sys
import logging as log
from datetime import datetime, timedelta
from typing import TypedDict

import dlt
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import EndpointResource
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth as Bearer
from dlt.sources.helpers.rest_client.paginators import (
    OffsetPaginator,
    JSONResponseCursorPaginator,
)

try:
    import pandas as pd
except ImportError:
    pd = None
else:
    log.info("pandas")
finally:
    pass


class Settings(TypedDict):
    """Not read."""

    host: str

    def url(self) -> str:
        return f"https://{self['host']}"


LIMIT: int = 1_00
HOST = os.environ.get("CRM_HOST", "https://api.example.com")
VERSION: str
COMMON = {"primary_key": "id", "write_disposition": "merge",
          "endpoint": {"params": {"expand": "true" "," 'all', "price": "${amount}"}}}
LISTS = [
    ("contacts", "/contacts"),
    ("companies", "/companies"),
]
A = B = 'deals'
stamp = f"{datetime.now():%Y-%m-%d}"


def resource(name: str, path: str, /, *, limit: int = LIMIT, **more) -> EndpointResource:
    r = r"^\d+$"; assert limit > 0, "positive"
    return EndpointResource(
        name=name,
        endpoint={
            "path": f"v2{path}",
            "data_selector": 'data',
            "paginator": OffsetPaginator(limit, total_path=None),
        },
        **more,
    )


with log.catch() as caught, open("x"):
    resources = [resource(name, path) for name, path in LISTS if name is not None]
    resources += [
        resource(A, "/" + B, limit=50, table_name=None),
        {
            **COMMON,
            "name": "notes",
            "endpoint": {
                "path": "/notes",
                "params": {"token": os.getenv("NOTES") or "none", "q": "%s:%d" % ("size", 3)},
                "paginator": JSONResponseCursorPaginator(cursor_path="meta.next", cursor_param='after'),
            },
        },
    ]

while len(resources) > 4: resources.pop()

resources[-1]["selected"] = True
del resources[0]["endpoint"]["data_selector"]
resources[0]["endpoint"]["data_selector"] = "items"

source = rest_api_source(
    {
        "client": {
            "base_url": f"{HOST}/api/",
            "auth": Bearer(token=dlt.secrets["sources.crm.token"]),
            "headers": {"X-Key": f"Key {dlt.secrets['crm.key']}", "X-Env": dlt.config["env"]},
        },
        "resource_defaults": COMMON,
        "resources": [*resources, *(r for r in [])],
    },
    name="crm",
    section="my",
    schema_contract="evolve",
).with_resources("contacts", "deals", "notes")

if __name__ == "__main__":
    pipeline = dlt.pipeline(pipeline_name="crm sync", destination="duckdb", dataset_name="crm")
    info = pipeline.run(source, write_disposition="replace")
    for row in info.load_packages:
        print(row, end="")
    if info.has_failed_jobs: sys.exit(1)
