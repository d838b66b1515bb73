import json
from pathlib import Path
from typing import Any

from devstack.tasklog import failure_reason, task_label, task_log, task_url

TASK: dict[str, Any] = {
    "dag_id": "nightly", "dag_run_id": "night__2011-12-08", "task_id": "ingest", "map_index": -1, "try_number": 2,
    "rendered_map_index": None,
}  # fmt: skip
MAPPED = {**TASK, "map_index": 1, "rendered_map_index": "items"}


def test_a_log_is_where_airflow_writes_it(tmp_path: Path) -> None:
    folder = tmp_path / "dag_id=nightly" / "run_id=night__2011-12-08" / "task_id=ingest"
    assert task_log(tmp_path, TASK) == folder / "attempt=2.log"
    assert task_log(tmp_path, MAPPED) == folder / "map_index=1" / "attempt=2.log"


def test_labels_and_links() -> None:
    assert task_label(TASK) == "ingest"
    assert task_label(MAPPED) == "ingest[items]"
    assert task_label({**MAPPED, "rendered_map_index": None}) == "ingest[1]"
    assert task_url("http://x", TASK) == "http://x/dags/nightly/runs/night__2011-12-08/tasks/ingest"
    assert task_url("http://x", MAPPED).endswith("/tasks/ingest/mapped/1")


def write(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) if isinstance(record, dict) else str(record) for record in records))
    return path


def test_the_exception_says_why(tmp_path: Path) -> None:
    detail = [{"exc_type": "AirflowFailException", "exc_value": "events has no rows. Remedy: look."}]
    log = write(
        tmp_path / "log",
        {"event": "row 7 is broken", "level": "error"},
        {"event": "Task failed with exception", "level": "error", "error_detail": detail},
        {"event": "Task instance in failure state", "level": "info"},
        "no json",
        "null",
        "[7]",
    )
    assert failure_reason(log) == "events has no rows. Remedy: look."


def test_without_an_exception_the_last_error_does(tmp_path: Path) -> None:
    log = write(tmp_path / "log", {"event": "first", "level": "error"}, {"event": "last", "level": "critical"})
    assert failure_reason(log) == "last"
    assert "no error line" in failure_reason(write(tmp_path / "log", {"event": "fine", "level": "info"}))
    assert "left no log" in failure_reason(tmp_path / "none")
