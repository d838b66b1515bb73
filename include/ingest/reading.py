"""Reads delivered files into one Spark frame: values as text, each record with its place.

Files of equal layout are read together; the layouts are joined by column name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.columns import INGEST_DATE, SOURCE_FILE
from include.contract.dataset import Delivery
from include.lake import Lake
from include.landing.delivered import DeliveredFile

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Where a record is: the block of its file (Spark splits large ones), its number in the block.
BLOCK = "_block"
POSITION = "_position"
MALFORMED = "_malformed"
PLACE = (INGEST_DATE, SOURCE_FILE, BLOCK, POSITION)
LINE = "_line"
SOURCE = "source"
EXTRA = "_extra_"


def read_delivered(
    spark: SparkSession, lake: Lake, table: str, files: Sequence[DeliveredFile], source: Delivery
) -> DataFrame:
    """Return the records of `files`, at least one.

    Returns
    -------
    `PLACE`, `MALFORMED` (boolean), `LINE` (the record's text, null where the columns make it
    up), the columns of `source` and, for the quarantine only, the other columns under names
    that begin with `EXTRA`. All values are text, null where a file lacks the column. The
    position counts the records of one block from an arbitrary start.
    """
    layouts: dict[tuple[str, str], list[DeliveredFile]] = {}
    for file in files:
        layouts.setdefault((file.format.TITLE, file.layout.key), []).append(file)
    frames = [_read(spark, lake, table, group, source) for _, group in sorted(layouts.items())]
    return reduce(lambda whole, frame: whole.unionByName(frame, allowMissingColumns=True), frames)


def raw_record(frame: DataFrame, source: Delivery) -> Column:
    """Return the record as delivered: its line, or a JSON object of its columns that are not empty.

    `frame` holds the columns of `source` in the struct `SOURCE`, and the other ones as they were read.
    """
    extras = [name for name in frame.columns if name.startswith(EXTRA)]
    fields = [F.col(f"{SOURCE}.`{name}`").alias(name) for name in source.columns]
    fields += [F.col(f"`{name}`").alias(name.removeprefix(EXTRA)) for name in extras]
    return F.coalesce(F.col(LINE), F.to_json(F.struct(*fields)))


def _read(spark: SparkSession, lake: Lake, table: str, group: Sequence[DeliveredFile], source: Delivery) -> DataFrame:
    """Return files of one layout; the records are numbered before anything filters or moves them."""
    reader = spark.read.option("basePath", lake.uri_of(table))
    paths = [_without_pattern(lake.uri_of(file.path)) for file in group]
    records = group[0].format.read_spark(reader, paths, group[0].columns, source)
    placed = records.frame.select(
        "*",
        F.col("_metadata.file_name").alias(SOURCE_FILE),
        F.col("_metadata.file_block_start").alias(BLOCK),
        F.monotonically_increasing_id().alias(POSITION),
    )
    nothing = F.lit(None)
    values = [records.values.get(name, nothing).cast("string").alias(name) for name in source.columns]
    extras = [
        value.cast("string").alias(EXTRA + name) for name, value in records.values.items() if name not in source.columns
    ]
    return placed.select(*PLACE, records.malformed.alias(MALFORMED), records.line.alias(LINE), *values, *extras)


def _without_pattern(uri: str) -> str:
    """Escape the characters that Spark takes for a pattern."""
    return re.sub(r"([*?{}\[\]\\])", r"\\\1", uri)
