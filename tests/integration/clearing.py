"""Every way of clearing that the UI offers, for every task of every DAG, by Airflow's REST API.

`NIGHTSHELF_CLEARING=all` tries them all, for an hour or more; without it a handful is tried.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devstack.rest import ApiError
from tests.airflow_api import UserApi
from tests.waiting import eventually

logger = logging.getLogger(__name__)

WAYS: dict[str, dict[str, bool]] = {
    "alone": {},
    "only failed": {"only_failed": True, "include_downstream": True},
    "downstream": {"include_downstream": True},
    "upstream": {"include_upstream": True},
    "past": {"include_past": True},
    "future": {"include_future": True, "include_downstream": True},
}
OF_DATES = ("past", "future")  # refused for a run without a logical date
WHOLE = "whole run"
HANDFUL = {
    ("nightly_recommendations", "score", "upstream"),
    ("nightly_recommendations", "publish", "past"),
    ("drift_watch", "verdict", "downstream"),
    ("rollback", "rollback", "downstream"),
}
ANSWERS = {"approve_rollback": "Approve", "approve_promotion": "Leave it"}
READING_SECONDS = 3.0


@dataclass(frozen=True)
class Case:
    """One clearing: what is picked in the UI."""

    dag_id: str
    run_id: str
    task_id: str
    way: str
    map_index: int = -1

    def __str__(self) -> str:
        index = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id}.{self.task_id}{index}: {self.way}"


def tries_all() -> bool:
    """Tell whether all cases are wanted."""
    return os.environ.get("NIGHTSHELF_CLEARING") == "all"


def make_cases(api: UserApi, runs: Mapping[str, str], dated: Mapping[str, str]) -> list[Case]:
    """Return the cases for the run of each DAG; ways that need a logical date are tried on its `dated` run if any."""
    found = []
    for dag_id, run_id in runs.items():
        tasks = api.tasks(dag_id, run_id)
        for task_id in dict.fromkeys(task["task_id"] for task in tasks):
            ways = [Case(dag_id, run_id, task_id, way) for way in WAYS if way not in OF_DATES]
            on = dated.get(dag_id, run_id)
            found += [*ways, *(Case(dag_id, on, task_id, way) for way in OF_DATES)]
        mapped = [task for task in tasks if task["map_index"] >= 0]
        found += [Case(dag_id, run_id, task["task_id"], "downstream", task["map_index"]) for task in mapped]
        found.append(Case(dag_id, run_id, WHOLE, "alone"))
    if tries_all():
        return found
    return [case for case in found if (case.dag_id, case.task_id, case.way) in HANDFUL]


def try_all(api: UserApi, cases: list[Case], content: Callable[[], Any]) -> list[str]:
    """Clear as each case says, wait for the end, and return those after which the content was another."""
    before, wrong = content(), []
    for number, case in enumerate(cases, 1):
        started = time.monotonic()
        outcome = _try(api, case)
        after = content()
        if after != before:
            outcome = f"{outcome} the content is another: {after}, not {before}"
        if outcome:
            wrong.append(f"{case}: {outcome}")
        seconds = time.monotonic() - started
        logger.info("%d of %d, %.0f s: %s: %s", number, len(cases), seconds, case, outcome or "as it should be")
    return wrong


def _try(api: UserApi, case: Case) -> str:
    """Clear, wait, and return what is wrong with the run afterwards."""
    was = api.run(case.dag_id, case.run_id)["state"]
    if case.task_id == WHOLE:
        api.clear_run(case.dag_id, case.run_id)
    else:
        marker: Any = case.task_id if case.map_index < 0 else [case.task_id, case.map_index]
        try:
            api.clear(case.dag_id, case.run_id, [marker], **WAYS[case.way])
        except ApiError as error:
            refused = case.way in OF_DATES and "no logical_date" in str(error)
            return "" if refused else str(error)
    if not eventually(lambda: is_quiet(api, case.dag_id), seconds=600, pause=1):
        return f"it did not end: {_states(api, case)}"
    state = api.run(case.dag_id, case.run_id)["state"]
    return "" if state == was else f"the run is {state}, not {was}: {_states(api, case)}"


def is_quiet(api: UserApi, dag_id: str) -> bool:
    """Tell whether no run of the DAG is at work, after answering what it asks."""
    busy = [run for run in api.runs(dag_id) if run["state"] in ("queued", "running")]
    for run in busy:
        for task in api.tasks(dag_id, run["dag_run_id"]):
            question = task["task_id"]
            asked = question in ANSWERS and task["state"] == "awaiting_input"
            if asked and not api.is_answered(dag_id, run["dag_run_id"], question):
                time.sleep(READING_SECONDS)
                api.answer(dag_id, run["dag_run_id"], question, ANSWERS[question])
    return not [run for run in busy if not _waits(api, dag_id, run)]


def _waits(api: UserApi, dag_id: str, run: Mapping[str, Any]) -> bool:
    """Tell whether a run only waits for a day that this shop will not deliver."""
    states = {task["state"] for task in api.tasks(dag_id, run["dag_run_id"])}
    return "deferred" in states and states <= {"deferred", None, "success", "skipped"}


def _states(api: UserApi, case: Case) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in api.tasks(case.dag_id, case.run_id)}
