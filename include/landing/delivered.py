"""The files of a day in the landing zone, and their columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from include.columns import SUCCESS_MARKER
from include.contract.dataset import Delivery
from include.errors import InputError
from include.lake import FileInfo, Lake, partition_folder, s3_failure
from include.landing.formats import known_format
from include.landing.formats.base import LandingFormat, Layout

READERS = 8


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the landing zone, and how Spark reads it.

    Attributes
    ----------
    layout
        Files of one format whose layouts have an equal key can be read together.
    """

    day: dt.date
    path: str
    size: int
    format: LandingFormat
    layout: Layout

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.layout.columns


def find_delivered(lake: Lake, table: str, days: Sequence[dt.date], source: Delivery) -> list[DeliveredFile]:
    """Return the files of `days`, in order; every day must have been closed.

    Raises
    ------
    InputError
        When a day has no `_SUCCESS`, or a file has an unknown format, is unreadable or lacks
        a column that the mapping needs.
    """
    listed = [(day, lake.list_files(partition_folder(table, day))) for day in days]
    open_days = [day for day, files in listed if not any(_name(file) == SUCCESS_MARKER for file in files)]
    if open_days:
        more = f" and {len(open_days) - 1} more days" if len(open_days) > 1 else ""
        raise InputError(
            f"{lake.uri_of(partition_folder(table, open_days[0]))}/{SUCCESS_MARKER} is not there{more}: "
            "the delivery of that day is not complete",
            remedy=f"deliver the day and close it with an empty {SUCCESS_MARKER}, then clear the task",
        )
    delivered = [(day, file) for day, files in listed for file in files if _name(file)[0] not in "._" and file.size]

    def inspect(entry: tuple[dt.date, FileInfo]) -> DeliveredFile | None:
        return _inspect(lake, table, *entry, source)

    with ThreadPoolExecutor(READERS) as pool:
        return [file for file in pool.map(inspect, delivered) if file]


def _name(file: FileInfo) -> str:
    return file.path.rpartition("/")[2]


def _inspect(lake: Lake, table: str, day: dt.date, file: FileInfo, source: Delivery) -> DeliveredFile | None:
    """Return what is known of a file before Spark reads it, None when it holds no records."""
    import pyarrow as pa

    uri = lake.uri_of(file.path)
    form = known_format(uri, "deliver it with one of the endings {endings}, then clear the task")
    try:
        found = form.inspect(lake, file.path, source)
    except (pa.ArrowException, OSError) as error:
        raise s3_failure(error) or unreadable(uri, str(error)) from error
    if found is None:
        return None
    missing = [name for name in source.required if name not in found.columns]
    if missing and found.columns:
        raise InputError(
            f"{uri} has no column {', '.join(missing)}; it has {', '.join(found.columns)}",
            remedy=f"deliver it with that column, or correct tables.{table} in the mapping, then clear the task",
        )
    return DeliveredFile(day, file.path, file.size, form, found)


def unreadable(uri: str, why: str) -> InputError:
    """Return the error for a file that is damaged."""
    return InputError(f"{uri} is damaged: {why}", remedy="deliver the file again, then clear the task")
