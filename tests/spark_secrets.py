"""A driver that writes to the lake and prints what Spark shows of itself and sends to its tasks.

python -m tests.spark_secrets FOLDER
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import requests
from pyspark.cloudpickle import dumps

from include.lake import connect_lake, open_lake
from include.ranking.distribute import Target, writer
from include.settings import load_settings
from include.spark import session as sessions
from include.spark.files import write_parquet

if __name__ == "__main__":
    logs = Path(sys.argv[1], "events")
    logs.mkdir()
    sessions.OPTIONS |= {
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": logs.as_uri(),
        "spark.eventLog.compress": "false",
    }
    settings = load_settings()
    lake = open_lake(settings.lake_uri)
    uri = lake.uri
    with sessions.spark_session("secrets", settings) as spark:
        write_parquet(lake, spark.range(10), "_staging/secrets")

        def touch(batches):  # type: ignore[no-untyped-def]
            connect_lake(uri).get_file_info("nowhere")
            yield from batches

        spark.range(2).mapInArrow(touch, "id long").collect()
        context = spark.sparkContext
        api = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/environment"
        configuration = spark._jsparkSession.sessionState().newHadoopConf().iterator()
        entries = []
        while configuration.hasNext():
            entries.append(str(configuration.next()))
        target = Target(partial(connect_lake, uri), "folder")
        shared = context.broadcast(0)
        commands = [path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")]
        found = {
            "environment page": requests.get(api, timeout=20).text,
            "hadoop configuration": "\n".join(entries),
            "closure": repr(dumps((writer(shared, target, None, 1), touch, context.environment))),
            "command lines": "\n".join(commands),
        }
    found["event log"] = "\n".join(path.read_text() for path in logs.rglob("*") if path.is_file())
    lake.delete("_staging")
    sys.stdout.write(json.dumps(found))
