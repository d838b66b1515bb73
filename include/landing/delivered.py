"""What lies in the landing zone: which files a day has, and which columns each of them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from include.contract.dataset import Source
from include.errors import InputError
from include.lake import FileInfo, Lake, partition_folder, s3_failure
from include.landing.sources import BLANK, FORMATS, KEYS_FROM_RECORDS, Format, format_of, parse_json, split_csv

SUCCESS = "_SUCCESS"
READERS = 8
# Enough for any header, and for the first records of JSON lines.
HEAD_BYTES = 1 << 18
# What ends a line for Spark; str.splitlines knows more ends than it does.
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the landing zone, and how Spark has to read it.

    Attributes
    ----------
    layout
        Files with an equal format and layout can be read together: the header of CSV, the
        schema of Parquet, nothing for JSON lines, whose values carry their names.
    """

    day: dt.date
    path: str
    size: int
    format: Format
    columns: tuple[str, ...]
    layout: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def find_delivered(lake: Lake, table: str, days: Sequence[dt.date], source: Source) -> list[DeliveredFile]:
    """Return the files of `days`, in order; every day must have been closed.

    Raises
    ------
    InputError
        When a day has no `_SUCCESS`, a file is of no known format or unreadable, or lacks
        a column that the mapping needs.
    """
    listed = [(day, lake.list_files(partition_folder(table, day))) for day in days]
    open_days = [day for day, files in listed if not any(_name(file) == SUCCESS for file in files)]
    if open_days:
        more = f" and {len(open_days) - 1} more days" if len(open_days) > 1 else ""
        raise InputError(
            f"{lake.uri_of(partition_folder(table, open_days[0]))}/{SUCCESS} is not there{more}: "
            "the delivery of that day is not complete",
            remedy=f"deliver the day and close it with an empty {SUCCESS}, then clear the task",
        )
    delivered = [(day, file) for day, files in listed for file in files if _name(file)[0] not in "._" and file.size]
    with ThreadPoolExecutor(READERS) as pool:
        files = list(pool.map(lambda entry: _inspect(lake, table, entry[0], entry[1], source), delivered))
    # JSON lines that are all broken have no columns and still are records.
    return [file for file in files if file.columns or file.format == "jsonl"]


def _name(file: FileInfo) -> str:
    return file.path.rpartition("/")[2]


def _inspect(lake: Lake, table: str, day: dt.date, file: FileInfo, source: Source) -> DeliveredFile:
    form = format_of(file.path)
    if form is None:
        raise InputError(
            f"{lake.uri_of(file.path)} is neither CSV, JSON lines nor Parquet by its name",
            remedy=f"deliver it with one of the endings {', '.join(FORMATS)}, then clear the task",
        )
    columns, layout = _columns(lake, file.path, form, source)
    missing = [name for name in source.required if name not in columns]
    if missing and columns:
        raise InputError(
            f"{lake.uri_of(file.path)} has no column {', '.join(missing)}; it has {', '.join(columns)}",
            remedy=f"deliver it with that column, or correct tables.{table} in the mapping, then clear the task",
        )
    return DeliveredFile(day, file.path, file.size, form, columns, layout)


def _columns(lake: Lake, path: str, form: Format, source: Source) -> tuple[tuple[str, ...], str]:
    """Return a file's columns and its layout; a file without any record has no columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    try:
        if form == "parquet":
            schema = pq.read_schema(f"{root}/{path}", filesystem=filesystem)
            return tuple(schema.names), json.dumps([[field.name, str(field.type)] for field in schema])
        with filesystem.open_input_stream(f"{root}/{path}", compression="detect") as stream:
            head = stream.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
    except (pa.ArrowException, OSError) as error:
        raise s3_failure(error) or unreadable(lake.uri_of(path), str(error)) from error
    lines = [line for line in LINE_END.split(head) if line.strip(BLANK)]
    if form == "jsonl":
        return _keys(lines[:KEYS_FROM_RECORDS]), ""
    columns = tuple(name.strip() for name in split_csv(lines[0], source.delimiter)) if lines else ()
    folded = [name.casefold() for name in columns]
    twice = sorted({name for name in columns if folded.count(name.casefold()) > 1})
    if twice:
        raise InputError(
            f"{lake.uri_of(path)} has the column {', '.join(twice)} more than once",
            remedy="deliver it with one column of each name, then clear the task",
        )
    return columns, json.dumps(columns)


def _keys(lines: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for line in lines:
        found.update(dict.fromkeys(parse_json(line).values))
    return tuple(found)


def unreadable(uri: str, why: str) -> InputError:
    """Return the error for a file that is damaged."""
    return InputError(f"{uri} is damaged: {why}", remedy="deliver the file again, then clear the task")
