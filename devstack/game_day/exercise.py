"""One fault from its beginning to its end: break, wait for the alert, mend by the runbook, see what readers saw."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devstack.game_day.faults.base import StackFault
from devstack.game_day.readers import Readers
from devstack.game_day.stage import Stage
from devstack.tasklog import task_log
from include.errors import NightshelfError

logger = logging.getLogger(__name__)

ALERT_SECONDS = 120.0
LIST_LENGTH = 50
WHAT = "What failed: "


@dataclass(frozen=True)
class Outcome:
    """What a fault led to; the first four are what `OUT` holds, the others are for people.

    Attributes
    ----------
    alerted_after_s
        From the final failure, as Airflow's REST API shows it, to the message; None when none came.
    task
        The one that has failed for good; "" where Airflow ran all again by itself and the night ended well.
    wrong_rows_seen
        Rows of the readers' lists that were missing, out of place, or of another batch than the others.
    recovery_s
        From the first step of the runbook to the fresh shelf.
    """

    name: str
    alerted_after_s: float | None
    recovered: bool
    wrong_rows_seen: int
    task: str
    line: str
    recovery: str
    recovery_s: float
    lists_read: int


def exercise(fault: StackFault, stage: Stage) -> Outcome:
    """Let a night meet the fault, and mend it where that is needed."""
    readers = Readers(stage.stack().postgres.url("nightshelf", "analyst"), LIST_LENGTH)
    readers.start()
    try:
        day, since = stage.deliver(), time.monotonic()
        run_id = fault.strike(stage)
        failure = _wait_for_failure(stage, run_id)
        seen = _recover(fault, stage, run_id, failure, since, day) if failure else _see_healed(stage, day)
    finally:
        readers.stop()
    return Outcome(name=fault.name, wrong_rows_seen=readers.wrong_rows, lists_read=readers.lists, **seen)


def _recover(
    fault: StackFault, stage: Stage, run_id: str, failure: tuple[Mapping[str, Any], float], since: float, day: dt.date
) -> dict[str, Any]:
    """Mend a night that has failed, and return what an outcome says of that."""
    task, failed_at = failure
    told = _wait_for_message(stage, since, str(task["task_id"]))
    logger.info("%s: %s has failed, on-call was %s", fault.name, task["task_id"], "told" if told else "not told")
    line, began = _line_of(stage, task) or _first_line(told), time.monotonic()
    recovered = _mend(fault, stage, run_id) and _is_live(stage, day)
    return {
        "alerted_after_s": None if told is None else round(max(told[0] - failed_at, 0.0), 1),
        "recovered": recovered,
        "task": str(task["task_id"]),
        "line": line,
        "recovery": fault.recovery,
        "recovery_s": round(time.monotonic() - began, 1),
    }


def _see_healed(stage: Stage, day: dt.date) -> dict[str, Any]:
    """Return what an outcome says of a night that has ended well by itself."""
    nothing = {"alerted_after_s": None, "task": "", "line": "", "recovery": "", "recovery_s": 0.0}
    return {**nothing, "recovered": _is_live(stage, day)}


def _wait_for_failure(stage: Stage, run_id: str) -> tuple[Mapping[str, Any], float] | None:
    """Return the task instance that has failed for good, and when that was seen; None where the night ended well."""
    found: list[Mapping[str, Any]] = []

    def ended() -> bool:
        found[:] = [task for task in stage.tasks(run_id) if task["state"] == "failed"]
        return bool(found) or stage.state(run_id) == "success"

    stage.wait(ended, f"a failure in {run_id}, or its end")
    return (found[0], time.monotonic()) if found else None


def _wait_for_message(stage: Stage, since: float, task_id: str) -> tuple[float, str] | None:
    """Return when on-call was told what of a task, None when nobody was."""
    deadline = time.monotonic() + ALERT_SECONDS
    while time.monotonic() < deadline:
        if told := stage.told.find(since, task_id):
            return told
        time.sleep(0.2)
    return None


def _line_of(stage: Stage, task: Mapping[str, Any]) -> str:
    """Return the line of the task's log that says what failed, "" of a process that was killed."""
    log = task_log(stage.home.task_logs, task)
    for text in reversed(log.read_text(errors="replace").splitlines() if log.is_file() else []):
        event = str(json.loads(text).get("event", "")) if text.startswith("{") else ""
        if event.startswith(WHAT):
            return event.removeprefix(WHAT)
    return ""


def _first_line(told: tuple[float, str] | None) -> str:
    """Return why a task has failed, of a message to on-call."""
    return told[1].splitlines()[1] if told else ""


def _is_live(stage: Stage, day: dt.date) -> bool:
    """Tell whether readers see the lists of the mended night."""
    if (live := stage.live_day()) != day:
        logger.error("the lists of %s are live, not those of %s", live, day)
    return live == day


def _mend(fault: StackFault, stage: Stage, run_id: str) -> bool:
    """Take the steps of the runbook, and tell whether the night then ended well."""
    try:
        fault.mend(stage, run_id)
        ended = stage.wait_for_end(run_id)
        for task in stage.tasks(run_id) if ended == "failed" else []:
            if task["state"] in ("failed", "upstream_failed"):
                logger.error("%s: %s is %s: %s", fault.name, task["task_id"], task["state"], _line_of(stage, task))
        return ended == "success"
    except NightshelfError as error:
        logger.error("%s: not recovered: %s", fault.name, error)
        return False
