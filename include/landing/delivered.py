"""The files of a day in the landing zone, and their columns."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.columns import SUCCESS_MARKER
from include.contract.source import SourceMapping
from include.errors import InputError
from include.lake import FileInfo, Lake, partition_folder
from include.landing.formats import known_format, stem
from include.landing.formats.base import LandingFormat
from include.landing.stored import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa

READERS = 8


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the landing zone.

    Attributes
    ----------
    name
        Its path in the folder of the day.
    path
        Its path in the landing zone.
    part
        The number of the source in the table's mapping that the file belongs to.
    columns
        As the format names them.
    schema
        Their types, if the file says them.
    """

    day: dt.date
    name: str
    path: str
    size: int
    part: int
    format: LandingFormat
    columns: tuple[str, ...]
    schema: pa.Schema | None = None


def find_delivered(
    lake: Lake, table: str, days: Sequence[dt.date], parts: Sequence[SourceMapping]
) -> list[DeliveredFile]:
    """Return the files of `days`, in order; every day must have been closed.

    Raises
    ------
    InputError
        When a day has no `_SUCCESS`, or a file belongs to no source, has an unknown format, is
        unreadable or lacks a column that the mapping needs.
    """
    listed = files_of_closed_days(lake, table, days)
    delivered = [(day, name, file) for day, files in listed.items() for name, file in files.items() if has_data(name)]

    def inspect(entry: tuple[dt.date, str, FileInfo]) -> DeliveredFile | None:
        return _inspect(lake, table, *entry, parts) if entry[-1].size else None

    with ThreadPoolExecutor(READERS) as pool:
        return [file for file in pool.map(inspect, delivered) if file]


def files_of_closed_days(lake: Lake, table: str, days: Sequence[dt.date]) -> dict[dt.date, dict[str, FileInfo]]:
    """Return the files of each day, see `files_of_day`.

    Raises
    ------
    InputError
        When a day has no `_SUCCESS`.
    """
    listed = {day: files_of_day(lake, table, day) for day in days}
    open_days = [day for day, files in listed.items() if SUCCESS_MARKER not in files]
    if open_days:
        more = f" and {len(open_days) - 1} more days" if len(open_days) > 1 else ""
        raise InputError(
            f"{lake.uri_of(partition_folder(table, open_days[0]))}/{SUCCESS_MARKER} is not there{more}: "
            "the delivery of that day is not complete",
            remedy=f"deliver the day and close it with an empty {SUCCESS_MARKER}, then clear the task",
        )
    return listed


def files_of_day(lake: Lake, table: str, day: dt.date) -> dict[str, FileInfo]:
    """Return the files in a day's folder by their path in it, hidden ones and markers too."""
    folder = partition_folder(table, day)
    return {file.path.removeprefix(f"{folder}/"): file for file in lake.list_files(folder)}


def has_data(name: str) -> bool:
    """Tell whether a file of a day's folder may hold records: neither it nor a folder above it is hidden."""
    return all(step[0] not in "._" for step in name.split("/"))


def part_of(name: str, parts: Sequence[SourceMapping]) -> int | None:
    """Return the number of the first source whose `files` match the name, None for none.

    Compression, format and part number do not count: `stock.csv` also means `stock.part-00001.jsonl.gz`.
    Folders within the day do not count either.
    """
    name = name.rpartition("/")[2]
    for number, part in enumerate(parts):
        for pattern in part.source.files:
            if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(stem(name), stem(pattern)):
                return number
    return None


def _inspect(
    lake: Lake, table: str, day: dt.date, name: str, file: FileInfo, parts: Sequence[SourceMapping]
) -> DeliveredFile | None:
    """Return what is known of a file before its records are read, None when it holds none."""
    uri = lake.uri_of(file.path)
    number = part_of(name, parts)
    if number is None:
        patterns = ", ".join(pattern for part in parts for pattern in part.source.files)
        raise InputError(
            f"{uri} belongs to no source of {table} by its name ({patterns})",
            remedy=f"add its name to the files of a source in tables.{table} of the mapping, then clear the task",
        )
    source = parts[number].source
    form = known_format(uri, source, "deliver it with one of the endings {endings}")
    opened = form.open_file(stored(lake, file.path), source)
    if not opened.columns and next(opened.records, None) is None:
        return None
    missing = [name for name in source.required if name not in opened.columns]
    if missing and opened.columns:
        raise InputError(
            f"{uri} has no column {', '.join(missing)}; it has {', '.join(opened.columns)}",
            remedy=f"deliver it with that column, or correct tables.{table} in the mapping, then clear the task",
        )
    return DeliveredFile(day, name, file.path, file.size, number, form, tuple(opened.columns), opened.schema)


def stored(lake: Lake, path: str) -> StoredFile:
    """Return a file of the landing zone to be read."""
    filesystem, root = lake.filesystem()
    return StoredFile(lake.uri_of(path), filesystem, f"{root}/{path}")
