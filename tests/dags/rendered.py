"""What a run of a DAG would start, rendered with what earlier tasks left."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

from airflow.sdk import DAG

LEFT = {
    "build_training_set": {"training_set": "training_sets/2026-11-20-abc"},
    "count_sales": {"sales": "sales/2026-11-20-abc"},
    "train": {"model_version": 3},
    "evaluate": {"evaluation": "evaluations/2026-11-20-abc"},
    "score": {"batch": "batches/2026-11-20-abc"},
}
ANSWER = {"approve_rollback": {"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "ada"}}}
ANSWER["approve_promotion"] = {**ANSWER["approve_rollback"], "chosen_options": ["Promote"]}
TUNED = {"plan_tuning": {"study": "main-2026-11-20-abc", "trials": 3}}
MISSED = {"find_missed": {"days": "2026-11-18 2026-11-19"}}
WATCH_LEFT = {
    "data_drift": {"part": "drift/2026-11-20/data-abc"},
    "prediction_drift": {"part": "drift/2026-11-20/predictions-abc"},
    "performance": {"part": "drift/2026-11-20/performance-abc"},
    "verdict": {
        "decision": "rollback", "reason": "model 3 is worse", "target": "2026-11-18-abc", "since": "2026-11-19",
    },
}  # fmt: skip


def commands(dag: DAG) -> list[tuple[str, str, list[str]]]:
    """Return task, job and rendered command line of everything that a run of the dag would start."""
    context = {
        "dag_run": SimpleNamespace(data_interval_start=None, run_after=dt.datetime(2026, 11, 21, 1, 45, tzinfo=dt.UTC)),
        "params": {
            "run_date": "2026-11-20",
            "first_day": "2026-01-01",
            "last_day": "2026-01-31",
            "batch": "previous",
            "checks": "events.volume, items.in_stock",
            "answer": "hold",
            "name": "ada",
            "reason": "it's wrong",
            "day": "2026-11-20",
            "fresh_since": None,
            "model_version": "7",
            "trials": None,
        },
        "run_id": "manual__1",
        "ti": SimpleNamespace(
            dag_id="drift_watch",
            run_id="r",
            xcom_pull=lambda task_ids: (LEFT | WATCH_LEFT | MISSED | TUNED | ANSWER)[task_ids],
            get_task_states=lambda dag_id, run_ids, task_ids: {"r": dict.fromkeys(task_ids, "skipped")},
        ),
        "triggering_asset_events": {},
    }
    found = []
    for task in dag.tasks:
        if task.is_mapped and isinstance(task.expand_input.value, dict):
            job, lines = task.partial_kwargs.get("job", task.task_id), task.expand_input.value["arguments"]
        elif hasattr(task, "job"):
            job, lines = task.job, [task.arguments]
        else:
            continue
        environment = dag.get_template_env()
        found += [
            (task.task_id, job, [environment.from_string(text).render(context) for text in line]) for line in lines
        ]
    return found
