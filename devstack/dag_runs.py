"""One run of a DAG, followed task by task."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstack.disk import check_not_full
from devstack.progress import Display, Work
from devstack.rest import AirflowApi, ApiError
from devstack.tasklog import failure_reason, task_label, task_log, task_url
from include.errors import NightshelfError

LOOK_SECONDS = 0.7
PATIENCE_SECONDS = 90.0
ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")
OVER = ("success", "failed")


class RunFailedError(NightshelfError):
    """A task of a run has failed."""


@dataclass
class Runs:
    """Follows runs and shows them.

    Parameters
    ----------
    logs
        Folder of the tasks' logs.
    remedy
        What to do when a task has failed.
    """

    api: AirflowApi
    display: Display
    logs: Path
    remedy: str

    def follow(self, dag_id: str, run_id: str, title: str) -> None:
        """Show a run's tasks until it has ended well.

        Parameters
        ----------
        title
            What the run is called in the output.

        Raises
        ------
        RunFailedError
            When it failed; it names the task that failed first.
        DiskFullError
            When there is no room left for the logs.
        ApiError
            When Airflow stops answering.
        """
        tasks = self.api.tasks(dag_id, run_id)
        with self.display.work(title, max(len(tasks), 1), "tasks", quiet_end=True) as work:
            watch = Watch(self.display, work, self.logs)
            state = "queued"
            while state not in OVER:
                check_not_full(self.logs)
                state = self._look(dag_id, run_id, watch)
                time.sleep(LOOK_SECONDS if state not in OVER else 0)
        if state == "failed":
            raise self._failure(dag_id, run_id, title)
        self.display.say(f"{title}: done in {work.seconds:.0f} s", style="green")

    def _look(self, dag_id: str, run_id: str, watch: Watch) -> str:
        """Return the run's state after showing what has changed; bear with a restarting api-server for a while."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                state = str(self.api.run(dag_id, run_id)["state"])
                watch.show(self.api.tasks(dag_id, run_id))
                return state
            except ApiError as error:
                if error.status is not None or time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def _failure(self, dag_id: str, run_id: str, title: str) -> RunFailedError:
        failed = [task for task in self.api.tasks(dag_id, run_id) if task["state"] == "failed"]
        if not failed:
            page = f"{self.api.url}/dags/{dag_id}/runs/{run_id}"
            return RunFailedError(f"{title} was marked as failed by hand", remedy=f"see {page}")
        task = min(failed, key=lambda task: str(task["end_date"]))
        log = task_log(self.logs, task)
        self.display.say(f"  log: {log}")
        self.display.say(f"  UI:  {task_url(self.api.url, task)}")
        reason = failure_reason(log).rstrip(".")
        return RunFailedError(f"{title}: task {task_label(task)} failed: {reason}", remedy=self.remedy)


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
