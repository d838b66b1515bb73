"""Which tables of a day have not been closed in the landing zone yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

MARKER = "_SUCCESS"


def missing_markers(landing_uri: str, tables: Sequence[str], run_date: str) -> list[str]:
    """Return the URIs of the `_SUCCESS` files of `run_date` that are not there.

    Raises
    ------
    include.errors.NightshelfError
        When the landing zone cannot be opened.
    """
    from include.lake import open_lake, partition_folder

    landing = open_lake(landing_uri)
    day = dt.date.fromisoformat(run_date)
    markers = [f"{partition_folder(table, day)}/{MARKER}" for table in tables]
    return [landing.uri_of(marker) for marker in markers if not landing.exists(marker)]
