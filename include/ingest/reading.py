"""Delivered files as one Spark frame: every value a text, every record with its place.

Files are read together when their layout is equal, and put together by column name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows
from pyspark.sql.types import StringType, StructField, StructType

from include.columns import INGEST_DATE, SOURCE_FILE
from include.contract.dataset import Source
from include.lake import Lake
from include.landing.delivered import DeliveredFile

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Where a record stands: block of its file (a large file is read in several), number in it.
BLOCK = "_block"
POSITION = "_position"
MALFORMED = "_malformed"
PLACE = (INGEST_DATE, SOURCE_FILE, BLOCK, POSITION)
LINE = "_line"
SOURCE = "source"
EXTRA = "_extra_"
_CORRUPT = "_corrupt"
_PARSED = "_parsed"
CSV_OPTIONS = {
    "header": "true",
    "enforceSchema": "true",
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": _CORRUPT,
    "quote": '"',
    "escape": '"',
    "encoding": "UTF-8",
}
# Two objects on one line: from_json would read the first and forget the second.
TWO_OBJECTS = r"\}\s*\{"


def read_delivered(
    spark: SparkSession, lake: Lake, table: str, files: Sequence[DeliveredFile], source: Source
) -> DataFrame:
    """Return the records of `files`, which must not be none.

    Returns
    -------
    `PLACE`, `MALFORMED` (boolean), `LINE` (the record's text where it is not made of the
    columns), the columns of `source` and, for the quarantine only, what else the files have
    under names that begin with `EXTRA`. All values are text, null where a file has no such
    column. The position counts the records of one block from an arbitrary start.
    """
    layouts: dict[tuple[str, str], list[DeliveredFile]] = {}
    for file in files:
        layouts.setdefault((file.format, file.layout), []).append(file)
    readers = {"csv": _read_csv, "jsonl": _read_json, "parquet": _read_parquet}
    frames = [readers[form](spark, lake, table, group, source) for (form, _), group in sorted(layouts.items())]
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame, allowMissingColumns=True)
    return whole


def raw_record(frame: DataFrame, source: Source) -> Column:
    """Return the record as it came: its line, or its columns as a JSON object without the empty ones.

    `frame` holds the columns of `source` in the struct `SOURCE`, and the other ones as they were read.
    """
    extras = [name for name in frame.columns if name.startswith(EXTRA)]
    fields = [F.col(f"{SOURCE}.`{name}`").alias(name) for name in source.columns]
    fields += [F.col(f"`{name}`").alias(name.removeprefix(EXTRA)) for name in extras]
    return F.coalesce(F.col(LINE), F.to_json(F.struct(*fields)))


def _paths(lake: Lake, group: Sequence[DeliveredFile]) -> list[str]:
    """Return the files' URIs with those characters escaped that Spark takes for a pattern."""
    return [re.sub(r"([*?{}\[\]\\])", r"\\\1", lake.uri_of(file.path)) for file in group]


def _texts(columns: Sequence[str]) -> StructType:
    return StructType([StructField(name, StringType()) for name in columns])


def _with_place(frame: DataFrame) -> DataFrame:
    """Number the records before anything filters or moves them."""
    return frame.select(
        "*",
        F.col("_metadata.file_name").alias(SOURCE_FILE),
        F.col("_metadata.file_block_start").alias(BLOCK),
        F.monotonically_increasing_id().alias(POSITION),
    )


def _select(frame: DataFrame, source: Source, columns: Sequence[str], malformed: Column, line: Column) -> DataFrame:
    values = [
        (F.col(f"`{name}`").cast("string") if name in columns else F.lit(None).cast("string")).alias(name)
        for name in source.columns
    ]
    extras = [F.col(f"`{name}`").cast("string").alias(EXTRA + name) for name in columns if name not in source.columns]
    return frame.select(*PLACE, malformed.alias(MALFORMED), line.alias(LINE), *values, *extras)


def _read_csv(spark: SparkSession, lake: Lake, table: str, group: Sequence[DeliveredFile], source: Source) -> DataFrame:
    columns = [name or f"_{number}" for number, name in enumerate(group[0].columns, start=1)]
    reader = spark.read.options(**CSV_OPTIONS, sep=source.delimiter, basePath=lake.uri_of(table))
    frame = _with_place(reader.schema(_texts([*columns, _CORRUPT])).csv(_paths(lake, group)))
    return _select(frame, source, columns, F.col(_CORRUPT).isNotNull(), F.col(_CORRUPT))


def _read_json(
    spark: SparkSession, lake: Lake, table: str, group: Sequence[DeliveredFile], source: Source
) -> DataFrame:
    lines = spark.read.option("basePath", lake.uri_of(table)).text(_paths(lake, group))
    frame = _with_place(lines.where(F.length(F.trim("value")) > 0).withColumnRenamed("value", LINE))
    schema = _texts([*source.columns, _CORRUPT])
    parsed = F.from_json(F.col(LINE), schema, {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _CORRUPT})
    fields = [F.col(f"{_PARSED}.`{name}`").alias(name) for name in (*source.columns, _CORRUPT)]
    frame = frame.withColumn(_PARSED, parsed).select(*PLACE, LINE, *fields)
    line = F.col(LINE)
    malformed = F.col(_CORRUPT).isNotNull() | ~F.ltrim(line).startswith("{") | line.rlike(TWO_OBJECTS)
    return _select(frame, source, source.columns, malformed, line)


def _read_parquet(
    spark: SparkSession, lake: Lake, table: str, group: Sequence[DeliveredFile], source: Source
) -> DataFrame:
    frame = _with_place(spark.read.option("basePath", lake.uri_of(table)).parquet(*_paths(lake, group)))
    columns = [name for name in group[0].columns if name != INGEST_DATE]
    return _select(frame, source, columns, F.lit(False), F.lit(None).cast("string"))
