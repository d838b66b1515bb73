"""The Spark session of every job: one place for its settings."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.settings import PROJECT, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


@contextmanager
def spark_session(name: str, settings: Settings) -> Iterator[SparkSession]:
    """Start Spark for one job and stop it when the job ends.

    Raises
    ------
    ConfigurationError
        When no Java runtime can be started.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    builder = SparkSession.builder.master(settings.spark_master).appName(f"nightshelf-{name}")
    builder = builder.config("spark.driver.memory", settings.spark_memory)
    for key, value in OPTIONS.items():
        builder = builder.config(key, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkRuntimeError, FileNotFoundError) as error:
        raise ConfigurationError(
            f"Spark cannot start: {str(error).splitlines()[0]}",
            remedy="install a Java runtime, version 17 or later, or point JAVA_HOME at one",
        ) from error
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()
