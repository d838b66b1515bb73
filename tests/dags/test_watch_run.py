"""A day of the real drift watch, run by Airflow itself: the branch, what is triggered, the audit whatever happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.columns import TABLES
from include.lake import open_lake
from include.settings import PROJECT
from tests.airflow_home import VARIABLES

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("small_night")]

DAY = "2026-11-20"
ACTIONS = {"retrain", "rollback", "ask_rollback", "hold", "nothing"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home with a migrated database, and a lake that holds the day."""
    home = tmp_path_factory.mktemp("watch")
    lake = open_lake((home / "lake").as_uri())
    for table in TABLES:
        lake.write_bytes(f"{table}/ingest_date={DAY}/_manifest.json", b"{}")
    run(home, ["-m", "airflow", "db", "migrate"])
    return home


def run(home: Path, command: list[str], **more: str) -> str:
    environment = {
        **os.environ,
        **VARIABLES,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "NIGHTSHELF_HOME": str(home),
        "DAGS": str(PROJECT / "dags"),
        "PYTHONPATH": str(PROJECT),
        **more,
    }
    done = subprocess.run([sys.executable, *command], env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.mark.parametrize("decision", ["rollback", "retrain"])
def test_the_verdict_s_task_runs_and_the_audit_knows(home: Path, decision: str) -> None:
    program = str(PROJECT / "tests" / "dags" / "sample" / "watched_day.py")
    told: dict[str, Any] = json.loads(run(home, [program], DECISION=decision).splitlines()[-1])
    assert told["run"] == "success"
    assert {task for task, state in told["states"].items() if state == "skipped"} == {*ACTIONS, "judge_later_days"} - {
        decision
    }
    assert told["states"].pop("judge_later_days") == "skipped"  # no other night went live
    assert {state for task, state in told["states"].items() if task not in ACTIONS} == {"success"}
    assert told["said"]["verdict"] == [
        "--date",
        DAY,
        "--data=drift/d",
        "--predictions=drift/p",
        "--performance=drift/r",
    ]
    states = told["said"]["audit_drift"][-1].split(",")
    assert f"{decision}=success" in states and "nothing=skipped" in states
    if decision == "rollback":
        request = ["--reason", "because", "--by", "drift_watch", "--request", f"drift_watch {DAY}"]
        assert told["said"]["rollback"] == ["--to", "b1", *request]
    else:
        dag_id, run_id, conf = told["said"]["retrain"]
        assert (dag_id, run_id) == ("nightly_recommendations", f"drift_watch__{DAY}")
        assert json.loads(conf) == {"run_date": DAY, "fresh_since": "2026-11-19", "reason": "because"}
