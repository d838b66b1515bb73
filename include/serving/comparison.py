"""Each night's comparison of the landing zone with the lake, for analysts and for the alert."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection


def record_comparison(connection: Connection, run_date: dt.date, problems: Sequence[str]) -> None:
    """Store what the night of `run_date` found, in place of what it found before."""
    with connection, connection.cursor() as cursor:
        run(cursor, "landing_comparison/store", run_date=run_date, problems=list(problems))
