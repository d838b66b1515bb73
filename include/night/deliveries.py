"""What was delivered against what was ingested: days that were passed over, files that came late or changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from include.columns import SUCCESS_MARKER, TABLES
from include.contract.dataset import Dataset
from include.errors import NightshelfError
from include.lake import MANIFEST, Lake, list_days, load_days
from include.landing.delivered import files_of_day, find_delivered, has_data

LOOK_BACK = dt.timedelta(days=28)
CONTENT = dt.timedelta(days=7)  # days whose files are read again: that costs what they weigh


@dataclass(frozen=True)
class Difference:
    """One thing that is in the landing zone and not in the lake, or in neither.

    Attributes
    ----------
    problem
        `not delivered`: the day has no `_SUCCESS`; `not ingested`: it has, and the lake does not have it; `late`: a
        file came after the ingest; `changed`: a file has other content now; `gone`: a file is not there any more.
    file
        Empty for whole days.
    """

    day: dt.date
    table: str
    problem: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.table} of {self.day}{f', {self.file}' if self.file else ''}: {self.problem}"


def missed_days(landing: Lake, lake: Lake, up_to: dt.date) -> list[dt.date]:
    """Return the days up to `up_to` that are closed and not ingested, in order; none before the first ingested one."""
    closed, ingested = _days_of_all(landing, SUCCESS_MARKER), _days_of_all(lake, MANIFEST)
    first = min(ingested, default=dt.date.max)
    return sorted(day for day in closed - ingested if first < day <= up_to)


def _days_of_all(lake: Lake, marker: str) -> set[dt.date]:
    by_table = [set(list_days(lake, table, marker=marker)) for table in TABLES]
    return set.intersection(*by_table)


def compare(landing: Lake, lake: Lake, dataset: Dataset, run_date: dt.date) -> list[Difference]:
    """Return how the landing zone and the lake differ in the four weeks up to `run_date`, oldest first.

    Names of files are compared on all of these days, contents in the last week. Days that the landing zone no longer
    holds were tidied up.
    """
    found: list[Difference] = []
    for table in TABLES:
        ingested = [day for day in list_days(lake, table) if day <= run_date]
        if not ingested:
            continue
        first = max(ingested[0], run_date - LOOK_BACK)
        closed = {day for day in list_days(landing, table, marker=SUCCESS_MARKER) if first <= day <= run_date}
        inputs = {
            day: manifest.inputs
            for day, manifest in load_days(lake, table, [day for day in ingested if day >= first]).items()
        }
        for number in range((run_date - first).days + 1):
            day = first + dt.timedelta(days=number)
            if day not in inputs:
                found.append(Difference(day, table, "not ingested" if day in closed else "not delivered"))
            elif day in closed:
                found += _files(landing, dataset, table, day, inputs[day], content=run_date - day < CONTENT)
    return sorted(found, key=lambda one: (one.day, one.table, one.file))


def _files(
    landing: Lake, dataset: Dataset, table: str, day: dt.date, inputs: Mapping[str, str], *, content: bool
) -> Iterator[Difference]:
    found = files_of_day(landing, table, day)
    files = {name: file.path for name, file in found.items() if file.size and has_data(name)}
    if files.keys() - inputs:
        files = _with_records(landing, dataset, table, day) or files
    for name in sorted({*files, *inputs}):
        if name not in inputs:
            yield Difference(day, table, "late", name)
        elif name not in files:
            yield Difference(day, table, "gone", name)
        elif content and landing.content_tag(files[name]) != inputs[name]:
            yield Difference(day, table, "changed", name)


def _with_records(landing: Lake, dataset: Dataset, table: str, day: dt.date) -> dict[str, str]:
    """Return the files that an ingest would read: one without records is none; nothing when it would fail."""
    try:
        return {file.name: file.path for file in find_delivered(landing, table, [day], dataset.table(table).parts)}
    except NightshelfError:
        return {}
