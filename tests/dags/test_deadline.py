"""Which nights have a deadline, seen in Airflow's own database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.settings import PROJECT
from tests.airflow_home import VARIABLES

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("small_night")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("late")
    environment = {
        **os.environ,
        **VARIABLES,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "NIGHTSHELF_HOME": str(home),
        "NIGHTSHELF_FRESH_BY": "05:30",
        "NIGHTSHELF_SLACK_WEBHOOK": "http://127.0.0.1:1/t0ken",
        "DAGS": str(PROJECT / "dags"),
        "PYTHONPATH": str(PROJECT),
    }
    sample = Path(__file__).parent / "sample" / "late_nights.py"
    for command in (["-m", "airflow", "db", "migrate"], [str(sample)]):
        done = subprocess.run([sys.executable, *command], env=environment, cwd=home, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_only_the_newest_scheduled_night_has_a_deadline(told: dict[str, Any]) -> None:
    assert told["before"] == {"newest": "3:30:00", "hours_ago": "3:30:00"}


def test_clearing_leaves_the_deadline_as_it_is(told: dict[str, Any]) -> None:
    assert told["after clearing"] == told["before"]
