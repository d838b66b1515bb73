"""Why a task failed, from the log that Airflow wrote for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def task_log(logs: Path, task: Mapping[str, Any]) -> Path:
    """Return the log of a task instance's last try, `task` being what the REST API says of it."""
    folder = logs / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}" / f"task_id={task['task_id']}"
    if task["map_index"] >= 0:
        folder /= f"map_index={task['map_index']}"
    return folder / f"attempt={task['try_number']}.log"


def failure_reason(log: Path) -> str:
    """Return the last error that a task's log holds; its lines are JSON objects."""
    if not log.is_file():
        return "it left no log; the scheduler's log may say more"
    last = ""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if not isinstance(record, dict):
            continue
        if record.get("error_detail"):
            raised = record["error_detail"][-1]
            return str(raised.get("exc_value") or raised.get("exc_type"))
        if not last and record.get("level") in ("error", "critical"):
            last = str(record.get("event"))
    return last or "its log has no error line"


def task_label(task: Mapping[str, Any]) -> str:
    """Return `ingest[events]` for a mapped task instance, the task's id for any other."""
    if task["map_index"] < 0:
        return str(task["task_id"])
    return f"{task['task_id']}[{task.get('rendered_map_index') or task['map_index']}]"


def task_url(base: str, task: Mapping[str, Any]) -> str:
    """Return where the UI shows a task instance."""
    mapped = f"/mapped/{task['map_index']}" if task["map_index"] >= 0 else ""
    return f"{base}/dags/{task['dag_id']}/runs/{task['dag_run_id']}/tasks/{task['task_id']}{mapped}"
