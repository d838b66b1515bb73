"""Macros for the DAGs' templates: `user_defined_macros=MACROS`, then `{{ run_date(dag_run, params) }}`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.errors import MissingArtifactError
from include.orchestration.schedule import NIGHTLY_HOUR, shop_zone
from include.settings import load_settings

APPROVED = "approve"


def optional_day(title: str, description: str) -> Param:
    """Return a field of a run's form for a date that may stay empty."""
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


def run_date(dag_run: Any, params: Mapping[str, Any]) -> str:
    """Return the day that a run handles, YYYY-MM-DD.

    The parameter `run_date` if given; else the start of the run's data interval; else, for a run that was triggered
    without a logical date and so has no interval, the start of the last interval that was complete by then. Days are
    the shop's. Clearing the run changes none of them.
    """
    if given := params.get("run_date"):
        return dt.date.fromisoformat(given).isoformat()
    if dag_run.data_interval_start is None:
        return last_night(dag_run)
    day: dt.date = dag_run.data_interval_start.astimezone(shop_zone(load_settings())).date()
    return day.isoformat()


def last_night(dag_run: Any) -> str:
    """Return the last day whose night was to begin before a run of any DAG, YYYY-MM-DD."""
    local = dag_run.run_after.astimezone(shop_zone(load_settings()))
    day: dt.date = (local - dt.timedelta(days=1, hours=NIGHTLY_HOUR)).date()
    return day.isoformat()


def watched_day(dag_run: Any, params: Mapping[str, Any], events: Mapping[Any, Any]) -> str:
    """Return the day that a run of the drift watch judges, YYYY-MM-DD: the first of `watched_days`."""
    return watched_days(dag_run, params, events)[0]


def later_days(dag_run: Any, params: Mapping[str, Any], events: Mapping[Any, Any]) -> str:
    """Return the other `watched_days`, with blanks between them; each gets a run of its own, in order."""
    return " ".join(watched_days(dag_run, params, events)[1:])


def watched_days(dag_run: Any, params: Mapping[str, Any], events: Mapping[Any, Any]) -> list[str]:
    """Return the days that a run of the drift watch is about, in order.

    The parameter `day` if given, then those of `later`; else the days after the nights among the asset events that
    started the run: there are several when the DAG was paused meanwhile.

    Raises
    ------
    AirflowSkipException
        When no event comes from a night, as after a rollback: the lists that readers see then were judged before.
    """
    if given := params.get("day"):
        return [dt.date.fromisoformat(day).isoformat() for day in (given, *params.get("later", "").split())]
    nights = {event.extra["run_date"] for found in events.values() for event in found if event.extra.get("run_date")}
    if not nights:
        raise AirflowSkipException(f"run {dag_run.run_id} was started by no night, and no day was given")
    return [(dt.date.fromisoformat(night) + dt.timedelta(days=1)).isoformat() for night in sorted(nights)]


def day_runs(days: str, prefix: str, param: str) -> list[dict[str, Any]]:
    """Return what triggers a run for each of `days`, once: arguments of a mapped TriggerDagRunOperator."""
    return [{"trigger_run_id": f"{prefix}__{day}", "conf": {param: day}} for day in days.split()]


def first_of_days(days: str) -> list[dict[str, Any]]:
    """Return what triggers the watch's run on the first of `days`, which then sees to the others; nothing for none."""
    others = days.partition(" ")[2]
    return [one | {"conf": one["conf"] | {"later": others}} for one in day_runs(days, "day", "day")[:1]]


def numbered(count: str, line: Sequence[str]) -> list[dict[str, Any]]:
    """Return the arguments of so many tasks that run one job: `line` and each one's number, from 0."""
    return [{"arguments": [*line, str(number)]} for number in range(int(count))]


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
        raise _hopeless(f"task {task_id} left no {key!r}", f"clear {task_id} with everything downstream")
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


def unless_running(dag_id: str) -> Callable[[Context], None]:
    """Return a `pre_execute` that skips its task while a run of another DAG is queued or running."""

    def check(context: Context) -> None:
        if context["ti"].get_dr_count(dag_id, states=["queued", "running"]):
            raise AirflowSkipException(f"a run of {dag_id} is at work or about to be")

    return check


def _answer(task_instance: Any, task_id: str) -> Mapping[str, Any]:
    answer = task_instance.xcom_pull(task_ids=task_id)
    if not isinstance(answer, Mapping) or not answer.get("chosen_options"):
        raise _hopeless(f"task {task_id} has no answer", f"clear {task_id} and answer it")
    return answer


def _hopeless(problem: str, remedy: str) -> AirflowFailException:
    """Return the error for what only clearing another task brings back."""
    error = MissingArtifactError(f"{problem} (was it marked as a success by hand?)", remedy=remedy)
    raised = AirflowFailException(str(error))
    raised.__cause__ = error
    return raised


MACROS: dict[str, Callable[..., str]] = {
    macro.__name__: macro
    for macro in (run_date, last_night, watched_day, later_days, result, answered, answered_by, states)
}
