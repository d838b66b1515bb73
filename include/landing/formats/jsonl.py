"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from include.contract.dataset import Delivery
from include.lake import Lake
from include.landing.formats.base import (
    Layout,
    LineFormat,
    Opened,
    SourceRecord,
    SparkRecords,
    keys_of,
    open_records,
    text_schema,
)
from include.landing.formats.text import CORRUPT, endings, read_head, read_lines

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader

TITLE = "JSON lines"
ENDINGS = endings(".jsonl")
# Two objects on one line: from_json would read the first and forget the second.
TWO_OBJECTS = r"\}\s*\{"


def parse_json(line: str) -> SourceRecord:
    """Return the record of one JSON line; anything but one object is broken."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    return SourceRecord(line, values, False) if isinstance(values, dict) else SourceRecord(line, {}, True)


def open_source(path: Path, delimiter: str, encoding: str) -> Opened:
    return open_records(lambda: map(parse_json, read_lines(path, encoding)))


def inspect(lake: Lake, path: str, source: Delivery) -> Layout:
    """Return a layout also for lines that are all broken: they are records without columns."""
    return Layout(tuple(keys_of(map(parse_json, read_head(lake, path)))), "")


def read_spark(reader: DataFrameReader, paths: list[str], columns: Sequence[str], source: Delivery) -> SparkRecords:
    """Return only the columns of `source`: the others are in the line."""
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}
    parsed = F.from_json("value", text_schema([*source.columns, CORRUPT]), options).alias("parsed")
    frame = reader.text(paths).where(F.length(F.trim("value")) > 0).select("*", parsed)
    line = F.col("value")
    malformed = F.col(f"parsed.{CORRUPT}").isNotNull() | ~F.ltrim(line).startswith("{") | line.rlike(TWO_OBJECTS)
    return SparkRecords(frame, {name: F.col(f"parsed.`{name}`") for name in source.columns}, malformed, line)


def _start(columns: Sequence[str], delimiter: str) -> tuple[str, Callable[[Sequence[str]], str]]:
    return "", lambda values: json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=False)


LANDS_AS = LineFormat(".jsonl.gz", _start)
