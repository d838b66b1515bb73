"""The nights as Airflow saw them: which run handled which day, how long it took, how it ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from airflow.models import DagRun, TaskInstance
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from include.orchestration import MACROS

NIGHT, WAITING = "nightly_recommendations", "wait_for_landing"
RUNS = 60


@dataclass(frozen=True)
class NightRun:
    """One run of the nightly DAG; `seconds` leaves out the wait for the landing, None while it works."""

    run_id: str
    state: str
    seconds: float | None

    @property
    def path(self) -> str:
        return f"/dags/{NIGHT}/runs/{quote(self.run_id, safe='')}"


def find_runs(session: Session) -> Mapping[dt.date, NightRun]:
    """Return the newest run of each of the last days that were handled."""
    worked = (
        select(
            TaskInstance.run_id,
            func.min(TaskInstance.start_date).label("began"),
            func.max(TaskInstance.end_date).label("ended"),
        )
        .where(TaskInstance.dag_id == NIGHT, TaskInstance.task_id != WAITING)
        .group_by(TaskInstance.run_id)
        .subquery()
    )
    newest = (
        select(DagRun, worked.c.began, worked.c.ended)
        .join(worked, worked.c.run_id == DagRun.run_id, isouter=True)
        .where(DagRun.dag_id == NIGHT)
        .order_by(DagRun.run_after.desc())
        .limit(RUNS)
    )
    found: dict[dt.date, NightRun] = {}
    for run, began, ended in session.execute(newest):
        day = dt.date.fromisoformat(MACROS["run_date"](run, run.conf or {}))
        took = (ended - began).total_seconds() if began and ended and run.end_date else None
        found.setdefault(day, NightRun(run.run_id, str(run.state), took))
    return found
