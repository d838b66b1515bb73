"""CSV with a header. A line is a record: no field holds a line break."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from include.contract.dataset import Delivery, repeated
from include.errors import InputError
from include.lake import Lake
from include.landing.formats.base import Layout, LineFormat, Opened, SourceRecord, SparkRecords, text_schema
from include.landing.formats.text import CORRUPT, endings, read_head, read_lines

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader

TITLE = "CSV"
ENDINGS = endings(".csv")
SPARK_OPTIONS = {
    "header": "true",
    "enforceSchema": "true",
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": CORRUPT,
    "quote": '"',
    "escape": '"',
    "encoding": "UTF-8",
}


def split_csv(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line of CSV; a quote inside a quoted field is written twice."""
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter))


def open_source(path: Path, delimiter: str, encoding: str) -> Opened:
    lines = read_lines(path, encoding)
    header = next(lines, "")
    columns = _names(header, delimiter)

    def record(line: str) -> SourceRecord:
        fields = split_csv(line, delimiter)
        return SourceRecord(line, dict(zip(columns, fields, strict=False)), len(fields) != len(columns))

    return Opened(header, columns, map(record, lines))


def inspect(lake: Lake, path: str, source: Delivery) -> Layout | None:
    columns = _names(next(iter(read_head(lake, path)), ""), source.delimiter)
    if twice := repeated(columns):
        raise InputError(
            f"{lake.uri_of(path)} has the column {', '.join(twice)} more than once",
            remedy="deliver it with one column of each name, then clear the task",
        )
    return Layout(tuple(columns), json.dumps(columns)) if columns else None


def read_spark(reader: DataFrameReader, paths: list[str], columns: Sequence[str], source: Delivery) -> SparkRecords:
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    names = [name or f"_{number}" for number, name in enumerate(columns, start=1)]
    schema = text_schema([*names, CORRUPT])
    frame = reader.options(**SPARK_OPTIONS, sep=source.delimiter).schema(schema).csv(paths)
    corrupt = F.col(CORRUPT)
    return SparkRecords(frame, {name: F.col(f"`{name}`") for name in names}, corrupt.isNotNull(), corrupt)


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip() for name in split_csv(header, delimiter)] if header else []


def _start(columns: Sequence[str], delimiter: str) -> tuple[str, Callable[[Sequence[str]], str]]:
    special = re.compile(f'["\r\n{re.escape(delimiter)}]')

    def line(values: Sequence[str]) -> str:
        if len(values) > 1 and not any(map(special.search, values)):
            return delimiter.join(values)
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=delimiter, lineterminator="").writerow(values)
        return buffer.getvalue()

    return line(columns), line


LANDS_AS = LineFormat(".csv.gz", _start)
