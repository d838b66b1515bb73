"""Splits a history into the days of the landing zone.

Everything is staged first, so an error in the source leaves the landing zone untouched. Then
each day is replaced whole: its `_SUCCESS` is deleted first and written last.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from include.columns import SUCCESS_MARKER, TABLES
from include.contract.dataset import Dataset, Land, TableMapping
from include.errors import ConfigurationError, InputError
from include.lake import Lake, partition_folder, staging
from include.landing.days import WRITERS, DayWriter, split
from include.landing.formats import format_of
from include.landing.sources import SourceFile
from include.log import step

logger = logging.getLogger(__name__)

LONGEST_RANGE = 3700

Summary = dict[str, dict[str, object]]


def land(
    lake: Lake, dataset: Dataset, source: Path, first: dt.date | None = None, last: dt.date | None = None
) -> Summary:
    """Split `source` into the days of the landing zone.

    Parameters
    ----------
    lake
        The landing zone.
    source
        A file, or the folder of the files that the mapping names.
    first, last
        The days to write; by default from the first to the last day of the source. Days
        without rows are closed, too.

    Returns
    -------
    By table: rows and days written, first and last day, and how many of the rows have no
    day (they land on the source's first day) or cannot be parsed.

    Raises
    ------
    ConfigurationError, InputError
        When the mapping and the source do not match.
    """
    mappings = _mappings(dataset)
    files = {name: _files(source, name, mapping, plan) for name, (mapping, plan) in mappings.items()}
    with staging(lake, "land") as staged:
        writers = {}
        for name, (_, plan) in mappings.items():
            writers[name] = DayWriter(lake, f"{staged}/{name}")
            with step(logger, f"splitting {name} by {plan.day}"):
                split(files[name], name, plan, writers[name])
        known = {day for writer in writers.values() for day in writer.rows if day}
        days = _days(known, first, last)
        return {name: _deliver(lake, writer, name, days, min(known)) for name, writer in writers.items()}


def _mappings(dataset: Dataset) -> dict[str, tuple[TableMapping, Land]]:
    tables = {name: dataset.table(name) for name in TABLES}
    without = [name for name, mapping in tables.items() if mapping.land is None]
    if without:
        raise ConfigurationError(
            f"the mapping of {dataset.name} has no land: for {', '.join(without)}",
            remedy="choose the data set that the file belongs to with NIGHTSHELF_DATASET, or add land: to its mapping",
        )
    return {name: (mapping, mapping.land) for name, mapping in tables.items() if mapping.land}


def _files(source: Path, name: str, mapping: TableMapping, plan: Land) -> list[SourceFile]:
    files = [SourceFile(path, mapping.source.delimiter, plan.encoding) for path in find_files(source, name, plan)]
    for file in files:
        check_columns(file, name, mapping, plan)
    return files


def find_files(source: Path, table: str, plan: Land) -> list[Path]:
    """Return the files of `table` in `source`, which is one of them or their folder."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise InputError(f"--source {source} does not exist", remedy="give the path of your file or of its folder")
    names = sorted(path.name for path in source.iterdir() if path.is_file() and path.name[0] not in "._")
    known = [name for name in names if format_of(name)]
    chosen = [name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in plan.files)]
    if not chosen:
        raise InputError(
            f"--source {source} holds no file for {table} ({', '.join(plan.files)}); "
            f"it holds {', '.join(names[:10]) or 'nothing'}",
            remedy=f"correct the path, or tables.{table}.land.files in the mapping",
        )
    return [source / name for name in chosen]


def check_columns(file: SourceFile, table: str, mapping: TableMapping, plan: Land) -> None:
    """Refuse a file without records, and one that lacks a column of the mapping."""
    opened = file.open()
    if next(opened.records, None) is None:
        raise InputError(f"{file.path} is empty", remedy="deliver the file with its header and its records")
    columns = opened.columns
    for key, needed in (("source.required", mapping.source.required), ("land.day", (plan.day,))):
        missing = [column for column in needed if column not in columns]
        if missing:
            raise InputError(
                f"{file.path} has no column {', '.join(missing)}, which tables.{table}.{key} of the mapping names; "
                f"it has {', '.join(columns)}",
                remedy="correct the file's header, or the mapping (names, delimiter)",
            )


def _days(known: set[dt.date], first: dt.date | None, last: dt.date | None) -> list[dt.date]:
    start, end = first or min(known), last or max(known)
    if start > end:
        raise ConfigurationError(f"the range {start} to {end} holds no day", remedy="correct --from and --to")
    length = (end - start).days + 1
    if length > LONGEST_RANGE and not (first and last):
        raise InputError(
            f"the days run from {start} to {end}, which is {length} days; one of them is probably mistyped",
            remedy="correct it in the source, or name the range with --from and --to",
        )
    return [start + dt.timedelta(days=number) for number in range(length)]


def _deliver(lake: Lake, writer: DayWriter, table: str, days: list[dt.date], home: dt.date) -> dict[str, object]:
    """Replace the days of `table` by what `writer` staged; rows without a day land on day `home`."""

    def replace(day: dt.date) -> int:
        staged = [f"{writer.folder}/{day}"] + ([f"{writer.folder}/{None}"] if day == home else [])
        replace_day(lake, staged, partition_folder(table, day))
        return writer.rows[day] + (writer.rows[None] if day == home else 0)

    with step(logger, f"landing {len(days)} days of {table}"), ThreadPoolExecutor(WRITERS) as pool:
        rows = sum(pool.map(replace, days))
    return {
        "rows": rows,
        "days": len(days),
        "first": days[0].isoformat(),
        "last": days[-1].isoformat(),
        "without_day": writer.rows[None],
        "broken": writer.broken,
    }


def replace_day(lake: Lake, staged: list[str], folder: str) -> None:
    """Make the files below the `staged` folders the whole of `folder`, closed by `_SUCCESS`."""
    lake.delete(f"{folder}/{SUCCESS_MARKER}")
    lake.delete(folder)
    for source in staged:
        for info in lake.list_files(source):
            name = info.path.rpartition("/")[2]
            prefix = "undated-" if source.endswith("/None") else ""
            lake.move(info.path, f"{folder}/{prefix}{name}")
    lake.write_bytes(f"{folder}/{SUCCESS_MARKER}", b"")
