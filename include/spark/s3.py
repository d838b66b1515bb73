"""What Spark needs for a lake on S3: jars, the server's address, and the committer without renames.

Keys reach the JVM by its environment: an option would show in the list of processes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.settings import PROJECT, S3Settings, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JARS = PROJECT / "deploy" / "spark" / "s3-jars.txt"

COMMITTER = {
    "spark.hadoop.fs.s3a.committer.magic.enabled": "true",
    "spark.hadoop.fs.s3a.committer.name": "magic",
    "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a": "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory",
    "spark.sql.parquet.output.committer.class": "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter",
    "spark.sql.sources.commitProtocolClass": "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol",
}
# S3A tries again with growing pauses, and the client within it once. With Hadoop's own limits a job would wait
# many minutes for a dead server; docs/s3.md says how long it waits with these. Hadoop's default kind of input
# stream gives up at the first reset.
PATIENCE = {
    "spark.hadoop.fs.s3a.input.stream.type": "classic",
    "spark.hadoop.fs.s3a.attempts.maximum": "1",
    "spark.hadoop.fs.s3a.retry.limit": "2",
    "spark.hadoop.fs.s3a.retry.interval": "500ms",
    "spark.hadoop.fs.s3a.retry.throttle.limit": "7",
    "spark.hadoop.fs.s3a.connection.establish.timeout": "15s",
    "spark.hadoop.fs.s3a.connection.timeout": "20s",
}
# Where Spark copies the keys to
KEYS = (
    *("fs.s3a.access.key", "fs.s3a.secret.key", "fs.s3a.session.token"),
    *("fs.s3.awsAccessKeyId", "fs.s3.awsSecretAccessKey", "fs.s3n.awsAccessKeyId", "fs.s3n.awsSecretAccessKey"),
)


def uses_s3(settings: Settings) -> bool:
    """Tell whether the lake or the landing zone is on S3."""
    return any(uri.startswith("s3://") for uri in (settings.lake_uri, settings.landing_uri))


def jar_names() -> list[str]:
    """Return the file names of the pinned jars."""
    lines = (line.split() for line in JARS.read_text().splitlines() if line and not line.startswith("#"))
    coordinates = (line[0].split(":") for line in lines)
    return [f"{artifact}-{version}.jar" for _, artifact, version in coordinates]


def jar_path(settings: Settings) -> str:
    """Return the class path of the pinned jars."""
    return os.pathsep.join(str(settings.jar_folder / name) for name in jar_names())


def check_jars(settings: Settings) -> None:
    """Make sure that the pinned jars are there.

    Raises
    ------
    ConfigurationError
        When one is missing.
    """
    missing = [name for name in jar_names() if not (settings.jar_folder / name).is_file()]
    if missing:
        raise ConfigurationError(
            f"Spark cannot use S3 without {', '.join(missing)} in {settings.jar_folder}",
            remedy="run make jars, which fetches them once for an installation",
        )


def s3_options(settings: Settings, access: S3Settings) -> dict[str, str]:
    """Return the options of a Spark that reads and writes S3.

    Raises
    ------
    ConfigurationError
        When a jar is missing.
    """
    check_jars(settings)
    path = jar_path(settings)
    return {
        "spark.driver.extraClassPath": path,
        "spark.executor.extraClassPath": path,
        "spark.hadoop.fs.s3a.endpoint.region": access.region,
        **COMMITTER,
        **PATIENCE,
        **(_other_server(access) if access.endpoint else {}),
    }


def forget_keys(spark: SparkSession) -> None:
    """Remove the keys from Hadoop's configuration, into which Spark copies them from the driver's environment.

    That configuration goes to every task and shows on Spark's pages; S3A reads the environment itself.
    """
    configuration = spark.sparkContext._jsc.hadoopConfiguration()
    for option in KEYS:
        configuration.unset(option)


def _other_server(access: S3Settings) -> dict[str, str]:
    return {
        "spark.hadoop.fs.s3a.endpoint": access.endpoint,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(access.endpoint.startswith("https://")).lower(),
    }
