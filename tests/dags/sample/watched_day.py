"""The real DAG `drift_watch` with jobs that answer at once. Run as a program, it tells what became of a run."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from nightshelf_plugin.operators import JobOperator

DAY = "2026-11-20"
ANSWERS: dict[str, dict[str, Any]] = {
    "data_drift": {"part": "drift/d"},
    "prediction_drift": {"part": "drift/p"},
    "performance": {"part": "drift/r"},
    "rollback": {"changed": True},
}
said: dict[str, list[str]] = {}


def answer(operator: JobOperator) -> dict[str, Any]:
    said[operator.task_id] = operator.arguments
    verdict = {"decision": os.environ["DECISION"], "reason": "because", "target": "b1", "since": "2026-11-19"}
    return {**ANSWERS, "verdict": verdict}.get(operator.task_id, {})


def trigger(operator: TriggerDagRunOperator, context: Any) -> None:
    said[operator.task_id] = [operator.trigger_dag_id, operator.trigger_run_id, json.dumps(operator.conf)]


if __name__ == "__main__":
    JobOperator.run_job = answer  # type: ignore[method-assign]
    TriggerDagRunOperator.execute = trigger  # type: ignore[method-assign]
    sys.path.insert(0, str(Path(os.environ["DAGS"])))
    finished = importlib.import_module("drift_watch").dag.test(run_conf={"day": DAY})
    states = {one.task_id: one.state for one in finished.get_task_instances()}
    sys.stdout.write("\n" + json.dumps({"states": states, "said": said, "run": finished.state}, default=str) + "\n")
