"""Waiting in the triggerer for a day's markers, at no cost of a worker slot."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any

from airflow.sdk import timezone
from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.columns import SUCCESS_MARKER
from include.lake import list_days, open_lake, partition_folder


def missing_markers(uri: str, tables: Sequence[str], run_date: str, marker: str = SUCCESS_MARKER) -> list[str]:
    """Return the URIs of the tables' markers of `run_date` that are not there.

    Raises
    ------
    include.errors.NightshelfError
        When the landing zone or the lake cannot be opened.
    """
    lake, day = open_lake(uri), dt.date.fromisoformat(run_date)
    paths = [f"{partition_folder(table, day)}/{marker}" for table in tables]
    return [lake.uri_of(path) for path in paths if not lake.exists(path)]


def newest_complete(uri: str, tables: Sequence[str], marker: str = SUCCESS_MARKER) -> dt.date | None:
    """Return the newest day that has the markers of all tables; None when there is none."""
    lake = open_lake(uri)
    complete = set.intersection(*(set(list_days(lake, table, marker=marker)) for table in tables))
    return max(complete, default=None)


class LandingTrigger(BaseTrigger):
    """Wait until every table's day has its marker, or until `deadline`.

    Its event's payload is `{"missing": [URI, ...]}`, empty when the day is complete. The deadline is a moment, so a
    restart of the triggerer does not move it.
    """

    def __init__(
        self,
        landing_uri: str,
        tables: Sequence[str],
        run_date: str,
        deadline: dt.datetime,
        poll_seconds: float,
        marker: str = SUCCESS_MARKER,
    ) -> None:
        super().__init__()
        self.landing_uri = landing_uri
        self.tables = list(tables)
        self.run_date = run_date
        self.deadline = deadline
        self.poll_seconds = poll_seconds
        self.marker = marker

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to make this trigger again."""
        names = ("landing_uri", "tables", "run_date", "deadline", "poll_seconds", "marker")
        return f"{type(self).__module__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every `poll_seconds`, in a thread beside the event loop."""
        where = self.landing_uri, self.tables, self.run_date, self.marker
        while True:
            missing = await asyncio.to_thread(missing_markers, *where)
            left = (self.deadline - timezone.utcnow()).total_seconds()
            if not missing or left <= 0:
                yield TriggerEvent({"missing": missing})
                return
            self.log.info("not complete yet, %.0f min left: %s", left / 60, ", ".join(missing))
            await asyncio.sleep(min(self.poll_seconds, left))
