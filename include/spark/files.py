"""Parquet that Spark reads and writes in the lake: only what is committed, and all of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from include.columns import INGEST_DATE, SUCCESS_MARKER
from include.errors import ConfigurationError
from include.lake.partitions import PREFIX
from include.lake.s3 import S3Lake
from include.lake.s3_failures import not_shown
from include.lake.store import Lake

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

READERS = 8
PARQUET = ".parquet"
COMMITTER = "magic"


def read_parquet(
    spark: SparkSession, lake: Lake, table: str, uris: Sequence[str], schema: str, merged: Sequence[str] = ()
) -> DataFrame:
    """Return the rows of a table's committed files, with `ingest_date`.

    Spark asks an S3 server three times for each file that it is given, before it plans; listing the whole table
    is one request. So it gets the table, and the files only where the listing differs from them: files that a
    killed writer left, or files that the listing does not show yet.

    Parameters
    ----------
    uris
        The files, as `partition_uris` returns them.
    schema
        Of the table, as DDL; no file is opened to find it.
    merged
        Files that hold further days, and the day of each row; see `include.lake.months`.
    """
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    reader = spark.read.schema(schema).option("basePath", lake.uri_of(table))
    if merged:
        months = spark.read.schema(schema).parquet(*merged)
        return months.unionByName(reader.parquet(*uris)) if uris else months
    if not uris:
        return spark.createDataFrame([], schema)
    whole = reader.parquet(lake.uri_of(table))
    wanted = sorted(map(_day_and_name, uris))
    first, last = wanted[0][0], wanted[-1][0]
    if sorted(file for file in map(_day_and_name, whole.inputFiles()) if first <= file[0] <= last) != wanted:
        return reader.parquet(*uris)
    return whole.where(F.col(INGEST_DATE).between(first, last))


def _day_and_name(uri: str) -> tuple[dt.date, str]:
    folder, name = uri.split("/")[-2:]
    return dt.date.fromisoformat(folder.removeprefix(PREFIX)), name


def write_parquet(lake: Lake, frame: DataFrame, folder: str, *, by: Sequence[str] = ()) -> dict[str, int]:
    """Write `frame` to `folder` and make sure that each of its rows is in a file that can be found.

    Spark's committer finds by listings what its tasks wrote, and so does this function afterwards. A listing that
    lags behind would lose rows silently, so the rows in the files are compared with those that were written.

    Parameters
    ----------
    folder
        Relative to the lake's root; nothing is there yet.
    by
        Columns that become folders.

    Returns
    -------
    The number of rows by file, its path relative to `folder`.

    Raises
    ------
    ConfigurationError
        When Spark wrote to S3 with another than the magic committer.
    LakeError
        When the files hold other than the rows that were written.
    """
    from pyspark.sql import Observation
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    passed = Observation()
    frame.observe(passed, F.count(F.lit(1)).alias("rows")).write.partitionBy(*by).parquet(lake.uri_of(folder))
    check_committer(lake, folder)
    found = _rows_by_file(lake, folder)
    if sum(found.values()) != passed.get["rows"]:
        raise not_shown(
            f"{lake.uri_of(folder)} shows {sum(found.values())} rows in {len(found)} files, "
            f"Spark wrote {passed.get['rows']}"
        )
    return found


def _rows_by_file(lake: Lake, folder: str) -> dict[str, int]:
    """Count the rows from the files' footers."""
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    paths = [info.path for info in lake.list_files(folder) if info.path.endswith(PARQUET)]
    with ThreadPoolExecutor(READERS) as pool:
        rows = pool.map(lambda path: int(pq.read_metadata(f"{root}/{path}", filesystem=filesystem).num_rows), paths)
        return {path[len(folder) + 1 :]: count for path, count in zip(paths, rows, strict=True)}


def check_committer(lake: Lake, folder: str) -> None:
    """Make sure that Spark wrote `folder` with the magic committer, if the lake is on S3.

    Without its jar or its settings Spark silently falls back to renaming, which on S3 is a copy
    that readers can see half done. Its `_SUCCESS` is empty then; the magic committer's is JSON.

    Raises
    ------
    ConfigurationError
        When another committer wrote the folder.
    MissingArtifactError
        When Spark has not finished it.
    """
    if not isinstance(lake, S3Lake):
        return
    content = lake.read_bytes(f"{folder}/{SUCCESS_MARKER}")
    try:
        found = str(json.loads(content).get("committer", "another committer"))
    except (ValueError, AttributeError):
        found = "a committer that renames"
    if found != COMMITTER:
        raise ConfigurationError(
            f"Spark wrote {lake.uri_of(folder)} with {found}, not with the {COMMITTER} committer",
            remedy="run make jars, and let no option of Spark name another committer",
        )
