"""The DAG `drift_watch`: its tasks, their order, and what they start."""

from __future__ import annotations

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk import TriggerRule

from include.columns import TABLES
from tests.dags.rendered import commands

WATCH_EDGES = {
    "wait_for_events": {"data_drift", "prediction_drift", "performance"},
    "data_drift": {"verdict"},
    "prediction_drift": {"verdict"},
    "performance": {"verdict"},
    "verdict": {"act", "find_later_days"},
    "act": {"retrain", "rollback", "ask_rollback", "hold", "nothing"},
    **{task: {"audit_drift"} for task in ("retrain", "rollback", "ask_rollback", "hold", "nothing")},
    "audit_drift": set(),
    "find_later_days": {"judge_later_days"},
    "judge_later_days": set(),
}


def test_tasks_edges_and_rules_of_the_watch(bag: BundleDagBag) -> None:
    dag = bag.dags["drift_watch"]
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == WATCH_EDGES
    rules = {task.task_id: task.trigger_rule for task in dag.tasks}
    assert rules.pop("audit_drift") == TriggerRule.ALL_DONE, "the audit runs whatever happened"
    assert rules.pop("find_later_days") == TriggerRule.ALL_DONE, "a day that cannot be judged holds up no other"
    assert set(rules.values()) == {TriggerRule.ALL_SUCCESS}


def test_the_watch_starts_with_a_night_and_waits_for_the_lake(bag: BundleDagBag) -> None:
    dag = bag.dags["drift_watch"]
    assert [asset.name for asset in dag.timetable.asset_condition.objects] == ["reco.live"]
    sensor = dag.get_task("wait_for_events")
    assert (sensor.tables, sensor.marker, sensor.execution_timeout) == (list(TABLES), "_manifest.json", None)
    assert sensor.landing_uri.endswith("/lake")


def test_commands_of_the_watch(bag: BundleDagBag) -> None:
    day = ["--date", "2026-11-20"]
    parts = [f"--{name}=drift/2026-11-20/{name}-abc" for name in ("data", "predictions", "performance")]
    states = ",".join(f"{task}=skipped" for task in ("retrain", "rollback", "ask_rollback", "hold", "nothing"))
    request = ["--to", "2026-11-18-abc", "--reason", "model 3 is worse", "--by", "drift_watch"]
    assert {task_id: line for task_id, _, line in commands(bag.dags["drift_watch"])} == {
        "data_drift": day,
        "prediction_drift": day,
        "performance": day,
        "verdict": [*day, *parts],
        "rollback": [*request, "--request", "drift_watch 2026-11-20"],
        "audit_drift": [*day, "--states", states],
    }


@pytest.mark.parametrize(("task_id", "dag_id"), [("retrain", "nightly_recommendations"), ("ask_rollback", "rollback")])
def test_what_the_watch_triggers_is_triggered_once(bag: BundleDagBag, task_id: str, dag_id: str) -> None:
    dag = bag.dags["drift_watch"]
    task = dag.get_task(task_id)
    context = {"dag_run": None, "params": {"day": "2026-11-20"}, "triggering_asset_events": {}}
    run_id = dag.get_template_env().from_string(task.trigger_run_id).render(context)
    assert (task.trigger_dag_id, run_id) == (dag_id, "drift_watch__2026-11-20")
    assert task.skip_when_already_exists and not task.reset_dag_run
    assert set(task.conf) <= set(bag.dags[dag_id].params)
