"""The nights that the scheduler runs: started one after the other, followed task by task.

One run a night is made with the interval that the DAG's own schedule has for it, and the next
only after it has ended well. Airflow's backfills would do for all at once, but they go on after
a failed night, and a backfill that was paused or cancelled keeps its runs from ever being
started again when somebody clears them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.embedded.disk import check_not_full
from include.embedded.progress import Display, Work
from include.embedded.rest import AirflowApi, ApiError
from include.embedded.tasklog import failure_reason, task_label, task_log, task_url
from include.errors import NightshelfError, StackError

DAG = "nightly_recommendations"
INTERVAL = dt.timedelta(days=1)
LOOK_SECONDS = 0.7
PATIENCE_SECONDS = 90.0
PARSE_SECONDS = 90.0
ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


class NightFailedError(NightshelfError):
    """A task of a night has failed; what readers see is the batch of the night before."""


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
        NightFailedError
            At the first task that failed for good.
        ApiError
            When Airflow stops answering.
        """
        for day in days:
            run = self._find(day)
            if run is None or run["state"] != "success":
                self._follow(day, self._queue(day, run))

    def unfinished(self, days: Sequence[dt.date]) -> list[dt.date]:
        """Return those of `days` whose night has not ended well."""
        return [day for day in days if self.state(day) != "success"]

    def state(self, day: dt.date) -> str:
        """Return how far a night is, in a word."""
        run = self._find(day)
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

    def _find(self, day: dt.date) -> dict[str, Any] | None:
        return self.api.run_on(DAG, day)

    def _queue(self, day: dt.date, run: dict[str, Any] | None) -> str:
        """Have the night of `day` run: a new one, or all tasks of one that failed; return its id."""
        if run is None:
            start = self.api.scheduled_on(DAG, day)
            run = self.api.create_run(DAG, f"night__{day}", start, start + INTERVAL)
        elif run["state"] == "failed":
            self.display.say(f"night {day} failed before: all of its tasks are done again")
            self.api.clear_run(DAG, run["dag_run_id"])
        return str(run["dag_run_id"])

    def _follow(self, day: dt.date, run_id: str) -> None:
        tasks = self.api.tasks(DAG, run_id)
        with self.display.work(f"night {day}", max(len(tasks), 1), "tasks", quiet_end=True) as work:
            watch = Watch(self.display, work, self.logs)
            state = "queued"
            while state not in ("success", "failed"):
                check_not_full(self.logs)
                state = self._look(run_id, watch)
                time.sleep(LOOK_SECONDS if state not in ("success", "failed") else 0)
        if state == "failed":
            raise self._failure(day, run_id)
        self.display.say(f"night {day}: done in {work.seconds:.0f} s", style="green")

    def _look(self, run_id: str, watch: Watch) -> str:
        """Return the run's state after showing what has changed; bear with a restarting api-server for a while."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                state = str(self.api.run(DAG, run_id)["state"])
                watch.show(self.api.tasks(DAG, run_id))
                return state
            except ApiError as error:
                if error.status is not None or time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def _failure(self, day: dt.date, run_id: str) -> NightFailedError:
        failed = [task for task in self.api.tasks(DAG, run_id) if task["state"] == "failed"]
        if not failed:
            return NightFailedError(
                f"night {day} was marked as failed by hand", remedy=f"see {self.api.url}/dags/{DAG}/runs/{run_id}"
            )
        task = min(failed, key=lambda task: str(task["end_date"]))
        log = task_log(self.logs, task)
        self.display.say(f"  log: {log}")
        self.display.say(f"  UI:  {task_url(self.api.url, task)}")
        return NightFailedError(
            f"night {day}: task {task_label(task)} failed: {failure_reason(log).rstrip('.')}",
            remedy="mend the cause, then clear that task in the UI, or run make nightly again to do the whole night",
        )


@dataclass
class Watch:
    """Tells what has changed since the last look at a run's tasks."""

    display: Display
    work: Work
    logs: Path
    seen: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)

    def show(self, tasks: Sequence[dict[str, Any]]) -> None:
        """Show the tasks that started or ended, and how many are done."""
        for task in sorted(tasks, key=lambda task: str(task["start_date"] or "9")):
            key, now = (task["task_id"], task["map_index"]), (str(task["state"]), int(task["try_number"]))
            if self.seen.get(key) != now and not _nameless(task):
                line, style = _line(task_label(task), task, live=self.display.live)
                if line:
                    self.display.say(f"  {line}", style=style)
                if task["state"] == "up_for_retry":
                    self.display.say(f"      {failure_reason(task_log(self.logs, task))}", style=style)
                self.seen[key] = now
        self.work.total = max(len(tasks), 1)
        running = [task_label(task) for task in tasks if task["state"] == "running"]
        self.work.update(sum(task["state"] in ENDED for task in tasks), ", ".join(running))


def _nameless(task: dict[str, Any]) -> bool:
    """Tell whether a mapped task has just been started: its name comes a moment later."""
    number = task["map_index"]
    return number >= 0 and task["state"] == "running" and task["rendered_map_index"] in (None, str(number))


def _line(label: str, task: dict[str, Any], *, live: bool) -> tuple[str, str | None]:
    """Return what to say of a task that has changed, and how it looks; a terminal shows what runs anyway."""
    seconds = f"{task['duration'] or 0:.0f} s"
    lines: dict[str, tuple[str, str | None]] = {
        "running": ("" if live else f"{label} started", None),
        "deferred": (f"{label} waits for the landing", "yellow"),
        "success": (f"✓ {label}  {seconds}", None),
        "skipped": (f"- {label}  skipped", "dim"),
        "failed": (f"✗ {label}  failed after {seconds}", "red"),
        "up_for_retry": (f"! {label}  try {task['try_number']} failed after {seconds}; it is tried again", "yellow"),
    }
    return lines.get(str(task["state"]), ("", None))
