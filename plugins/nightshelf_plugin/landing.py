"""Which tables of a day are not complete yet: not closed in the landing zone, or not committed in the lake."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from include.columns import SUCCESS_MARKER
from include.lake import open_lake, partition_folder


def missing_markers(uri: str, tables: Sequence[str], run_date: str, marker: str = SUCCESS_MARKER) -> list[str]:
    """Return the URIs of the markers of `run_date` that are not there.

    Raises
    ------
    include.errors.NightshelfError
        When the landing zone or the lake cannot be opened.
    """
    lake = open_lake(uri)
    day = dt.date.fromisoformat(run_date)
    paths = [f"{partition_folder(table, day)}/{marker}" for table in tables]
    return [lake.uri_of(path) for path in paths if not lake.exists(path)]
