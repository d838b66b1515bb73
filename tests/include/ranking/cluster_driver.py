"""A driver of its own for the test with a real cluster: SPARK_MASTER and the rest from the environment."""

from __future__ import annotations

import dataclasses
import json
import sys

from pyarrow.fs import LocalFileSystem

from include.ranking.distribute import Target, write_lists
from include.settings import load_settings
from include.spark.session import spark_session
from tests.include.ranking.made import make_night, slow_digest

if __name__ == "__main__":
    catalogue, users = make_night(int(sys.argv[2]))
    with spark_session("cluster-test", load_settings()) as spark:
        target = Target(LocalFileSystem, sys.argv[1])
        sys.stdout.write(json.dumps(dataclasses.asdict(write_lists(spark, catalogue, users, target, slow_digest))))
