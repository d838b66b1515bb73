"""A small night, run by Airflow itself: mapping, branch, assets, XCom, retries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from include.columns import TABLES
from include.lake import open_lake
from include.settings import PROJECT
from tests.airflow_home import VARIABLES
from tests.webhooks import webhook_server

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("small_night")]

DAY = "2026-11-20"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of the tasks, assets and results of one run of the small night."""
    home = tmp_path_factory.mktemp("small_night")
    landing = open_lake((home / "landing").as_uri())
    for table in TABLES:
        landing.write_bytes(f"{table}/ingest_date={DAY}/_SUCCESS", b"")
    folder = PROJECT / "tests" / "dags" / "sample"
    environment = {
        **os.environ,
        **VARIABLES,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "PYTHONPATH": str(PROJECT),
        "LANDING_URI": landing.uri,
    }
    with webhook_server() as slack:
        environment["NIGHTSHELF_SLACK_WEBHOOK"] = slack.url
        for command in (["-m", "airflow", "db", "migrate"], [str(folder / "small_night.py")]):
            done = subprocess.run([sys.executable, *command], env=environment, cwd=home, capture_output=True, text=True)
            (home / "log").write_text(done.stdout + done.stderr)
            assert done.returncode == 0, (home / "log").read_text()[-3000:]
    log = done.stdout + done.stderr + "".join(path.read_text() for path in home.glob("logs/**/*.log"))
    return {**json.loads(done.stdout.splitlines()[-1]), "messages": slack.received, "log": log}


def test_the_branch_that_was_not_decided_is_skipped_and_the_rest_runs(told: dict[str, Any]) -> None:
    states = {task: state for task, (state, _) in told["tasks"].items()}
    assert states == {
        "wait": "success",
        "ingest[events]": "success",
        "ingest[items]": "success",
        "ingest[users]": "success",
        "gate": "success",
        "promote": "skipped",
        "keep": "success",
        "score": "success",
        "wrong": "failed",
        "flaky": "failed",
        "report": "success",
        "lost": "skipped",
    }


def test_a_page_that_was_written_is_linked(told: dict[str, Any]) -> None:
    links = {task: json.loads(link) if link.startswith('"') else link for task, link in told["links"].items() if link}
    assert links["report"].endswith("/nightshelf/lake/reports/2026-11-20-abc/report.html")


def test_wrong_data_is_tried_once_and_a_full_disk_again(told: dict[str, Any]) -> None:
    assert told["tasks"]["wrong"] == ["failed", 1]
    assert told["tasks"]["flaky"] == ["failed", 2]


def test_on_call_is_told_once_of_each_final_failure_and_the_webhook_stays_secret(told: dict[str, Any]) -> None:
    messages = sorted(message["text"] for message in told["messages"])
    assert [text.splitlines()[0].split(" has ")[0] for text in messages] == [
        "*Nightshelf: flaky of small_night",
        "*Nightshelf: lost of small_night",
        "*Nightshelf: wrong of small_night",
    ]
    for text in messages:
        reason, link, page = text.splitlines()[1], text.splitlines()[3], text.splitlines()[4]
        assert "Error: " in reason and "/dags/small_night/runs/" in link
        assert page.startswith("Runbook: docs/runbook/")
        assert reason.endswith(
            ("correct the file. Clear this task after that.", "free space. Clear this task after that.")
        )
    assert told["log"].count("told on-call by Slack") >= 2 and "t0ken" not in told["log"]


def test_the_log_of_a_failed_task_ends_with_what_to_do(told: dict[str, Any]) -> None:
    remedies = {"wrong": "correct the file", "flaky": "free space"}
    for task, remedy in remedies.items():
        last = [line for line in told["log"].splitlines() if f"What failed: {task} of small_night, " in line]
        assert last, told["log"][-2000:]
        after = told["log"].partition(last[-1])[2]
        places = [after.index(f"{word}: ") for word in ("Remedy", "Clearing", "Runbook")]
        assert places == sorted(places) and remedy in after[: places[1]]
    assert "Clearing: not needed, Airflow tries again by itself" in told["log"]


def test_each_table_is_announced_once_with_what_was_done(told: dict[str, Any]) -> None:
    assert told["assets"] == [[f"lake.{table}", {"run_date": DAY, "result": {"landed": 7}}] for table in sorted(TABLES)]


def test_results_travel_as_xcom(told: dict[str, Any]) -> None:
    results = {task: json.loads(value) if isinstance(value, str) else value for task, value in told["xcom"].items()}
    assert results["gate"] == {"decision": "keep", "reasons": ["better"]}
    assert results["keep"] == {"keep": {"landed": 7}, "path": "training_sets/2026-11-20-abc"}
    assert results["score"][DAY] == {"landed": 7}
    assert set(results) == {"ingest0", "ingest1", "ingest2", "gate", "keep", "score", "report"}
