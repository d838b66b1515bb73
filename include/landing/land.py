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
from typing import NamedTuple

from include.columns import SUCCESS_MARKER, TABLES
from include.contract.dataset import Dataset
from include.contract.source import Delivery, Land, SourceMapping
from include.errors import ConfigurationError, InputError
from include.lake import Lake, delete_staging, partition_folder, staging
from include.landing.days import WRITERS, DayWriter, split
from include.landing.formats import format_of
from include.landing.sources import SourceFile
from include.log import step

logger = logging.getLogger(__name__)

LONGEST_RANGE = 3700
DAYS_SHOWN = 100

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
    plans = _plans(dataset, source)
    what = f"land-{'-'.join(plans)}"
    delete_staging(lake, what)
    with staging(lake, what) as staged:
        writers = {}
        for name, parts in plans.items():
            writers[name] = DayWriter(lake, f"{staged}/{name}")
            with step(logger, f"splitting {name} by {', '.join(str(part.plan.day) for part in parts)}"):
                for part in parts:
                    split(part.files, name, part.mapping, part.plan, writers[name], dataset.zone)
        floor = None if first else dataset.first_day
        known = {day for writer in writers.values() for day in writer.rows if day and (not floor or day >= floor)}
        days = _days(known, first, last)
        dated = {name: any(part.plan.day for part in parts) for name, parts in plans.items()}
        landed = {
            name: _deliver(lake, writer, name, days, min(known) if dated[name] and known else days[0])
            for name, writer in writers.items()
        }
        if floor:
            for name, writer in writers.items():
                early = sum(rows for day, rows in writer.rows.items() if day and day < floor)
                landed[name]["before_first_day"] = early
        return landed


class _Part(NamedTuple):
    """One source of a table: how it lands, and from which files."""

    mapping: SourceMapping
    plan: Land
    files: list[SourceFile]


def _plans(dataset: Dataset, source: Path) -> dict[str, list[_Part]]:
    tables = {name: dataset.table(name).parts for name in TABLES}
    without = [name for name, parts in tables.items() if any(part.land is None for part in parts)]
    if without:
        raise ConfigurationError(
            f"the mapping of {dataset.name} has no land: for {', '.join(without)}",
            remedy="choose the data set that the file belongs to with NIGHTSHELF_DATASET, or add land: to its mapping",
        )
    return {
        name: [_Part(part, part.land, _files(source, name, part, part.land)) for part in parts if part.land]
        for name, parts in tables.items()
    }


def _files(source: Path, name: str, mapping: SourceMapping, plan: Land) -> list[SourceFile]:
    looks = mapping.source.model_copy(update={"encoding": plan.encoding or mapping.source.encoding})
    files = [SourceFile(path, looks) for path in find_files(source, name, plan, looks)]
    for file in files:
        check_columns(file, name, mapping, plan)
    return files


def find_files(source: Path, table: str, plan: Land, looks: Delivery) -> list[Path]:
    """Return the files of `table` in `source`, which is one of them or their folder."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise InputError(f"--source {source} does not exist", remedy="give the path of your file or of its folder")
    names = sorted(path.name for path in source.iterdir() if path.is_file() and path.name[0] not in "._")
    known = [name for name in names if format_of(name, looks)]
    patterns = plan.files or looks.files
    chosen = [name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    if not chosen:
        raise InputError(
            f"--source {source} holds no file for {table} ({', '.join(patterns)}); "
            f"it holds {', '.join(names[:10]) or 'nothing'}",
            remedy=f"correct the path, or tables.{table}.land.files in the mapping",
        )
    return [source / name for name in chosen]


def check_columns(file: SourceFile, table: str, mapping: SourceMapping, plan: Land) -> None:
    """Refuse a file without records, and one that lacks a column of the mapping."""
    opened = file.open()
    if next(opened.records, None) is None:
        raise InputError(f"{file.path} is empty", remedy="deliver the file with its header and its records")
    columns = opened.columns
    for key, needed in (("source.required", mapping.source.required), ("land.day", (plan.day,) if plan.day else ())):
        missing = [column for column in needed if column not in columns]
        if missing:
            raise InputError(
                f"{file.path} has no column {', '.join(missing)}, which tables.{table}.{key} of the mapping names; "
                f"it has {', '.join(columns)}",
                remedy="correct the file's header, or the mapping (names, delimiter); "
                "leave land.day out if the files have no date",
            )


def _days(known: set[dt.date], first: dt.date | None, last: dt.date | None) -> list[dt.date]:
    if not known and not first:
        raise InputError("the files have no date", remedy="name the day that they land on with --from")
    start = first or min(known)
    end = last or max(known, default=start)
    if start > end:
        raise ConfigurationError(f"the range {start} to {end} holds no day", remedy="correct --from and --to")
    length = (end - start).days + 1
    if length > LONGEST_RANGE and not (first and last):
        raise InputError(
            f"the days run from {start} to {end}, which is {length} days; one of them is probably mistyped",
            remedy="correct it in the source, or name the range with --from and --to, or with first_day in the mapping",
        )
    return [start + dt.timedelta(days=number) for number in range(length)]


def _deliver(lake: Lake, writer: DayWriter, table: str, days: list[dt.date], home: dt.date) -> dict[str, object]:
    """Replace the days of `table` by what `writer` staged; rows without a day land on day `home`."""

    def replace(day: dt.date) -> bool:
        staged = [f"{writer.folder}/{day}"] + ([f"{writer.folder}/{None}"] if day == home else [])
        return replace_day(lake, staged, partition_folder(table, day))

    with step(logger, f"landing {len(days)} days of {table}"), ThreadPoolExecutor(WRITERS) as pool:
        replaced = [day.isoformat() for day, changed in zip(days, pool.map(replace, days), strict=True) if changed]
    if replaced:
        logger.warning(
            "%d days of %s had landed with other content, the first on %s", len(replaced), table, replaced[0]
        )
    return {
        "rows": sum(writer.rows[day] for day in days) + (writer.rows[None] if home in days else 0),
        "days": len(days),
        "first": days[0].isoformat(),
        "last": days[-1].isoformat(),
        "without_day": writer.rows[None],
        "broken": writer.broken,
        **({"replaced": replaced[:DAYS_SHOWN]} if replaced else {}),
    }


def replace_day(lake: Lake, staged: list[str], folder: str) -> bool:
    """Make the files below the `staged` folders the whole of `folder`, closed by `_SUCCESS`.

    A day that holds just these files is left alone.

    Returns
    -------
    Whether the day was closed before and held something else.
    """
    new = {info.path.rpartition("/")[2]: info.path for source in staged for info in lake.list_files(source)}
    old = {info.path.removeprefix(f"{folder}/"): info.path for info in lake.list_files(folder)}
    closed = old.pop(SUCCESS_MARKER, None) is not None
    same = old.keys() == new.keys() and all(lake.content_tag(new[name]) == lake.content_tag(old[name]) for name in new)
    if closed and same:
        return False
    lake.delete(f"{folder}/{SUCCESS_MARKER}")
    lake.delete(folder)
    for name, path in new.items():
        lake.move(path, f"{folder}/{name}")
    lake.write_bytes(f"{folder}/{SUCCESS_MARKER}", b"")
    return closed
