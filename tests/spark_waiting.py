"""A driver that counts ten numbers on a standalone cluster, watched for executors that never come.

    python -m tests.spark_waiting MASTER PAGE [DRIVER_HOST]

PAGE is the port of the master's page. It prints the count, or the error's name, then waits for the end of stdin.
"""

from __future__ import annotations

import sys

from include.errors import NightshelfError
from include.spark.standalone import UI_PORT, ExecutorWatch


def main(master: str, page: str, host: str = "127.0.0.1") -> None:
    from pyspark.sql import SparkSession

    options = {
        UI_PORT: page,
        "spark.ui.enabled": "false",
        "spark.driver.host": host,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
    }
    spark = SparkSession.builder.master(master).config(map=options).getOrCreate()
    try:
        with ExecutorWatch(spark, master, patience=20, interval=1):
            said = str(spark.range(10).count())
    except NightshelfError as error:
        said = f"{type(error).__name__}: {error}"
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
