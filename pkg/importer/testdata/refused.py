import dlt
import requests
from datetime import datetime
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.helpers.rest_client.auth import OAuthJWTAuth


class Own(BasePaginator):
    def update_state(self, response, data=None):
        self._has_next_page = False


def lower(record):
    return {k.lower(): v for k, v in record.items()}


@dlt.source
def crm(api_key: str = dlt.secrets.value):
    yield from rest_api_resources({
        "client": {
            "base_url": "https://api.example.com",
            "session": requests.Session(),
            "auth": {"type": "api_key", "name": "key"},
        },
        "resources": [
            {
                "name": "contacts",
                "write_disposition": "merge",
                "primary_key": "id",
                "max_table_nesting": 2,
                "processing_steps": [
                    {"filter": lambda r: r["id"] > 3},
                    {"map": lower},
                ],
                "endpoint": {
                    "path": "contacts",
                    "paginator": Own(),
                    "auth": OAuthJWTAuth(client_id="x"),
                    "params": {
                        "since": datetime(2024, 1, 1).isoformat(),
                        "until": f"{datetime.now()}",
                    },
                    "response_actions": [print],
                    "limit": 7,
                },
            },
        ],
    })
    yield dlt.resource([1, 2, 3], name="numbers")


s = crm()
s.resources["contacts"].add_map(lower)
dlt.pipeline("crm").run(s, columns={"a": {}})
