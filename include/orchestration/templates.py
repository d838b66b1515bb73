"""The expressions that tasks' command lines are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.orchestration.schedule import NIGHTLY_HOUR

APPROVED = "approve"
RUN_DATE = "{{ run_date(dag_run, params) }}"
WATCHED_DAY = "{{ watched_day(dag_run, params, triggering_asset_events) }}"


def run_date(dag_run: Any, params: Mapping[str, Any]) -> str:
    """Return the day that a run handles, YYYY-MM-DD.

    The parameter `run_date` if one was given; else the start of the run's data interval; else,
    for a run that was triggered without a logical date and so has no interval, the start of
    the last one that was complete when it was triggered. Clearing the run changes none of them.
    """
    if given := params.get("run_date"):
        return dt.date.fromisoformat(given).isoformat()
    start: dt.datetime | None = dag_run.data_interval_start
    if start is None:
        start = dag_run.run_after - dt.timedelta(days=1, hours=NIGHTLY_HOUR)
    return start.astimezone(dt.UTC).date().isoformat()


def watched_day(dag_run: Any, params: Mapping[str, Any], events: Mapping[Any, Any]) -> str:
    """Return the day that a run of the drift watch judges, YYYY-MM-DD: the one after the newest night that went live.

    The parameter `day` if one was given; else what the asset events say that started the run.

    Raises
    ------
    AirflowSkipException
        When no event is of a night, as after a rollback: the lists that readers see then have been judged before.
    """
    if given := params.get("day"):
        return dt.date.fromisoformat(given).isoformat()
    nights = [event.extra["run_date"] for found in events.values() for event in found if event.extra.get("run_date")]
    if not nights:
        raise AirflowSkipException(f"run {dag_run.run_id} was started by no night, and no day was given")
    return (dt.date.fromisoformat(max(nights)) + dt.timedelta(days=1)).isoformat()


def states(task_instance: Any, *task_ids: str) -> str:
    """Return `task=state,...` of tasks of the same run, for an audit."""
    run_id = task_instance.run_id
    known = task_instance.get_task_states(task_instance.dag_id, run_ids=[run_id], task_ids=list(task_ids))
    return ",".join(f"{task_id}={known.get(run_id, {}).get(task_id)}" for task_id in task_ids)


def result(task_instance: Any, task_id: str, key: str) -> str:
    """Return `key` of the result that another task of the run left.

    Raises
    ------
    AirflowFailException
        When it left none, which happens when somebody marked it as a success by hand.
    """
    left = task_instance.xcom_pull(task_ids=task_id)
    if not isinstance(left, Mapping) or key not in left:
        raise AirflowFailException(
            f"task {task_id} left no {key!r} (was it marked as a success by hand?). "
            f"Remedy: clear {task_id} with everything downstream."
        )
    return str(left[key])


def answered(task_instance: Any, task_id: str) -> str:
    """Return what people chose in an approval, in lower case: approve or reject."""
    return str(_answer(task_instance, task_id)["chosen_options"][0]).lower()


def answered_by(task_instance: Any, task_id: str) -> str:
    """Return who answered an approval; nobody did when its time was over."""
    return str((_answer(task_instance, task_id).get("responded_by_user") or {}).get("name") or "nobody in time")


def only_if_approved(task_id: str) -> Callable[[Context], None]:
    """Return what skips a task, before it does anything, unless people have approved."""

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
    "run_date": run_date,
    "result": result,
    "answered": answered,
    "answered_by": answered_by,
    "watched_day": watched_day,
    "states": states,
}


def result_of(task_id: str, key: str) -> str:
    """Return the expression for `key` of another task's result."""
    return f"{{{{ result(ti, '{task_id}', '{key}') }}}}"


def answer_of(task_id: str) -> str:
    """Return the expression for what people chose in an approval."""
    return f"{{{{ answered(ti, '{task_id}') }}}}"


def answerer_of(task_id: str) -> str:
    """Return the expression for who answered an approval."""
    return f"{{{{ answered_by(ti, '{task_id}') }}}}"


def states_of(*task_ids: str) -> str:
    """Return the expression for how other tasks of the run ended."""
    names = ", ".join(f"'{task_id}'" for task_id in task_ids)
    return f"{{{{ states(ti, {names}) }}}}"


def triggered_run(dag_id: str, by: str, day: str) -> dict[str, Any]:
    """Return the operator arguments of a run of another DAG that is started once for a day, however often asked for."""
    return {
        "trigger_dag_id": dag_id,
        "trigger_run_id": f"{by}__{day}",
        "skip_when_already_exists": True,
        "reset_dag_run": False,
    }
