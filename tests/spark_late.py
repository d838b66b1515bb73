"""Prints the users of the days from FIRST to LAST that Spark reads from the lake of the environment.

`python -m tests.spark_late FIRST LAST`
"""

from __future__ import annotations

import datetime as dt
import json
import sys

from include import columns as c
from include.features.catalogue import USER_SCHEMA
from include.lake import open_lake, partition_uris
from include.settings import load_settings
from include.spark.files import read_parquet
from include.spark.session import spark_session


def main(first: str, last: str) -> None:
    settings = load_settings()
    lake = open_lake(settings.lake_uri)
    uris, _ = partition_uris(lake, c.USERS, dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    with spark_session("late", settings) as spark:
        rows = read_parquet(spark, lake, c.USERS, uris, USER_SCHEMA).select(c.USER_ID).collect()
    sys.stdout.write(json.dumps(sorted(row[0] for row in rows)))


if __name__ == "__main__":
    main(*sys.argv[1:])
