"""Macros for the DAGs' templates: `user_defined_macros=MACROS`, then `{{ run_date(dag_run, params) }}`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.orchestration.schedule import NIGHTLY_HOUR

APPROVED = "approve"


def optional_day(title: str, description: str) -> Param:
    """Return a field of a run's form for a date that may stay empty."""
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


def run_date(dag_run: Any, params: Mapping[str, Any]) -> str:
    """Return the day that a run handles, YYYY-MM-DD.

    The parameter `run_date` if given; else the start of the run's data interval; else, for a run that was triggered
    without a logical date and so has no interval, the start of the last interval that was complete by then. Clearing
    the run changes none of them.
    """
    if given := params.get("run_date"):
        return dt.date.fromisoformat(given).isoformat()
    start: dt.datetime | None = dag_run.data_interval_start
    if start is None:
        start = dag_run.run_after - dt.timedelta(days=1, hours=NIGHTLY_HOUR)
    return start.astimezone(dt.UTC).date().isoformat()


def watched_day(dag_run: Any, params: Mapping[str, Any], events: Mapping[Any, Any]) -> str:
    """Return the day that a run of the drift watch judges, YYYY-MM-DD.

    The parameter `day` if given; else the day after the newest night among the asset events that started the run.

    Raises
    ------
    AirflowSkipException
        When no event comes from a night, as after a rollback: the lists that readers see then were judged before.
    """
    if given := params.get("day"):
        return dt.date.fromisoformat(given).isoformat()
    nights = [event.extra["run_date"] for found in events.values() for event in found if event.extra.get("run_date")]
    if not nights:
        raise AirflowSkipException(f"run {dag_run.run_id} was started by no night, and no day was given")
    return (dt.date.fromisoformat(max(nights)) + dt.timedelta(days=1)).isoformat()


def states(task_instance: Any, *task_ids: str) -> str:
    """Return `task=state,...` for tasks of the same run."""
    run_id = task_instance.run_id
    known = task_instance.get_task_states(task_instance.dag_id, run_ids=[run_id], task_ids=list(task_ids))
    return ",".join(f"{task_id}={known.get(run_id, {}).get(task_id)}" for task_id in task_ids)


def result(task_instance: Any, task_id: str, key: str) -> str:
    """Return `key` of another task's result.

    An XComArg (`task.output`) would give None where there is no result, and add edges to the graph.

    Raises
    ------
    AirflowFailException
        When there is none, as after somebody marked the task as a success by hand.
    """
    left = task_instance.xcom_pull(task_ids=task_id)
    if not isinstance(left, Mapping) or key not in left:
        raise AirflowFailException(
            f"task {task_id} left no {key!r} (was it marked as a success by hand?). "
            f"Remedy: clear {task_id} with everything downstream."
        )
    return str(left[key])


def answered(task_instance: Any, task_id: str) -> str:
    """Return the answer to an approval in lower case: approve or reject."""
    return str(_answer(task_instance, task_id)["chosen_options"][0]).lower()


def answered_by(task_instance: Any, task_id: str) -> str:
    """Return who answered an approval, `nobody in time` when it timed out."""
    return str((_answer(task_instance, task_id).get("responded_by_user") or {}).get("name") or "nobody in time")


def only_if_approved(task_id: str) -> Callable[[Context], None]:
    """Return a `pre_execute` that skips its task unless people have approved."""

    def check(context: Context) -> None:
        if answered(context["ti"], task_id) != APPROVED:
            raise AirflowSkipException(f"{answered_by(context['ti'], task_id)} did not approve")

    return check


def _answer(task_instance: Any, task_id: str) -> Mapping[str, Any]:
    answer = task_instance.xcom_pull(task_ids=task_id)
    if not isinstance(answer, Mapping) or not answer.get("chosen_options"):
        raise AirflowFailException(
            f"task {task_id} has no answer (was it marked as a success by hand?). "
            f"Remedy: clear {task_id} and answer it."
        )
    return answer


MACROS: dict[str, Callable[..., str]] = {
    macro.__name__: macro for macro in (run_date, watched_day, result, answered, answered_by, states)
}
