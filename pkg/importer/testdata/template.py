"""Two pipelines in one file, in the form in which dlt's own templates are written."""
from typing import Any, Optional

import dlt
from dlt.common.pendulum import pendulum
from dlt.sources.rest_api import (
    RESTAPIConfig,
    check_connection,
    rest_api_resources,
    rest_api_source,
)


@dlt.source(name="tickets")
def ticket_source(access_token: Optional[str] = dlt.secrets.value, since: str = "2024-01-01") -> Any:
    config: RESTAPIConfig = {
        "client": {
            "base_url": "https://desk.example.com/api/",
            # only with a token
            "auth": (
                {
                    "type": "bearer",
                    "token": access_token,
                }
                if access_token
                else None
            ),
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
        },
        "resources": [
            {
                "name": "tickets",
                "endpoint": {
                    "path": "tickets",
                    "params": {
                        "order": "changed",
                        "changed_after": "{incremental.start_value}",
                        "until": pendulum.today().to_date_string(),
                    },
                    "incremental": {
                        "cursor_path": "changed_at",
                        "initial_value": since,
                    },
                },
            },
            {
                "name": "replies",
                "endpoint": {
                    "path": "tickets/{resources.tickets.number}/replies",
                },
                "include_from_parent": ["id"],
            },
        ],
    }

    yield from rest_api_resources(config)


def load_tickets() -> None:
    pipeline = dlt.pipeline(
        pipeline_name="desk_tickets",
        destination='duckdb',
        dataset_name="desk",
    )

    load_info = pipeline.run(ticket_source())
    print(load_info)  # noqa: T201


def load_plants(base_url: str = "https://plants.example.com/v2/") -> None:
    pipeline = dlt.pipeline(
        pipeline_name="plants",
        destination='duckdb',
        dataset_name="garden",
    )

    plants = rest_api_source(
        {
            "client": {
                "base_url": base_url,
                "paginator": "json_link",
            },
            "resource_defaults": {
                "endpoint": {
                    "params": {
                        "limit": 500,
                    },
                },
            },
            "resources": [
                "trees",
                "herbs",
            ],
        },
        name="plants",
    )

    def check_network() -> None:
        (can_connect, error_msg) = check_connection(
            plants,
            "not_existing_endpoint",
        )
        if not can_connect:
            pass  # the error is in error_msg

    check_network()

    load_info = pipeline.run(plants)
    print(load_info)  # noqa: T201


if __name__ == "__main__":
    load_tickets()
    load_plants()
