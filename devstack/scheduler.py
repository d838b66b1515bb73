"""The nights that the scheduler runs, one after the other.

One run a night is triggered with its day, and the next only after it has ended well. Airflow's backfills would do for
all at once, but they go on after a failed night, and a backfill that was paused or cancelled keeps its runs from ever
being started again when somebody clears them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.dag_runs import Runs
from devstack.progress import Display
from devstack.rest import AirflowApi
from include.errors import StackError

DAG, CATCH_UP = "nightly_recommendations", "catch_up"
PARSE_SECONDS = 90.0
REMEDY = "mend the cause, then clear that task in the UI, or run make nightly again to do the whole night"


@dataclass
class Nights:
    """Runs nights and shows them.

    Parameters
    ----------
    logs
        Folder of the tasks' logs.
    remedy
        What to do when a task has failed.
    zone
        The shop's, in which its days begin.
    """

    api: AirflowApi
    display: Display
    logs: Path
    remedy: str = REMEDY
    zone: dt.tzinfo = dt.UTC

    def run(self, days: Sequence[dt.date]) -> None:
        """Run the nights that have not ended well, in order; nights that have are left alone.

        Raises
        ------
        RunFailedError
            At the first task that failed for good; readers see the batch of the night before.
        ApiError
            When Airflow stops answering.
        """
        runs = Runs(self.api, self.display, self.logs, self.remedy)
        for day in days:
            if run_id := self.queue(day):
                runs.follow(DAG, run_id, f"night {day}")

    def unfinished(self, days: Sequence[dt.date]) -> list[dt.date]:
        """Return those of `days` whose night has not ended well."""
        return [day for day in days if self.state(day) != "success"]

    def state(self, day: dt.date) -> str:
        """Return how far a night is, in a word."""
        run = self._find(day)
        return str(run["state"]) if run else "not begun"

    def wait_for_schedule(self, bound: str, day: dt.date) -> None:
        """Wait until Airflow has read the schedule's first (`start_date`) or last night (`end_date`).

        Raises
        ------
        StackError
            When the DAG is not parsed in time.
        """
        deadline = time.monotonic() + PARSE_SECONDS
        while self._bound(bound) != day:
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow has not parsed {DAG} with its {bound} {day} after {PARSE_SECONDS:.0f} s",
                    remedy="read the log of the DAG processor",
                )
            self.api.parse_now(DAG)
            time.sleep(1)

    def _bound(self, bound: str) -> dt.date | None:
        known = (self.api.dag(DAG) or {}).get(bound)
        return dt.datetime.fromisoformat(known).astimezone(self.zone).date() if known else None

    def queue(self, day: dt.date) -> str:
        """Have the night of `day` run: a new one, or all tasks of one that failed; return its id, "" if it is done."""
        run = self._find(day)
        if run is None:
            run_id = f"night__{day}"
            self.api.trigger(DAG, run_id, {"run_date": str(day)})
            return run_id
        if run["state"] == "failed":
            self.display.say(f"night {day} failed before: all of its tasks are done again")
            self.api.clear_run(DAG, run["dag_run_id"])
        return "" if run["state"] == "success" else str(run["dag_run_id"])

    def _find(self, day: dt.date) -> dict[str, Any] | None:
        """Return the run of a night: one of make nightly, one that `catch_up` triggered, or the schedule's.

        The first two have no logical date: Airflow gives no tasks to a run whose logical date is before the schedule's
        first night.
        """
        for run_id in (f"night__{day}", f"{CATCH_UP}__{day}"):
            if self.api.has_run(DAG, run_id):
                return self.api.run(DAG, run_id)
        return self.api.run_on(DAG, day, self.zone)
