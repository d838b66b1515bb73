"""Tells of tasks that have failed without a word.

Airflow calls the callbacks of a task in the task's own process, and nobody's when that process is killed. Those of a
DAG it calls in the DAG processor, once the run has failed: early enough, since nothing waits for a task that failed.
"""

from __future__ import annotations

from collections.abc import Collection

from airflow.sdk import Context, TaskInstanceState

from include.orchestration.notify import TOLD, deliver, failure_without_word
from include.settings import load_settings


def tell_of_silent_tasks(context: Context) -> None:
    """Tell of the failed tasks of a run of which `tell_on_call` did not tell."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from airflow.sdk.execution_time.xcom import XCom

    dag, run_id, settings = context["dag"], context["run_id"], load_settings()
    states = RuntimeTaskInstance.get_task_states(dag_id=dag.dag_id, run_ids=[run_id]).get(run_id, {})
    for name, state in states.items():
        if state != TaskInstanceState.FAILED:
            continue
        task_id, map_index = place_of(name, dag.task_ids)
        told = XCom.get_one(key=TOLD, dag_id=dag.dag_id, task_id=task_id, run_id=run_id, map_index=map_index)
        if told is None:
            deliver(failure_without_word(dag.dag_id, run_id, task_id, map_index, settings), settings)


def place_of(name: str, task_ids: Collection[str]) -> tuple[str, int]:
    """Return the task and the index that Airflow names in one word, `ingest_0`; -1 where the task is not mapped."""
    if name in task_ids:
        return name, -1
    task_id, _, index = name.rpartition("_")
    return task_id, int(index)
