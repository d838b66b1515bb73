"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from include.contract.dataset import Source
from include.lake import Lake
from include.landing.formats.base import Layout, SourceRecord, SparkRecords, Written, keys_of, text_schema
from include.landing.formats.text import CORRUPT, endings, read_head, read_lines

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader

    from include.landing.sources import SourceFile

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


def head(file: SourceFile) -> tuple[str, list[str]]:
    return "", keys_of(records(file))


def records(file: SourceFile) -> Iterator[SourceRecord]:
    return map(parse_json, read_lines(file))


def inspect(lake: Lake, path: str, source: Source) -> Layout:
    """Return a layout also for lines that are all broken: they are records without columns."""
    return Layout(tuple(keys_of(map(parse_json, read_head(lake, path)))), "")


def spark_records(
    reader: DataFrameReader, paths: Sequence[str], columns: Sequence[str], source: Source
) -> SparkRecords:
    """Return only the columns of `source`: the others are in the line."""
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}
    parsed = F.from_json("value", text_schema([*source.columns, CORRUPT]), options).alias("parsed")
    frame = reader.text(list(paths)).where(F.length(F.trim("value")) > 0).select("*", parsed)
    line = F.col("value")
    malformed = F.col(f"parsed.{CORRUPT}").isNotNull() | ~F.ltrim(line).startswith("{") | line.rlike(TWO_OBJECTS)
    return SparkRecords(frame, {name: F.col(f"parsed.`{name}`") for name in source.columns}, malformed, line)


def _start(columns: Sequence[str], delimiter: str) -> tuple[str, Callable[[Sequence[str]], str]]:
    return "", lambda values: json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=False)


WRITTEN = Written(".jsonl.gz", _start)
