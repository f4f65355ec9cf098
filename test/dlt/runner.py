"""Runs dlt's rest_api for the Go tests beside it: a job of JSON a line in, its outcome a line out. It judges nothing."""

import datetime
import decimal
import json
import os
import runpy
import sys
import unittest.mock

answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what dlt prints is no answer

import dlt
import dlt.sources.rest_api
from dlt.sources.rest_api import rest_api_source


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return str(value)


def run(job):
    pipeline = dlt.pipeline(
        job["pipeline"],
        pipelines_dir=job["dir"],
        destination=dlt.destinations.duckdb(os.path.join(job["dir"], job["pipeline"] + ".duckdb")),
        dataset_name="data",
    )
    pipeline.run(rest_api_source(job["source"]))
    tables = {}
    with pipeline.sql_client() as client:
        for name in pipeline.default_schema.data_table_names(seen_data_only=True):
            with client.execute_query("SELECT * FROM " + client.make_qualified_table_name(name)) as cursor:
                columns = [c[0] for c in cursor.description]
                tables[name] = [
                    {c: v for c, v in zip(columns, row) if not c.startswith("_dlt_") and v is not None} for row in cursor.fetchall()
                ]
    return tables


def evaluate(path):
    """Runs a file as Python does, and gives the dictionaries that it calls rest_api_source and rest_api_resources with."""
    seen = []

    class Source(list):
        def with_resources(self, *names):
            return self

    class Pipeline:
        def run(self, *args, **kwargs):
            return unittest.mock.MagicMock()

    def note(config, *args, **kwargs):
        seen.append(json.loads(json.dumps(config, default=vars)))
        return Source()

    patch = unittest.mock.patch
    with patch("dlt.sources.rest_api.rest_api_source", note), patch("dlt.sources.rest_api.rest_api_resources", note), patch(
        "dlt.pipeline", lambda *args, **kwargs: Pipeline()
    ):
        runpy.run_path(path, run_name="__main__")
    return seen


for line in sys.stdin:
    try:
        job = json.loads(line)
        outcome = {"configs": evaluate(job["python"])} if "python" in job else {"tables": run(job)}
    except Exception as e:
        outcome = {"error": f"{type(e).__name__}: {e}"}
    answers.write(json.dumps(outcome, default=plain) + "\n")
    answers.flush()
