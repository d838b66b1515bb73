"""The nights that the scheduler runs, one after the other.

One run a night is made with the interval that the DAG's own schedule has for it, and the next
only after it has ended well. Airflow's backfills would do for all at once, but they go on after
a failed night, and a backfill that was paused or cancelled keeps its runs from ever being
started again when somebody clears them.
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

DAG = "nightly_recommendations"
INTERVAL = dt.timedelta(days=1)
PARSE_SECONDS = 90.0
REMEDY = "mend the cause, then clear that task in the UI, or run make nightly again to do the whole night"


@dataclass
class Nights:
    """Runs nights and shows them.

    Parameters
    ----------
    logs
        Folder of the tasks' logs.
    """

    api: AirflowApi
    display: Display
    logs: Path

    def run(self, days: Sequence[dt.date]) -> None:
        """Run the nights that have not ended well, in order; nights that have are left alone.

        Raises
        ------
        RunFailedError
            At the first task that failed for good; readers see the batch of the night before.
        ApiError
            When Airflow stops answering.
        """
        runs = Runs(self.api, self.display, self.logs, REMEDY)
        for day in days:
            run = self.api.run_on(DAG, day)
            if run is None or run["state"] != "success":
                runs.follow(DAG, self._queue(day, run), f"night {day}")

    def unfinished(self, days: Sequence[dt.date]) -> list[dt.date]:
        """Return those of `days` whose night has not ended well."""
        return [day for day in days if self.state(day) != "success"]

    def state(self, day: dt.date) -> str:
        """Return how far a night is, in a word."""
        run = self.api.run_on(DAG, day)
        return str(run["state"]) if run else "not begun"

    def wait_for_schedule(self, last_night: dt.date) -> None:
        """Wait until Airflow has read that nights up to `last_night` may run.

        Raises
        ------
        StackError
            When the DAG is not parsed in time.
        """
        deadline = time.monotonic() + PARSE_SECONDS
        wanted = last_night.isoformat()
        while (str((self.api.dag(DAG) or {}).get("end_date") or ""))[:10] != wanted:
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow has not parsed {DAG} with its last night {wanted} after {PARSE_SECONDS:.0f} s",
                    remedy="read logs/dag-processor.log in the home",
                )
            self.api.parse_now(DAG)
            time.sleep(1)

    def _queue(self, day: dt.date, run: dict[str, Any] | None) -> str:
        """Have the night of `day` run: a new one, or all tasks of one that failed; return its id."""
        if run is None:
            start = self.api.scheduled_on(DAG, day)
            run = self.api.create_run(DAG, f"night__{day}", start, start + INTERVAL)
        elif run["state"] == "failed":
            self.display.say(f"night {day} failed before: all of its tasks are done again")
            self.api.clear_run(DAG, run["dag_run_id"])
        return str(run["dag_run_id"])
